import { describe, expect, test } from 'vitest';
import { type Figures, shareFigures } from '../../../src/web/figures.ts';

const NONE: Figures = { pairs: [], quota: [], deadLetters: [], history: [] };
let now = 0;
let asked = 0;

function figures(answer: () => Promise<Figures> = async () => NONE) {
  now = 1_000_000;
  asked = 0;
  return shareFigures(
    () => {
      asked += 1;
      return answer();
    },
    () => new Date(now),
  );
}

describe('the figures of the database', () => {
  test('are asked for once by a hundred who ask at the same time, and once in ten seconds', async () => {
    const read = figures();
    await Promise.all(Array.from({ length: 100 }, () => read(1_000)));
    expect(asked).toBe(1);
    now += 9_999;
    await read(1_000);
    expect(asked).toBe(1);
    now += 1;
    await read(1_000);
    expect(asked).toBe(2);
  });

  test('are asked for anew when the clock was set back, and after a failure', async () => {
    const read = figures();
    await read(1_000);
    now -= 3_600_000;
    await read(1_000);
    expect(asked).toBe(2);

    let fails = true;
    const failing = figures(async () => {
      if (fails) throw new Error('away');
      return NONE;
    });
    await expect(failing(1_000)).rejects.toThrow('away');
    fails = false;
    expect(await failing(1_000)).toBe(NONE);
  });

  test('are waited for so long only, and by one question, however many give up', async () => {
    const slow = Promise.withResolvers<Figures>();
    const read = figures(() => slow.promise);
    const waiters = await Promise.allSettled([read(1), read(1), read(1)]);
    expect(waiters.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    slow.resolve(NONE);
    expect(await read(1_000)).toBe(NONE);
    expect(asked).toBe(1);
  });
});
