import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isLostConnectionFault } from '../../../src/store/driver-fault.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/db.ts';

const CHILD = fileURLToPath(new URL('../../support/lost-connection-child.ts', import.meta.url));
let database: TestDatabase;
beforeAll(async () => {
  database = await createEmptyDatabase();
});
afterAll(() => database.drop());

function run(...args: string[]) {
  return spawnSync(process.execPath, [CHILD, database.url, ...args], { encoding: 'utf8' });
}

test('a database connection that is lost in the middle of a transaction rejects it, and the process lives on', () => {
  const { stdout, status } = run('survive');

  expect(stdout.trim().split('\n').at(-1)).toBe('rejected 1');
  expect(status).toBe(0);
});

test('any other uncaught exception still ends the process', () => {
  expect(isLostConnectionFault(new TypeError("Cannot read properties of null (reading 'write')"))).toBe(
    false,
  );
  expect(isLostConnectionFault(new Error('anything'))).toBe(false);
});
