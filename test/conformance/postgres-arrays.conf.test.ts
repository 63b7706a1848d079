import { afterAll, beforeAll } from 'vitest';
import { createEmptyDatabase, type TestDatabase } from '../support/db.ts';
import { arrays, postgresHarness } from './postgres-harness.ts';
import { describeSide } from './suite.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createEmptyDatabase();
});
afterAll(() => database.drop());

describeSide('postgres, arrays', () => postgresHarness(database.url, arrays));
