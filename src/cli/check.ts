/** `udesk-sync check`: everything that could stand in the way, all at once. Writes nothing to either side. */

import { type Command, InvalidArgumentError } from 'commander';
import { toFieldSpec } from '../config/pair-spec.ts';
import type { Config, PairConfig } from '../config/schema.ts';
import type { SideName } from '../core/record.ts';
import { SyncError } from '../errors.ts';
import { memoryLedger } from '../http/quota.ts';
import type { RetryPolicy } from '../http/retry.ts';
import { steadyLedger } from '../http/steady-ledger.ts';
import { counted } from '../lib/counted.ts';
import type { QuotaLedger } from '../lib/sliding-window.ts';
import { type Database, openDatabase } from '../store/database.ts';
import type { FieldCheck } from '../store/mapping-checks.ts';
import { migrate } from '../store/migrate.ts';
import { postgresLedger } from '../store/quota-ledger.ts';
import type { Db } from '../store/tx.ts';
import { checkDirectory } from './check-directory.ts';
import { examineDatabase, examinePair } from './check-doctor.ts';
import { checkFields } from './check-fields.ts';
import { clockWords, combinationFindings } from './check-findings.ts';
import { checkPairLive } from './check-live.ts';
import { asConfig, checkSide, type Found, findingsOf, type SideCheck } from './check-side.ts';
import type { CliContext } from './context.ts';
import { EXIT, renderError } from './errors.ts';
import { recordedFindings } from './lawless-fields.ts';
import { progress } from './output.ts';
import { choosePairs, openCrm, openUdesk, type UdeskWorld } from './runtime.ts';

/** A person waits: what does not answer soon is told as it is. */
const RETRY: RetryPolicy = { retries: 1, minDelayMs: 300, maxDelayMs: 1_000, maxRetryAfterMs: 5_000 };

interface PairCheck {
  readonly pair: string;
  readonly sides: Readonly<Record<SideName, SideCheck>>;
  /** About our own rows of the pair, and the pair as a whole. */
  readonly findings: readonly Found[];
  /** What `--live` looked at; null without it. */
  readonly laws: readonly FieldCheck[] | null;
}

interface DatabaseCheck {
  readonly description: string | null;
  readonly serverVersion: number | null;
  readonly findings: readonly Found[];
}

export function registerCheck(program: Command, context: CliContext): void {
  program
    .command('check')
    .description('try the configuration, the database and both sides; writes nothing to either side')
    .option('--pair <name>', 'only this pair')
    .option(
      '--pin-options',
      "accept the options and types of Udesk's custom fields, and the names of agents, groups and organizations, as they are today",
    )
    .option(
      '--live',
      'put records that both sides hold through the round-trip laws of the mapping, and keep the result',
    )
    .option('--sample <n>', 'with --live: how many records of each side', parseCount, 50)
    .action((options: CheckOptions) => runCheck(context, options));
}

interface CheckOptions {
  readonly pair?: string;
  readonly pinOptions?: boolean;
  readonly live?: boolean;
  readonly sample: number;
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('It has to be a number from 1 to 99999.');
  return Number(text);
}

async function runCheck(context: CliContext, options: CheckOptions): Promise<void> {
  const config = context.loadConfig();
  const chosen = choosePairs(config, options.pair);
  const line = progress(context, 'checking');
  let database: Database | null = null;
  const pairs: PairCheck[] = [];
  let databaseCheck: DatabaseCheck = { description: null, serverVersion: null, findings: [] };
  try {
    try {
      database = await open(context, config);
      const { description, serverVersion } = database;
      databaseCheck = { description, serverVersion, findings: await examineDatabase(database.db, config) };
    } catch (error) {
      databaseCheck = { ...databaseCheck, findings: findingsOf(error) };
    }
    const monotonic = () => performance.now();
    const ledger =
      database === null ? memoryLedger(monotonic) : steadyLedger(postgresLedger(database.sql), monotonic);
    for (const pair of chosen) {
      line.update(pair.name);
      const pin = options.pinOptions === true;
      pairs.push(
        await checkPair(context, pair, {
          ledger,
          db: database?.db ?? null,
          pin,
          live: options.live === true ? options.sample : null,
        }),
      );
    }
  } finally {
    line.stop();
    await database?.close();
  }
  report(context, config, databaseCheck, pairs);
}

