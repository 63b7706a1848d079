import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { steadyLedger } from '../../../src/http/steady-ledger.ts';
import type { Database } from '../../../src/store/database.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';

let testDb: TestDatabase;
/** Two processes. */
let one: Database;
let two: Database;
beforeAll(async () => {
  testDb = await createTestDatabase();
  [one, two] = await Promise.all([testDb.open(), testDb.open()]);
});
afterAll(() => testDb.drop());

const HOUR = 3_600_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('P10 across processes: the quota ledger in Postgres', () => {
  it('grants no more than the limit, however many ask at once', async () => {
    const ledgers = [postgresLedger(one.sql), postgresLedger(two.sql)];
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        (ledgers[n % 2] ?? postgresLedger(one.sql)).reserve('race', 25, HOUR, 1),
      ),
    );
    expect(answers.filter((answer) => answer.granted)).toHaveLength(25);
    for (const { waitMs } of answers.filter((answer) => !answer.granted)) {
      expect(waitMs).toBeGreaterThan(HOUR - 60_000);
      expect(waitMs).toBeLessThanOrEqual(HOUR);
    }
  });

  it('is remembered by a process that starts later', async () => {
    expect((await postgresLedger(one.sql).reserve('restart', 2, HOUR, 2)).granted).toBe(true);
    const later = await testDb.open();
    expect((await postgresLedger(later.sql).reserve('restart', 2, HOUR, 1)).granted).toBe(false);
  });

  it('grants a block as a whole or not at all, and each scope for itself', async () => {
    const ledger = postgresLedger(one.sql);
    expect((await ledger.reserve('block', 10, HOUR, 7)).granted).toBe(true);
    expect((await ledger.reserve('block', 10, HOUR, 4)).granted).toBe(false);
    expect((await ledger.reserve('block', 10, HOUR, 3)).granted).toBe(true);
    expect((await ledger.reserve('other', 10, HOUR, 10)).granted).toBe(true);
  });

  it('gives the room back after the window, and keeps no rows for much longer', async () => {
    const ledger = postgresLedger(one.sql);
    const windowMs = 200;
    await ledger.reserve('window', 1, windowMs, 1);
    for (;;) {
      const answer = await ledger.reserve('window', 1, windowMs, 1);
      if (answer.granted) break;
      expect(answer.waitMs).toBeGreaterThan(0);
      await pause(answer.waitMs);
    }
    await one.sql`update udesk_sync.quota_call set at = at - interval '1 second' where scope = 'window'`;
    expect((await ledger.reserve('window', 1, windowMs, 1)).granted).toBe(true);
    const rows = await one.sql`select n from udesk_sync.quota_call where scope = 'window'`;
    expect(rows).toHaveLength(1);
  });

  it('keeps for who asks for a window that is a second longer what counts there', async () => {
    const ledger = postgresLedger(one.sql);
    await ledger.reserve('two windows', 10, 62_000, 10);
    await one.sql`update udesk_sync.quota_call set at = at - interval '61.5 s' where scope = 'two windows'`;
    expect((await ledger.reserve('two windows', 10, 61_250, 1)).granted).toBe(true);
    expect((await ledger.reserve('two windows', 10, 62_000, 1)).granted).toBe(false);
  });

  it('counts calls of a time ahead (its clock was set back) for one window more, not until the clock has caught up', async () => {
    const ledger = postgresLedger(one.sql);
    const windowMs = 300;
    expect((await ledger.reserve('set back', 2, windowMs, 2)).granted).toBe(true);
    await one.sql`update udesk_sync.quota_call set at = at + interval '1 day' where scope = 'set back'`;
    const { waitMs } = await ledger.peek('set back', 2, windowMs, 1);
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(windowMs);
    // Who waits as told gets its turn.
    for (;;) {
      const answer = await ledger.reserve('set back', 2, windowMs, 1);
      if (answer.granted) break;
      expect(answer.waitMs).toBeLessThanOrEqual(windowMs);
      await new Promise((resolve) => setTimeout(resolve, answer.waitMs));
    }
  });

  it('whose clock is set forward forgets what was granted, and the process that was granted it does not', async () => {
    let now = 0;
    const ledger = steadyLedger(postgresLedger(one.sql), () => now);
    expect((await ledger.reserve('set forward', 3, HOUR, 3)).granted).toBe(true);
    await one.sql`update udesk_sync.quota_call set at = at - interval '1 day' where scope = 'set forward'`;
    now = 1_000;
    expect(await ledger.peek('set forward', 3, HOUR, 1)).toEqual({ granted: false, waitMs: HOUR - 1_000 });
    expect(await ledger.reserve('set forward', 3, HOUR, 1)).toEqual({ granted: false, waitMs: HOUR - 1_000 });
    now = HOUR;
    expect((await ledger.reserve('set forward', 3, HOUR, 3)).granted).toBe(true);
  });

  it('grants no more than the limit to one process that asks for many at once while the clock is set forward', async () => {
    const shared = postgresLedger(one.sql);
    const forgetful: typeof shared = {
      ...shared,
      async reserve(...question) {
        const answer = await shared.reserve(...question);
        await one.sql`update udesk_sync.quota_call set at = at - interval '1 day' where scope = 'at once'`;
        return answer;
      },
    };
    const ledger = steadyLedger(forgetful, () => 0);
    const answers = await Promise.all(Array.from({ length: 9 }, () => ledger.reserve('at once', 4, HOUR, 1)));
    expect(answers.filter(({ granted }) => granted)).toHaveLength(4);
  });
});
