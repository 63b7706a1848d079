import { describe, expect, it } from 'vitest';
import { figure, inTurn, ratios, spreadOf, table } from '../../../bench/measure.ts';
import { growthRow, rateRow, timeRow } from '../../../bench/report.ts';

const cost = (wallMs: number) => ({ wallMs, cpuMs: 2 * wallMs });

describe('the counting of the benchmark', () => {
  it('takes the middle sample, or the mean of the two middle ones', () => {
    expect(spreadOf([3, 1, 20])).toEqual({ min: 1, median: 3, max: 20 });
    expect(spreadOf([10, 1, 4, 2])).toEqual({ min: 1, median: 3, max: 10 });
    expect(spreadOf([10, 9, 100]).median).toBe(10);
    expect(() => spreadOf([])).toThrow('no samples');
  });

  it('lets the contestants take turns, each first as often as the other, and leaves the warm-up out', async () => {
    const order: string[] = [];
    const run = (name: string) => async () => order.push(name);
    const found = await inTurn(2, run('a'), run('b'));
    expect(order.join('')).toBe('abbaab');
    expect(found).toEqual({ first: [4, 5], second: [3, 6] });
  });

  it('compares what ran in one round', () => {
    expect(ratios([2, 9], [1, 3])).toEqual([2, 3]);
    expect(() => ratios([1], [1, 2])).toThrow('differently often');
  });

  it('calls a rate met when it is high enough, and a time when it is short enough', () => {
    const half = { bound: 0.5, atMost: false };
    expect(rateRow('x', 100, [cost(20)], [cost(10)], half)).toMatchObject({
      aim: '≥ 0.5',
      met: true,
    });
    expect(rateRow('x', 100, [cost(21)], [cost(10)], half).met).toBe(false);
    const thrice = { bound: 3, atMost: true };
    expect(timeRow('x', 'wallMs', [cost(31)], [cost(10)], thrice)).toMatchObject({
      ratio: '3.10 (3.10–3.10)',
      met: false,
    });
    expect(timeRow('x', 'cpuMs', [cost(3)], [cost(1)], thrice)).toMatchObject({
      ours: '6.00 (6.00–6.00) ms',
      met: true,
    });
    expect(timeRow('x', 'cpuMs', [cost(3)], [cost(1)], null)).toMatchObject({ aim: '', met: null });
  });

  it('sets the growth of memory against the growth of the ids alone', () => {
    const mb = 1024 * 1024;
    const row = growthRow(
      'x',
      { small: 3 * mb, large: 11 * mb },
      { small: mb, large: 5 * mb },
      { bound: 2, atMost: true },
    );
    expect(row).toMatchObject({ ours: '3.00 MB → 11.0 MB', ratio: '2.00', met: true });
  });

  it('prints three digits that mean something', () => {
    expect([0.123, 1.5, 12.34, 123.4, 12_345.6].map(figure)).toEqual([
      '0.12',
      '1.50',
      '12.3',
      '123',
      '12,346',
    ]);
  });

  it('prints a table whose columns line up', () => {
    expect(table(['a', 'bb'], [['long', '1']])).toBe('| a    | bb |\n| ---- | -- |\n| long | 1  |');
  });
});
