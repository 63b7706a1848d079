/**
 * One suite for every adapter of the port (src/crm/adapter.ts). An adapter that passes it can be used by the engine;
 * what its manifest does not promise is skipped, with the reason.
 */
import { afterEach, beforeEach, describe } from 'vitest';
import type { Harness } from './harness.ts';
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
    observingTests(current);
    writingTests(current);
  });
}
