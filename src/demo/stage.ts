/** Everything that the demo plays with: Postgres, a simulated Udesk, a CRM, a config file, and the engine on top. */
import { writeFileSync } from 'node:fs';
import type { CliContext } from '../cli/context.ts';
import { type OpenPair, openPair, openRuntime, type Runtime } from '../cli/runtime.ts';
import { SyncError } from '../errors.ts';
import type { LogLevel } from '../lib/log.ts';
import { type Simulator, startSimulator } from '../simulator/simulator.ts';
import { listConflicts } from '../store/conflicts.ts';
import { openDatabaseOn } from '../store/database.ts';
import type { EmbeddedPostgres } from '../store/embedded/start.ts';
import { listLinks } from '../store/links.ts';
import type { WriteCount } from './claims.ts';
import { type Comparison, comparePeople, type Waiting } from './compare.ts';
import { configText } from './config-text.ts';
import { CRM_DATABASE, type CrmTable, createCrmTable } from './crm-table.ts';
import { inventPeople, type People } from './people.ts';
import { leavePlace, type Place, startFreshPostgres, takePlace } from './place.ts';
import type { Show } from './show.ts';
import type { Language, Words } from './words.ts';

export const CUSTOMERS = 520;
/** Twenty times a small contract, so that the round ends soon; the simulator enforces it, and the client keeps to it. */
export const PER_MINUTE = 1_200;

/** Vendor samples disagree about how a customer is written: every customer comes in a shape of its own. */
const MIXED_SHAPES = {
  'shape.emails': 'mixed',
  'shape.other_emails': 'mixed',
  'shape.cellphones': 'mixed',
  'shape.ids': 'mixed',
  'shape.organization': 'mixed',
  'shape.tags': 'mixed',
  'shape.envelope': 'mixed',
  'shape.feeds': 'mixed',
  'shape.error_body': 'mixed',
};

export interface StageOptions {
  readonly dir: string | undefined;
  readonly keep: boolean;
  readonly seed: string;
  readonly logLevel: LogLevel;
  readonly lang: Language;
}

export interface Stage {
  readonly context: CliContext;
  readonly show: Show;
  readonly words: Words;
  readonly place: Place;
  readonly postgres: EmbeddedPostgres;
  readonly simulator: Simulator;
  readonly crm: CrmTable;
  readonly people: People;
  readonly runtime: Runtime;
  readonly pair: OpenPair;
  close(): Promise<void>;
}

export async function setStage(
  context: CliContext,
  show: Show,
  words: Words,
  options: StageOptions,
): Promise<Stage> {
  const place = await takePlace(options.dir);
  const closers: (() => Promise<void>)[] = [];
  let postgres: EmbeddedPostgres | null = null;
  const close = async () => {
    for (const closer of closers.reverse()) await closer();
    await leavePlace(place, postgres, options.keep);
  };
  try {
    postgres = await startFreshPostgres(place);
    const people = inventPeople(options.seed, CUSTOMERS);
    const simulator = await startSimulator({
      customers: people.customers,
      seed: options.seed,
      controlPort: 0,
      switches: { ...MIXED_SHAPES, 'rate.per_minute': String(PER_MINUTE) },
    });
    closers.push(() => simulator.close());
    await createDatabase(postgres, CRM_DATABASE);
    const crm = await createCrmTable(postgres.url(CRM_DATABASE));
    closers.push(() => crm.close());
    await crm.add(people.contacts);
    const locale = options.lang === 'zh' ? 'zh-CN' : 'en';
    const facts = { crmUrl: postgres.url(CRM_DATABASE), simulator, perMinute: PER_MINUTE, locale } as const;
    const write = (database: string) =>
      writeFileSync(place.configFile, configText({ ...facts, database }), { mode: 0o600 });
    write(`url: ${postgres.url('postgres')}`);
    // Kept data is looked at without this demo's server: the commands start one on it.
    if (options.keep) closers.push(async () => write(`dataDir: ${JSON.stringify(place.dataDir)}`));
    context.setGlobals({ config: place.configFile, logLevel: options.logLevel });
    const runtime = await openRuntime(context, 'demo');
    closers.push(() => runtime.close());
    const [config] = runtime.config.pairs;
    if (config === undefined) throw new SyncError('invariant', 'the demo has no pair');
    const pair = await openPair(runtime, config);
    closers.push(() => pair.close());
    return { context, show, words, place, postgres, simulator, crm, people, runtime, pair, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function createDatabase(postgres: EmbeddedPostgres, name: string): Promise<void> {
  const database = await openDatabaseOn(postgres, { max: 1 });
  try {
    await database.sql.unsafe(`create database ${name} template template0`);
  } finally {
    await database.close();
  }
}

/** Everything that ever wrote to either side, from outside the engine. */
export async function countWrites(stage: Stage): Promise<WriteCount> {
  return { udesk: stage.simulator.counts().writes, crm: await stage.crm.versions() };
}

/** Both sides as they are now, compared by the demo's own rules. */
export async function compareNow(stage: Stage): Promise<Comparison> {
  const [contacts, waiting] = [await stage.crm.contacts(), await waitingNow(stage)];
  return comparePeople(stage.simulator.tenant.list(), contacts, waiting);
}

async function waitingNow({ runtime, pair }: Stage): Promise<Waiting> {
  const { db } = runtime.engine;
  const conflicts = await listConflicts(db, { pair: pair.spec.name, states: ['open'], limit: 1000 });
  const links = await listLinks(db, { pair: pair.spec.name, state: 'candidate', limit: 1000 });
  return {
    conflicts,
    questions: links.map(({ candidates }) => ({
      udeskIds: candidates?.udesk ?? [],
      crmIds: candidates?.crm ?? [],
    })),
  };
}
