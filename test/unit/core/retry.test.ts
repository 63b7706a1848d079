import { describe, expect, test } from 'vitest';
import { backoffMs, retryable, waitMsOf } from '../../../src/core/retry.ts';

describe('what may be tried again', () => {
  test('only what proves that nothing was done', () => {
    expect([retryable('transient'), retryable('throttled')]).toEqual([true, true]);
    for (const kind of [
      'ambiguous',
      'stale',
      'rejected',
      'auth',
      'config',
      'contract',
      'invariant',
      'lease-lost',
    ] as const) {
      expect(retryable(kind)).toBe(false);
    }
  });
});

describe('how long to wait', () => {
  test('doubles, is spread over the upper half, and is capped', () => {
    const options = { baseMs: 100, maxMs: 1000 };
    expect([1, 2, 3, 4, 5, 60].map((attempt) => backoffMs(attempt, () => 0, options))).toEqual([
      50, 100, 200, 400, 500, 500,
    ]);
    expect(backoffMs(3, () => 0.999999, options)).toBe(400);
    expect(backoffMs(1_000_000, () => 0.5)).toBeLessThanOrEqual(300_000);
    expect(backoffMs(0, () => 0, options)).toBe(50);
  });

  test('is a day at most, whatever a side asks for', () => {
    expect(waitMsOf(60_000, 9, () => 0)).toBe(60_000);
    expect(waitMsOf(40 * 86_400_000, 1, () => 0)).toBe(86_400_000);
    expect(waitMsOf(undefined, 1, () => 0)).toBe(backoffMs(1, () => 0));
  });
});
