/** How often a page is edited is learned from looks that tell of each record only whether it changed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Evidence, NO_EVIDENCE, ratesOf, withLook } from '../../../src/core/freshness/rate.ts';
import { type Random, seededRandom } from '../../../src/simulator/random.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A page of so many records with Poisson edits, looked at for a day; what was learned, and what a count of changes says. */
function watched(random: Random, records: number, rate: number, gap: () => number) {
  let known: Evidence = NO_EVIDENCE;
  let changes = 0;
  let now = 0;
  while (now < DAY) {
    const gapMs = gap();
    now += gapMs;
    const still = Math.exp((-rate * gapMs) / records);
    let changed = 0;
    for (let n = 0; n < records; n += 1) if (random.next() > still) changed += 1;
    changes += changed;
    known = withLook(known, ratesOf([known])[0] ?? 0, { gapMs, records, changed });
  }
  return { learned: ratesOf([known])[0] ?? 0, counted: changes / now };
}

test('what is learned of many pages comes to the truth: a tenth off, a fifth where a look tells one bit and comes too rarely', () => {
  const seed = seededRandom('change rates');
  for (const [records, gapMs, off] of [
    [100, MINUTE, 0.1],
    [100, 60 * MINUTE, 0.1],
    // One bit per look, and two edits between two looks: a count of changes is too low by more than half.
    [1, 20 * MINUTE, 0.2],
  ] as const) {
    const rate = 1 / (10 * MINUTE);
    const all = Array.from({ length: 60 }, () =>
      watched(seed, records, rate, () => gapMs * (0.5 + seed.next())),
    );
    const mean = all.reduce((sum, { learned }) => sum + learned, 0) / all.length;
    expect(Math.abs(mean / rate - 1), `${records} records, ${gapMs} ms`).toBeLessThan(off);
    if (records === 1) {
      expect(all.reduce((sum, { counted }) => sum + counted, 0) / all.length).toBeLessThan(rate / 2);
    }
  }
});

test('one page alone comes within a factor of two', () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(1, 5, 20), (seed, minutes) => {
      const random = seededRandom(seed);
      const rate = 1 / (minutes * MINUTE);
      const { learned } = watched(random, 100, rate, () => 10 * MINUTE * random.next() + 1_000);
      expect(learned / rate).toBeGreaterThan(0.5);
      expect(learned / rate).toBeLessThan(2);
    }),
    { numRuns: 40 },
  );
});

const evidence = fc.record({
  edits: fc.double({ min: 0, max: 1_000, noNaN: true }),
  watchedMs: fc.double({ min: 0, max: DAY, noNaN: true }),
});

test('every rate is positive, and a look that shows more changes never makes a page less edited', () => {
  fc.assert(
    fc.property(
      fc.array(evidence, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: DAY }),
      fc.integer({ min: 0, max: 99 }),
      (pages, gapMs, changed) => {
        const rates = ratesOf(pages);
        expect(rates.every((rate) => rate > 0 && Number.isFinite(rate))).toBe(true);
        const [first] = pages;
        if (first === undefined) return;
        const look = (more: number) =>
          withLook(first, rates[0] ?? 0, { gapMs, records: 100, changed: changed + more });
        expect(look(1).edits).toBeGreaterThan(look(0).edits);
        expect(look(1).watchedMs).toBe(look(0).watchedMs);
      },
    ),
  );
});

test('pages that differ by chance alone are taken to be alike, pages that really differ are not', () => {
  const random = seededRandom('alike');
  const alike = Array.from({ length: 64 }, () => {
    let edits = 0;
    for (let n = 0; n < 1_000; n += 1) if (random.chance(0.01)) edits += 1;
    return { edits, watchedMs: DAY };
  });
  const rates = ratesOf(alike).slice(31, 63);
  expect(Math.max(...rates) / Math.min(...rates)).toBeLessThan(1.5);
  const apart = ratesOf(alike.map((page, n) => (n % 2 === 0 ? page : { ...page, edits: 20 * page.edits })));
  expect((apart[41] ?? 0) / (apart[40] ?? 1)).toBeGreaterThan(8);
});
