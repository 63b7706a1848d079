/** An undo that was carried out on one side only, and what the other side makes of it. */
import { describe, expect, test } from 'vitest';
import { asElements } from '../../../src/core/equivalence.ts';
import type { LinkState, RevertRequest } from '../../../src/core/link.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import type { SideName } from '../../../src/core/record.ts';
import { settledBases } from '../../../src/core/settle.ts';
import { applyPlan } from '../../support/apply-plan.ts';
import { base, field, link, live, pair, set } from '../../support/core-fixtures.ts';

const SPEC = pair([field({ shape: 'set', policy: 'union' })]);

// A person added u in Udesk, another one c in the CRM; one merge of ours wrote both sides. Both writes are to be undone.
const BOTH = set('a', 'u', 'c');
const REQUEST: RevertRequest = {
  id: 'r1',
  field: 'nick_name',
  writes: {
    udesk: [{ before: set('a', 'u'), result: BOTH }],
    crm: [{ before: set('a', 'c'), result: BOTH }],
  },
  bothSides: false,
  carried: [],
};
const BEFORE = link(live('u1', { nick_name: BOTH }), live('c1', { name: BOTH }), { nick_name: base(BOTH) });

describe('P2: an undo of a merge that wrote both sides, of which one half is dropped', () => {
  test.each([
    ['because its guard holds it, or the side refuses it', BOTH],
    ['because somebody edits that side', set('a', 'u', 'c', 'd')],
  ])('does not take away what a person had added: %s', (_, inUdesk) => {
    const first = reconcileLink(SPEC, { ...BEFORE, reverts: [REQUEST] });
    expect(first.writes.map(({ side, reasons }) => [side, reasons.nick_name])).toEqual([
      ['udesk', 'revert'],
      ['crm', 'revert'],
    ]);
    let state: LinkState = applyPlan(SPEC, BEFORE, first, { drops: ({ side }) => side === 'udesk' });
    state = { ...state, udesk: live('u1', { nick_name: inUdesk }) };
    let request: RevertRequest | null = { ...REQUEST, carried: ['crm'] };
    for (let round = 0; round < 5; round += 1) {
      const reverts: RevertRequest[] = request === null ? [] : [request];
      const plan = reconcileLink(SPEC, { ...state, reverts });
      state = applyPlan(SPEC, state, plan);
      if (plan.reverts?.length) request = null;
      for (const { side, reasons } of plan.writes)
        if (request && reasons.nick_name === 'revert')
          request = { ...request, carried: [...request.carried, side] };
    }
    expect(held(state, 'udesk')).toContain('u');
    expect(held(state, 'crm')).toContain('c');
    expect(state.conflicts).toMatchObject([{ kind: 'reverted' }]);
  });
});

function held(after: LinkState, side: SideName): string[] {
  const one = after[side];
  const fields = one.state === 'live' ? Object.values(one.record.fields) : [];
  return fields.flatMap((value) => asElements(value).map((element) => element.value));
}

describe('P2: an undo of one side, whose result was read later, and edited by then', () => {
  test('is not carried over as if somebody had taken the element away', () => {
    // We had written u to the CRM; it is undone there, and x is added before the record is read.
    const state = link(live('u1', { nick_name: set('a', 'u') }), live('c1', { name: set('a', 'u') }), {
      nick_name: base(set('a', 'u')),
    });
    const wish: RevertRequest = {
      ...REQUEST,
      writes: { crm: [{ before: set('a'), result: set('a', 'u') }] },
    };
    const [write] = reconcileLink(SPEC, { ...state, reverts: [wish] }).writes;
    if (write === undefined) throw new Error('nothing is undone');
    const { bases } = settledBases(SPEC, state.bases, {
      write,
      result: { nick_name: set('a', 'x') },
      looked: new Set(['name']),
      sibling: () => undefined,
    });
    const plan = reconcileLink(SPEC, {
      ...{ ...state, bases, crm: live('c1', { name: set('a', 'x') }) },
      reverts: [{ ...wish, carried: ['crm'] }],
    });
    expect(
      plan.writes.map(({ patch }) => asElements(patch.nick_name?.after ?? null).map((e) => e.value)),
    ).toEqual([['a', 'u', 'x']]);
  });
});

// Seed f0-42: it counted as what the undo had left there, and went with the next edit of the customer.
describe('P2: an undo of both sides, whose first half is in the CRM, and edited there before the second', () => {
  const spec = pair([field()]);
  const wish: RevertRequest = {
    ...REQUEST,
    writes: { udesk: [{ before: 'good', result: 'wrong' }] },
    bothSides: true,
    carried: ['crm'],
    restored: { crm: 'GOOD' },
  };
  const planned = (
    udesk: string,
    bases: LinkState['bases'],
    carried: RevertRequest['carried'],
    crm = 'Tom',
  ) =>
    reconcileLink(spec, {
      ...link(live('u1', { nick_name: udesk }), live('c1', { name: crm }), bases),
      reverts: [{ ...wish, carried }],
    });

  test('the edit goes to Udesk, whether the second half is still to be done', () => {
    const { writes, reverts } = planned('wrong', { nick_name: base('wrong') }, ['crm']);
    expect(writes).toMatchObject([{ side: 'udesk', patch: { nick_name: { after: 'Tom' } } }]);
    expect(reverts).toBeUndefined();
  });

  test('or is settled by then', () => {
    const { writes, conflicts } = planned('good', { nick_name: base('good') }, ['crm', 'udesk']);
    expect(writes).toMatchObject([{ side: 'udesk', patch: { nick_name: { after: 'Tom' } } }]);
    expect(conflicts).toEqual([]);
  });

  test('and what the first half left there, in whatever form the CRM keeps it, is no edit', () => {
    const { writes, conflicts } = planned('wrong', { nick_name: base('wrong') }, ['crm'], 'GOOD');
    expect(writes).toMatchObject([
      { side: 'udesk', patch: { nick_name: { after: 'good' } }, reasons: { nick_name: 'revert' } },
    ]);
    expect(conflicts).toEqual([]);
  });

  test('nor is it where that was nothing', () => {
    const emptied: RevertRequest = { ...wish, writes: { udesk: [{ before: null, result: 'wrong' }] } };
    const { writes } = reconcileLink(spec, {
      ...link(live('u1', { nick_name: 'wrong' }), live('c1', { name: null }), { nick_name: base('wrong') }),
      reverts: [{ ...emptied, restored: { crm: null } }],
    });
    expect(writes).toMatchObject([{ side: 'udesk', reasons: { nick_name: 'revert' } }]);
  });
});
