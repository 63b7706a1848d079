import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPairWorker, type PairWorker } from '../../../src/daemon/pair-worker.ts';
import type { CycleReport } from '../../../src/engine/cycle.ts';
import { createSideDispatcher } from '../../../src/http/dispatcher.ts';
import { createQuota } from '../../../src/http/quota.ts';
import { sleep } from '../../../src/lib/sleep.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import { createUdeskClient } from '../../../src/udesk/client.ts';
import { createUdeskSide } from '../../../src/udesk/side.ts';
import { busiestMinuteOf } from '../../support/accounting.ts';
import { createWorld, type World } from '../../support/world.ts';

/** A minute of quota passes in so much less time, for the daemon and for the tenant alike. */
const SPEED = 5;
const PER_MINUTE = 60;
const CUSTOMERS = 1_000;
const fast = (clock: () => number): (() => number) => {
  const start = clock();
  return () => start + (clock() - start) * SPEED;
};
const nap = (ms: number, signal?: AbortSignal) => sleep(ms / SPEED, signal);

let world: World;
let worker: PairWorker;
let cycles: CycleReport[];
let stop: AbortController;
let running: Promise<void>;
let closeSide: () => Promise<void>;

/** 1,000 customers in step, then a tenant that takes 60 calls a minute and a daemon that knows it. */
beforeEach(async () => {
  const clock = fast(Date.now);
  world = await createWorld({
    customers: Array.from({ length: CUSTOMERS }, (_, n) => ({
      nick_name: `Customer ${n}`,
      email: `c${n}@example.com`,
    })),
    // A few linked people are enough for the writes.
    people: Array.from({ length: 4 }, (_, n) => ({ name: `Customer ${n}`, emails: [`c${n}@example.com`] })),
    pair: { create: '{ inCrm: false, inUdesk: false }' },
    clock,
  });
  await world.sync();
  const monotonic = fast(() => performance.now());
  const udesk = createUdeskSide({
    client: createUdeskClient({
      baseUrl: world.simulator.url,
      email: world.simulator.admin.email,
      token: world.simulator.admin.token,
      sign: 'sha256',
      quota: createQuota({
        key: 'the tenant',
        perMinute: PER_MINUTE,
        scope: 'tenant',
        // The ledger of the daemon, which counts by the clock of the database: a minute there is the fast one, too.
        ledger: spedUp(postgresLedger(world.database.sql)),
        clock: monotonic,
        sleep: nap,
        marginMs: SPEED * 1_000,
      }),
      dispatcher: createSideDispatcher(),
      clock,
      monotonic,
      sleep: nap,
      randomNonce: () => crypto.randomUUID(),
    }),
    customFields: ['custom.TextField_2'],
  });
  closeSide = () => udesk.close();
  world.simulator.set('rate.per_minute', String(PER_MINUTE));
  world.simulator.clearLog();
  cycles = [];
  stop = new AbortController();
  worker = createPairWorker(
    { ...world.engine, clock: () => new Date(clock()), sleep: nap },
    { spec: world.pair.spec, sides: { udesk, crm: world.pair.sides.crm } },
    (report) => cycles.push(report),
  );
  running = worker.run(stop.signal);
}, 60_000);
afterEach(async () => {
  stop.abort();
  await running;
  await closeSide();
  await world.close();
});

function spedUp(ledger: ReturnType<typeof postgresLedger>): ReturnType<typeof postgresLedger> {
  const ask =
    (question: typeof ledger.reserve): typeof ledger.reserve =>
    async (key, limit, windowMs, n) => {
      const answer = await question(key, limit, windowMs / SPEED, n);
      return { ...answer, waitMs: answer.waitMs * SPEED };
    };
  return { reserve: ask(ledger.reserve), peek: ask(ledger.peek) };
}

const calls = () => world.simulator.log.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`);
const UPDATE = 'PUT update_customer';
const PAGE = 'GET customers';
const POINT = 'GET get_customer';

describe('one quota for sweep, hints and writes', () => {
  test('P10: every sliding minute stays within the quota, a write passes the sweep, every hint is read, and the sweep is certified', async () => {
    const ids = world.simulator.tenant.list().map(({ id }) => id);
    worker.due('sweep');
    const edited: { before: number; value: string }[] = [];
    for (let n = 0; n < 4; n += 1) {
      const pages = calls().filter((call) => call === PAGE).length;
      const value = `note ${n}`;
      edited.push({ before: world.simulator.log.length, value });
      await world.crm`update contact set note = ${value} where name = ${`Customer ${n}`}`;
      worker.due('crm');
      for (const id of ids.slice(n * 12, n * 12 + 12)) worker.hint(id);
      // The next edit comes when the sweep has gone on, or has come to its end: neither waits for the other's.
      await vi.waitFor(() => {
        expect(calls().filter((call) => call === UPDATE)).toHaveLength(n + 1);
        const isOver = cycles.some(({ observed }) => observed.udesk.certified);
        if (!isOver) expect(calls().filter((call) => call === PAGE).length).toBeGreaterThan(pages);
      }, 50_000);
    }
    await vi.waitFor(() => {
      expect(cycles.some(({ observed }) => observed.udesk.certified)).toBe(true);
      expect(calls().filter((call) => call === POINT).length).toBeGreaterThanOrEqual(48 + 4);
    }, 50_000);

    expect(world.simulator.log.length).toBeGreaterThan(PER_MINUTE);
    expect(busiestMinuteOf(world.simulator)).toBeLessThanOrEqual(PER_MINUTE);
    expect(world.simulator.log.filter(({ status }) => status === 429)).toHaveLength(0);
    // Between an edit and its arrival the sweep reads a few pages at most: one slice, not the rest of it.
    const updates = calls().flatMap((call, at) => (call === UPDATE ? [at] : []));
    const passed = edited.map(
      ({ before }, n) =>
        calls()
          .slice(before, updates[n])
          .filter((call) => call === PAGE).length,
    );
    expect(Math.max(...passed)).toBeLessThanOrEqual(6);
    process.stdout.write(
      `${world.simulator.log.length} calls, busiest minute ${busiestMinuteOf(world.simulator)} of ${PER_MINUTE}; pages of the sweep that a write let pass: ${passed.join(', ')}\n`,
    );
  }, 150_000);
});
