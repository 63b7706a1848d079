/**
 * A Postgres of our own whose `now()` is ahead of the machine's clock by as much as is said: what the program asks the
 * database for the time of (the quota, leases, how old things are) then goes by the same clock as everything else.
 */
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type postgres from 'postgres';
import { openClient, targetOf } from '../../../src/store/client.ts';
import { openDatabase } from '../../../src/store/database.ts';
import {
  type EmbeddedPostgres,
  removeDataDir,
  startEmbeddedPostgres,
} from '../../../src/store/embedded/start.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { FAST } from '../postgres-setup.ts';

export interface VirtualPostgres {
  readonly server: EmbeddedPostgres;
  /** Direct: not through anything that a test breaks. */
  readonly admin: postgres.Sql;
  /** Loopback TCP with a password. */
  readonly url: string;
  setAhead(ms: number): Promise<void>;
  /** The clock of the server alone is off by so much: set by hand, or by whoever keeps its time. */
  setWrong(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Functions in a schema before pg_catalog are found first, by statements as by defaults and views that are made later. */
const VIRTUAL_TIME = `
  create schema virtual;
  create table virtual.clock (ahead interval not null, wrong interval not null);
  insert into virtual.clock values ('0', '0');
  create function virtual.now() returns timestamptz language sql stable
    as 'select pg_catalog.now() + ahead + wrong from virtual.clock';
  create function virtual.clock_timestamp() returns timestamptz language sql volatile
    as 'select pg_catalog.clock_timestamp() + ahead + wrong from virtual.clock';`;

export async function startVirtualPostgres(): Promise<VirtualPostgres> {
  const dataDir = mkdtempSync(join(tmpdir(), 'udesk-sync-week-'));
  chmodSync(dataDir, 0o755); // as root, the server runs under another account
  // Fast, but with the cleaning up that a server does in a week.
  const flags = FAST.map((flag) => (flag === 'autovacuum=off' ? 'autovacuum=on' : flag));
  const server = await startEmbeddedPostgres({ dataDir, flags, tcpPort: 'auto' });
  const first = openClient(targetOf(server.url('postgres')), { max: 1 });
  await first.unsafe('create database week');
  await first.unsafe('alter database week set search_path = virtual, pg_catalog, public');
  await first.end();
  const url = server.url('week');
  const admin = openClient(targetOf(url), { max: 1, applicationName: 'week' });
  await admin.unsafe(VIRTUAL_TIME);
  const database = await openDatabase({ url, dataDir: '', max: 1 });
  await migrate(database);
  await database.close();
  return {
    server,
    admin,
    url,
    async setAhead(ms) {
      await admin`update virtual.clock set ahead = ${ms} * interval '1 millisecond'`;
    },
    async setWrong(ms) {
      await admin`update virtual.clock set wrong = ${ms} * interval '1 millisecond'`;
    },
    async close() {
      await admin.end();
      await server.stop();
      removeDataDir(server);
    },
  };
}
