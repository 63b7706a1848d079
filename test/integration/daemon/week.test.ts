/**
 * One virtual day with every failure of the week (`npm run week` runs seven): P2, P4, P6, P10, each alert with its
 * recovery, and nobody who had to do anything.
 */
import { expect, test } from 'vitest';
import { runWeek } from '../../support/week/run.ts';
import { brokenPromises } from '../../support/week/verdict.ts';

test('a day in which everything fails once: nothing is lost or there twice, the quota holds, each alert is taken back, and nobody is needed', async () => {
  const result = await runWeek({ days: 1 });

  expect(brokenPromises(result)).toEqual([]);
  expect(new Set(result.suffered.map(({ trouble }) => trouble.name)).size).toBe(11);
}, 600_000);
