import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Database } from '../../../src/store/database.ts';
import { listDeadLetters } from '../../../src/store/dead-letters.ts';
import { type Due, type Jobs, openJobs } from '../../../src/store/jobs.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';

let testDb: TestDatabase;
let database: Database;
let opened: Jobs[];
const warnings: string[] = [];
const log = { warn: (_: object, message: string) => void warnings.push(message) };

beforeEach(async () => {
  testDb = await createTestDatabase();
  database = await testDb.open();
  opened = [];
  warnings.length = 0;
});
afterEach(async () => {
  for (const jobs of opened) await jobs.close();
  await testDb.drop();
});

async function replica(): Promise<Jobs> {
  const jobs = await openJobs(database, log);
  opened.push(jobs);
  return jobs;
}

/** Collects what it is handed; a handover lasts until `go` is called. */
function slowWork() {
  const batches: string[][] = [];
  let go = Promise.withResolvers<void>();
  return {
    batches,
    work: async (due: readonly Due[]) => {
      batches.push(due.map(({ lane, about }) => (about === undefined ? lane : `${lane}:${about}`)).sort());
      await go.promise;
    },
    go() {
      go.resolve();
      go = Promise.withResolvers();
    },
  };
}

describe('the jobs of a pair', () => {
  test('a job of a time ahead, of before the clock was set back, keeps its lane waiting no longer than to the next tick', async () => {
    const jobs = await replica();
    await jobs.send('north', { lane: 'head' });
    await database.sql`update udesk_sync_jobs.job set start_after = start_after + interval '1 day'`;
    const { batches, work, go } = slowWork();
    await jobs.take('north', work);
    await jobs.send('north', { lane: 'head' });
    await vi.waitFor(() => expect(batches).toEqual([['head']]), 30_000);
    go();
  });

  test('three replicas that start at once make the tables once, and what any of them sends reaches who works', async () => {
    const replicas = await Promise.all([replica(), replica(), replica()]);
    const { batches, work, go } = slowWork();
    await replicas[0].take('north', work);
    await replicas[1].send('north', { lane: 'head' });
    await vi.waitFor(() => expect(batches.flat()).toEqual(['head']), 10_000);
    await replicas[2].send('north', { lane: 'hint', about: '953 å/1' });
    await replicas[2].send('south', { lane: 'head' });
    go();
    await vi.waitFor(() => expect(batches.flat()).toEqual(['head', 'hint:953 å/1']), 10_000);
    go();
  });

  test('a lane that is due ten times before the first is begun is one job; one more may wait while it is worked on', async () => {
    const jobs = await replica();
    for (let n = 0; n < 10; n += 1) await jobs.send('north', { lane: 'head' });
    const { batches, work, go } = slowWork();
    await jobs.take('north', work);
    await vi.waitFor(() => expect(batches).toEqual([['head']]), 10_000);
    for (let n = 0; n < 10; n += 1) await jobs.send('north', { lane: 'head' });
    await jobs.send('north', { lane: 'crm' });
    go();
    await vi.waitFor(() => expect(batches).toEqual([['head'], ['crm', 'head']]), 10_000);
    go();
    await jobs.leave('north');
    expect(batches).toHaveLength(2);
  });

  test('what a replica had begun when it was lost is done by the next one', async () => {
    const [lost, next] = [await replica(), await replica()];
    const never = slowWork();
    await lost.send('north', { lane: 'sweep' });
    await lost.take('north', never.work);
    await vi.waitFor(() => expect(never.batches).toEqual([['sweep']]), 10_000);
    // Lost: it neither ends its work nor says anything; here its claim would be good for ten seconds more.
    const { batches, work, go } = slowWork();
    await next.take('north', work);
    await vi.waitFor(() => expect(batches).toEqual([['sweep']]), 9_000);
    go();
    never.go();
  });

  test('a lane that fails again and again is a dead letter that can be seen, and works again without a person', async () => {
    const jobs = await replica();
    let well = false;
    let failed = 0;
    await jobs.take('north', async () => {
      if (well) return;
      failed += 1;
      throw Object.assign(new Error('Udesk is away'), { kind: 'transient' });
    });
    await jobs.send('north', { lane: 'head' });
    const dead = { pair: 'north', lane: 'head', count: 1, reason: 'transient' };
    await vi.waitFor(async () => expect(await listDeadLetters(database.db)).toMatchObject([dead]), {
      timeout: 60_000,
      interval: 100,
    });
    expect(failed).toBe(9);
    well = true;
    await jobs.send('north', { lane: 'head' });
    await vi.waitFor(async () => expect(await listDeadLetters(database.db)).toEqual([]), 10_000);
    expect(warnings).toEqual([]);
  });

  test('what was asked for once is no dead letter any more once the pair works again, though nobody asks again', async () => {
    const jobs = await replica();
    let well = false;
    await jobs.take('north', async () => {
      if (!well) throw Object.assign(new Error('Udesk is away'), { kind: 'transient' });
    });
    await jobs.send('north', { lane: 'sweep' });
    await jobs.send('north', { lane: 'hint', about: '953000001' });
    await jobs.send('north', { lane: 'decided' });
    const lanes = async () => (await listDeadLetters(database.db)).map(({ lane }) => lane);
    const patience = { timeout: 60_000, interval: 100 };
    await vi.waitFor(async () => expect(await lanes()).toEqual(['decided', 'hint', 'sweep']), patience);
    well = true;
    await jobs.send('north', { lane: 'head' });
    // A lane that has not worked yet stays told.
    await vi.waitFor(async () => expect(await lanes()).toEqual(['sweep']), patience);
    await jobs.send('north', { lane: 'sweep' });
    await vi.waitFor(async () => expect(await lanes()).toEqual([]), patience);
  });

  test('before any daemon has run there are no dead letters', async () => {
    expect(await listDeadLetters(database.db)).toEqual([]);
  });
});
