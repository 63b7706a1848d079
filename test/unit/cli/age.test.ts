import { expect, it } from 'vitest';
import { ago, duration } from '../../../src/cli/age.ts';

it.each([
  [0, '0 s'],
  [59_400, '59 s'],
  [60_000, '1 min'],
  [3_599_000, '59 min'],
  [7_200_000, '2 h'],
  [5 * 86_400_000, '5 d'],
  [-5, '0 s'],
])('%i ms are told as %s', (ms, words) => {
  expect(duration(ms)).toBe(words);
});

it('what never happened is told as never', () => {
  const now = new Date('2025-01-01T00:01:00Z');
  expect(ago('2025-01-01T00:00:00.000Z', now)).toBe('1 min ago');
  expect(ago(null, now)).toBe('never');
});
