/**
 * Visits of single pages beside the sweeps (docs/decisions/0034), in virtual time: 1,500 customers, of whom the newer ones
 * are edited more, created and deleted ones that move the list, and 30 calls a minute.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPairWorker, type PairWorker } from '../../../src/daemon/pair-worker.ts';
import type { CycleReport } from '../../../src/engine/cycle.ts';
import { memoryLedger } from '../../../src/http/quota.ts';
import { seededRandom } from '../../../src/simulator/random.ts';
import { loadFreshness } from '../../../src/store/listing.ts';
import { busiestMinuteOf } from '../../support/accounting.ts';
import { createDay, type Day } from '../../support/day.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const START = Date.UTC(2025, 2, 3);
const PER_MINUTE = 30;
const CUSTOMERS = 1_500;
const PAGE = 100;

let day: Day;
let world: World;
let worker: PairWorker;
let cycles: CycleReport[];
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  day = createDay(START);
  world = await createWorld({
    customers: Array.from({ length: CUSTOMERS }, (_, n) => ({
      nick_name: `Customer ${n}`,
      email: `c${n}@example.com`,
    })),
    pair: { create: '{ inCrm: false, inUdesk: false }', deletes: 'flag' },
    switches: { 'rate.per_minute': String(PER_MINUTE) },
    perMinute: PER_MINUTE,
    time: day.time,
    udesk: { ledger: memoryLedger(day.time.monotonic) },
  });
  cycles = [];
  start();
}, 60_000);
afterEach(async () => {
  await halt();
  await world.close();
});

function start(): void {
  stop = new AbortController();
  worker = createPairWorker(
    { ...world.engine, clock: day.clock },
    world.pair,
    (report) => cycles.push(report),
    day.ended,
  );
  running = worker.run(stop.signal);
}

async function halt(): Promise<void> {
  stop.abort();
  await running;
}

/** Ticks of the usual schedule up to this minute, and whatever is to happen every half minute. */
async function pass(from: number, until: number, everyHalf: (at: number) => Promise<void>): Promise<void> {
  for (let at = from; at < until; at += 15 * SECOND) {
    await day.passUntil(START + at);
    if (at % (30 * SECOND) === 0) await everyHalf(START + at);
    if (at % (10 * MINUTE) === 0) worker.due('sweep');
    if (at % MINUTE === 0) worker.due('pages');
    worker.due('head');
  }
  await day.passUntil(START + until);
}

const newestFirst = () => world.simulator.tenant.list().map(({ id }) => id);
const visits = () => cycles.reduce((sum, { observed }) => sum + (observed.visits?.pages ?? 0), 0);

