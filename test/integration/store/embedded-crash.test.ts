import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openDatabase, openDatabaseOn } from '../../../src/store/database.ts';
import { removeDataDir, startEmbeddedPostgres } from '../../../src/store/embedded/start.ts';
import { runChild, temporaryFolder, until } from '../../support/child.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function dataDirectory(): string {
  const dataDir = temporaryFolder();
  cleanups.push(() => removeDataDir({ dataDir, socketDir: join(dataDir, 'socket') }));
  return dataDir;
}

async function open(dataDir: string) {
  const database = await openDatabase({ dataDir });
  cleanups.push(() => database.close());
  return database;
}

async function start(dataDir: string) {
  const server = await startEmbeddedPostgres({ dataDir });
  cleanups.push(() => server.stop());
  return server;
}

test('P9: every acknowledged row survives kill -9 of the program, and the next start works at once', async () => {
  const dataDir = dataDirectory();
  const acknowledged = new Set<string>();
  for (const rowsBeforeKill of [1, 150, 700]) {
    const child = runChild('write', dataDir);
    cleanups.push(() => child.kill());
    await until(() => child.lines.length >= rowsBeforeKill || child.process.exitCode !== null);
    await child.kill();
    for (const line of child.lines) acknowledged.add(line);
    const database = await openDatabase({ dataDir });
    const rows = await database.sql<{ id: string }[]>`select id from acknowledged`;
    await database.close();
    const stored = new Set(rows.map((row) => row.id));
    expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([]);
  }
  expect(acknowledged.size).toBeGreaterThanOrEqual(851);
});

test('P9: kill -9 of the program and of every process of its server loses no acknowledged row', async () => {
  const dataDir = dataDirectory();
  const child = runChild('write', dataDir);
  cleanups.push(() => child.kill());
  await until(() => child.lines.length >= 300 || child.process.exitCode !== null);
  const server = Number(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
  process.kill(server, 'SIGKILL');
  await child.kill();
  const database = await open(dataDir);
  const rows = await database.sql<{ id: string }[]>`select id from acknowledged`;
  const stored = new Set(rows.map((row) => row.id));
  expect(child.lines.filter((id) => /^[0-9a-f-]{36}$/.test(id) && !stored.has(id))).toEqual([]);
});

test.for([
  ['while initdb works', (dataDir: string) => readdirSync(dataDir).some((name) => name.includes('.init-'))],
  ['before its server is ready', (dataDir: string) => existsSync(join(dataDir, 'postgres/postmaster.pid'))],
] as const)('P9: killed in its first start, %s, a program starts afterwards', async ([, moment]) => {
  const dataDir = dataDirectory();
  const child = runChild('hold', dataDir);
  cleanups.push(() => child.kill());
  await until(() => moment(dataDir));
  expect(child.lines).toEqual([]);
  await child.kill();
  const server = await start(dataDir);
  expect(server.pid).toBeGreaterThan(0);
  expect(readdirSync(dataDir).filter((name) => name.includes('.init-'))).toEqual([]);
});

test('P9: an initdb that outlived its program is ended before its half-made folder is removed', async (context) => {
  if (!existsSync('/proc/self/stat')) context.skip('needs /proc to find the initdb');
  const dataDir = dataDirectory();
  const child = runChild('hold', dataDir);
  cleanups.push(() => child.kill());
  await until(() => initdbsOf(dataDir).length > 0);
  for (const pid of initdbsOf(dataDir)) process.kill(pid, 'SIGSTOP');
  await child.kill();
  const orphans = initdbsOf(dataDir);
  expect(orphans).not.toEqual([]);

  await start(dataDir);

  expect(orphans.filter(alive)).toEqual([]);
  expect(readdirSync(dataDir).filter((name) => name.includes('.init-'))).toEqual([]);
});

function initdbsOf(dataDir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isInitdbOf(pid, dataDir));
}

function isInitdbOf(pid: number, dataDir: string): boolean {
  try {
    const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return program.endsWith('initdb') && args.some((arg) => arg.startsWith(`${dataDir}/`)) && alive(pid);
  } catch {
    return false;
  }
}

