import { expect, test } from 'vitest';
import { Quota } from '../../../src/simulator/quota.ts';

test('the limit holds in every sliding window, not per clock minute', () => {
  const quota = new Quota();
  expect(quota.take('a', 2, 60_000, 0)).toBe(true);
  expect(quota.take('a', 2, 60_000, 59_000)).toBe(true);
  expect(quota.take('a', 2, 60_000, 59_999)).toBe(false);
  expect(quota.take('a', 2, 60_000, 60_000)).toBe(true);
  expect(quota.take('a', 2, 60_000, 60_001)).toBe(false);
});

test('each key has its own quota, and 0 is no limit', () => {
  const quota = new Quota();
  expect(quota.take('a', 1, 60_000, 0)).toBe(true);
  expect(quota.take('b', 1, 60_000, 0)).toBe(true);
  expect(quota.take('a', 1, 60_000, 0)).toBe(false);
  expect(quota.take('a', 0, 60_000, 0)).toBe(true);
});
