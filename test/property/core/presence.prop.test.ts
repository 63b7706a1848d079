import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LinkState } from '../../../src/core/link.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import { otherSide, SIDES, type SideName } from '../../../src/core/record.ts';
import type { PairSpec } from '../../../src/core/spec.ts';
import { applyPlan } from '../../support/apply-plan.ts';
import { linkCase } from '../../support/core-arbitraries.ts';

const deletes = fc.constantFrom<PairSpec['deletes']>('flag', 'unlink', 'propagate');
const side = fc.constantFrom<SideName>(...SIDES);

function without(link: LinkState, gone: SideName, state: 'missing' | 'deleted'): LinkState {
  return { ...link, [gone]: { state }, ...(state === 'missing' ? { bases: {} } : {}) };
}

describe('records that are not there', () => {
  test('P4, P5: a created record is created once, and then nothing more is written', () => {
    fc.assert(
      fc.property(linkCase(), side, ({ spec, link }, gone) => {
        const state = without(link, gone, 'missing');
        const plan = reconcileLink(spec, state);
        expect(plan.writes.length).toBeLessThanOrEqual(1);
        const [write] = plan.writes;
        if (!write) return;
        expect([write.side, write.op]).toEqual([gone, 'create']);
        const after = applyPlan(spec, state, plan);
        const next = reconcileLink(spec, after);
        expect(next.writes).toEqual([]);
        const last = applyPlan(spec, after, next);
        const quiet = reconcileLink(spec, last);
        expect([quiet.writes, quiet.bases, quiet.conflicts]).toEqual([[], {}, []]);
      }),
      { numRuns: 1500 },
    );
  });

  test('P7, P8: nothing is ever deleted but an unedited survivor under `propagate`, or by a person', () => {
    fc.assert(
      fc.property(linkCase(), side, deletes, ({ spec, link }, gone, mode) => {
        const state = without(link, gone, 'deleted');
        const plan = reconcileLink({ ...spec, deletes: mode }, state);
        const removed = plan.writes.filter(({ op }) => op === 'delete');
        if (removed.length > 0) {
          expect([mode, plan.conflicts]).toEqual(['propagate', []]);
          expect(removed.map((write) => write.side)).toEqual([otherSide(gone)]);
        }
        expect(plan.writes.length).toBe(removed.length);
        const held = plan.conflicts.length > 0;
        if (held) expect(plan.life).toEqual({ action: 'none' });
        const again = reconcileLink(
          { ...spec, deletes: mode },
          applyPlan(spec, state, { ...plan, writes: [] }),
        );
        if (held) expect([again.writes, again.conflicts, again.life]).toEqual([[], [], { action: 'none' }]);
      }),
      { numRuns: 1500 },
    );
  });
});
