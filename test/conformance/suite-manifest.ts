/** The questions of `udesk-sync probe`, asked of the adapter under test: its manifest promises no more than is kept. */
import { expect } from 'vitest';
import { startProbe } from '../../src/crm/probe/probe.ts';
import { askOne, QUESTIONS } from '../../src/crm/probe/run-probe.ts';
import type { Harness, Register } from './harness.ts';

const PATIENCE_MS = 2_000;
let probes = 0;

export function manifestTests(harness: () => Harness, test: Register): void {
  for (const question of QUESTIONS) {
    test(`the manifest promises no more than is kept: ${question.about}: ${question.asks}`, async (context) => {
      const { side, count } = harness();
      const probe = startProbe({
        side,
        fields: {
          texts: ['note', 'name'],
          emails: { field: 'emails', shape: 'set' },
          phones: { field: 'phones', shape: 'set' },
        },
        tag: `t${(probes++).toString(36)}`,
        clock: () => performance.now(),
        sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
        patienceMs: PATIENCE_MS,
      });
      const { verdict, because } = await askOne(probe, question);
      const { left } = await probe.cleanUp();
      if (side.manifest.canDelete) expect({ left, live: await count() }).toEqual({ left: [], live: 0 });
      if (because.startsWith('not asked: ')) return context.skip(because);
      expect(because).not.toMatch(/^no answer: /);
      expect(verdict, because).not.toBe('too-much');
    });
  }
}