describe('visits of pages', () => {
  test('no edit that the mirror lacks is older than status says, while the list moves; the active tenth is younger', async () => {
    const random = seededRandom('freshness');
    /** Edits that were made, by customer: when, and which value. */
    const edits = new Map<string, { at: number; value: number }[]>();
    let made = 0;
    let checked = 0;
    const worst = { all: 0, active: 0 };
    const stated: { all: number; active: number }[] = [];
    await pass(0, 18 * MINUTE, async (at) => {
      const bound = await loadFreshness(world.database.db, 'main', new Date(at));
      if (bound !== null) {
        stated.push({ all: bound.boundMs, active: bound.active.boundMs });
        const held = new Map(
          (
            await ourRows(
              world,
              `select remote_id, fields ->> 'description' as value from udesk_sync.record where side = 'udesk'`,
            )
          ).map((row) => [String(row.remote_id), Number(row.value ?? -1)]),
        );
        const order = newestFirst();
        for (const [id, all] of edits) {
          const missing = all.find(({ value }) => value > (held.get(id) ?? -1));
          if (missing === undefined || !order.includes(id)) continue;
          checked += 1;
          const age = at - missing.at;
          const page = Math.floor(order.indexOf(id) / PAGE) + 1;
          const isActive = bound.active.pages.includes(page);
          const most = isActive ? bound.active.boundMs : bound.boundMs;
          expect({ id, page, age, most, holds: age <= most }).toMatchObject({ holds: true });
          worst.all = Math.max(worst.all, age / bound.boundMs);
          if (isActive) worst.active = Math.max(worst.active, age / most);
        }
      }
      const order = newestFirst();
      for (let n = 0; n < 12; n += 1) {
        // Newer ones more often: as one over the age.
        const id = order[Math.floor(order.length ** random.next()) - 1] ?? order[0] ?? '';
        world.simulator.tenant.edit(id, { description: String(made) });
        edits.set(id, [...(edits.get(id) ?? []), { at, value: made }]);
        made += 1;
      }
      const minute = (at - START) / MINUTE;
      if (minute % 2 === 0)
        world.simulator.tenant.create({ nick_name: `New ${minute}`, email: `n${minute}@example.com` });
      if (minute % 3 === 0)
        world.simulator.tenant.delete(order[Math.floor(random.next() * order.length)] ?? '');
    });

    expect(checked).toBeGreaterThan(50);
    const last = stated.at(-1);
    process.stdout.write(
      `${visits()} visits, ${checked} edits on their way were checked; at the end all ${((last?.all ?? 0) / SECOND).toFixed(0)} s, the active tenth ${((last?.active ?? 0) / SECOND).toFixed(0)} s; the worst came to ${(worst.all * 100).toFixed(0)} % and ${(worst.active * 100).toFixed(0)} % of it; busiest minute ${busiestMinuteOf(world.simulator)} of ${PER_MINUTE}\n`,
    );
    // A bound that is always true because it says nothing would pass everything above.
    expect(last?.all).toBeLessThan(15 * MINUTE);
    expect(last?.active).toBeLessThan((last?.all ?? 0) / 2);
    expect(busiestMinuteOf(world.simulator)).toBeLessThanOrEqual(PER_MINUTE);
    expect(world.simulator.log.filter(({ status }) => status === 429)).toHaveLength(0);
  }, 500_000);

  test('P7: a customer that pages no longer show is no tombstone until a sweep has proven it', async () => {
    await pass(0, 12 * MINUTE, async () => {});
    const [gone] = newestFirst().slice(-1);
    world.simulator.tenant.delete(gone ?? '');
    const before = visits();
    const state = async () =>
      (
        await ourRows(
          world,
          `select state from udesk_sync.record where side = 'udesk' and remote_id = '${gone}'`,
        )
      )[0]?.state;
    await pass(12 * MINUTE + 15 * SECOND, 20 * MINUTE, async () => {});
    // Its page, the last one, was looked at in between: what it did not show was noticed, and nothing followed from it.
    expect(visits()).toBeGreaterThan(before + CUSTOMERS / PAGE);
    expect(await state()).toBe('live');
    await pass(20 * MINUTE, 29 * MINUTE, async () => {});
    expect(await state()).toBe('deleted');
  }, 500_000);

  test('a restart goes on with what was learned, and a hint waits for no visit', async () => {
    await pass(0, 12 * MINUTE, async () => {});
    await halt();
    const known = await ourRows(world, 'select * from udesk_sync.listing_page order by page');
    expect(known).toHaveLength(CUSTOMERS / PAGE);
    cycles = [];
    start();
    // No sweep: only what is stored says that there are pages.
    worker.due('pages');
    await day.passUntil(START + 13 * MINUTE);
    expect(visits()).toBeGreaterThan(5);
    expect(cycles.every(({ observed }) => observed.udesk.lane === 'none')).toBe(true);

    world.simulator.clearLog();
    worker.due('pages');
    await day.passUntil(START + 13 * MINUTE + 7 * SECOND);
    const hintedAt = day.time.now();
    worker.hint(newestFirst()[700] ?? '');
    await day.passUntil(START + 13 * MINUTE + 30 * SECOND);
    const since = world.simulator.log.filter(({ at }) => at > hintedAt);
    expect(since[0]?.path).toMatch(/\/get_customer$/);
    // A slice of visits lasts ten seconds when nothing comes up.
    expect((since[0]?.at ?? Number.POSITIVE_INFINITY) - hintedAt).toBeLessThan(3 * SECOND);
  }, 500_000);
});
