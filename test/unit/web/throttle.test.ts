import { expect, test } from 'vitest';
import { createThrottle, signInLimits } from '../../../src/web/auth/throttle.ts';

const MINUTE_MS = 60_000;

test('of a thousand tries at once for one name from one place, five pass', () => {
  const throttle = createThrottle(() => 0);
  const passed = Array.from({ length: 1000 }, () => throttle.attempt(signInLimits('desk', '10.0.0.1')));
  expect(passed.filter((waitMs) => waitMs === 0)).toHaveLength(5);
});

test('one place cannot try many names', () => {
  const throttle = createThrottle(() => 0);
  const passed = Array.from({ length: 100 }, (_, n) => throttle.attempt(signInLimits(`u${n}`, '10.0.0.1')));
  expect(passed.filter((waitMs) => waitMs === 0)).toHaveLength(30);
});

test('the wait that is told is enough, and a name is one name however it is written', () => {
  let now = 0;
  const throttle = createThrottle(() => now);
  for (let n = 0; n < 5; n++) throttle.attempt(signInLimits('Desk ', '10.0.0.1'));
  const waitMs = throttle.attempt(signInLimits('desk', '10.0.0.1'));
  expect(waitMs).toBe(15 * MINUTE_MS);
  now = waitMs;
  expect(throttle.attempt(signInLimits('desk', '10.0.0.1'))).toBe(0);
});

test('a flood of names takes no memory without end, and forgets no recent one', () => {
  const throttle = createThrottle(() => 0);
  for (let n = 0; n < 20_000; n++) throttle.attempt(new Map([[`k${n}`, { tries: 1, windowMs: 1000 }]]));
  expect(throttle.attempt(new Map([['k19999', { tries: 1, windowMs: 1000 }]]))).toBe(1000);
  expect(throttle.attempt(new Map([['k0', { tries: 1, windowMs: 1000 }]]))).toBe(0);
});
