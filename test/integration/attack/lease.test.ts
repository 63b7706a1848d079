import { spawnSync } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createPairWorker } from '../../../src/daemon/pair-worker.ts';
import type { EngineContext } from '../../../src/engine/context.ts';
import { holdLease, LEASE_TTL_MS } from '../../../src/engine/lease-keeper.ts';
import { toError } from '../../../src/errors.ts';
import { ownerIsDead, processOwner } from '../../../src/lib/process-owner.ts';
import { sleep } from '../../../src/lib/sleep.ts';
import { type Database, openDatabase } from '../../../src/store/database.ts';
import { acquireLease, lockOutCycle, releaseLease, renewLease } from '../../../src/store/lease.ts';
import { fenced } from '../../../src/store/tx.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';
import { startProxy } from '../../support/postgres-proxy.ts';
import { createWorld, type World } from '../../support/world.ts';

/** Longer than a lease that nobody renews. */
const LONGER_S = LEASE_TTL_MS / 1_000 + 3;

describe('the lease of a pair', () => {
  let testDb: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    testDb = await createTestDatabase();
    database = await testDb.open();
  });
  afterAll(() => testDb.drop());

  test('P9: a renewal that arrives after the release does not keep the next owner out', async () => {
    const taken = await acquireLease(database.db, 'late', 'first owner', 60_000);
    if (!taken.ok) throw new Error('the lease of a new pair is taken');
    await releaseLease(database.db, taken.fence);

    expect(await renewLease(database.db, taken.fence, 60_000)).toBe('lost');

    expect((await acquireLease(database.db, 'late', 'next owner', 60_000)).ok).toBe(true);
  });

  test('of a process that was killed is taken over at once, and of one that lives it is waited for (T22)', async () => {
    const module = new URL('../../../src/lib/process-owner.ts', import.meta.url).href;
    const code = `process.stdout.write((await import('${module}')).processOwner('killed')); process.kill(process.pid, 'SIGKILL')`;
    const { stdout, signal } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
    expect(signal).toBe('SIGKILL');
    const context = { ...contextOf(database), ownerIsDead };
    await acquireLease(database.db, 'left', stdout, 60_000);
    await acquireLease(database.db, 'held', processOwner('another worker'), 60_000);

    const lease = await holdLease(context, 'left', 0);
    await expect(holdLease(context, 'held', 0)).rejects.toThrow('another process');
    await lease.release();
  });

  test('a stop ends the waiting for a lease at once', async () => {
    await acquireLease(database.db, 'busy', 'somebody else', 60_000);
    const stop = new AbortController();
    const context: EngineContext = {
      ...contextOf(database),
      // The first wait is where the stop arrives.
      sleep: (ms, signal) => {
        stop.abort(new Error('stopped'));
        return sleep(ms, signal);
      },
    };

    await expect(holdLease(context, 'busy', 3_600_000, stop.signal)).rejects.toThrow('stopped');
  });

  test('that cannot be renewed is let go before it runs out: nothing is written under it any more', async () => {
    const proxy = await startProxy(testDb.url);
    const behind = await openDatabase({ url: proxy.url, dataDir: '/nonexistent', max: 2 });
    behind.watch(pino({ level: 'silent' }));
    const lifeline = behind.lifeline();
    try {
      const held = await holdLease({ ...contextOf(behind), lifeline }, 'silent', 0);
      const left = once(held.signal, 'abort');
      proxy.freeze(true);
      await left;
      // Not our own clock: the database itself says that nobody else can have it yet.
      expect((await acquireLease(database.db, 'silent', 'somebody else', 60_000)).ok).toBe(false);
      expect(held.signal.reason).toMatchObject({ passing: true });
    } finally {
      await lifeline.end();
      await behind.close();
      await proxy.close();
    }
  }, 60_000);

  test('is renewed beside a transaction of its own holder that takes longer than it lasts', async () => {
    const held = await holdLease(contextOf(database), 'long', 0);
    const free = onlooker.freeWhile(
      'long',
      fenced(database.db, held.fence, async (tx) => {
        await tx.execute(sql`select pg_sleep(${LONGER_S})`);
      }),
    );
    expect(await free).toEqual([]);
    expect(held.signal.aborted).toBe(false);
    await held.release();
  }, 60_000);

  test('a pool in which every connection is busy does not cost the lease', async () => {
    const busy = await testDb.open({ max: 3 });
    const lifeline = busy.lifeline();
    const held = await holdLease({ ...contextOf(busy), lifeline }, 'busy pool', 0);
    const work = [1, 2, 3].map(() => busy.sql`select pg_sleep(${LONGER_S})`);
    expect(await onlooker.freeWhile('busy pool', Promise.all(work))).toEqual([]);
    expect(held.signal.aborted).toBe(false);
    await held.release();
    await lifeline.end();
    await busy.close();
  }, 60_000);

  test('whose renewal is locked out by a decision does not keep the other pairs of the process from theirs', async () => {
    const lifeline = database.lifeline();
    const [locked, other] = await Promise.all(
      ['locked', 'other'].map((pair) => holdLease({ ...contextOf(database), lifeline }, pair, 0)),
    );
    const decision = database.db.transaction(async (tx) => {
      await lockOutCycle(tx, 'locked');
      await tx.execute(sql`select pg_sleep(${LONGER_S})`);
    });
    expect(await onlooker.freeWhile('other', decision)).toEqual([]);
    expect([locked?.signal.aborted, other?.signal.aborted]).toEqual([false, false]);
    await Promise.all([locked?.release(), other?.release()]);
    await lifeline.end();
  }, 60_000);

  test('whose renewal gets no answer on its connection is renewed on another one before it runs out', async () => {
    const proxy = await startProxy(testDb.url);
    const behind = await openDatabase({ url: proxy.url, dataDir: '/nonexistent', max: 1 });
    const lifeline = behind.lifeline();
    try {
      const held = await holdLease({ ...contextOf(database), lifeline }, 'hangs', 0);
      const first = await onlooker.untilRenewed('hangs', await onlooker.expiry('hangs'));
      proxy.freezeOpen();
      const free = await onlooker.freeWhile('hangs', onlooker.untilRenewed('hangs', first + LEASE_TTL_MS));
      expect(free).toEqual([]);
      expect(held.signal.aborted).toBe(false);
      await held.release();
    } finally {
      await lifeline.end();
      await behind.close();
      await proxy.close();
    }
  }, 60_000);

  test('is renewed after the connection for it was cut, and after the server refused it for a while', async () => {
    const proxy = await startProxy(testDb.url);
    const behind = await openDatabase({ url: proxy.url, dataDir: '/nonexistent', max: 1 });
    const lifeline = behind.lifeline();
    let again = proxy;
    try {
      const held = await holdLease({ ...contextOf(database), lifeline }, 'cut', 0);
      const first = await onlooker.untilRenewed('cut', await onlooker.expiry('cut'));
      const { port } = new URL(proxy.url);
      await proxy.close();
      const refused = await lifeline.run((db) => db.execute(sql`select 1`)).catch(toError);
      expect(refused).toMatchObject({ passing: true });
      again = await startProxy(testDb.url, Number(port));
      await onlooker.untilRenewed('cut', first);
      expect(held.signal.aborted).toBe(false);
      await held.release();
    } finally {
      await lifeline.end();
      await behind.close();
      await again.close();
    }
  }, 60_000);

  /** Another process, which the database tells the truth. */
  const onlooker = {
    /** When the lease runs out, in milliseconds of the server's clock. */
    async expiry(pair: string): Promise<number> {
      const [row] = await database.sql`
        select (extract(epoch from expires_at) * 1000)::float8 as at from udesk_sync.lease where pair = ${pair}`;
      return Number(row?.at);
    },
    async untilRenewed(pair: string, after: number): Promise<number> {
      const look = async () => {
        const at = await onlooker.expiry(pair);
        expect(at).toBeGreaterThan(after);
        return at;
      };
      return await vi.waitFor(look, 30_000);
    },
    /** The looks, until the work has ended, at which anybody could have had the lease. */
    async freeWhile(pair: string, work: Promise<unknown>): Promise<unknown[]> {
      const free: unknown[] = [];
      let over = false;
      const ended = work.finally(() => {
        over = true;
      });
      while (!over) {
        free.push(
          ...(await database.sql`
            select expires_at::text, pg_sleep(0.05) from udesk_sync.lease where pair = ${pair} and expires_at <= now()`),
        );
      }
      await ended;
      return free;
    },
  };

  function contextOf({ db }: Database): EngineContext {
    const log = pino({ level: 'silent' });
    return { db, log, clock: () => new Date(), sleep, random: Math.random, owner: crypto.randomUUID() };
  }
});

