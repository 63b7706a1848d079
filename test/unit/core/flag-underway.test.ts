/** A row that keeps an edit which our write had replaced, and a policy's choice about it that one side refused. */
import { expect, test } from 'vitest';
import type { ActiveConflict } from '../../../src/core/link.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import type { Value } from '../../../src/core/value.ts';
import type { Overwritten } from '../../../src/core/witness-records.ts';
import { base, conflict, field, link, live, pair, set } from '../../support/core-fixtures.ts';

const lost = (value: Value | undefined, side: Overwritten['side'] = 'udesk'): Overwritten => ({
  ...{ side, author: { id: '8', name: 'Tom' }, at: null, text: null },
  ...(value === undefined ? {} : { value }),
});
const SET = field({ shape: 'set', policy: 'union' });
const rowOf = (shown: Value, overwritten: readonly Overwritten[]): ActiveConflict =>
  conflict({
    ...{ kind: 'overwritten-in-window', base: base(shown, shown), udesk: shown, crm: shown },
    ...{ overwritten, underWay: true },
  });

/** Both sides hold `now`, and were last seen to correspond in `agreed`. */
function planOf(row: ActiveConflict, now: Value, { agreed = now, spec = field({ policy: 'udesk' }) } = {}) {
  const state = link(live('u1', { nick_name: now }), live('c1', { name: now }), {
    nick_name: base(agreed, agreed),
  });
  return reconcileLink(pair([spec]), { ...state, conflicts: [row] });
}

test('P3: it is a person’s again, as it was shown, once the two agree on something else', () => {
  const row = rowOf('ours', [lost('by Tom')]);
  const { writes, conflicts } = planOf(row, 'by both', { agreed: 'ours' });
  expect(writes).toEqual([]);
  const { kind, base: shown, udesk, crm } = row;
  expect(conflicts).toMatchObject([{ action: 'hold', kind, base: shown, udesk, crm, reopened: false }]);
  expect(conflicts[0]).toHaveProperty(
    'reason',
    expect.stringMatching(/^Tom edited it .*"by Tom"; what a policy chose /),
  );
});

test('an open one goes on as it is, and a quiet cycle says nothing', () => {
  expect(planOf({ ...rowOf('ours', [lost('by Tom')]), underWay: false }, 'by both').conflicts).toEqual([]);
});

test('it goes on while a write is left that settles it', () => {
  const state = link(live('u1', { nick_name: 'new' }), live('c1', { name: 'ours' }), {
    nick_name: base('ours', 'ours'),
  });
  const conflicts = [{ ...rowOf('other', [lost('by Tom')]) }];
  const plan = reconcileLink(pair([field({ policy: 'udesk' })]), { ...state, conflicts });
  expect(plan.writes).toHaveLength(1);
  expect(plan.conflicts).toEqual([]);
});

const OVER = [{ action: 'close', field: 'nick_name', outcome: 'converged' }];

test.each([
  ['of a scalar', rowOf('ours', [lost('by Tim'), lost('by Tom')]), 'by Tom', {}],
  [
    'of a set',
    rowOf(set('a'), [lost(set('a', 't')), lost(set('a', 's'))]),
    set('s', 'a', 't'),
    { spec: SET },
  ],
] as const)('it is over once what it tells is back on both sides: %s', (_, row, now, more) => {
  expect(planOf(row, now, more).conflicts).toEqual(OVER);
});

test.each([
  [
    'where only one of two sets is back',
    rowOf(set('a'), [lost(set('a', 't')), lost(set('a', 's'))]),
    set('a', 't'),
    { spec: SET },
  ],
  [
    'where both sides were edited, and one edit is back',
    rowOf('ours', [lost('by Ann', 'crm'), lost('by Tom')]),
    'by Tom',
    {},
  ],
  [
    'where the history does not tell one of them',
    rowOf(set('a'), [lost(undefined), lost(set('a', 't'))]),
    set('a', 't'),
    { spec: SET },
  ],
] as const)('P2: it is not over %s', (_, row, now, more) => {
  expect(planOf(row, now, more).conflicts).toMatchObject([{ action: 'hold', kind: 'overwritten-in-window' }]);
});
