/**
 * Backups of our database for tests, put back while everybody is connected, as an operator would. Two kinds: a copy made
 * by the server itself (anywhere), and pg_dump with pg_restore (on a server that is no newer than these).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { openDatabase } from '../../src/store/database.ts';
import { serverAccount, spawnAs } from '../../src/store/embedded/account.ts';
import { migrate } from '../../src/store/migrate.ts';
import type { TestDatabase } from './db.ts';

export interface Backup {
  /** The database is as it was when the backup was made. */
  restore(): Promise<void>;
  remove(): Promise<void>;
}

/** A copy within the server: `create database … template`, and back by its name. */
export async function copyOf(url: string): Promise<Backup> {
  const { name, admin } = split(url);
  const copy = `${name}_backup`;
  const cut = (sql: postgres.Sql) =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
  await asAdmin(admin, async (sql) => {
    await cut(sql);
    await sql.unsafe(`create database ${copy} template ${name}`);
  });
  return {
    restore: () =>
      asAdmin(admin, async (sql) => {
        await sql.unsafe(`drop database ${name} with (force)`);
        await sql.unsafe(`create database ${name} template ${copy}`);
      }),
    remove: () => asAdmin(admin, (sql) => sql.unsafe(`drop database if exists ${copy}`)),
  };
}

/** `pg_dump --format=custom`, and `pg_restore` into a database that was made anew: as docs/operations.md says. */
export async function dumpOf(url: string): Promise<Backup> {
  const { name, admin } = split(url);
  const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-dump-'));
  const file = join(folder, 'udesk-sync.dump');
  execFileSync('pg_dump', ['--format=custom', `--file=${file}`, `--dbname=${url}`]);
  return {
    async restore() {
      await asAdmin(admin, async (sql) => {
        await sql.unsafe(`drop database ${name} with (force)`);
        await sql.unsafe(`create database ${name} template template0`);
      });
      execFileSync('pg_restore', ['--exit-on-error', `--dbname=${url}`, file]);
    },
    async remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A server of the system's own packages, whose pg_dump fits; null where there is none. Its databases are closed with it.
 */
export async function systemPostgres(): Promise<{
  create(): Promise<TestDatabase>;
  stop(): void;
} | null> {
  const bin = systemBinaries();
  if (bin === null) return null;
  const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-system-'));
  chmodSync(folder, 0o755);
  const account = serverAccount(folder);
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  const as = { ...spawnAs(account), cwd: folder };
  const data = join(folder, 'data');
  const port = await freePort();
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '-E', 'UTF8'],
    as,
  );
  const settings = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off`;
  execFileSync(join(bin, 'pg_ctl'), ['-D', data, '-w', '-l', join(folder, 'log'), '-o', settings, 'start'], {
    ...as,
    stdio: 'ignore',
  });
  return {
    async create() {
      const name = `t_${process.pid}_${crypto.randomUUID().slice(0, 8)}`;
      const url = `postgres://postgres@127.0.0.1:${port}/${name}`;
      await asAdmin(split(url).admin, (sql) => sql.unsafe(`create database ${name} template template0`));
      const opened = await openDatabase({ url, dataDir: '/nonexistent', max: 1 });
      await migrate(opened);
      await opened.close();
      const pools: (typeof opened)[] = [];
      return {
        name,
        url,
        async open(options = {}) {
          const database = await openDatabase({ url, dataDir: '/nonexistent', max: 4, ...options });
          pools.push(database);
          return database;
        },
        async drop() {
          await Promise.all(pools.map((pool) => pool.close()));
        },
      };
    },
    stop() {
      spawnSync(join(bin, 'pg_ctl'), ['-D', data, '-w', '-m', 'immediate', 'stop'], {
        ...as,
        stdio: 'ignore',
      });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Debian keeps each major version in a folder of its own; the newest has the pg_dump of the path. */
function systemBinaries(): string | null {
  const home = '/usr/lib/postgresql';
  if (!existsSync(home) || spawnSync('pg_dump', ['--version']).status !== 0) return null;
  const newest = readdirSync(home)
    .filter((version) => Number(version) >= 15 && existsSync(join(home, version, 'bin/initdb')))
    .sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? null : join(home, newest, 'bin');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function split(url: string): { name: string; admin: string } {
  return { name: new URL(url).pathname.slice(1), admin: url.replace(/\/[^/]*$/, '/postgres') };
}

async function asAdmin<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
