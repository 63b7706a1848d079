import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PlanItem, planHash, planItems } from '../../../src/core/plan.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import { linkCase } from '../../support/core-arbitraries.ts';

test('P11: a plan has one hash, whatever the order of its items', () => {
  fc.assert(
    fc.property(
      fc.array(linkCase(), { maxLength: 5 }).chain((cases) => {
        const items = cases.flatMap(({ spec, link }, i): PlanItem[] =>
          planItems({ ...link, udeskId: `u${i}` }, reconcileLink(spec, link)),
        );
        return fc.tuple(fc.constant(items), fc.shuffledSubarray(items, { minLength: items.length }));
      }),
      ([items, shuffled]) => {
        expect(planHash(shuffled)).toBe(planHash(items));
        if (items.length > 0) expect(planHash(items.slice(1))).not.toBe(planHash(items));
      },
    ),
    { numRuns: 300 },
  );
});
