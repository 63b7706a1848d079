/**
 * One suite for every adapter of the port (src/crm/adapter.ts). An adapter that passes it can be used by the engine;
 * what its manifest does not promise is skipped, with the reason.
 */
import { afterEach, beforeEach, describe, test } from 'vitest';
import type { Harness, Register } from './harness.ts';
import { authorTests } from './suite-authors.ts';
import { limitTests } from './suite-limits.ts';
import { manifestTests } from './suite-manifest.ts';
import { observingTests } from './suite-observing.ts';
import { writingTests } from './suite-writing.ts';

export function describeSide(name: string, makeHarness: () => Promise<Harness>): void {
  describe(name, () => {
    let harness: Harness | undefined;
    const current = (): Harness => {
      if (harness === undefined) throw new Error('no harness');
      return harness;
    };
    beforeEach(async () => {
      harness = await makeHarness();
    });
    afterEach(async () => {
      await harness?.close();
      harness = undefined;
    });
    conformanceTests(current, (title, run) => test(title, (context) => run(context)));
  });
}

/** All tests of the suite, in order. */
export function conformanceTests(harness: () => Harness, register: Register): void {
  observingTests(harness, register);
  writingTests(harness, register);
  authorTests(harness, register);
  limitTests(harness, register);
  manifestTests(harness, register);
}
