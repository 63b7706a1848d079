/** The suite can fail: each deliberately wrong adapter of broken-adapters.ts is noticed by the test that is there for it. */
import type { TestContext } from 'vitest';
import { expect, test } from 'vitest';
import { BROKEN } from './broken-adapters.ts';
import type { Harness, Register } from './harness.ts';
import { memoryHarness } from './memory-harness.ts';
import { conformanceTests } from './suite.ts';

class Skipped extends Error {}

/** Two phones at most, and records that may be hidden: so that nothing of the suite is skipped but what others need. */
const makeHarness = memoryHarness({ capacity: { phones: 2 }, mayHide: true });

/** Runs these tests of the suite without vitest; the names of those that failed. */
async function failures(which: RegExp | null, breaks: Harness | null | ((harness: Harness) => Harness)) {
  let harness: Harness | null = null;
  const current = (): Harness => {
    if (harness === null) throw new Error('no harness');
    return harness;
  };
  const all: [name: string, run: Parameters<Register>[1]][] = [];
  conformanceTests(current, (name, run) => all.push([name, run]));
  const chosen = all.filter(([name]) => which === null || which.test(name));
  const failed: string[] = [];
  for (const [name, run] of chosen) {
    const sound = await makeHarness();
    harness = typeof breaks === 'function' ? breaks(sound) : sound;
    try {
      const skip = (why?: string): never => {
        throw new Skipped(why);
      };
      await run({ skip } as unknown as TestContext);
    } catch (error) {
      if (!(error instanceof Skipped)) failed.push(name);
    }
    await sound.close();
  }
  return { ran: chosen.length, failed };
}

test('the sound adapter passes every test that way', async () => {
  const { ran, failed } = await failures(null, null);
  expect(failed).toEqual([]);
  expect(ran).toBeGreaterThan(50);
});

test.each(BROKEN)('an adapter that $mistake does not pass', async ({ breaks, caughtBy }) => {
  const wrong = (harness: Harness): Harness => ({
    ...harness,
    side: { ...harness.side, ...breaks(harness.side) },
  });
  const { ran, failed } = await failures(caughtBy, wrong);
  expect(ran).toBeGreaterThan(0);
  expect(failed).not.toEqual([]);
});

test('there are mistakes for reading, writing, searching, deleting and declaring, no two the same', () => {
  expect(new Set(BROKEN.map(({ mistake }) => mistake)).size).toBe(BROKEN.length);
  expect(BROKEN.length).toBeGreaterThanOrEqual(25);
});