async function open(context: CliContext, config: Config): Promise<Database> {
  const database = await openDatabase({
    ...config.database,
    attach: true,
    applicationName: 'udesk-sync check',
    log: context.logger('error'),
  });
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

/** Both sides at once: when one is down, the other is still looked at. */
async function checkPair(
  context: CliContext,
  pair: PairConfig,
  {
    ledger,
    db,
    pin,
    live,
  }: {
    readonly ledger: QuotaLedger;
    readonly db: Db | null;
    readonly pin: boolean;
    /** Records of each side; null: not asked for. */
    readonly live: number | null;
  },
): Promise<PairCheck> {
  const log = context.logger('error');
  const [udesk, crm] = await Promise.all([
    checkSide(pair, 'udesk', async () => openUdesk(pair, { ledger, log, retry: RETRY }), context.signal),
    checkSide(pair, 'crm', () => openCrm(pair, { ledger }), context.signal),
  ]);
  const facts = {
    ...(udesk.facts === null ? {} : { udesk: udesk.facts }),
    ...(crm.facts === null ? {} : { crm: crm.facts }),
  };
  const combinations = combinationFindings(pair, pair.fields.map(toFieldSpec), facts);
  const about = (name: SideName): Found[] =>
    combinations.flatMap(({ side, ...finding }) => (side === name ? [asConfig(finding)] : []));
  const own = db === null ? [] : await examinePair(db, pair);
  // What stands in the way of the side stands in the way of its fields, and was told.
  const world = { ledger, log, retry: RETRY };
  const fields = udesk.reached
    ? [
        ...(await checkFields(pair, world, { db, pin }, context.signal)),
        ...(await checkDirectory(pair, world, { db, pin }, context.signal)),
      ]
    : [];
  const { laws, findings } = await checkLaws(pair, world, { db, live, udesk, crm }, context.signal);
  return {
    pair: pair.name,
    findings: [...own, ...findings],
    laws,
    sides: {
      udesk: { ...udesk, findings: [...udesk.findings, ...about('udesk'), ...fields] },
      crm: { ...crm, findings: [...crm.findings, ...about('crm')] },
    },
  };
}

/** With `--live` by looking at records; else by what the last look found. */
async function checkLaws(
  pair: PairConfig,
  world: UdeskWorld,
  at: {
    readonly db: Db | null;
    readonly live: number | null;
    readonly udesk: SideCheck;
    readonly crm: SideCheck;
  },
  signal: AbortSignal,
): Promise<{ laws: readonly FieldCheck[] | null; findings: readonly Found[] }> {
  const { db, live } = at;
  if (db === null) return { laws: null, findings: [] };
  if (live === null) {
    return { laws: null, findings: await recordedFindings(db, pair.name, pair.fields.map(toFieldSpec)) };
  }
  // What stands in the way of a side was told.
  if (!at.udesk.reached || !at.crm.reached) return { laws: null, findings: [] };
  const { checks, findings } = await checkPairLive(pair, { ...world, db }, { sample: live, signal });
  return { laws: checks, findings };
}

type Placed = Found & {
  readonly pair?: string;
  readonly side?: SideName;
};

function report(
  context: CliContext,
  config: Config,
  database: DatabaseCheck,
  pairs: readonly PairCheck[],
): void {
  const all: Placed[] = [
    ...config.warnings.map((warning): Found => ({ level: 'warning', ...warning, config: true })),
    ...database.findings,
    ...pairs.flatMap(({ pair, sides, findings }) => [
      ...findings.map((finding) => ({ ...finding, pair })),
      ...(['udesk', 'crm'] as const).flatMap((side) =>
        sides[side].findings.map((finding) => ({ ...finding, pair, side })),
      ),
    ]),
  ];
  const problems = all.filter(({ level }) => level === 'problem');
  if (problems.length > 0) {
    context.exitCode = problems.some((finding) => finding.config) ? EXIT.usage : EXIT.failed;
  }
  if (context.json) context.printJson({ check: document(config, database, pairs, all) });
  else context.print(describe(config, database, pairs, all));
  for (const finding of problems) context.stderr.write(`${context.redact(paragraph(finding))}\n`);
}

/** As every other failure of the program is told. */
function paragraph({ message, advice, pair, side }: Placed): string {
  const place = { ...(pair === undefined ? {} : { pair }), ...(side === undefined ? {} : { side }) };
  return renderError(
    new SyncError('config', message, { ...place, ...(advice === undefined ? {} : { advice }) }),
    false,
  );
}

function document(
  config: Config,
  database: DatabaseCheck,
  pairs: readonly PairCheck[],
  all: readonly Placed[],
): unknown {
  const side = ({ manifest, facts: _facts, findings, side: _, ...rest }: SideCheck) => ({
    adapter: manifest?.adapter ?? null,
    ...rest,
  });
  return {
    config: config.file,
    ok: !all.some(({ level }) => level === 'problem'),
    database: { description: database.description, serverVersion: database.serverVersion },
    pairs: pairs.map(({ pair, sides, laws }) => ({
      pair,
      udesk: side(sides.udesk),
      crm: side(sides.crm),
      ...(laws === null ? {} : { laws }),
    })),
    findings: all.map(({ config: _, ...finding }) => finding),
  };
}

function describe(
  config: Config,
  database: DatabaseCheck,
  pairs: readonly PairCheck[],
  all: readonly Placed[],
): string {
  const lines = [
    `configuration  ${config.file}`,
    `database       ${database.description ?? 'NOT REACHED (see below)'}`,
  ];
  for (const { pair, sides, findings } of pairs) {
    lines.push(`pair ${pair}`);
    for (const { message } of findings.filter(({ level }) => level === 'info')) lines.push(`  ${message}`);
    for (const name of ['udesk', 'crm'] as const) {
      const side = sides[name];
      lines.push(`  ${name.padEnd(12)} ${side.reached ? factsOf(side) : 'NOT REACHED (see below)'}`);
      if (!side.reached) continue;
      for (const words of side.capabilities) lines.push(`    - ${words}`);
      for (const { message } of side.findings.filter(({ level }) => level === 'info'))
        lines.push(`    - ${message}`);
    }
  }
  const warnings = all.filter(({ level }) => level === 'warning');
  for (const { message, advice, pair, side } of warnings) {
    const where = [pair, side].filter((part) => part !== undefined).join(' ');
    lines.push(
      `warning: ${where === '' ? '' : `${where}: `}${message}`,
      ...(advice === undefined ? [] : [`         ${advice}`]),
    );
  }
  const problems = all.filter(({ level }) => level === 'problem').length;
  lines.push(
    problems === 0
      ? `All that is needed works${warnings.length === 0 ? '' : `; ${counted(warnings.length, 'warning')}`}. Next: udesk-sync plan`
      : `${counted(problems, 'problem')}, ${counted(warnings.length, 'warning')}:`,
  );
  return lines.join('\n');
}

function factsOf({ count: records, clockSkewMs }: SideCheck): string {
  return `${records === null ? 'does not say how many records it holds' : counted(records, 'record')}, ${clockWords(clockSkewMs)}`;
}
