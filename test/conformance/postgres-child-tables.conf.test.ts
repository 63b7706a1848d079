import { afterAll, beforeAll } from 'vitest';
import { createEmptyDatabase, type TestDatabase } from '../support/db.ts';
import { childTables, postgresHarness } from './postgres-harness.ts';
import { describeSide } from './suite.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createEmptyDatabase();
});
afterAll(() => database.drop());

describeSide('postgres, child-tables', () => postgresHarness(database.url, childTables));
