/**
 * vitest globalSetup: one throw-away Postgres for all projects of a run, in a temporary folder, on a free loopback
 * port, so that code which takes a URL and nothing else can be tested too. Test files use it through db.ts.
 */
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import {
  type EmbeddedPostgres,
  removeDataDir,
  startEmbeddedPostgres,
} from '../../src/store/embedded/start.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of the maintenance database; the others differ in their last part. */
    postgresUrl: string;
  }
}

export const FAST = [
  ...['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200', 'autovacuum=off'],
  ...['shared_buffers=128MB', 'max_wal_size=4GB'],
].flatMap((setting) => ['-c', setting]);

interface Shared {
  users: number;
  cluster: Promise<EmbeddedPostgres>;
}

/** Each project loads its own copy of this module: what they share hangs on the process. */
const home = globalThis as { [key: symbol]: Shared | undefined };
const KEY = Symbol.for('udesk-sync test cluster');

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = home[KEY] ?? { users: 0, cluster: startCluster() };
  home[KEY] = shared;
  shared.users += 1;
  const cluster = await shared.cluster;
  project.provide('postgresUrl', cluster.url('postgres'));
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    home[KEY] = undefined;
    await cluster.stop();
    removeDataDir(cluster);
  };
}

export function startCluster(): Promise<EmbeddedPostgres> {
  const dataDir = mkdtempSync(join(tmpdir(), 'udesk-sync-test-'));
  chmodSync(dataDir, 0o755); // as root, the server runs under another account
  return startEmbeddedPostgres({ dataDir, flags: FAST, tcpPort: 'auto' });
}
