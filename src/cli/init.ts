/** `udesk-sync init`: a first configuration, short and commented. Secrets stay in the environment. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type Command, Option } from 'commander';
import { loadConfig } from '../config/load.ts';
import { SyncError } from '../errors.ts';
import type { CliContext } from './context.ts';

export interface Answers {
  readonly name: string;
  readonly udeskUrl: string;
  readonly udeskEmail: string;
  readonly crmTable: string;
  readonly region: string;
}

const DEFAULTS: Omit<Answers, 'udeskUrl' | 'udeskEmail'> = {
  name: 'main',
  crmTable: 'public.contact',
  region: 'CN',
};

const QUESTIONS: Readonly<Record<keyof Answers, string>> = {
  name: 'A name for this pair of systems',
  udeskUrl: 'Address of your Udesk, such as https://demo.udesk.cn',
  udeskEmail: 'E-mail of the Udesk administrator whose token is used',
  crmTable: 'Table of the CRM in its Postgres database',
  region: 'Country of phone numbers without a country code',
};

const FLAGS: Readonly<Record<keyof Answers, string>> = {
  name: '--name',
  udeskUrl: '--udesk-url',
  udeskEmail: '--udesk-email',
  crmTable: '--crm-table',
  region: '--region',
};

export function registerInit(program: Command, context: CliContext): void {
  program
    .command('init')
    .description('write a first configuration; asks what it needs, or takes the options below')
    .option('--name <name>', `name of the pair (default: ${DEFAULTS.name})`)
    .option('--udesk-url <url>', 'origin of the Udesk tenant')
    .option('--udesk-email <email>', 'e-mail of the administrator')
    .option('--crm-table <table>', `table of the CRM (default: ${DEFAULTS.crmTable})`)
    .addOption(
      new Option('--region <country>', `country of bare phone numbers (default: ${DEFAULTS.region})`),
    )
    .option('--force', 'replace a file that is there already')
    .action((options: Partial<Answers> & { force?: boolean }) => runInit(options, context));
}

async function runInit(options: Partial<Answers> & { force?: boolean }, context: CliContext): Promise<void> {
  const file = context.configFile;
  const path = resolve(context.cwd, file);
  if (existsSync(path) && !options.force) {
    throw new SyncError('config', `${file} exists already and was left as it is.`, {
      code: 'config-exists',
      advice: 'Replace it with --force, or write another one with --config FILE.',
    });
  }
  const answers = context.interactive ? await ask(options, context) : fromFlags(options);
  const text = configText(answers);
  refuseUnsound(text, file, context);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
  if (context.json) {
    context.printJson({ file, environment: ['UDESK_TOKEN', 'CRM_DATABASE_URL'] });
    return;
  }
  context.print(
    [
      `Wrote ${file}. Next:`,
      "  1. export UDESK_TOKEN='…'         the Open API token of that administrator",
      "     export CRM_DATABASE_URL='…'    postgres://user:password@host:5432/database",
      '     or UDESK_TOKEN_FILE, CRM_DATABASE_URL_FILE: files that hold them',
      '  2. look at `fields` in the file: which field of Udesk is which column of the CRM',
      '  3. udesk-sync check               connects to both sides and writes nothing',
    ].join('\n'),
  );
}

function fromFlags(options: Partial<Answers>): Answers {
  const { udeskUrl, udeskEmail } = options;
  if (udeskUrl === undefined || udeskEmail === undefined) {
    const missing = (['udeskUrl', 'udeskEmail'] as const).filter((key) => options[key] === undefined);
    throw new SyncError(
      'config',
      `init needs ${missing.map((key) => FLAGS[key]).join(' and ')} where nobody can be asked.`,
      {
        code: 'usage',
        advice: 'Give the options, or run it in a terminal. `udesk-sync init --help` lists them.',
      },
    );
  }
  return { ...DEFAULTS, ...options, udeskUrl, udeskEmail };
}

async function ask(options: Partial<Answers>, context: CliContext): Promise<Answers> {
  const input = createInterface({ input: context.stdin, signal: context.signal });
  const lines = input[Symbol.asyncIterator]();
  const answers: Record<string, string> = { ...DEFAULTS };
  try {
    for (const key of Object.keys(QUESTIONS) as (keyof Answers)[]) {
      const fallback = answers[key];
      let answer = options[key] ?? '';
      while (answer === '') {
        context.stderr.write(`${QUESTIONS[key]}${fallback === undefined ? '' : ` [${fallback}]`}: `);
        const line = await lines.next();
        context.signal.throwIfAborted();
        if (line.done) throw new SyncError('config', 'The input ended before all questions were answered.');
        answer = line.value.trim() || (fallback ?? '');
      }
      answers[key] = answer;
    }
  } finally {
    input.close();
  }
  return answers as unknown as Answers;
}

/** The file is proven to load before it is written; a wrong answer is told as a problem of the file would be. */
function refuseUnsound(text: string, file: string, context: CliContext): void {
  const env = { UDESK_TOKEN: 'placeholder', CRM_DATABASE_URL: 'postgres://localhost/crm' };
  try {
    loadConfig({ file, env, readFile: () => text, adapters: context.adapters });
  } catch (thrown) {
    if (!(thrown instanceof SyncError)) throw thrown;
    throw new SyncError('config', `Nothing was written, because ${thrown.message}`, {
      code: 'usage',
      advice: 'Run init again with other answers.',
    });
  }
}

/** Exported for its test. */
export function configText(answers: Answers): string {
  const quoted = (value: string) => JSON.stringify(value.replaceAll('${', '$$${'));
  return `# yaml-language-server: $schema=./udesk-sync.schema.json
# Every key with its meaning: config/udesk-sync.example.yaml. Check this file with: udesk-sync check
pairs:
  - name: ${quoted(answers.name)}
    udesk:
      baseUrl: ${quoted(answers.udeskUrl)}
      email: ${quoted(answers.udeskEmail)}
      token: \${UDESK_TOKEN}              # from the environment, so that it is not in this file
    crm:
      adapter: postgres
      url: \${CRM_DATABASE_URL}
      table: ${quoted(answers.crmTable)}
      key: id
      # externalId: udesk_id             # unique text column for the Udesk id; recommended
      # updatedAt: updated_at            # timestamptz that every change raises; recommended
      emails: { column: emails }         # text[]; or slots: { columns: [email, email2] }
      phones: { column: phones }
    fields:                              # policy: who wins when both sides changed it; hold = a person decides
      - { udesk: nick_name, crm: name, policy: hold }
      - { udesk: emails, crm: emails, policy: union }
      - { udesk: cellphones, crm: phones, policy: union }
    match: { defaultRegion: ${quoted(answers.region)} }
    firstRun: review                     # nothing is written before you accept the first plan
`;
}
