/** What every figure needs: a Postgres of our own with two databases, the CRM's table, and the real engine on them. */
import { chmodSync, mkdtempSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type postgres from 'postgres';
import { type OpenPair, openPair } from '../src/cli/runtime.ts';
import { loadConfig } from '../src/config/load.ts';
import type { Config } from '../src/config/schema.ts';
import { crmAdapters } from '../src/crm/registry.ts';
import type { EngineContext } from '../src/engine/context.ts';
import { sleep } from '../src/lib/sleep.ts';
import { connectionOptions, openClient } from '../src/store/client.ts';
import { type Database, openDatabase } from '../src/store/database.ts';
import { type EmbeddedPostgres, removeDataDir, startEmbeddedPostgres } from '../src/store/embedded/start.ts';
import { migrate } from '../src/store/migrate.ts';
import { postgresLedger } from '../src/store/quota-ledger.ts';
import { person } from './people.ts';

/** Addresses that a child process can be given. */
export interface Place {
  readonly ours: string;
  readonly crm: string;
}

export interface Cluster {
  /** e.g. `Postgres 18.4` */
  readonly version: string;
  /** Makes a pair of databases, ours migrated and the CRM's with its empty table. */
  place(name: string): Promise<Place>;
  close(): Promise<void>;
}

/** The embedded Postgres with its usual, durable settings, in a temporary folder. */
export async function startCluster(): Promise<Cluster> {
  const dataDir = mkdtempSync(join(tmpdir(), 'udesk-sync-bench-'));
  chmodSync(dataDir, 0o755); // as root, the server runs under another account
  const embedded: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir });
  const admin = openClient(connectionOptions(embedded), { max: 1 });
  const [row] = await admin`show server_version`;
  return {
    version: `Postgres ${row?.server_version}`,
    async place(name) {
      const place = { ours: `${name}_ours`, crm: `${name}_crm` };
      for (const database of Object.values(place)) await admin.unsafe(`create database ${database}`);
      const ours = await openDatabase({ url: embedded.url(place.ours), dataDir: '' });
      await migrate(ours);
      await ours.close();
      const crm = openClient(connectionOptions(embedded, place.crm), { max: 1 });
      await crm.unsafe(CRM_TABLE);
      await crm.end();
      return { ours: embedded.url(place.ours), crm: embedded.url(place.crm) };
    },
    async close() {
      await admin.end();
      await embedded.stop();
      removeDataDir(embedded);
    },
  };
}

export interface Stage {
  readonly database: Database;
  readonly engine: EngineContext;
  readonly pair: OpenPair;
  close(): Promise<void>;
}

export function configOf(place: Place, udesk: UdeskAccount = NOBODY): Config {
  return loadConfig({ env: {}, readFile: () => configText(place, udesk), adapters: crmAdapters });
}

/** The engine on a place; the Udesk of the config is `udesk.url`. The quota is counted in Postgres, but never reached. */
export async function openStage(place: Place, udesk: UdeskAccount = NOBODY): Promise<Stage> {
  const config = configOf(place, udesk);
  const database = await openDatabase({ url: place.ours, dataDir: '', applicationName: 'bench' });
  const engine: EngineContext = {
    db: database.db,
    log: pino({ level: 'silent' }),
    clock: () => new Date(),
    sleep,
    random: Math.random,
    owner: `bench:${process.pid}:${crypto.randomUUID()}`,
  };
  const [only] = config.pairs;
  if (only === undefined) throw new Error('the config has no pair');
  const ledger = postgresLedger(database.sql);
  const pair = await openPair({ config, database, engine, ledger, close: async () => {} }, only);
  return {
    database,
    engine,
    pair,
    async close() {
      await pair.close();
      await database.close();
    },
  };
}

/** People 0…count-1 as rows of the CRM, last changed a day ago. */
export async function fillCrm(place: Place, count: number): Promise<void> {
  const database = await openDatabase({ url: place.crm, dataDir: '', max: 1 });
  const sql: postgres.Sql = database.sql;
  const CHUNK = 5_000;
  for (let from = 0; from < count; from += CHUNK) {
    const rows = Array.from({ length: Math.min(CHUNK, count - from) }, (_, at) => {
      const { name, email, otherEmails, phones, vip, industry, note } = person(from + at);
      return {
        name,
        emails: [email, ...otherEmails],
        phones,
        tier: vip ? 'gold' : 'standard',
        industry,
        note,
      };
    });
    await sql`
      insert into contact (name, emails, phones, tier, industry, note, updated_at)
      select name, emails, phones, tier, industry, note, now() - interval '1 day'
      from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
        as s(name text, emails text[], phones text[], tier text, industry text, note text)`;
  }
  await sql`analyze contact`;
  await database.close();
}

export function machine(cluster: Cluster): string {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim() ?? 'unknown CPU'}, Node ${process.version}, ${cluster.version} (embedded, durable settings), ${process.platform}-${process.arch}`;
}

export interface UdeskAccount {
  readonly url: string;
  readonly email: string;
  readonly token: string;
  /** Quota of calls that we keep; never reached unless told. */
  readonly perMinute?: number;
}

const NOBODY: UdeskAccount = { url: 'http://127.0.0.1:9', email: 'nobody@example.com', token: 'none' };

const CRM_TABLE = `
  create table contact (
    id bigint generated always as identity primary key,
    name text, emails text[] not null default '{}', phones text[] not null default '{}',
    tier text, industry text, note text, udesk_id text unique,
    updated_at timestamptz not null default clock_timestamp()
  );
  create index contact_updated on contact (updated_at, id);`;

/** The configuration of one pair; without `database.url`. */
export function configText(place: Place, udesk: UdeskAccount): string {
  return `
pairs:
  - name: bench
    udesk:
      baseUrl: ${udesk.url}
      email: ${udesk.email}
      token: ${udesk.token}
      quota: { perMinute: ${udesk.perMinute ?? 1_000_000} }
    crm:
      adapter: postgres
      url: ${place.crm}
      table: contact
      externalId: udesk_id
      updatedAt: updated_at
    fields:
      - { udesk: nick_name, crm: name }
      - { udesk: emails, crm: emails }
      - { udesk: cellphones, crm: phones }
      - { udesk: level, crm: tier, direction: to-crm, map: { vip: gold, normal: standard } }
      - { udesk: custom.TextField_2, crm: industry, policy: crm }
      - { udesk: description, crm: note }
    firstRun: auto
`;
}
