import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { isAlive } from '../../../src/lib/process-info.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { removeDataDir } from '../../../src/store/embedded/start.ts';
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

async function daemonOn(dataDir: string) {
  const daemon = runChild('hold', dataDir);
  cleanups.push(() => daemon.kill());
  const server = Number((await daemon.line((line) => line.startsWith('pid '))).slice(4));
  return { daemon, server };
}

const claims = (dataDir: string, state: string) =>
  readdirSync(join(dataDir, 'lock')).filter((name) => name.endsWith(`.${state}`));

test('a command beside a running daemon uses its database, and stops nothing when it ends', async () => {
  const dataDir = dataDirectory();
  const { daemon, server } = await daemonOn(dataDir);
  for (let turn = 1; turn <= 2; turn++) {
    const database = await openDatabase({ dataDir, attach: true });
    expect(database.kind).toBe('embedded');
    expect(database.description).toContain(`process ${daemon.pid}`);
    expect(await database.sql`select 42 as answer`).toMatchObject([{ answer: 42 }]);
    await database.close();
    expect(claims(dataDir, 'attached')).toEqual([]);
  }
  expect(isAlive(server)).toBe(true);
  await expect(openDatabase({ dataDir })).rejects.toThrow(`process ${daemon.pid}`);
});

test('a daemon that stops lets the attached command finish, and nobody new in', async () => {
  const dataDir = dataDirectory();
  const { daemon, server } = await daemonOn(dataDir);
  const attached = await openDatabase({ dataDir, attach: true });
  cleanups.push(() => attached.close());
  const stopped = daemon.finish();
  await until(() => claims(dataDir, 'leaving').length === 1);
  const late = openDatabase({ dataDir, attach: true });
  expect(await attached.sql`select 42 as answer`).toMatchObject([{ answer: 42 }]);
  expect(isAlive(server)).toBe(true);
  await attached.close();
  expect(await stopped).toBe(0);
  const own = await late;
  cleanups.push(() => own.close());
  expect(own.description).not.toContain('run by process');
});

test('after kill -9 of the daemon the attached command is told, and the next one has the database to itself', async () => {
  const dataDir = dataDirectory();
  const { daemon, server } = await daemonOn(dataDir);
  const attached = await openDatabase({ dataDir, attach: true, max: 1 });
  cleanups.push(() => attached.close());
  await daemon.kill();
  await until(() => !isAlive(server));
  await expect(attached.sql`select 1`).rejects.toThrow();
  const next = await openDatabase({ dataDir, attach: true });
  cleanups.push(() => next.close());
  expect(await next.sql`select 42 as answer`).toMatchObject([{ answer: 42 }]);
  expect(next.description).not.toContain('run by process');
});

test('of five commands that start at once on a new directory all five work', async () => {
  const dataDir = dataDirectory();
  const commands = [1, 2, 3, 4, 5].map(() => runChild('visit', dataDir));
  cleanups.push(() => Promise.all(commands.map((command) => command.kill())));
  await Promise.all(commands.map((command) => command.line((line) => line === 'open')));
  expect(claims(dataDir, 'attached')).toHaveLength(4);
  expect(await Promise.all(commands.map((command) => command.finish()))).toEqual([0, 0, 0, 0, 0]);
  expect(readdirSync(join(dataDir, 'lock'))).toEqual([]);
});
