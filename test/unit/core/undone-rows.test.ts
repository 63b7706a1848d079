/** The row of an undo while something else happens to its field: a late witness, a void decision, another row. */
import { describe, expect, test } from 'vitest';
import type { ActiveConflict, FieldBase, LinkState, RevertRequest } from '../../../src/core/link.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import type { FieldSpec, PairSpec } from '../../../src/core/spec.ts';
import type { Value } from '../../../src/core/value.ts';
import type { Overwritten } from '../../../src/core/witness-records.ts';
import { applyPlan } from '../../support/apply-plan.ts';
import { base, conflict, field, link, live, pair, set } from '../../support/core-fixtures.ts';

const lost = (value: Value, before: Value): Overwritten => ({
  ...{ side: 'crm', before, value, at: null, author: null, text: null },
});

describe('the row of an undo, once a late witness has found an edit that the undo itself replaced', () => {
  test.each(['udesk', 'crm'] as const)('P6: policy %s leaves nobody unasked about a difference', (policy) => {
    const row = conflict({
      ...{ kind: 'reverted', undone: true, base: base('wrong', 'good', true), udesk: 'wrong', crm: 'good' },
      overwritten: [lost('Tom', 'wrong')],
    });
    const bases = { nick_name: base('wrong', 'good', true) };
    const spec = pair([field({ policy })]);
    const state = link(live('u1', { nick_name: 'wrong' }), live('c1', { name: 'good' }), bases, [row]);
    const plan = reconcileLink(spec, state);
    if (policy === 'crm') expect(plan.writes).toHaveLength(2);
    else expect(plan.conflicts).not.toMatchObject([{ action: 'decided', done: true }]);
  });

  test('P6: nor where the field flows one way, and what is edited over there is ignored', () => {
    const row = conflict({
      ...{ kind: 'reverted', undone: true, base: base('wrong', 'good', true), udesk: 'wrong', crm: 'good' },
      overwritten: [lost('Tom', 'wrong')],
    });
    const bases = { nick_name: base('wrong', 'good', true) };
    const spec = pair([field({ direction: 'to-crm', onBlocked: 'ignore' })]);
    const state = link(live('u1', { nick_name: 'wrong' }), live('c1', { name: 'good' }), bases, [row]);
    expect(reconcileLink(spec, state).conflicts).not.toMatchObject([{ action: 'decided', done: true }]);
  });
});

describe('a void decision about the row of an undo that tells of an overwritten edit, too', () => {
  test('P6: leaves somebody to ask', () => {
    // The row is of [a, b] and [a]; c was carried to the CRM since, where Tom had added x.
    const row = conflict({
      ...{ kind: 'reverted', undone: true, base: base(set('a', 'b'), set('a'), true) },
      ...{ udesk: set('a', 'b'), crm: set('a') },
      overwritten: [lost(set('a', 'x'), set('a'))],
      decision: { id: 'D', take: 'udesk', value: null },
    });
    const bases = { nick_name: base(set('a', 'b', 'c'), set('a', 'c'), true) };
    const sides = [
      live('u1', { nick_name: set('a', 'b', 'c') }),
      live('c1', { name: set('a', 'c') }),
    ] as const;
    const plan = reconcileLink(pair([field({ shape: 'set' })]), link(...sides, bases, [row]));
    expect(plan.writes).toEqual([]);
    expect(plan.conflicts).toMatchObject([{ action: 'hold', kind: 'reverted' }]);
  });
});

describe('an undo that was carried out, and meets a row before it is told that it is done', () => {
  const request: RevertRequest = {
    id: 'r1',
    field: 'nick_name',
    writes: { crm: [{ before: set('a'), result: set('a', 'b') }] },
    bothSides: false,
    carried: ['crm'],
  };
  const play = (spec: PairSpec, state: LinkState, wish: RevertRequest | null) => {
    const plan = reconcileLink(spec, { ...state, reverts: wish === null ? [] : [wish] });
    return { state: applyPlan(spec, state, plan), wish: plan.reverts?.length ? null : wish, plan };
  };
  const at = (udesk: Value, crm: Value, bases: FieldBase, rows: readonly ActiveConflict[] = []) =>
    link(live('u1', { nick_name: udesk }), live('c1', { name: crm }), { nick_name: bases }, rows);

  test('P6: no room, and the other side is edited: it is asked about once there is room', () => {
    const one: FieldSpec = field({ shape: 'set' });
    const narrow = pair([one], { capacity: { udesk: {}, crm: { nick_name: 1 } } });
    // Our write of b to the CRM was undone; then somebody adds c in Udesk, for which the CRM has no room.
    let now = play(narrow, at(set('a', 'b', 'c'), set('a'), base(set('a', 'b'), set('a'), true)), request);
    expect(now.state.conflicts).toMatchObject([{ kind: 'capacity' }]);
    // In the CRM d takes the place of a.
    now = play(narrow, { ...now.state, crm: live('c1', { name: set('d') }) }, now.wish);
    expect(now.plan.writes.map(({ side }) => side)).toEqual(['udesk']);
    // And c is taken away again.
    const udesk = live('u1', { nick_name: set('b', 'd') });
    for (let round = 0; round < 3; round += 1) now = play(narrow, { ...now.state, udesk }, now.wish);
    expect(now.state.udesk).toMatchObject({
      record: { fields: { nick_name: [{ value: 'b' }, { value: 'd' }] } },
    });
    expect(now.state.crm).toMatchObject({ record: { fields: { name: [{ value: 'd' }] } } });
    expect(now.state.conflicts).toMatchObject([{ kind: 'reverted' }]);
  });

  test('P6: one element was edited to two values, and a person decides too late', () => {
    const spec = pair([field({ shape: 'set' })]);
    // After the undo a is edited to u in Udesk, and to c in the CRM: both are kept, and flagged.
    let now = play(spec, at(set('u', 'b'), set('c'), base(set('a', 'b'), set('a'), true)), request);
    expect(now.state.conflicts).toMatchObject([{ kind: 'element' }]);
    // Then d is added in Udesk.
    const element = (state: LinkState, side: 'udesk' | 'crm') => {
      const one = state[side];
      return one.state === 'live' ? one.record.fields[side === 'udesk' ? 'nick_name' : 'name'] : null;
    };
    const more = [...(element(now.state, 'udesk') as ReturnType<typeof set>), ...set('d')];
    now = play(spec, { ...now.state, udesk: live('u1', { nick_name: more }) }, now.wish);
    // A person decides about the flag, as it was: it is void.
    const decision = { id: 'D', take: 'udesk', value: null } as const;
    now = play(
      spec,
      { ...now.state, conflicts: now.state.conflicts.map((one) => ({ ...one, decision })) },
      now.wish,
    );
    for (let round = 0; round < 3; round += 1) now = play(spec, now.state, now.wish);
    expect(element(now.state, 'udesk')).not.toEqual(element(now.state, 'crm'));
    expect(now.state.conflicts).not.toEqual([]);
  });
});
