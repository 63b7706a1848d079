import { describe, expect, test } from 'vitest';
import { asElements } from '../../../src/core/equivalence.ts';
import type { ActiveConflict, LinkPlan, LinkState } from '../../../src/core/link.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import { SIDES, type SideName } from '../../../src/core/record.ts';
import type { FieldSpec, PairSpec } from '../../../src/core/spec.ts';
import type { Value } from '../../../src/core/value.ts';
import type { Overwritten } from '../../../src/core/witness-records.ts';
import { applyPlan } from '../../support/apply-plan.ts';
import { base, conflict, field, link, live, pair, set } from '../../support/core-fixtures.ts';

const lost = (value: Value | undefined, before?: Value, side: SideName = 'udesk'): Overwritten => ({
  ...{ side, author: { id: '8', name: 'Tom' }, at: '2026-03-01T00:00:00.000Z', text: null },
  ...(value === undefined ? {} : { value }),
  ...(before === undefined ? {} : { before }),
});
const begin = (now: Value, was: Value, overwritten: readonly Overwritten[]): LinkState =>
  link(live('u1', { nick_name: now }), live('c1', { name: now }), { nick_name: base(now) }, [
    conflict({ kind: 'overwritten-in-window', base: base(was), udesk: now, crm: now, overwritten }),
  ]);
const of = (over: Partial<FieldSpec>) => pair([field(over)]);
const settled = (spec: PairSpec, state: LinkState) => {
  const after = applyPlan(spec, state, reconcileLink(spec, state));
  return SIDES.map((side) => {
    const held =
      after[side].state === 'live'
        ? after[side].record.fields[side === 'udesk' ? 'nick_name' : 'name']
        : null;
    return asElements(held ?? null)
      .map(({ value }) => value)
      .toSorted();
  });
};
const reasons = (plan: LinkPlan) =>
  plan.conflicts.flatMap((change) => (change.action === 'close' ? [] : [change.reason]));

describe('P2 several edits of one set that writes of ours replaced unseen', () => {
  const spec = of({ shape: 'set', policy: 'union' });
  // Our first write added c, our second one d: it was made of what the first had left.
  const now = set('x', 'c', 'd');
  test('come back all of them, on both sides', () => {
    const state = begin(now, set('x'), [
      lost(set('x', 'a'), set('x')),
      lost(set('x', 'c', 'b'), set('x', 'c')),
    ]);
    expect(settled(spec, state)).toEqual([
      ['a', 'b', 'c', 'd', 'x'],
      ['a', 'b', 'c', 'd', 'x'],
    ]);
    expect(reasons(reconcileLink(spec, state))[0]).toMatch(/"x", "a"; Tom .* "x", "c", "b"; merged$/);
  });
  test('come back from rows that do not tell what each was made of', () => {
    expect(settled(spec, begin(now, set('x'), [lost(set('x', 'a')), lost(set('x', 'c', 'b'))]))[0]).toEqual([
      ...['a', 'b', 'c', 'd', 'x'],
    ]);
  });
  test('take away what each of them took away, what our own write had added there among it', () => {
    const state = begin(now, set('x'), [lost(set(), set('x')), lost(set('x'), set('x', 'c'))]);
    expect(settled(spec, state)).toEqual([['d'], ['d']]);
  });
  test('come back from both sides', () => {
    const state = begin(now, set('x'), [
      lost(set('x', 'a'), set('x')),
      lost(set('x', 'c', 'b'), set('x', 'c'), 'crm'),
    ]);
    expect(settled(spec, state)[1]).toEqual(['a', 'b', 'c', 'd', 'x']);
  });
  test('wait for a person where one of them is not told', () => {
    const state = begin(now, set('x'), [lost(undefined), lost(set('x', 'c', 'b'), set('x', 'c'))]);
    expect(reconcileLink(spec, state)).toMatchObject({ writes: [], conflicts: [] });
  });
});

describe('P2 several edits of one scalar that writes of ours replaced unseen', () => {
  test('the last has superseded the others, which the reason tells of', () => {
    const spec = of({ policy: 'udesk' });
    const plan = reconcileLink(spec, begin('c', 'x', [lost('first', 'x'), lost('second', 'b')]));
    expect(plan.writes.map(({ side, patch }) => [side, Object.values(patch)[0]?.after])).toEqual([
      ['udesk', 'second'],
      ['crm', 'second'],
    ]);
    expect(reasons(plan)[0]).toMatch(/"first"; Tom .*"second"; restored/);
  });
  test('made on both sides wait for a person: neither has superseded the other', () => {
    const state = begin('c', 'x', [lost('in Udesk', 'x'), lost('in the CRM', 'b', 'crm')]);
    expect(reconcileLink(of({ policy: 'udesk' }), state)).toMatchObject({ writes: [], conflicts: [] });
  });
});

describe('P4 a quiet cycle says nothing of a row that stays as it is', () => {
  test('a replan of an unchanged held row writes nothing', () => {
    // The overwritten edit is ignored by the direction; another difference of the field is held for a person.
    const spec = of({ direction: 'to-udesk', onBlocked: 'ignore', policy: 'hold' });
    const row: ActiveConflict = conflict({
      kind: 'overwritten-in-window',
      base: base('x'),
      udesk: 'u',
      crm: 'c',
      overwritten: [lost('by Tom', 'x')],
    });
    const state = link(live('u1', { nick_name: 'u' }), live('c1', { name: 'c' }), { nick_name: base('x') }, [
      row,
    ]);
    const first = reconcileLink(spec, state);
    expect(first.conflicts).toMatchObject([{ action: 'hold', kind: 'edit/edit', udesk: 'u', crm: 'c' }]);

    const held = { ...row, kind: 'edit/edit' } as const;
    expect(reconcileLink(spec, { ...state, conflicts: [held] })).toMatchObject({ writes: [], conflicts: [] });
  });
});
