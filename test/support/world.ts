/** A whole small world: simulated Udesk over HTTP, a CRM table and our database in real Postgres, and the real engine. */
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import type postgres from 'postgres';
import { type OpenPair, openPair, type Runtime, type Time, type UdeskWorld } from '../../src/cli/runtime.ts';
import { loadConfig } from '../../src/config/load.ts';
import { crmAdapters } from '../../src/crm/registry.ts';
import type { EngineContext } from '../../src/engine/context.ts';
import { type CycleOptions, type CycleReport, runCycle } from '../../src/engine/cycle.ts';
import { ownerIsDead, processOwner } from '../../src/lib/process-owner.ts';
import { sleep } from '../../src/lib/sleep.ts';
import type { CustomerSeed } from '../../src/simulator/customer.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import type { ConflictRow } from '../../src/store/conflicts.ts';
import { listConflicts } from '../../src/store/conflicts.ts';
import type { Database } from '../../src/store/database.ts';
import { postgresLedger } from '../../src/store/quota-ledger.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from './db.ts';

/** A row of the CRM's table; what is left out is null. */
export interface Person {
  readonly name?: string | null;
  readonly emails?: readonly string[];
  readonly phones?: readonly string[];
  readonly tier?: string | null;
  readonly industry?: string | null;
  readonly note?: string | null;
  readonly udesk_id?: string | null;
}

export interface PersonRow {
  id: string;
  name: string | null;
  emails: string[];
  phones: string[];
  tier: string | null;
  industry: string | null;
  note: string | null;
  udesk_id: string | null;
  row_version: number;
}

export interface WorldOptions {
  readonly customers?: number | readonly CustomerSeed[];
  readonly people?: readonly Person[];
  readonly switches?: Readonly<Record<string, string>>;
  /** YAML lines of the pair, replacing or adding to the usual ones. */
  readonly pair?: Readonly<Record<string, string>>;
  /** Lines under `crm:`. */
  readonly crm?: readonly string[];
  /** What is changed about the CRM's tables before anybody reads them. */
  readonly crmSql?: string;
  /** The whole `crm` block, in the place of the table: the CRM is another one then, and `people` are not in it. */
  readonly crmBlock?: Readonly<Record<string, unknown>>;
  /** The tenant's clock in milliseconds. */
  readonly clock?: () => number;
  /** Time of the simulator, the engine and the client of Udesk; left out: real, with short sleeps. */
  readonly time?: Time;
  /** Calls per minute that the pair believes in. */
  readonly perMinute?: number;
  /** How calls to Udesk are signed: as configured without this key. */
  readonly sign?: string;
  readonly udesk?: Partial<UdeskWorld>;
  readonly log?: EngineContext['log'];
  /** Our database, when it is to be on another server than the one of the run. */
  readonly ours?: TestDatabase;
}

export interface World {
  readonly simulator: Simulator;
  readonly crm: postgres.Sql;
  readonly database: Database;
  readonly engine: EngineContext;
  readonly pair: OpenPair;
  /** YAML of the pair, without a database. */
  readonly configText: string;
  readonly databaseUrl: string;
  sync(options?: Partial<CycleOptions>): Promise<CycleReport>;
  people(): Promise<PersonRow[]>;
  insert(person: Person): Promise<string>;
  conflicts(): Promise<ConflictRow[]>;
  close(): Promise<void>;
}

const FIELDS = `[
      { udesk: nick_name, crm: name },
      { udesk: emails, crm: emails },
      { udesk: cellphones, crm: phones },
      { udesk: level, crm: tier, direction: to-crm, map: { vip: gold, normal: standard } },
      { udesk: custom.TextField_2, crm: industry, policy: crm },
      { udesk: description, crm: note }
    ]`;

