/**
 * The clock of a database that was set back, as it is after it: whatever was written before lies ahead. (That of an embedded
 * Postgres is the clock of the machine.) Moving the times that are stored does the same, and needs no clock of its own.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../src/store/database.ts';
import { loadGauges } from '../../../src/store/gauges.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';

let testDb: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDb = await createTestDatabase();
  database = await testDb.open();
});
afterAll(() => testDb.drop());

const HOUR = 3_600_000;

describe('after the clock was set back by a day', () => {
  test('the last good cycle is the last one, not the one with the latest time', async () => {
    const { sql, db } = database;
    await sql`insert into udesk_sync.pair (name, udesk_certified_at, crm_certified_at)
      values ('gauges', now() + interval '1 day', now() - interval '1 hour')`;
    const run = (outcome: string, ended: string) =>
      sql`insert into udesk_sync.run (pair, trigger, started_at, finished_at, outcome, stats)
        values ('gauges', 'run', now() + ${ended}::interval, now() + ${ended}::interval, ${outcome}, '{}')`;
    const gauges = async () => (await loadGauges(db, ['gauges']))[0];
    await run('done', '1 day');
    await run('failed', '-1 second');
    // What is not known is not taken for a cycle of this moment.
    expect((await gauges())?.lastGoodMs).toBeLessThan(-23 * HOUR);
    expect((await gauges())?.sides.udesk.certifiedAgeMs).toBeLessThan(-23 * HOUR);
    expect((await gauges())?.sides.crm.certifiedAgeMs).toBeGreaterThan(HOUR - 1_000);
    await run('done', '-5 minutes');
    await run('failed', '-1 second');
    expect((await gauges())?.lastGoodMs).toBeGreaterThan(4 * 60_000);
  });
});