test('P9: a write that waits to be sent again is not sent by who lost the lease meanwhile', async () => {
  const world = await createWorld({ customers: [{ nick_name: 'A', email: 'a@example.com' }] });
  try {
    await world.sync();
    await world.crm`update contact set name = 'of the one who was slow'`;
    world.simulator.tenant.faults.push({
      kind: 'status',
      status: 429,
      match: { method: 'PUT', path: '/customers/update_customer' },
      times: 3,
    });
    const slow = world.sync().then(
      () => 'done',
      (error: unknown) => (error as { kind?: unknown }).kind,
    );
    await vi.waitFor(
      () => expect(world.simulator.log.some(({ status }) => status === 429)).toBe(true),
      10_000,
    );
    await world.database.sql`update udesk_sync.lease set owner = 'somebody else', fence = fence + 1`;

    expect(await slow).toBe('lease-lost');
    expect(world.simulator.tenant.list()).toMatchObject([{ nick_name: 'A' }]);
    // Whoever has the lease finds out what became of it, and does it once.
    world.simulator.tenant.faults.clear();
    await world.database.sql`update udesk_sync.lease set expires_at = now()`;
    await world.sync();
    expect(world.simulator.tenant.list()).toMatchObject([{ nick_name: 'of the one who was slow' }]);
    expect(world.simulator.counts().committed).toBe(1);
  } finally {
    await world.close();
  }
}, 60_000);

describe('nothing grows without bound', () => {
  let world: World;
  afterEach(async () => {
    await world.close();
  });

  test('a worker leaves nothing on its stop signal when it waits for work', async () => {
    world = await createWorld({ customers: [{ nick_name: 'A', email: 'a@example.com' }] });
    const stop = new AbortController();
    let done: () => void = () => {};
    const worker = createPairWorker(world.engine, world.pair, () => done());
    const running = worker.run(stop.signal);
    for (let n = 0; n < 5; n += 1) {
      const cycle = new Promise<void>((resolve) => {
        done = resolve;
      });
      worker.due('head');
      await cycle;
      // Until it waits again.
      for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    }
    const left = getEventListeners(stop.signal, 'abort').length;
    stop.abort();
    await running;

    expect(left).toBeLessThanOrEqual(2);
  });
});
