import { afterAll, beforeAll } from 'vitest';
import { createEmptyDatabase, type TestDatabase } from '../support/db.ts';
import { postgresHarness, slots } from './postgres-harness.ts';
import { describeSide } from './suite.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createEmptyDatabase();
});
afterAll(() => database.drop());

describeSide('postgres, slots', () => postgresHarness(database.url, slots));
