/** A difference that an undo left, and a policy's choice about another edit of the same set that one side refuses. */
import { expect, test } from 'vitest';
import type { ActiveConflict } from '../../../src/core/link.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import { base, conflict, field, link, live, pair, set } from '../../support/core-fixtures.ts';

const SPEC = pair([field({ shape: 'set', policy: 'union' })]);
const APART = base(set('a', 'b'), set('c'), true);
/** The merge of what our write had replaced was carried out in the CRM, and refused in Udesk. */
const ROW = conflict({
  kind: 'reverted',
  base: APART,
  udesk: set('a', 'b'),
  crm: set('c'),
  undone: true,
  overwritten: [{ side: 'udesk', value: set('a', 'b', 'd'), author: null, at: null, text: null }],
});

function planOf(row: ActiveConflict, inCrm = set('c', 'd')) {
  const state = link(live('u1', { nick_name: set('a', 'b') }), live('c1', { name: inCrm }), {
    nick_name: APART,
  });
  return reconcileLink(SPEC, { ...state, conflicts: [row] });
}

test('P6: the row asks for it again', () => {
  const plan = planOf({ ...ROW, underWay: true });
  expect(plan.writes.map(({ side, reasons }) => [side, reasons.nick_name])).toEqual([['udesk', 'propagate']]);
  expect(plan.conflicts).toMatchObject([{ action: 'hold', kind: 'reverted' }]);
});

test('a row that is open goes on as it is, and a quiet cycle says nothing', () => {
  expect(planOf(ROW).conflicts).toEqual([]);
});

test('while nothing moved the policy decides once more', () => {
  const plan = planOf({ ...ROW, underWay: true }, set('c'));
  expect(plan.conflicts).toMatchObject([{ action: 'decided', by: 'policy' }]);
});
