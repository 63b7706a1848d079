import { expect, test } from 'vitest';
import { createRemember } from '../../../src/web/remember.ts';

interface Counting {
  readonly count: () => Promise<number>;
  readonly made: () => number;
}

/** Each counting gives how many there were; `rows` of them were gone through. */
function counting(fails: () => boolean = () => false): Counting {
  let made = 0;
  return {
    count: async () => {
      made += 1;
      if (fails()) throw new Error('the database is away');
      return made;
    },
    made: () => made,
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('of a small pair each look counts anew', async () => {
  const remember = createRemember(() => 0);
  const { count } = counting();
  expect(await remember('pair', count, () => 19_999)).toBe(1);
  expect(await remember('pair', count, () => 19_999)).toBe(2);
});

test('of a large pair the last figure is shown, and counted anew behind it once it is 15 s old', async () => {
  let now = 0;
  const remember = createRemember(() => now);
  const { count, made } = counting();
  const look = () => remember('pair', count, () => 20_000);
  expect(await look()).toBe(1);
  now = 14_999;
  expect(await look()).toBe(1);
  expect(made()).toBe(1);
  now = 15_000;
  expect(await Promise.all([look(), look()])).toEqual([1, 1]);
  await settled();
  expect(made()).toBe(2);
  expect(await look()).toBe(2);
});

test('nobody is shown a figure that is a minute old: whoever looks waits, and several wait for one counting', async () => {
  let now = 0;
  const remember = createRemember(() => now);
  const { count, made } = counting();
  const look = () => remember('pair', count, () => 20_000);
  await look();
  now = 60_000;
  expect(await Promise.all([look(), look()])).toEqual([2, 2]);
  expect(made()).toBe(2);
});

test('a counting that fails behind a figure is told to whoever waits for the next', async () => {
  let now = 0;
  let away = false;
  const remember = createRemember(() => now);
  const { count } = counting(() => away);
  const look = () => remember('pair', count, () => 20_000);
  await look();
  away = true;
  now = 20_000;
  expect(await look()).toBe(1);
  await settled();
  now = 60_000;
  await expect(look()).rejects.toThrow('the database is away');
});

test('a pair that became small is counted anew again', async () => {
  let now = 0;
  let rows = 20_000;
  const remember = createRemember(() => now);
  const { count } = counting();
  const look = () => remember('pair', count, () => rows);
  await look();
  rows = 5;
  now = 60_000;
  expect(await look()).toBe(2);
  expect(await look()).toBe(3);
});
