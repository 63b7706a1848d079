import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { canEnter } from '../../../src/store/embedded/account.ts';
import { removeDataDir, startEmbeddedPostgres } from '../../../src/store/embedded/start.ts';
import { runChild, temporaryFolder } from '../../support/child.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function dataDirectory(): string {
  const dataDir = temporaryFolder();
  cleanups.push(() => removeDataDir({ dataDir, socketDir: join(dataDir, 'socket') }));
  return dataDir;
}

const up = (line: string) => line.startsWith('pid ');

test('a second program on the same data directory is refused, and told which process has it', async () => {
  const dataDir = dataDirectory();
  const first = runChild('hold', dataDir);
  cleanups.push(() => first.kill());
  await first.line(up);
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
    name: 'SyncError',
    kind: 'config',
    message: expect.stringContaining(`process ${first.pid}`),
  });
  expect(await first.finish()).toBe(0);
  const second = await startEmbeddedPostgres({ dataDir });
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(/by this very program/);
  await second.stop();
  expect(readdirSync(join(dataDir, 'lock'))).toEqual([]);
});

test('of five programs that start at once on one new directory, one has it and four are told which', async () => {
  const dataDir = dataDirectory();
  const children = [1, 2, 3, 4, 5].map(() => runChild('hold', dataDir));
  cleanups.push(() => Promise.all(children.map((child) => child.kill())));
  const said = await Promise.all(
    children.map((child) => child.line((line) => up(line) || line.startsWith('error '))),
  );
  const winners = children.filter((_, index) => up(said[index] ?? ''));
  expect(winners).toHaveLength(1);
  for (const line of said.filter((line) => !up(line))) {
    expect(line).toContain(`process ${winners[0]?.pid}`);
  }
});

test('a claim whose pid was given to another process does not hold the directory', async () => {
  const dataDir = dataDirectory();
  mkdirSync(join(dataDir, 'lock'));
  for (const state of ['wanted', 'held'])
    writeFileSync(join(dataDir, 'lock', `${process.ppid}.earlier-1.${state}`), '');
  const server = await startEmbeddedPostgres({ dataDir });
  await server.stop();
});

test('nobody else can reach the server or read its password, and no port is open', async () => {
  const dataDir = dataDirectory();
  const server = await startEmbeddedPostgres({ dataDir });
  cleanups.push(() => server.stop());
  for (const path of ['postgres', 'socket']) expect(statSync(join(dataDir, path)).mode & 0o077).toBe(0);
  expect(statSync(join(dataDir, 'password')).mode & 0o077).toBe(0);
  const database = await openDatabase({ url: server.url('postgres'), dataDir: '/nonexistent' });
  expect(await database.sql`select current_setting('listen_addresses') as listen`).toMatchObject([
    { listen: '' },
  ]);
  await database.close();
});

test('what customers are called does not get into the log of the server', async () => {
  const dataDir = dataDirectory();
  const database = await openDatabase({ dataDir });
  cleanups.push(() => database.close());
  await database.sql`create table person (name text primary key)`;
  await database.sql`insert into person values ('Wang Xiaoming')`;
  await expect(database.sql`insert into person values ('Wang Xiaoming')`).rejects.toThrow(/duplicate/);
  await expect(database.sql.unsafe(`select 'Wang Xiaoming'::int`)).rejects.toThrow(/invalid input/);
  const log = readFileSync(join(dataDir, 'postgres.log'), 'utf8');
  expect(log).toContain('ready to accept connections');
  expect(log).not.toContain('Wang Xiaoming');
});

test('with tcpPort "auto" the server has a URL with a password, and refuses a wrong one', async () => {
  const dataDir = dataDirectory();
  const server = await startEmbeddedPostgres({ dataDir, tcpPort: 'auto' });
  cleanups.push(() => server.stop());
  const url = server.url('postgres');
  const database = await openDatabase({ url, dataDir: '/nonexistent' });
  expect(database).toMatchObject({ kind: 'server', serverVersion: expect.any(Number) });
  await database.close();
  const secret = readFileSync(join(dataDir, 'password'), 'utf8').trim();
  const refused = await openDatabase({
    url: url.replace(secret, 'Wr0ng-Secret'),
    dataDir: '/nonexistent',
  }).catch((e) => e);
  expect(refused).toMatchObject({ name: 'SyncError', kind: 'config' });
  expect(`${refused.message} ${refused.details.advice}`).not.toMatch(/Wr0ng-Secret/);
});

test('a data directory whose path is too long for a socket works all the same', async () => {
  const dataDir = join(dataDirectory(), 'long-'.repeat(25));
  const server = await startEmbeddedPostgres({ dataDir });
  cleanups.push(
    () => removeDataDir(server),
    () => server.stop(),
  );
  expect(server.socketDir.startsWith(dataDir)).toBe(false);
  expect(statSync(server.socketDir).mode & 0o077).toBe(0);
});

test('a folder that holds something else is left alone', async () => {
  const dataDir = dataDirectory();
  mkdirSync(join(dataDir, 'postgres'));
  writeFileSync(join(dataDir, 'postgres/mine.txt'), 'kept');
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({ kind: 'config' });
  expect(readFileSync(join(dataDir, 'postgres/mine.txt'), 'utf8')).toBe('kept');
});

test('root is told when the account of the server cannot enter the data directory', async (context) => {
  if (process.getuid?.() !== 0) context.skip('only root runs the server under another account');
  const dataDir = join(dataDirectory(), 'private/data');
  mkdirSync(join(dataDir, '..'), { mode: 0o700 });
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toMatchObject({
    kind: 'config',
    message: expect.stringMatching(/cannot enter/),
  });
});

test('an ordinary user runs the server too', async (context) => {
  if (process.getuid?.() !== 0) context.skip('all the other tests run as an ordinary user already');
  const nobody = { name: 'nobody', uid: 65_534, gid: 65_534 };
  if (!canEnter(nobody, import.meta.dirname)) context.skip('"nobody" cannot enter this checkout');
  const dataDir = dataDirectory();
  chownSync(dataDir, nobody.uid, nobody.gid);
  const child = runChild('hold', dataDir, { uid: nobody.uid, gid: nobody.gid });
  cleanups.push(() => child.kill());
  await child.line(up);
  expect(statSync(join(dataDir, 'postgres')).uid).toBe(nobody.uid);
  expect(await child.finish()).toBe(0);
});

test('a cluster that an ordinary user made is run by root as that user', async (context) => {
  if (process.getuid?.() !== 0) context.skip('needs root');
  const dataDir = dataDirectory();
  const nobody = { name: 'nobody', uid: 65_534, gid: 65_534 };
  if (!canEnter(nobody, import.meta.dirname)) context.skip('"nobody" cannot enter this checkout');
  chownSync(dataDir, nobody.uid, nobody.gid);
  const child = runChild('hold', dataDir, { uid: nobody.uid, gid: nobody.gid });
  cleanups.push(() => child.kill());
  await child.line(up);
  await child.finish();
  const server = await startEmbeddedPostgres({ dataDir });
  cleanups.push(() => server.stop());
  expect(statSync(join(dataDir, 'socket')).uid).toBe(nobody.uid);
});
