import { expect, test } from 'vitest';
import { createFailureLines } from '../../../src/daemon/failure-lines.ts';

test('an outage is told when it begins and when it lasts, and not once per try', () => {
  const lines = createFailureLines();
  const levels = Array.from({ length: 100 }, (_, n) => lines.levelOf('throttled', n + 1));
  expect(levels.filter((level) => level !== 'debug')).toEqual(['warn', 'error']);
  expect(levels.indexOf('error')).toBe(5);
});

test('what waiting does not mend is an error at once, and told once', () => {
  const lines = createFailureLines();
  expect([1, 2, 7].map((n) => lines.levelOf('auth', n))).toEqual(['error', 'debug', 'debug']);
});

test('another trouble is told although the one before goes on, and coming back to it says nothing new', () => {
  const lines = createFailureLines();
  const kinds = ['transient', 'throttled', 'transient', 'throttled', 'auth'] as const;
  expect(kinds.map((kind, n) => lines.levelOf(kind, n + 1))).toEqual([
    'warn',
    'warn',
    'debug',
    'debug',
    'error',
  ]);
});

test('the next trouble after a good cycle is a new one', () => {
  const lines = createFailureLines();
  lines.levelOf('transient', 1);
  lines.over();
  expect(lines.levelOf('transient', 1)).toBe('warn');
});
