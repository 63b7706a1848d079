import { describe, expect, test } from 'vitest';
import { asElements } from '../../../src/core/equivalence.ts';
import type { LinkState } from '../../../src/core/link.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import type { SideName } from '../../../src/core/record.ts';
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

    expect([held(after, 'udesk'), held(after, 'crm')]).toEqual([
      ['a', 'd'],
      ['a', 'd'],
    ]);
    expect(reconcileLink(SPEC, after).writes).toEqual([]);
  });
});

describe('P2: an overwritten edit of a set that was restored where it was made, and came too late for the other side', () => {
  // Found by the simulation (whole-44): the half counted as agreed on, and the edit never came to the CRM.
  test('is carried on by the next plan', () => {
    // Our write added c, and took away that b had just become x.
    const row = conflict({
      kind: 'overwritten-in-window',
      base: base(set('a', 'b')),
      udesk: set('a', 'b', 'c'),
      crm: set('a', 'b', 'c'),
      overwritten: [{ side: 'udesk', at: null, author: null, value: set('a', 'x'), text: null }],
    });
    const before = link(
      live('u1', { nick_name: set('a', 'b', 'c') }),
      live('c1', { name: set('a', 'b', 'c') }),
      { nick_name: base(set('a', 'b', 'c')) },
      [row],
    );
    const restoring = reconcileLink(SPEC, before);
    expect(restoring.writes.map(({ side }) => side)).toEqual(['udesk', 'crm']);

    // Somebody gives the CRM record d in the place of c before the write, which is dropped.
    const half = applyPlan(SPEC, before, restoring, { drops: ({ side }) => side === 'crm' });
    const edited = { ...half, crm: live('c1', { name: set('a', 'b', 'd') }) };
    const after = applyPlan(SPEC, edited, reconcileLink(SPEC, edited));

    expect([held(after, 'udesk').sort(), held(after, 'crm').sort()]).toEqual([
      ['a', 'd', 'x'],
      ['a', 'd', 'x'],
    ]);
    expect(reconcileLink(SPEC, after).writes).toEqual([]);
  });
});

describe('P2: an edit of a set that was made right before our write of one half of a choice, and outlived it', () => {
  // Found by the simulation (f1-111): the other half took what that side held then for agreed on.
  test('comes to the other side with the next plan', () => {
    const row = conflict({
      kind: 'element',
      base: base(set('a', 'b')),
      udesk: set('a'),
      crm: set('a', 'c'),
      decision: { id: 'D', take: 'base', value: null },
    });
    const before = link(
      live('u1', { nick_name: set('a', 'c') }),
      live('c1', { name: set('a', 'c') }),
      { nick_name: base(set('a', 'c')) },
      [row],
    );
    const choice = reconcileLink(SPEC, before);
    expect(choice.writes.map(({ side }) => side)).toEqual(['udesk', 'crm']);

    // Somebody edits a to x in Udesk after our look: our write puts b beside it.
    const half = applyPlan(SPEC, before, choice, {
      store: (side, _, value) => (side === 'udesk' ? set('x', 'b') : value),
    });
    const after = applyPlan(SPEC, half, reconcileLink(SPEC, half));

    expect([held(after, 'udesk').sort(), held(after, 'crm').sort()]).toEqual([
      ['b', 'x'],
      ['b', 'x'],
    ]);
    expect(reconcileLink(SPEC, after).writes).toEqual([]);
  });
});

function held(after: LinkState, side: SideName): string[] {
  const one = after[side];
  const fields = one.state === 'live' ? Object.values(one.record.fields) : [];
  return fields.flatMap((value) => asElements(value).map((element) => element.value));
}
