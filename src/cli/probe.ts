/** `udesk-sync probe`: asks a sandbox account of a CRM what it really does, and holds the manifest against it. */
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { toFieldSpec } from '../config/pair-spec.ts';
import type { PairConfig } from '../config/schema.ts';
import { type FieldSpec, flowsTo } from '../core/spec.ts';
import type { Side } from '../crm/adapter.ts';
import type { ProbeFields, ProbeSet } from '../crm/probe/probe.ts';
import { type Asked, type ProbeReport, QUESTIONS, runProbe } from '../crm/probe/run-probe.ts';
import { SyncError } from '../errors.ts';
import { sleep } from '../lib/sleep.ts';
import type { CliContext } from './context.ts';
import { EXIT } from './errors.ts';
import { formatTable, progress } from './output.ts';
import { choosePairs, openCrm } from './runtime.ts';
import { saveFile } from './save-file.ts';

interface ProbeOptions {
  readonly out?: string;
  readonly patience: string;
  readonly strict?: boolean;
}

export function registerProbe(program: Command, context: CliContext): void {
  program
    .command('probe')
    .argument('<pair>', 'whose CRM to ask; its block must say sandbox: true')
    .description(
      'ask a sandbox account of the CRM what it really does, with people of its own that are taken away again, and warn where the manifest says otherwise',
    )
    .option('--out <file>', 'where to write the manifest that was found (default: PAIR.manifest.json)')
    .option('--patience <seconds>', 'how long to wait for what was written to show up', '30')
    .option(
      '--strict',
      'exit with 4 when the manifest promises more than was kept, or records are left behind',
    )
    .action((pair: string, options: ProbeOptions) => run(context, pair, options));
}

async function run(context: CliContext, name: string, options: ProbeOptions): Promise<void> {
  const seconds = Number(options.patience);
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 3_600) {
    throw new SyncError('config', `--patience ${options.patience} is no number of seconds from 0 to 3600`, {
      code: 'usage',
      advice: 'Give it in seconds: --patience 60.',
    });
  }
  const [pair] = choosePairs(context.loadConfig(), name);
  if (pair === undefined) throw new SyncError('invariant', 'the pair was chosen and is not there');
  refuseLive(pair);
  const line = progress(context, 'probing');
  const side = await openCrm(pair);
  let report: ProbeReport;
  try {
    report = await runProbe(
      {
        side,
        fields: fieldsOf(pair, side),
        tag: randomUUID().slice(0, 8),
        clock: () => performance.now(),
        sleep,
        patienceMs: seconds * 1_000,
        signal: context.signal,
      },
      ({ about }, at) => line.update(`${at + 1} of ${QUESTIONS.length}: ${about}`),
    );
  } finally {
    line.stop();
    await side.close();
  }
  const file = options.out ?? `${pair.name}.manifest.json`;
  saveFile(resolve(context.cwd, file), `${JSON.stringify(report.manifest, null, 2)}\n`);
  if (context.json) context.printJson(document(pair.name, file, side, report));
  else context.print(describe(pair.name, file, report));
  const wrong = report.answers.some(({ verdict }) => verdict === 'too-much') || report.left.length > 0;
  if (wrong && options.strict === true) context.exitCode = EXIT.openWork;
}

/** People are created, edited and deleted: nobody's real data may be near. */
function refuseLive({ name, crm }: PairConfig): void {
  if (crm.sandbox === true) return;
  throw new SyncError('config', `the CRM of the pair ${name} is not marked as a sandbox: nothing was asked`, {
    pair: name,
    side: 'crm',
    code: 'not-a-sandbox',
    advice:
      'Point the pair at an account that holds nobody real, and say so with `sandbox: true` in its crm block.',
  });
}

/** Fields that anything may be written to: no value map, no reference by name, and writable on the CRM. */
function fieldsOf(pair: PairConfig, side: Side): ProbeFields {
  const free = pair.fields
    .map(toFieldSpec)
    .filter(
      (spec) =>
        flowsTo(spec, 'crm') &&
        spec.map === null &&
        spec.named !== true &&
        !side.manifest.readOnlyFields.includes(spec.crm),
    );
  const texts = free.filter(
    ({ shape, equivalence, udesk }) =>
      shape === 'scalar' && (equivalence === 'text' || equivalence === 'exact') && FREE_TEXTS.includes(udesk),
  );
  const set = (equivalence: FieldSpec['equivalence']): ProbeSet | null => {
    const found = free.find((spec) => spec.equivalence === equivalence);
    return found === undefined ? null : { field: found.crm, shape: found.shape };
  };
  return { texts: texts.map(({ crm }) => crm), emails: set('email'), phones: set('phone') };
}

/** Whatever else a text may stand for on the CRM's side (a selection, an id) it may refuse what we invent. */
const FREE_TEXTS: readonly string[] = ['description', 'nick_name'];

function document(pair: string, file: string, side: Side, { answers, manifest, made, left }: ProbeReport) {
  const warnings = answers.filter(({ verdict }) => verdict === 'too-much');
  return {
    probe: {
      pair,
      adapter: side.manifest.adapter,
      ok: warnings.length === 0 && left.length === 0,
      file,
      made,
      left,
      answers: answers.map(({ found, ...answer }) => ({ ...answer, declared: declared(side, found), found })),
      manifest,
    },
  };
}

function declared({ manifest }: Side, found: Asked['found']): unknown {
  return Object.fromEntries(
    Object.keys(found).map((key) => [key, manifest[key as keyof typeof manifest] ?? null]),
  );
}

const WORDS: Readonly<Record<Asked['verdict'], string>> = {
  agrees: 'as declared',
  'too-much': 'WARNING: the manifest promises more',
  'too-little': 'more than declared',
  unknown: 'not found out',
};

function describe(pair: string, file: string, { answers, made, left }: ProbeReport): string {
  const table = formatTable(answers, [
    { title: 'about', value: ({ about }) => about },
    { title: 'verdict', value: ({ verdict }) => WORDS[verdict] },
    { title: 'what was seen', value: ({ because }) => because, flexible: true },
  ]);
  const wrong = answers.filter(({ verdict }) => verdict === 'too-much');
  return [
    table,
    ...wrong.map(
      ({ about, because }) =>
        `warning: ${pair}: ${about === 'port' ? 'the port' : `\`${about}\` of the manifest`} is not kept: ${because}`,
    ),
    ...(left.length === 0
      ? [`All ${made} records that were made are gone again.`]
      : [
          `warning: ${left.length} of the records that were made could not be taken away; delete them by hand: ${left.map(({ id, why }) => `${id} (${why})`).join(', ')}`,
        ]),
    `The manifest that was found is in ${file}.`,
    wrong.length === 0
      ? 'The manifest promises no more than was kept.'
      : 'Correct the manifest (or the `crm` block that it follows from) before a pair is run with it.',
  ].join('\n');
}
