import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isLostConnectionFault } from '../../../src/store/driver-fault.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/db.ts';

const child = (name: string) => fileURLToPath(new URL(`../../support/${name}`, import.meta.url));
let database: TestDatabase;
beforeAll(async () => {
  database = await createEmptyDatabase();
});
afterAll(() => database.drop());

function run(name: string) {
  const options = { encoding: 'utf8', timeout: 50_000 } as const;
  return spawnSync(process.execPath, [child(name), database.url, 'survive'], options);
}

test('a database connection that is lost in the middle of a transaction rejects it, and the process lives on', () => {
  const { stdout, status } = run('lost-connection-child.ts');

  expect(stdout.trim().split('\n').at(-1)).toBe('rejected 1');
  expect(status).toBe(0);
});

test('a server that falls silent right after a login ends no process: who asked is told, and the next is answered', () => {
  const { stdout, stderr, status } = run('silent-after-login-child.ts');

  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  // The driver has thrown, and what was asked has ended with a code.
  expect(stdout).toContain('fault');
  expect(stdout.trim().split('\n').at(-1)).toBe('CONNECTION_DESTROYED CONNECTION_DESTROYED 1');
}, 60_000);

test('a process whose connections ended while more was asked of them than they take at a time comes to its end', () => {
  const { stdout, stderr, status } = run('ends-while-asking-child.ts');

  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  // Each of the hundred has its end.
  const { answered, CONNECTION_DESTROYED: given, ...others } = JSON.parse(stdout) as Record<string, number>;
  expect({ ends: Number(answered) + Number(given), others }).toEqual({ ends: 100, others: {} });
}, 60_000);

test('any other uncaught exception still ends the process', () => {
  expect(isLostConnectionFault(new TypeError("Cannot read properties of null (reading 'write')"))).toBe(
    false,
  );
  expect(isLostConnectionFault(new Error('anything'))).toBe(false);
  const types = 'select b.oid, b.typarray\n from pg_catalog.pg_type a';
  const failed = (code: string, query: string) => Object.assign(new Error('failed'), { code, query });
  expect(isLostConnectionFault(failed('CONNECTION_DESTROYED', types))).toBe(true);
  expect(isLostConnectionFault(failed('ECONNRESET', types))).toBe(true);
  // Arrays would be read wrongly.
  expect(isLostConnectionFault(failed('57014', types))).toBe(false);
  expect(isLostConnectionFault(failed('CONNECTION_DESTROYED', 'select 1'))).toBe(false);
});
