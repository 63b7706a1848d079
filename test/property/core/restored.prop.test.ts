import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import { applyPlan } from '../../support/apply-plan.ts';
import { linkCase } from '../../support/core-arbitraries.ts';

const runs = { numRuns: 2000 };

test('P2: with bases of a backup, nothing replaces a value that differs unless a row keeps what it replaces', () => {
  fc.assert(
    fc.property(linkCase(), ({ spec, link }) => {
      const plan = reconcileLink(spec, { ...link, rebased: true });
      for (const write of plan.writes) {
        if (write.op !== 'update') continue;
        for (const { field, before } of Object.values(write.patch)) {
          const row = plan.conflicts.find((change) => change.field === field);
          expect(row, `${field} is written to ${write.side}`).toMatchObject({
            action: 'decided',
            [write.side]: before,
          });
        }
      }
    }),
    runs,
  );
});

test('P2: such a field goes on waiting when the link is planned again, although its base is believed again', () => {
  fc.assert(
    fc.property(linkCase(), ({ spec, link }) => {
      const plan = reconcileLink(spec, { ...link, rebased: true });
      const held = plan.conflicts.filter((change) => change.action === 'hold' && change.kind === 'restored');
      const next = applyPlan(spec, link, { ...plan, writes: [] });
      const again = reconcileLink(spec, next);
      const written = again.writes.flatMap(({ patch }) => Object.values(patch).map(({ field }) => field));
      for (const { field } of held) expect(written).not.toContain(field);
    }),
    runs,
  );
});