/** The schedule of a pair: both sides are read in full every second, and at night what takes long. */
export const EVERY_SECOND =
  "{ head: '* * * * * *', sweep: '* * * * * *', crm: '* * * * * *', feeds: '0 3 * * *', audit: '0 3 * * *' }";

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const simulator = await startSimulator({
    customers: options.customers ?? [],
    switches: { 'rate.per_minute': '0', ...options.switches },
    clock: options.clock ?? options.time?.now ?? Date.now,
  });
  const crmDb = await createEmptyDatabase();
  const crmOpened = await crmDb.open({ max: 2, applicationName: 'crm person' });
  const crm = crmOpened.sql;
  await crm.unsafe(`${CRM_TABLE}\n${options.crmSql ?? ''}`);
  const ours = options.ours ?? (await createTestDatabase());
  const database = await ours.open({ applicationName: 'engine' });
  const configText = yaml(simulator, crmDb.url, options);
  const config = loadConfig({ env: {}, readFile: () => configText, adapters: crmAdapters });
  const engine: EngineContext = {
    db: database.db,
    log: options.log ?? pino({ level: process.env.TEST_LOG ?? 'silent' }),
    clock: () => new Date(options.time?.now() ?? Date.now()),
    ...(options.time === undefined ? {} : { monotonic: options.time.monotonic }),
    // Nothing here depends on real waiting: lookup lags and back-offs are short for the test's sake.
    sleep: options.time?.sleep ?? ((ms, signal) => sleep(Math.min(ms, 20), signal)),
    random: Math.random,
    owner: processOwner(crypto.randomUUID()),
    ownerIsDead,
  };
  const ledger = postgresLedger(database.sql);
  const runtime: Runtime = { config, database, engine, ledger, close: async () => {} };
  const [pairConfig] = config.pairs;
  if (pairConfig === undefined) throw new Error('the world has no pair');
  const pair = await openPair(runtime, pairConfig, {
    ...options.udesk,
    ...(options.time === undefined ? {} : { time: options.time }),
  });

  const insert = async (person: Person): Promise<string> => {
    const [row] = await crm`
      insert into contact (name, emails, phones, tier, industry, note, udesk_id)
      values (${person.name ?? null}, ${[...(person.emails ?? [])]}, ${[...(person.phones ?? [])]},
        ${person.tier ?? null}, ${person.industry ?? null}, ${person.note ?? null}, ${person.udesk_id ?? null})
      returning id::text`;
    return row?.id as string;
  };
  for (const person of options.people ?? []) await insert(person);

  return {
    simulator,
    crm,
    database,
    engine,
    pair,
    configText,
    databaseUrl: ours.url,
    insert,
    sync: (cycle = {}) =>
      runCycle(engine, pair, { trigger: 'sync', observe: { udesk: 'full', crm: 'full' }, ...cycle }),
    people: async () => [
      ...(await crm<PersonRow[]>`
        select id::text, name, emails, phones, tier, industry, note, udesk_id, row_version from contact order by id`),
    ],
    conflicts: () =>
      listConflicts(database.db, { limit: 1000, states: ['open', 'resolving', 'resolved', 'converged'] }),
    async close() {
      await pair.close();
      await simulator.close();
      await ours.drop();
      await crmDb.drop();
    },
  };
}

/** How many requests that change customers reached Udesk, and the sum of the row versions of the CRM's table. */
export async function writesSoFar(world: World): Promise<{ udesk: number; crm: number }> {
  const people = await world.people();
  return {
    udesk: world.simulator.counts().writes,
    crm: people.reduce((sum, person) => sum + person.row_version, 0),
  };
}

/** In Udesk; empty where nobody has that name. */
export function customerId(world: World, name: string): string {
  return world.simulator.tenant.list().find(({ nick_name }) => nick_name === name)?.id ?? '';
}

/** Every value of one column of ours, for looking inside. */
export async function ourRows(world: World, query: string): Promise<Record<string, unknown>[]> {
  return [...(await world.database.db.execute(sql.raw(query)))];
}

/** Name, e-mails, phones and a note, where nobody is asked about e-mails and phones: both sides keep all of them. */
export const UNITING_FIELDS = `[
      { udesk: nick_name, crm: name },
      { udesk: emails, crm: emails, policy: union },
      { udesk: cellphones, crm: phones, policy: union },
      { udesk: description, crm: note }
    ]`;

export const CRM_TABLE = `
  create table contact (
    id bigint generated always as identity primary key,
    name text, emails text[] not null default '{}', phones text[] not null default '{}',
    tier text, industry text, note text, editor text,
    udesk_id text unique,
    updated_at timestamptz not null default clock_timestamp(),
    row_version int not null default 1
  );
  create function touch() returns trigger language plpgsql as $$
  begin
    new.updated_at := clock_timestamp();
    new.row_version := old.row_version + 1;
    return new;
  end $$;
  create trigger contact_touch before update on contact for each row execute function touch();`;

function yaml(simulator: Simulator, crmUrl: string, options: WorldOptions): string {
  const pair: Record<string, string> = {
    fields: FIELDS,
    firstRun: 'auto',
    ...options.pair,
  };
  const crm = options.crm ?? ['table: contact', 'externalId: udesk_id', 'updatedAt: updated_at'];
  const crmYaml =
    options.crmBlock === undefined
      ? ['    crm:', 'adapter: postgres', `url: ${crmUrl}`, ...crm].join('\n      ')
      : `    crm: ${JSON.stringify(options.crmBlock)}`;
  return `
pairs:
  - name: main
    udesk:
      baseUrl: ${simulator.url}
      email: ${simulator.admin.email}
      token: ${simulator.admin.token}${options.sign === undefined ? '' : `\n      sign: ${options.sign}`}
      quota: { perMinute: ${options.perMinute ?? 1_000_000} }
${crmYaml}
${Object.entries(pair)
  .map(([key, value]) => `    ${key}: ${value}`)
  .join('\n')}
`;
}
