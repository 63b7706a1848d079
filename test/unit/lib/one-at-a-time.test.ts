import { expect, test } from 'vitest';
import { oneAtATime } from '../../../src/lib/one-at-a-time.ts';

test('work that outlives the patience for it is not begun again before it is over', async () => {
  const begun: PromiseWithResolvers<string>[] = [];
  const ask = oneAtATime(() => {
    const work = Promise.withResolvers<string>();
    begun.push(work);
    return work.promise;
  }, 1);
  await expect(Promise.all([ask(), ask()])).rejects.toThrow('took longer than 1 ms');
  await expect(ask()).rejects.toThrow('still takes longer');
  expect(begun).toHaveLength(1);

  begun[0]?.reject(new Error('nobody hears of it'));
  await begun[0]?.promise.catch(() => {});
  await new Promise(setImmediate);
  const next = ask();
  begun[1]?.resolve('done');
  expect(await next).toBe('done');
  expect(begun).toHaveLength(2);
});

test('work that fails by itself is tried again by the next who asks', async () => {
  let n = 0;
  const ask = oneAtATime(() => (++n === 1 ? Promise.reject(new Error('no')) : Promise.resolve(n)), 60_000);
  await expect(ask()).rejects.toThrow('no');
  expect(await ask()).toBe(2);
});
