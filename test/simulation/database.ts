/** A database for worlds, one after the other, on a Postgres for tests. */
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openClient, targetOf } from '../../src/store/client.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded/start.ts';
import { migrate } from '../../src/store/migrate.ts';
import { FAST } from '../support/postgres-setup.ts';

export interface WorldDatabase {
  readonly database: Database;
  /** The server's process behind the one connection, which the driver renews every now and then. */
  backendPid(): Promise<number>;
  drop(): Promise<void>;
}

/**
 * One connection, and one plan per statement: neither the pool nor the number of earlier runs decides in which order rows
 * come, so that a seed gives the same trace wherever it runs.
 * @param urlOf URL of a database of the server; the maintenance database is `postgres`
 */
export async function createWorldDatabase(urlOf: (database: string) => string): Promise<WorldDatabase> {
  const name = `sim_${process.pid}_${crypto.randomUUID().slice(0, 8)}`;
  const asAdmin = async (query: string) => {
    const admin = openClient(targetOf(urlOf('postgres')), { max: 1 });
    await admin.unsafe(query);
    await admin.end({ timeout: 5 });
  };
  await asAdmin(`create database ${name} template template0`);
  await asAdmin(`alter database ${name} set plan_cache_mode = force_generic_plan`);
  const database = await openDatabase({
    url: urlOf(name),
    dataDir: '/nonexistent/a-world-has-a-url',
    max: 1,
  });
  await migrate(database);
  return {
    database,
    async backendPid() {
      const [backend] = await database.sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      return backend?.pid ?? 0;
    },
    async drop() {
      await database.close();
      await asAdmin(`drop database if exists ${name} with (force)`);
    },
  };
}

/** Nobody reads what the server counts, and nothing of it outlives the run. */
const UNWATCHED = [
  ...['track_activities=off', 'track_counts=off', 'update_process_title=off', 'jit=off'],
  ...['wal_level=minimal', 'max_wal_senders=0', 'checkpoint_timeout=1h', 'bgwriter_lru_maxpages=0'],
].flatMap((setting) => ['-c', setting]);

/** A server of its own, reached through its socket only: every statement of a world is a round trip. */
export async function startWorldCluster(): Promise<EmbeddedPostgres> {
  const dataDir = mkdtempSync(join(tmpdir(), 'udesk-sync-sim-'));
  chmodSync(dataDir, 0o755); // as root, the server runs under another account
  return await startEmbeddedPostgres({ dataDir, flags: [...FAST, ...UNWATCHED] });
}
