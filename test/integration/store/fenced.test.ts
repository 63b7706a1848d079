import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../../src/store/database.ts';
import { acquireLease, lockOutCycle, renewLease, takeOverLease } from '../../../src/store/lease.ts';
import { type Fence, fenced } from '../../../src/store/tx.ts';
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

let fence: Fence;
beforeEach(async () => {
  await one.sql`delete from udesk_sync.lease`;
  await one.sql`delete from udesk_sync.pair`;
  const taken = await acquireLease(one.db, 'main', 'first', 60_000);
  if (!taken.ok) throw new Error('the lease is free');
  fence = taken.fence;
});

const names = async () =>
  (await two.sql<{ name: string }[]>`select name from udesk_sync.pair`).map((r) => r.name);

test('what a process writes that lost its lease is not there, its first statement included, and it is told so', async () => {
  await takeOverLease(two.db, 'main', 'first', 'second', 60_000);
  const late = fenced(one.db, fence, async (tx) => {
    await tx.execute(sql`insert into udesk_sync.pair (name) values ('at once')`);
    await tx.execute(sql`insert into udesk_sync.pair (name) values ('later')`);
  });
  await expect(late).rejects.toMatchObject({ kind: 'lease-lost' });
  expect(await names()).toEqual([]);
});

test('a statement that fails, and one that was sent beside it, leave nothing: the connection is free for the next', async () => {
  const failing = fenced(one.db, fence, async (tx) => {
    await Promise.all([
      tx.execute(sql`select 1 / ${0}::int`),
      tx.execute(sql`insert into udesk_sync.pair (name) values ('beside')`),
    ]);
  });
  await expect(failing).rejects.toThrow();
  expect(await names()).toEqual([]);
  await fenced(one.db, fence, (tx) => tx.execute(sql`insert into udesk_sync.pair (name) values ('next')`));
  expect(await names()).toEqual(['next']);
});

test('the first statement sees what a person decided while the lease was locked for it', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let locked = () => {};
  const isLocked = new Promise<void>((resolve) => {
    locked = resolve;
  });
  const decision = two.db.transaction(async (tx) => {
    await lockOutCycle(tx, 'main');
    locked();
    await held;
    await tx.execute(sql`insert into udesk_sync.pair (name) values ('decided')`);
  });
  await isLocked;
  const seen = fenced(one.db, fence, async (tx) => [
    ...(await tx.execute<{ name: string }>(sql`select name from udesk_sync.pair`)),
  ]);
  await waitingForLock();
  release();
  await decision;
  expect(await seen).toEqual([{ name: 'decided' }]);
});

test.each(['when it has run out', 'from one who is known to have died'])(
  'whoever takes the lease %s waits for the transaction that is open under it, and finds its work',
  async (how) => {
    const begun = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const open = fenced(one.db, fence, async (tx) => {
      await tx.execute(sql`insert into udesk_sync.pair (name) values ('of the first')`);
      begun.resolve();
      await held.promise;
    });
    await begun.promise;
    await two.sql`update udesk_sync.lease set expires_at = now()`;
    const taking =
      how === 'when it has run out'
        ? acquireLease(two.db, 'main', 'second', 60_000)
        : takeOverLease(two.db, 'main', 'first', 'second', 60_000);
    const found = taking.then(names);
    await waitingForLock();
    held.resolve();
    await open;
    expect(await found).toEqual(['of the first']);
    await expect(fenced(one.db, fence, async () => {})).rejects.toMatchObject({ kind: 'lease-lost' });
  },
);

test('a renewal waits for no transaction of its holder, and finds a lease that a person has locked locked', async () => {
  await fenced(one.db, fence, async (tx) => {
    await tx.execute(sql`select 1`);
    expect(await renewLease(two.db, fence, 60_000)).toBe('renewed');
  });
  await one.db.transaction(async (tx) => {
    await lockOutCycle(tx, 'main');
    expect(await renewLease(two.db, fence, 60_000)).toBe('locked');
  });
  expect(await renewLease(two.db, { ...fence, fence: fence.fence + 1 }, 60_000)).toBe('lost');
});

async function waitingForLock(): Promise<void> {
  for (;;) {
    const waiting = await two.sql`select 1 from pg_locks where not granted`;
    if (waiting.length > 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
