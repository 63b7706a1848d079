import { describe, expect, test } from 'vitest';
import { asElements } from '../../../src/core/equivalence.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import { applyPlan } from '../../support/apply-plan.ts';
import { base, conflict, field, link, live, pair, set } from '../../support/core-fixtures.ts';

const SPEC = pair([field({ shape: 'set', policy: 'union' })]);

describe('P6: a choice about a set of which one half was carried out, and the other came too late', () => {
  // Found by the simulation: the half counted as agreed on, and the sides stayed apart without a conflict.
  test('leaves the sides apart for no longer than the next plan', () => {
    const merged = set('b', 'c');
    const row = conflict({
      kind: 'element',
      base: base(set('a')),
      udesk: set('b'),
      crm: set('c'),
      decision: { id: 'D', take: 'base', value: null },
    });
    const before = link(
      live('u1', { nick_name: merged }),
      live('c1', { name: merged }),
      { nick_name: base(merged) },
      [row],
    );
    const choice = reconcileLink(SPEC, before);
    expect(choice.writes.map(({ side }) => side)).toEqual(['udesk', 'crm']);

    // Somebody adds d to the customer between our look and our write, which is dropped.
    const half = applyPlan(SPEC, before, choice, { drops: ({ side }) => side === 'udesk' });
    const edited = { ...half, udesk: live('u1', { nick_name: set('b', 'c', 'd') }) };
    const after = applyPlan(SPEC, edited, reconcileLink(SPEC, edited));

    const held = (side: 'udesk' | 'crm') => {
      const one = after[side];
      const fields = one.state === 'live' ? Object.values(one.record.fields) : [];
      return fields.flatMap((value) => asElements(value).map((element) => element.value));
    };
    expect([held('udesk'), held('crm')]).toEqual([
      ['a', 'd'],
      ['a', 'd'],
    ]);
    expect(reconcileLink(SPEC, after).writes).toEqual([]);
  });
});
