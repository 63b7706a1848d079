/** Ages of pages while the clock is set back: none is told lower than it is, and no page waits until the clock has caught up. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boundOf, emptyList, type ListState, planOf, withPage } from '../../../src/core/freshness/pages.ts';
import { byTheClock } from '../../../src/core/freshness/set-clock.ts';
import { nextVisit } from '../../../src/core/freshness/visits.ts';

const PAGES = 6;
const ROWS = 5;
/** How long after the last look the clock is set at the most; in life the head of the list is looked at every few seconds. */
const SINCE_LOOK_MS = 3_000;

function look(list: ListState, page: number, at: number): ListState {
  return withPage(list, {
    ...{ page, at, total: PAGES * ROWS, records: ROWS, changed: 0, fresh: 0 },
    ...{ repeats: false, lowId: String(1_000 - page * ROWS), free: page === 1 },
  });
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('look' as const), page: fc.integer({ min: 1, max: PAGES }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      backMs: fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 0, max: 30 * 86_400_000 })),
      sinceMs: fc.nat(SINCE_LOOK_MS),
    }),
  },
);

test('whenever the clock is set back, and by whatever: no age and no pause is told shorter than it is, and none is told while it is not known', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 3, maxLength: 40 }), (steps) => {
      let trueNow = 100 * 86_400_000;
      let wrong = 0;
      /** What small steps leave of untruth: no more than the time since the look before. */
      let excusedMs = 0;
      const seen = new Map<number, number>();
      let list = emptyList(trueNow);
      for (let page = 1; page <= PAGES; page += 1) {
        trueNow += 1_000;
        seen.set(page, trueNow);
        list = look(list, page, trueNow);
      }
      for (const one of steps) {
        if (one.kind === 'set') {
          trueNow += one.sinceMs;
          wrong -= one.backMs;
          excusedMs += one.sinceMs + 1_000;
        } else {
          trueNow += 10_000;
          seen.set(one.page, trueNow);
          list = look(byTheClock({ list, sweptAt: null }, trueNow + wrong).list, one.page, trueNow + wrong);
        }
        const now = trueNow + wrong;
        list = byTheClock({ list, sweptAt: null }, now).list;
        // What was moved once stays as it is.
        expect(byTheClock({ list, sweptAt: null }, now).list).toBe(list);
        const plan = planOf(list, now, null);
        const trueMs = (page: number) => trueNow - (seen.get(page) ?? 0) - excusedMs;
        expect(plan.filter(({ page, ageMs, gapMs }) => Math.min(ageMs, gapMs) < trueMs(page))).toEqual([]);
        const unknown = plan.filter(({ ageMs }) => ageMs === Number.POSITIVE_INFINITY);
        const bound = boundOf(list, now, null);
        expect(bound === null).toBe(unknown.length > 0);
        if (unknown.length > 0) {
          // The first of them is looked at now.
          expect(plan[nextVisit(plan, list.floorMs) ?? -1]).toBe(unknown[0]);
        } else {
          expect(bound?.stretch).toBeLessThan(1_000);
        }
      }
      for (let page = 1; page <= PAGES; page += 1) {
        trueNow += 1_000;
        list = look(list, page, trueNow + wrong);
      }
      expect(boundOf(list, trueNow + wrong, null)?.oldestMs).toBeLessThanOrEqual(PAGES * 1_000);
    }),
    { numRuns: 200 },
  );
});

test('the begin of a sweep at a time ahead is no time up to which anybody is right', () => {
  const list = look(emptyList(0), 1, 5_000);
  expect(byTheClock({ list, sweptAt: 4_000 }, 5_000).sweptAt).toBe(4_000);
  expect(byTheClock({ list, sweptAt: 8_000 }, 5_000).sweptAt).toBeNull();
  // A step of ten seconds, and one of ten minutes.
  expect(byTheClock({ list, sweptAt: 4_000 }, -5_000).sweptAt).toBe(-6_000);
  expect(byTheClock({ list, sweptAt: 4_000 }, -595_000).sweptAt).toBeNull();
});