test('the server goes down with its program, even when that is killed', async () => {
  const dataDir = dataDirectory();
  const child = runChild('hold', dataDir);
  cleanups.push(() => child.kill());
  const server = Number((await child.line((line) => line.startsWith('pid '))).slice(4));
  await child.kill();
  await until(() => !alive(server));
});

test('a server whose tie was killed too is taken over, and tied to the program that took it', async (context) => {
  if (!existsSync('/proc/self/stat')) context.skip('needs /proc to find the tie');
  const dataDir = dataDirectory();
  const child = runChild('hold', dataDir);
  cleanups.push(() => child.kill());
  const orphan = Number((await child.line((line) => line.startsWith('pid '))).slice(4));
  for (const pid of shellsOfGroup(groupOf(orphan))) process.kill(pid, 'SIGKILL');
  await child.kill();

  const successor = runChild('hold', dataDir);
  cleanups.push(() => successor.kill());
  expect(await successor.line((line) => line.startsWith('pid '))).toBe(`pid ${orphan}`);
  await successor.kill();
  await until(() => !alive(orphan));
});

test('an orphan that runs with other settings is replaced, not taken over', async (context) => {
  if (!existsSync('/proc/self/stat')) context.skip('needs /proc to find the tie');
  const dataDir = dataDirectory();
  const child = runChild('hold', dataDir);
  cleanups.push(() => child.kill());
  const orphan = Number((await child.line((line) => line.startsWith('pid '))).slice(4));
  for (const pid of shellsOfGroup(groupOf(orphan))) process.kill(pid, 'SIGKILL');
  await child.kill();
  const server = await startEmbeddedPostgres({ dataDir, tcpPort: 'auto' });
  cleanups.push(() => server.stop());
  expect(server).toMatchObject({ adopted: false });
  expect(server.pid).not.toBe(orphan);
});

test.for([
  ['of a process that is gone', () => deadPid()],
  ['whose number another process has now', (uid: number) => otherProcessOf(uid)],
] as const)('a postmaster.pid %s does not block the start', async ([, pidFor]) => {
  const dataDir = dataDirectory();
  const first = await startEmbeddedPostgres({ dataDir });
  const file = join(dataDir, 'postgres/postmaster.pid');
  const lines = readFileSync(file, 'utf8').split('\n');
  await first.stop();
  const stale = [String(pidFor(statSync(dirname(file)).uid)), ...lines.slice(1)].join('\n');
  writeFileSync(file, stale);
  writeFileSync(join(dataDir, 'socket/.s.PGSQL.5432.lock'), stale);
  const second = await start(dataDir);
  expect(second.adopted).toBe(false);
});

/** Postgres believes in a live process of its own user, so it must be one of that. */
function otherProcessOf(uid: number): number {
  const other = spawn('/bin/sleep', ['300'], { uid, stdio: 'ignore' });
  cleanups.push(() => other.kill());
  return other.pid ?? -1;
}

function alive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

function deadPid(): number {
  return Number(execFileSync('/bin/sh', ['-c', 'echo $$'], { encoding: 'utf8' }));
}

function fields(pid: number | string): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return [
    text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')),
    ...text.slice(text.lastIndexOf(')') + 2).split(' '),
  ];
}

function groupOf(pid: number): number {
  return Number(fields(pid)[3]);
}

function shellsOfGroup(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [name, , , processGroup] = fields(pid);
        return name === 'sh' && Number(processGroup) === group;
      } catch {
        return false;
      }
    })
    .map(Number);
}

test('P9: a server that is killed under a living program is started again, and has every acknowledged row', async () => {
  const dataDir = dataDirectory();
  const server = await start(dataDir);
  const database = await openDatabaseOn(server);
  cleanups.push(() => database.close());
  await database.sql`create table t as select 1 as n`;
  const { pid } = server;

  process.kill(pid, 'SIGKILL');

  await until(() => server.pid !== pid);
  // Connections of the old one may end one after the other.
  let found: unknown = null;
  for (let tries = 0; found === null && tries < 20; tries += 1) {
    found = await database.sql`select n from t`.catch(() => null);
  }
  expect(found).toEqual([{ n: 1 }]);
});
