import { getEventListeners } from 'node:events';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createPairWorker } from '../../../src/daemon/pair-worker.ts';
import type { EngineContext } from '../../../src/engine/context.ts';
import { holdLease } from '../../../src/engine/lease-keeper.ts';
import { sleep } from '../../../src/lib/sleep.ts';
import type { Database } from '../../../src/store/database.ts';
import { acquireLease, releaseLease, renewLease } from '../../../src/store/lease.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';
import { createWorld, type World } from '../../support/world.ts';

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

    expect(await renewLease(database.db, taken.fence, 60_000)).toBe(false);

    expect((await acquireLease(database.db, 'late', 'next owner', 60_000)).ok).toBe(true);
  });

  test('a stop ends the waiting for a lease at once', async () => {
    await acquireLease(database.db, 'busy', 'somebody else', 60_000);
    const stop = new AbortController();
    const context: EngineContext = {
      db: database.db,
      log: pino({ level: 'silent' }),
      clock: () => new Date(),
      // The first wait is where the stop arrives.
      sleep: (ms, signal) => {
        stop.abort(new Error('stopped'));
        return sleep(ms, signal);
      },
      random: Math.random,
      owner: 'us',
    };

    await expect(holdLease(context, 'busy', 3_600_000, stop.signal)).rejects.toThrow('stopped');
  });
});

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
