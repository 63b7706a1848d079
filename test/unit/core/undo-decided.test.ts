/** An undo of which a half was carried out, and what a person decides about the field then. */
import { expect, test } from 'vitest';
import type { LinkState } from '../../../src/core/link.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import { base, conflict, field, link, live, pair } from '../../support/core-fixtures.ts';
import { edited, held, settle, step, undo } from '../../support/undo-link.ts';

const SPEC = pair([field()]);
const FIELD = field();

test('P2: what a person decided after the first half of an undo is not written over by its second half', () => {
  // An earlier undo left the two apart; now what we wrote to Udesk before that is to be undone on both sides.
  const apart = base('mid', 'wrong', true);
  const start: LinkState = link(
    live('u1', { nick_name: 'mid' }),
    live('c1', { name: 'wrong' }),
    { nick_name: apart },
    [
      conflict({
        ...{ id: 'K0', field: 'nick_name', kind: 'reverted', base: apart },
        ...{ udesk: 'mid', crm: 'wrong', undone: true, decision: null },
      }),
    ],
  );
  const wished = undo(start, FIELD, { udesk: [{ before: 'older', result: 'mid' }] }, true);
  // The half in the CRM does not arrive, as Ann edits there.
  const half = step(SPEC, wished, { drops: ({ side }) => side === 'crm' });
  expect([held(half, FIELD, 'udesk'), held(half, FIELD, 'crm')]).toEqual(['older', 'wrong']);
  const asked = step(SPEC, edited(half, FIELD, 'crm', 'Ann'), {});
  expect(asked.conflicts).toMatchObject([{ kind: 'edit/edit', udesk: 'older', crm: 'Ann' }]);
  // A person is shown all of that, and takes the base.
  const decision = { id: 'd1', take: 'base', value: null } as const;
  const decided: LinkState = { ...asked, conflicts: asked.conflicts.map((row) => ({ ...row, decision })) };
  const done = step(SPEC, decided, {});
  expect([held(done, FIELD, 'udesk'), held(done, FIELD, 'crm')]).toEqual(['mid', 'wrong']);
  expect(done.conflicts).toEqual([]);

  expect(reconcileLink(SPEC, done).writes).toEqual([]);
  const { link: end } = settle(SPEC, done);
  expect([held(end, FIELD, 'udesk'), held(end, FIELD, 'crm')]).toEqual(['mid', 'wrong']);
});

test.each(['to-udesk', 'both'] as const)(
  'P3: whoever decided what an undo had replaced is not asked again about the same difference (%s)',
  (direction) => {
    const OWN = field({ direction });
    const WORLD = pair([OWN]);
    const start: LinkState = link(
      live('u1', { nick_name: 'before' }),
      live('c1', { name: 'wrong' }),
      { nick_name: base('before', 'wrong', true) },
      [
        conflict({
          ...{ id: 'K0', field: 'nick_name', kind: 'overwritten-in-window', base: base('wrong') },
          ...{ udesk: 'before', crm: 'wrong', decision: { id: 'd1', take: 'udesk', value: null } },
          overwritten: [{ side: 'udesk', value: 'Tom', before: 'wrong', author: null, at: null, text: null }],
        }),
      ],
    );
    const wished = undo(start, OWN, { udesk: [{ before: 'before', result: 'wrong' }] }, false);
    const reverts = (wished.reverts ?? []).map((one) => ({
      ...one,
      carried: ['udesk'] as const,
      restored: { udesk: 'before' },
    }));
    expect(reverts).toHaveLength(1);
    const end = settle(WORLD, { ...wished, reverts });
    expect(end.link.conflicts).toEqual([]);
  },
);
