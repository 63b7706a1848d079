import { expect, test } from 'vitest';
import { inLanes } from '../../../src/engine/lanes.ts';

const turns = async (n: number) => {
  for (let i = 0; i < n; i += 1) await Promise.resolve();
};

test('one lane is served in order, and no more lanes at a time than it is wide', async () => {
  const log: string[] = [];
  let open = 0;
  let most = 0;
  const items = ['a1', 'b1', 'a2', 'c1', 'b2', 'd1'];
  await inLanes(
    items,
    (item) => item.charAt(0),
    2,
    async (item) => {
      open += 1;
      most = Math.max(most, open);
      await turns(item === 'a1' ? 20 : 1);
      log.push(item);
      open -= 1;
    },
  );
  expect(most).toBe(2);
  expect(log.toSorted()).toEqual(items.toSorted());
  for (const lane of ['a', 'b'])
    expect(log.filter((item) => item.startsWith(lane))).toEqual([`${lane}1`, `${lane}2`]);
});

test('the first failure is thrown after what is under way has ended, and nothing new begins', async () => {
  const ended: string[] = [];
  const work = inLanes(
    ['bad', 'slow', 'never'],
    (item) => item,
    2,
    async (item) => {
      if (item === 'bad') throw new Error('bad');
      await turns(20);
      ended.push(item);
    },
  );
  await expect(work).rejects.toThrow('bad');
  expect(ended).toEqual(['slow']);
});
