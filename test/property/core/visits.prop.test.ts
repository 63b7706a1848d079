/** Which page is looked at next, and how often each is: the square-root law with a floor. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocate, isSweepsTurn, MIN_GAP_MS, nextVisit } from '../../../src/core/freshness/visits.ts';

const MINUTE = 60_000;
const FLOOR = 10 * MINUTE;
/** Edits per millisecond, from one a month to one a second. */
const rate = fc.double({ min: -22, max: -7, noNaN: true }).map((log) => Math.exp(log));
const rates = fc.array(rate, { minLength: 1, maxLength: 100 });
/** Looks per millisecond of all pages together: up to one per second. */
const budget = fc.double({ min: 1 / MINUTE, max: 1 / 1_000, noNaN: true });
const sum = (all: readonly number[]) => all.reduce((total, one) => total + one, 0);
const cost = (edits: readonly number[], shares: readonly number[]) =>
  sum(edits.map((one, n) => one / (2 * (shares[n] ?? 0))));

test('the shares come to the budget, no page is below the floor that it can pay for, none above what is worth it', () => {
  fc.assert(
    fc.property(rates, budget, (edits, perMs) => {
      const shares = allocate(edits, { perMs, floorMs: FLOOR });
      const most = Math.min(perMs, edits.length / MIN_GAP_MS);
      expect(Math.abs(sum(shares) / most - 1)).toBeLessThan(1e-6);
      const floor = Math.min(1 / FLOOR, perMs / edits.length);
      expect(shares.every((share) => share >= floor * (1 - 1e-9) && share <= 1 / MIN_GAP_MS)).toBe(true);
    }),
  );
});

test('the mean delay is never above that of a uniform sweep, and without bounds it is that of the law', () => {
  fc.assert(
    fc.property(rates, budget, (edits, perMs) => {
      const uniform = edits.map(() => Math.min(perMs / edits.length, 1 / MIN_GAP_MS));
      const shares = allocate(edits, { perMs, floorMs: FLOOR });
      expect(cost(edits, shares)).toBeLessThanOrEqual(cost(edits, uniform) * (1 + 1e-6));
      const inside = shares.every((share) => share > 1.001 / FLOOR && share < 0.999 / MIN_GAP_MS);
      if (inside) {
        const law = sum(edits.map(Math.sqrt)) ** 2 / (2 * perMs);
        expect(Math.abs(cost(edits, shares) / law - 1)).toBeLessThan(1e-4);
      }
    }),
  );
});

test('a page that is edited more is looked at no less, whether it is another page or the same one', () => {
  fc.assert(
    fc.property(
      rates,
      budget,
      fc.nat(),
      fc.double({ min: 1, max: 50, noNaN: true }),
      (edits, perMs, at, times) => {
        const place = at % edits.length;
        const shares = allocate(edits, { perMs, floorMs: FLOOR });
        const order = edits.map((_, n) => n).sort((a, b) => (edits[a] ?? 0) - (edits[b] ?? 0));
        for (let n = 1; n < order.length; n += 1) {
          const [less, more] = [shares[order[n - 1] ?? 0] ?? 0, shares[order[n] ?? 0] ?? 0];
          expect(more).toBeGreaterThanOrEqual(less * (1 - 1e-9));
        }
        const hotter = edits.map((one, n) => (n === place ? one * times : one));
        const after = allocate(hotter, { perMs, floorMs: FLOOR });
        expect(after[place]).toBeGreaterThanOrEqual((shares[place] ?? 0) * (1 - 1e-6));
      },
    ),
  );
});

test('what a page gets anyway costs the others nothing', () => {
  fc.assert(
    fc.property(rates, budget, budget, (edits, perMs, free) => {
      const shares = allocate(edits, { perMs, floorMs: FLOOR, free: [free] });
      expect(shares[0]).toBeGreaterThanOrEqual(free);
      expect(sum(shares)).toBeLessThanOrEqual((perMs + free) * (1 + 1e-6));
    }),
  );
});

/** Calls one after the other until `until`; a sweep begins at each of these times. */
function run(edits: readonly number[], perMs: number, until: number, sweeps: readonly number[]) {
  const shares = allocate(edits, { perMs, floorMs: FLOOR });
  const looked = edits.map(() => 0);
  const gaps = edits.map(() => 0);
  const looks = edits.map(() => 0);
  const took: number[] = [];
  const due = [...sweeps];
  let sweep: { place: number; startedAt: number } | null = null;
  for (let now = 0; now < until; now += 1 / perMs) {
    const began = due[0];
    if (sweep === null && began !== undefined && began <= now) {
      sweep = { place: 0, startedAt: now };
      due.shift();
    }
    const pages = shares.map((share, n) => {
      const ageMs = now - (looked[n] ?? 0);
      return { share, ageMs, gapMs: ageMs };
    });
    const isSweeps =
      sweep !== null && isSweepsTurn(pages, FLOOR, { place: sweep.place, startedMs: now - sweep.startedAt });
    const page = isSweeps && sweep !== null ? sweep.place : nextVisit(pages, FLOOR);
    if (page !== null) {
      gaps[page] = Math.max(gaps[page] ?? 0, now - (looked[page] ?? 0));
      looked[page] = now;
      looks[page] = (looks[page] ?? 0) + 1;
    }
    if (!isSweeps || sweep === null) continue;
    sweep.place += 1;
    if (sweep.place < edits.length) continue;
    took.push(now - sweep.startedAt);
    sweep = null;
  }
  return { gaps, took, looks, last: looked };
}

/** A budget that reads all pages in half the floor at least. */
const feasible = fc
  .tuple(fc.array(rate, { minLength: 2, maxLength: 40 }), fc.double({ min: 2, max: 6, noNaN: true }))
  .map(([edits, times]) => ({ edits, perMs: (times * edits.length) / FLOOR }));

test('nothing starves: without any sweep no page waits longer than one and a quarter intervals of sweeps and one round', () => {
  fc.assert(
    fc.property(feasible, ({ edits, perMs }) => {
      const until = 6 * FLOOR;
      const { gaps, last } = run(edits, perMs, until, []);
      const most = 1.25 * FLOOR + (edits.length + 2) / perMs;
      for (const [n, gap] of gaps.entries()) {
        expect(Math.max(gap, until - (last[n] ?? 0))).toBeLessThanOrEqual(most);
      }
    }),
    { numRuns: 60 },
  );
});

test('a sweep comes to its end within three quarters of an interval and a page, whatever the visits want', () => {
  fc.assert(
    fc.property(feasible, ({ edits, perMs }) => {
      const { took } = run(edits, perMs, 5 * FLOOR, [FLOOR, 2 * FLOOR, 3 * FLOOR]);
      expect(took).toHaveLength(3);
      for (const ms of took) expect(ms).toBeLessThanOrEqual(0.75 * FLOOR + 2 / perMs + FLOOR / edits.length);
    }),
    { numRuns: 60 },
  );
});
