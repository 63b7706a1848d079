import { expect, test } from 'vitest';
import {
  addMonths,
  isLookDue,
  type MonthsKnown,
  monthOf,
  planMonths,
  slowClock,
} from '../../../src/core/retention.ts';

const at = (text: string) => new Date(`${text}T00:00:00.000Z`);
const full = (...months: string[]) => months.map((month) => ({ month, empty: false }));
const known = (over: Partial<MonthsKnown> = {}): MonthsKnown => ({
  clock: at('2026-11-26'),
  now: at('2026-11-26'),
  months: 3,
  partitions: full('2026-08', '2026-09', '2026-10', '2026-11', '2026-12', '2027-01', '2027-02'),
  stray: [],
  allowed: false,
  ...over,
});

test('months are counted over the end of a year, and from the end of a long month', () => {
  expect([addMonths('2026-11', 3), addMonths('2026-01', -1), addMonths('2026-12', 0)]).toEqual([
    '2027-02',
    '2025-12',
    '2026-12',
  ]);
  expect(monthOf(new Date('2026-12-31T23:59:59.999Z'))).toBe('2026-12');
});

test('three months ahead have a partition, and nothing is left to do when they have', () => {
  expect(planMonths(known())).toEqual({ create: [], drop: [], held: 0 });
  expect(planMonths(known({ partitions: [] })).create).toEqual(['2026-11', '2026-12', '2027-01', '2027-02']);
});

test('a month goes when so many whole months were begun after it, not a day sooner', () => {
  const partitions = full('2026-07', ...known().partitions.map(({ month }) => month));
  expect(planMonths(known({ partitions })).drop).toEqual(['2026-07']);
  expect(planMonths(known({ partitions, clock: at('2026-10-31') })).drop).toEqual([]);
});

test('more than two months that hold rows do not go at once, unless a person allows it', () => {
  const partitions = full('2026-05', '2026-06', '2026-07', '2026-08');
  expect(planMonths(known({ partitions }))).toMatchObject({ drop: [], held: 3 });
  expect(planMonths(known({ partitions, allowed: true }))).toMatchObject({
    drop: ['2026-05', '2026-06', '2026-07'],
    held: 0,
  });
  const empty = partitions.map(({ month }) => ({ month, empty: month === '2026-06' }));
  expect(planMonths(known({ partitions: empty }))).toMatchObject({ drop: ['2026-05', '2026-06', '2026-07'] });
});

test('rows without a partition get one, but not those of a time far ahead, which a wrong clock wrote', () => {
  const stray = ['2026-06', '2026-09', '2027-11'];
  const partitions = full('2026-10', '2026-11', '2026-12', '2027-01', '2027-02');
  expect(planMonths(known({ stray, partitions }))).toEqual({ create: ['2026-09'], drop: [], held: 1 });
});

test('rows of before without a partition go by a person only', () => {
  expect(planMonths(known({ stray: ['1970-01'] }))).toEqual({ create: [], drop: [], held: 1 });
  expect(planMonths(known({ stray: ['1970-01'], allowed: true }))).toMatchObject({ drop: ['1970-01'] });
});

test('a clock that jumps a year ahead moves what is kept by two days a day, and back at once', () => {
  let last = { lookedAt: at('2026-11-26') as Date | null, clockAt: at('2026-11-26') as Date | null };
  const look = (now: Date) => {
    const clock = slowClock(last, now);
    last = { lookedAt: now, clockAt: clock };
    return clock;
  };
  expect(look(at('2027-11-26'))).toEqual(at('2026-11-28'));
  expect(look(at('2027-11-26'))).toEqual(at('2026-11-28'));
  expect(look(at('2027-11-27'))).toEqual(at('2026-11-30'));
  expect(look(at('2026-11-28'))).toEqual(at('2026-11-28'));
});

test('a look is due once a day, and at once when the clock was set back behind the last one', () => {
  const last = { lookedAt: at('2026-11-26'), clockAt: at('2026-11-26') };
  expect(isLookDue({ lookedAt: null, clockAt: null }, at('2026-11-26'))).toBe(true);
  expect(isLookDue(last, new Date('2026-11-26T19:00:00Z'))).toBe(false);
  expect(isLookDue(last, new Date('2026-11-26T20:00:00Z'))).toBe(true);
  expect(isLookDue(last, at('2026-11-25'))).toBe(true);
});
