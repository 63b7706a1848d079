/** `udesk-sync init`: a first configuration, short and commented. Secrets stay in the environment. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type Command, Option } from 'commander';
import { loadConfig } from '../config/load.ts';
import { SyncError } from '../errors.ts';
import type { CliContext } from './context.ts';

const CRMS = ['postgres', 'odoo', 'http', 'salesforce', 'hubspot'] as const;
type Crm = (typeof CRMS)[number];

export interface Answers {
  readonly name: string;
  readonly udeskUrl: string;
  readonly udeskEmail: string;
  readonly crm: Crm;
  /** Of `postgres` alone. */
  readonly crmTable: string;
  readonly region: string;
}

const DEFAULTS: Omit<Answers, 'udeskUrl' | 'udeskEmail'> = {
  name: 'main',
  crm: 'postgres',
  crmTable: 'public.contact',
  region: 'CN',
};

const QUESTIONS: Readonly<Record<keyof Answers, string>> = {
  name: 'A name for this pair of systems',
  udeskUrl: 'Address of your Udesk, such as https://demo.udesk.cn',
  udeskEmail: 'E-mail of the Udesk administrator whose token is used',
  crm: `What the CRM is: ${CRMS.join(', ')}`,
  crmTable: 'Table of the CRM in its Postgres database',
  region: 'Country of phone numbers without a country code',
};

const FLAGS: Readonly<Record<keyof Answers, string>> = {
  name: '--name',
  udeskUrl: '--udesk-url',
  udeskEmail: '--udesk-email',
  crm: '--crm',
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
    .addOption(new Option('--crm <adapter>', `what the CRM is (default: ${DEFAULTS.crm})`).choices(CRMS))
    .option('--crm-table <table>', `table of a CRM in Postgres (default: ${DEFAULTS.crmTable})`)
    .addOption(
      new Option('--region <country>', `country of bare phone numbers (default: ${DEFAULTS.region})`),
    )
    .option('--force', 'replace a file that is there already')
    .action((options: Partial<Answers> & { force?: boolean }) => runInit(options, context));
}

async function runInit(options: Partial<Answers> & { force?: boolean }, context: CliContext): Promise<void> {
  refuseTable(options.crm ?? DEFAULTS.crm, options);
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
    context.printJson({ file, environment: variablesOf(text) });
    return;
  }
  const exported = variablesOf(text).map((name) => [`export ${name}='…'`, MEANINGS[name] ?? ''] as const);
  const width = Math.max(...exported.map(([command]) => command.length)) + 4;
  context.print(
    [
      `Wrote ${file}. Next:`,
      ...exported.map(([command, meaning], at) =>
        `  ${at === 0 ? '1.' : '  '} ${command.padEnd(width)}${meaning}`.trimEnd(),
      ),
      '     or a file that holds it, for each: UDESK_TOKEN_FILE and so on',
      `  2. look at ${answers.crm === 'postgres' ? '' : '`crm` and '}\`fields\` in the file: which field of Udesk is which one of the CRM`,
      `  3. ${'udesk-sync check'.padEnd(width)}connects to both sides and writes nothing`,
    ].join('\n'),
  );
}

const MEANINGS: Readonly<Record<string, string>> = {
  UDESK_TOKEN: 'the Open API token of that administrator',
  CRM_DATABASE_URL: 'postgres://user:password@host:5432/database',
};

/** The environment that the file asks for. */
function variablesOf(text: string): string[] {
  return [...new Set([...text.matchAll(/(?<!\$)\$\{([A-Z_]+)\}/g)].map(([, name = '']) => name))];
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

/** A table that is named and would be dropped in silence. */
function refuseTable(crm: string, options: Partial<Answers>): void {
  if (options.crmTable === undefined || crm === 'postgres') return;
  throw new SyncError('config', `${FLAGS.crmTable} is for a CRM in Postgres, and this one is ${crm}.`, {
    code: 'usage',
    advice: `Leave ${FLAGS.crmTable} out, or choose ${FLAGS.crm} postgres.`,
  });
}

async function ask(options: Partial<Answers>, context: CliContext): Promise<Answers> {
  const input = createInterface({ input: context.stdin, signal: context.signal });
  const lines = input[Symbol.asyncIterator]();
  const answers: Record<string, string> = { ...DEFAULTS };
  try {
    for (const key of Object.keys(QUESTIONS) as (keyof Answers)[]) {
      if (key === 'crmTable' && answers.crm !== 'postgres') {
        refuseTable(answers.crm ?? '', options);
        continue;
      }
      const fallback = answers[key];
      let answer = options[key] ?? '';
      while (answer === '' || (key === 'crm' && !CRMS.some((crm) => crm === answer))) {
        if (answer !== '')
          context.stderr.write(`That is no CRM known here; it is one of ${CRMS.join(', ')}.\n`);
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
  const env = Object.fromEntries(
    variablesOf(text).map((name) => [
      name,
      name.endsWith('_URL') ? 'https://crm.example.com' : 'placeholder',
    ]),
  );
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
${answers.crm === 'postgres' ? postgresBlock(quoted(answers.crmTable)) : exampleBlock(answers.crm)}
    fields:                              # policy: who wins when both sides changed it; hold = a person decides
      - { udesk: nick_name, crm: name, policy: hold }
      - { udesk: emails, crm: emails, policy: union }
      - { udesk: cellphones, crm: phones, policy: union }
    match: { defaultRegion: ${quoted(answers.region)} }
    firstRun: review                     # nothing is written before you accept the first plan
`;
}

function postgresBlock(table: string): string {
  return `    crm:
      adapter: postgres
      url: \${CRM_DATABASE_URL}
      table: ${table}
      key: id
      # externalId: udesk_id             # unique text column for the Udesk id; recommended
      # updatedAt: updated_at            # timestamptz that every change raises; recommended
      emails: { column: emails }         # text[]; or slots: { columns: [email, email2] }
      phones: { column: phones }`;
}

/** As it stands in the example, commented out, so that it is written once. */
function exampleBlock(crm: Crm): string {
  const example = readFileSync(new URL('../../config/udesk-sync.example.yaml', import.meta.url), 'utf8');
  const blocks = example.match(/^ {4}#\| crm:$(?:\n {4}#\|.*$)*/gm) ?? [];
  const block = blocks.find((text) => text.includes(`  adapter: ${crm}\n`));
  if (block === undefined) throw new SyncError('invariant', `the example shows no block of ${crm}`);
  return block.replaceAll(/^ {4}#\| /gm, '    ');
}
