import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createReplica, type Replica } from '../../../src/daemon/replica.ts';
import type { EngineContext } from '../../../src/engine/context.ts';
import { sleep } from '../../../src/lib/sleep.ts';
import type { Database } from '../../../src/store/database.ts';
import { liveReplicas, REPLICA_TTL_MS } from '../../../src/store/replicas.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';

const PAIRS = ['a', 'b', 'c', 'd'];
let testDb: TestDatabase;
let database: Database;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  testDb = await createTestDatabase();
  database = await testDb.open();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await testDb.drop();
});

/** A daemon that looks often, with `work` in the place of cycles. */
function start(
  owner: string,
  work: (pair: string, signal: AbortSignal) => Promise<void>,
  isDead: (owner: string) => boolean = () => false,
  over: Partial<EngineContext> = {},
): { replica: Replica; stop: () => Promise<void> } {
  const context: EngineContext = {
    db: database.db,
    log: pino({ level: 'silent' }),
    clock: () => new Date(),
    sleep: (ms, signal) => sleep(Math.min(ms, 20), signal),
    random: Math.random,
    owner,
    ownerIsDead: isDead,
    ...over,
  };
  const replica = createReplica({ context, pairs: PAIRS, breakers: () => [], work });
  const enough = new AbortController();
  const running = replica.run(enough.signal);
  const stop = async () => {
    enough.abort();
    await running;
  };
  stops.push(stop);
  return { replica, stop };
}

const untilStopped = (_: string, signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
const heldBy = (replica: Replica) => PAIRS.filter((pair) => replica.holds(pair));

describe('the daemons on one database', () => {
  test('one alone has all pairs; a second one gets its half, and gives it back when it stops', async () => {
    const one = start('one', untilStopped);
    await vi.waitFor(() => expect(heldBy(one.replica)).toEqual(PAIRS), 20_000);
    const two = start('two', untilStopped);
    await vi.waitFor(() => {
      expect(heldBy(one.replica)).toHaveLength(2);
      expect([...heldBy(one.replica), ...heldBy(two.replica)].sort()).toEqual(PAIRS);
    }, 20_000);
    await two.stop();
    await vi.waitFor(() => expect(heldBy(one.replica)).toEqual(PAIRS), 20_000);
    expect((await liveReplicas(database.db)).map(({ owner }) => owner)).toEqual(['one']);
  });

  test('one that is known to have died is not waited for', async () => {
    await database.sql`insert into udesk_sync.replica values ('ghost', now(), '{}'::text::jsonb)`;
    // It seems to live for as long as nobody takes it away.
    const alive = setInterval(() => {
      void database.sql`update udesk_sync.replica set seen_at = now() where owner = 'ghost'`;
    }, 500);
    stops.push(async () => clearInterval(alive));
    const one = start('one', untilStopped, (owner) => owner === 'ghost');
    await vi.waitFor(() => expect(heldBy(one.replica)).toEqual(PAIRS), 20_000);
  });

  test('one whose every connection is busy goes on saying that it lives: nobody takes its pairs for orphans', async () => {
    const busy = await testDb.open({ max: 1 });
    const lifeline = busy.lifeline();
    const { replica, stop } = start('one', untilStopped, () => false, { db: busy.db, lifeline });
    await vi.waitFor(() => expect(heldBy(replica)).toEqual(PAIRS), 20_000);
    let over = false;
    const work = busy.sql`select pg_sleep(${REPLICA_TTL_MS / 1_000 + 2})`.then(() => {
      over = true;
    });
    const looks: string[] = [];
    while (!over) {
      const live = await liveReplicas(database.db);
      looks.push(live.map(({ owner }) => owner).join());
      await database.sql`select pg_sleep(0.05)`;
    }
    await work;
    expect(new Set(looks)).toEqual(new Set(['one']));
    await stop();
    await lifeline.end();
    await busy.close();
  }, 60_000);

  test('a fault of the program in one pair leaves the others at work, and is tried again', async () => {
    let faults = 0;
    const ended: string[] = [];
    const { replica } = start('one', async (pair, signal) => {
      if (pair === 'b' && ++faults < 3) throw new Error('a fault');
      await untilStopped(pair, signal);
      ended.push(pair);
    });
    await vi.waitFor(() => expect(faults).toBe(3), 20_000);
    expect(heldBy(replica)).toEqual(PAIRS);
    expect(ended).toEqual([]);
  });
});
