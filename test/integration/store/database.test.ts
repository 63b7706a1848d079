import net from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { createTestDatabase } from '../../support/db.ts';

const testDb = await createTestDatabase();
afterAll(() => testDb.drop());

const refused = (url: string) =>
  openDatabase({ url, dataDir: '/nonexistent' }).then(
    () => expect.unreachable('it was opened'),
    (error) => error,
  );

test('a server that is not reachable is one paragraph with host, port and what to do, and no password', async () => {
  const port = await closedPort();
  const error = await refused(`postgres://desk:Secret-1@127.0.0.1:${port}/sync`);
  expect(error).toMatchObject({ name: 'SyncError', kind: 'transient', details: { code: 'ECONNREFUSED' } });
  expect(error.message).toContain(`127.0.0.1:${port}`);
  expect(error.message).not.toContain('\n');
  expect(error.details.advice).toContain('DATABASE_URL');
  expect(`${error.message}${error.details.advice}`).not.toContain('Secret-1');
});

test('a host that does not exist, and a socket folder without a server, are not reachable either', async () => {
  for (const url of [
    'postgres://desk@no-such-host.invalid/sync',
    'postgres://desk@/sync?host=/nonexistent',
  ]) {
    expect(await refused(url)).toMatchObject({ kind: 'transient' });
  }
});

test('an address to which there is no way at all is not reachable either, and does not end the process', async () => {
  // Linux refuses it in the call itself, before anybody listens to the socket.
  const error = await refused('postgres://desk@255.255.255.255/sync');
  expect(error).toMatchObject({ kind: 'transient', details: { code: 'ENETUNREACH' } });
});

test('a database that does not exist is a config error that names it', async () => {
  const error = await refused(testDb.url.replace(/[^/]*$/, 'not_there'));
  expect(error).toMatchObject({ kind: 'config', message: expect.stringContaining('"not_there"') });
});

test('a database that does not keep text as UTF-8 is a config error that says how to make one, before anything is written', async () => {
  const admin = (await testDb.open()).sql;
  const name = `${testDb.name}_ascii`;
  await admin.unsafe(`create database ${name} encoding 'SQL_ASCII' locale 'C' template template0`);
  try {
    const error = await refused(testDb.url.replace(/[^/]*$/, name));
    expect(error).toMatchObject({ kind: 'config', details: { code: 'wrong-encoding' } });
    expect(`${error.message}; ${error.details.advice}`).toMatch(/SQL_ASCII.*createdb --encoding=UTF8/);
  } finally {
    await admin.unsafe(`drop database ${name} with (force)`);
  }
});

test('something that is no Postgres URL is a config error that does not repeat it', async () => {
  const error = await refused('mysql://desk:Secret-2@db.example.com/sync');
  expect(error).toMatchObject({ kind: 'config' });
  expect(`${error.message}${error.details.advice}`).not.toContain('Secret-2');
});

test('jsonb passes as text in both directions, so that no number loses a digit', async () => {
  const database = await testDb.open();
  const text = '{"big": 12345678901234567890, "small": 0.10}';
  const rows = await database.sql`select ${text}::jsonb as value`;
  expect(rows[0]?.value).toBe(text);
});

test('the session keeps UTC and its own name whatever the server prefers, and bounds a statement', async () => {
  const earlier = await testDb.open();
  await earlier.sql.unsafe(`alter database ${testDb.name} set timezone = 'Asia/Shanghai'`);
  const database = await testDb.open({ applicationName: 'a test' });
  const rows = await database.sql`
    select current_setting('TimeZone') as zone, current_setting('application_name') as name,
      current_setting('statement_timeout') as bound`;
  expect(rows[0]).toMatchObject({ zone: 'UTC', name: 'a test', bound: '2min' });
});

test('its description, for logs, names version, host and database, and no password', async () => {
  const database = await testDb.open();
  const password = new URL(testDb.url).password;
  expect(database.description).toContain(testDb.name);
  expect(database.description).toMatch(/^Postgres \d+\.\d+, database .* on 127\.0\.0\.1:\d+$/);
  expect(database.description).not.toContain(password);
});

test('closing twice is closing once', async () => {
  const database = await testDb.open();
  await Promise.all([database.close(), database.close()]);
  await expect(database.sql`select 1`).rejects.toMatchObject({ code: 'CONNECTION_ENDED' });
});

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
