/** The machine's clock is set back while Udesk is looked at. The database's own is not: what counts here is told by ours. */
import { afterEach, expect, test, vi } from 'vitest';
import { createPairWorker } from '../../../src/daemon/pair-worker.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { type SweepSession, startSweep } from '../../../src/engine/sweep.ts';
import { loadFreshness } from '../../../src/store/listing.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

const HOUR = 3_600_000;

let world: World;
afterEach(() => world.close());

const many = Array.from({ length: 250 }, (_, n) => ({ nick_name: `C ${n}`, email: `c${n}@example.com` }));
const pages = () => world.simulator.log.filter(({ path }) => path.endsWith('/customers')).length;

test('after it every page is visited, and how old they are is told once that was done', async () => {
  world = await createWorld({ customers: many, pair: { create: '{ inCrm: false, inUdesk: false }' } });
  let now = Date.now();
  const engine = { ...world.engine, clock: () => new Date(now) };
  const cycle = (budgetMs: number, sweep?: SweepSession) =>
    runCycle(engine, world.pair, {
      trigger: 'run',
      observe: {
        ...{ udesk: 'none', crm: 'changes', visits: { budgetMs } },
        ...(sweep === undefined ? {} : { sweep: { holder: { current: sweep }, budgetMs: HOUR } }),
      },
    });
  const stated = async () => await loadFreshness(world.database.db, 'main', new Date(now));
  await cycle(0, startSweep(world.pair, 'udesk', new Date(now)));
  now += 1_000;
  expect(await stated()).not.toBeNull();

  now -= HOUR;
  expect(await stated()).toBeNull();
  await cycle(0);
  expect(await stated()).toBeNull();
  expect(await ourRows(world, 'select right_at from udesk_sync.listing_page')).toEqual([
    { right_at: null },
    { right_at: null },
    { right_at: null },
  ]);
  expect(await ourRows(world, 'select udesk_swept_at from udesk_sync.pair')).toEqual([
    { udesk_swept_at: null },
  ]);

  const before = pages();
  // The clock stands still: what was visited once is not visited again.
  await cycle(10_000);
  expect(pages() - before).toBe(3);
  now += 5_000;
  expect((await stated())?.oldestMs).toBe(5_000);
});

test('a sweep under way begins anew: it proves nothing by a begin that lies ahead', async () => {
  world = await createWorld({ customers: many, pair: { create: '{ inCrm: false, inUdesk: false }' } });
  let now = Date.now();
  // Each look at the clock is two seconds later, so that a slice ends after a page or two.
  const tick = () => {
    now += 2_000;
    return new Date(now);
  };
  let setAt = Number.POSITIVE_INFINITY;
  let atPage = Number.POSITIVE_INFINITY;
  const worker = createPairWorker({ ...world.engine, clock: tick }, world.pair, () => {
    if (Number.isFinite(setAt)) return;
    atPage = pages();
    now -= HOUR;
    setAt = now;
  });
  const stop = new AbortController();
  const running = worker.run(stop.signal);
  try {
    worker.due('sweep');
    await vi.waitFor(async () => {
      expect(
        await ourRows(world, 'select 1 from udesk_sync.pair where udesk_swept_at is not null'),
      ).toHaveLength(1);
    }, 60_000);
  } finally {
    stop.abort();
    await running;
  }
  // Set while it was under way; the sweep that ended began soon after it, by the clock that was set.
  expect(atPage).toBeLessThan(3);
  const [row] = await ourRows(world, 'select udesk_swept_at as at from udesk_sync.pair');
  expect(new Date(String(row?.at)).getTime() - setAt).toBeLessThan(HOUR / 2);
});
