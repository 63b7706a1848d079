import { describe, expect, it } from 'vitest';
import { constancyOf, slopePerHour } from '../../../bench/trend.ts';

const series = (values: readonly number[]) => values.map((value, minute) => ({ minute, value }));

describe('what a soak says of its samples', () => {
  it('growth is that of the line closest to all samples, per hour', () => {
    expect(slopePerHour(series([10, 11, 12, 13]))).toBeCloseTo(60);
    expect(slopePerHour(series([10, 12, 10, 12, 10]))).toBeCloseTo(0);
    expect(slopePerHour(series([7]))).toBe(null);
    expect(slopePerHour([])).toBe(null);
  });

  it('a count is constant when it ends where it began, whatever it was in between', () => {
    expect(constancyOf(series([5, 5, 9, 9, 9, 5, 5, 5]), 0)).toEqual({
      from: 5,
      to: 5,
      most: 9,
      constant: true,
    });
    expect(constancyOf(series([5, 5, 6, 6, 7, 7, 8, 8]), 2)).toMatchObject({ to: 8, constant: false });
    expect(constancyOf([], 2)).toBe(null);
  });
});
