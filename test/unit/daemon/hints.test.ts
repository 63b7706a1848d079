import { expect, test } from 'vitest';
import { createHints, HINTS_PER_CYCLE } from '../../../src/daemon/hints.ts';

test('hints for the same customer are one look, however many come', () => {
  const hints = createHints();
  for (let n = 0; n < 10; n += 1) hints.add('7');
  expect([...hints.take().keys()]).toEqual(['7']);
  expect(hints.size).toBe(0);
});

test('a flood of hints stays bounded, and one cycle takes a part of it, oldest first', () => {
  const hints = createHints();
  for (let n = 0; n < 5_000; n += 1) hints.add(String(n));
  expect(hints.size).toBe(1_000);
  const taken = [...hints.take().keys()];
  expect(taken).toHaveLength(HINTS_PER_CYCLE);
  expect(taken[0]).toBe('0');
});

test('a hint whose cycles fail is tried again, and given up in the end', () => {
  const hints = createHints();
  hints.add('7');
  let tries = 0;
  for (; hints.size > 0; tries += 1) hints.giveBack(hints.take());
  expect(tries).toBe(3);
});

test('what the callbacks of one customer say is kept apart, and one that says nothing clear means a look', () => {
  const change = (to: string) => [{ fields: ['nick_name'], from: null, to }];
  const hints = createHints();
  hints.add('7', change('a'));
  hints.add('7', change('b'));
  hints.add('8', change('a'));
  hints.add('8');
  const taken = hints.take();
  expect(taken.get('7')?.told).toEqual([change('a'), change('b')]);
  expect(taken.get('8')?.told).toBeNull();

  // Two cycles had no time for it, and a third callback came meanwhile: nothing of it is forgotten.
  hints.add('7', change('c'));
  hints.putBack(taken, ['7']);
  expect(hints.take().get('7')?.told).toEqual([change('c'), change('a'), change('b')]);
  for (let n = 0; n < 30; n += 1) hints.add('9', change(String(n)));
  expect(hints.take().get('9')?.told).toBeNull();
});
