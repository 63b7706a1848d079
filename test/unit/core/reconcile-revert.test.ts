import { describe, expect, test } from 'vitest';
import type { ActiveConflict, FieldBase, RevertRequest } from '../../../src/core/link.ts';
import { guardClass } from '../../../src/core/plan.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import type { FieldSpec, PairSpec } from '../../../src/core/spec.ts';
import { restoredScalar, undoWrites } from '../../../src/core/undo.ts';
import { ABSENT, type Value } from '../../../src/core/value.ts';
import { base, conflict, field, link, live, pair, set } from '../../support/core-fixtures.ts';

const wish = (over: Partial<RevertRequest> = {}): RevertRequest => ({
  id: 'r1',
  field: 'nick_name',
  writes: { crm: [{ before: 'good', result: 'wrong' }] },
  bothSides: false,
  carried: [],
  ...over,
});

interface State {
  readonly udesk?: Value;
  readonly crm?: Value;
  readonly row?: ActiveConflict;
  readonly request?: RevertRequest;
  readonly spec?: FieldSpec;
  readonly pairSpec?: PairSpec;
}

/** Both sides hold `wrong`, which we wrote to the CRM, unless told otherwise. */
function plan({
  udesk = 'wrong',
  crm = 'wrong',
  row,
  request = wish(),
  spec = field(),
  pairSpec,
}: State = {}) {
  const bases = { nick_name: base(udesk, 'wrong', udesk !== 'wrong') };
  const rows = row === undefined ? [] : [row];
  const state = link(live('u1', { nick_name: udesk }), live('c1', { name: crm }), bases, rows);
  return reconcileLink(pairSpec ?? pair([spec]), { ...state, reverts: [request] });
}

describe('a wish to undo, as an input of the planner', () => {
  test('P8: restores what still stands, as a write that the guards count as overwriting', () => {
    const { writes, reverts } = plan();
    expect(writes).toMatchObject([
      { side: 'crm', patch: { name: { before: 'wrong', after: 'good' } }, reasons: { nick_name: 'revert' } },
    ]);
    expect(writes.map(guardClass)).toEqual(['overwrite']);
    expect(reverts).toBeUndefined();
  });

  test('writes the other side only when the person said so, and only where the field flows', () => {
    const both = wish({ bothSides: true });
    expect(plan({ request: both }).writes.map(({ side }) => side)).toEqual(['udesk', 'crm']);
    const oneWay = field({ direction: 'to-crm' });
    expect(plan({ request: both, spec: oneWay }).writes.map(({ side }) => side)).toEqual(['crm']);
  });

  test('P2: lets an edit go first that was not carried over yet', () => {
    const { writes, reverts } = plan({ crm: 'edited' });
    expect(writes).toMatchObject([{ side: 'udesk', reasons: { nick_name: 'propagate' } }]);
    expect(reverts).toBeUndefined();
  });

  test('becomes a flag, which shows what it would have restored, where the side holds something else by now', () => {
    const request = wish({ writes: { crm: [{ before: 'good', result: 'other' }] } });
    const { writes, reverts, conflicts } = plan({ request });
    expect(writes).toEqual([]);
    expect(reverts).toMatchObject([{ id: 'r1', outcome: 'edited' }]);
    expect(conflicts).toMatchObject([
      {
        action: 'hold',
        kind: 'edited-since',
        base: { udesk: 'good', crm: 'good' },
        udesk: 'wrong',
        crm: 'wrong',
      },
    ]);
    // The flag stays until a person closes it, though both sides are equal.
    const flag = conflict({ kind: 'edited-since', udesk: 'wrong', crm: 'wrong' });
    const state = link(
      live('u1', { nick_name: 'wrong' }),
      live('c1', { name: 'wrong' }),
      { nick_name: base('wrong') },
      [flag],
    );
    expect(reconcileLink(pair([field()]), state).conflicts).toEqual([]);
  });

  test('P3: is refused while a conflict of the field is open, whose row stays as it is', () => {
    const row = conflict({ kind: 'element', udesk: 'wrong', crm: 'wrong' });
    const { writes, reverts, conflicts } = plan({ row });
    expect([writes, conflicts]).toEqual([[], []]);
    expect(reverts).toMatchObject([{ outcome: 'refused', reason: expect.stringContaining('K1') }]);
  });

  test('P6: once carried out, holds the difference for a person; it is done once, whatever happens to the value later', () => {
    const request = wish({ carried: ['crm'] });
    const bases = { nick_name: base('wrong', 'good', true) };
    const state = link(live('u1', { nick_name: 'wrong' }), live('c1', { name: 'good' }), bases);
    const { writes, reverts, conflicts } = reconcileLink(pair([field()]), { ...state, reverts: [request] });
    expect(writes).toEqual([]);
    expect(reverts).toMatchObject([{ outcome: 'done' }]);
    expect(conflicts).toMatchObject([{ action: 'hold', kind: 'reverted', udesk: 'wrong', crm: 'good' }]);

    const again = link(live('u1', { nick_name: 'wrong' }), live('c1', { name: 'wrong' }), {
      nick_name: base('wrong'),
    });
    expect(reconcileLink(pair([field()]), { ...again, reverts: [request] }).writes).toEqual([]);
  });

  // Seed m30-134: it was refused, and nobody was asked about what it had left apart.
  // Seed g3-100: it ended with what was put back, of which one side then refused its half, and nobody was asked.
  test('P6: once carried out, waits for the row of an edit that its write replaced, also where that edit is put back', () => {
    const request = wish({ carried: ['crm'] });
    const row = conflict({
      ...{ kind: 'overwritten-in-window', base: base('wrong'), udesk: 'wrong', crm: 'good' },
      overwritten: [{ side: 'crm', before: 'wrong', value: 'Tom', at: null, author: null, text: null }],
    });
    const planned = (policy: FieldSpec['policy']) => {
      const bases = { nick_name: base('wrong', 'good', true) };
      const state = link(live('u1', { nick_name: 'wrong' }), live('c1', { name: 'good' }), bases, [row]);
      return reconcileLink(pair([field({ policy })]), { ...state, reverts: [request] });
    };
    const kept = planned('udesk');
    expect(kept).toMatchObject({ writes: [], conflicts: [{ action: 'decided', done: true }] });
    expect(kept.reverts).toBeUndefined();
    const held = planned('hold');
    expect([held.writes, held.reverts]).toEqual([[], undefined]);
    const putBack = planned('crm');
    expect(putBack.writes).toMatchObject([
      { side: 'udesk', patch: { nick_name: { after: 'Tom' } } },
      { side: 'crm', patch: { name: { after: 'Tom' } } },
    ]);
    expect(putBack.reverts).toBeUndefined();
    const planAfter = (udesk: string) =>
      reconcileLink(pair([field({ policy: 'crm' })]), {
        ...link(live('u1', { nick_name: udesk }), live('c1', { name: 'Tom' }), {
          nick_name: base(udesk, 'Tom', udesk !== 'Tom'),
        }),
        reverts: [request],
      });
    expect(planAfter('Tom')).toMatchObject({ writes: [], conflicts: [], reverts: [{ outcome: 'done' }] });
    expect(planAfter('wrong')).toMatchObject({
      writes: [],
      conflicts: [{ action: 'hold', kind: 'reverted', udesk: 'wrong', crm: 'Tom' }],
      reverts: [{ outcome: 'done' }],
    });
  });

  // Seed u1-33: the row was closed by the first edit after the undo, and nobody was told that the rest still differed.
  test('P6: of a set the difference is held until both are equal: an edit carries its own elements only', () => {
    const spec = pair([field({ shape: 'set' })]);
    const planned = (
      udesk: Value,
      crm: Value,
      bases = base(udesk, crm, true),
      over: Partial<ActiveConflict> = {},
    ) => {
      const row = conflict({ kind: 'reverted', udesk: set('a', 'b'), crm: set('a'), ...over });
      const state = link(live('u1', { nick_name: udesk }), live('c1', { name: crm }), { nick_name: bases }, [
        row,
      ]);
      return reconcileLink(spec, state);
    };
    // Somebody adds c in Udesk; it is carried over, and b is still on one side only.
    const before = base(set('a', 'b'), set('a'), true);
    const carried = planned(set('a', 'b', 'c'), set('a'), before);
    expect(carried).toMatchObject({
      writes: [{ side: 'crm', patch: { name: { after: set('a', 'c') } } }],
      conflicts: [],
    });
    const after = planned(set('a', 'b', 'c'), set('a', 'c')).conflicts;
    expect(after).toMatchObject([
      { action: 'hold', kind: 'reverted', udesk: set('a', 'b', 'c'), crm: set('a', 'c') },
    ]);
    // What there is to take as the base is what both hold now: no edit is lost by choosing it (P2).
    expect(after).toMatchObject([{ base: { udesk: set('a', 'b', 'c'), crm: set('a', 'c') } }]);
    // Somebody takes b away where only it was: nothing has to be written.
    expect(planned(set('a'), set('a'), before).conflicts).toMatchObject([
      { action: 'close', outcome: 'converged' },
    ]);
    const less = planned(set('b'), set(), before);
    expect(less).toMatchObject({ writes: [], bases: { nick_name: { accepted: true } } });
    expect(less.conflicts).toMatchObject([
      { action: 'hold', kind: 'reverted', udesk: set('b'), crm: [], base: { udesk: set('b'), crm: [] } },
    ]);
    // Seed u5-98: an edit made a decision void, and with it went the row.
    const decision = { id: 'D1', take: 'udesk', value: null } as const;
    const voided = planned(set('a', 'b', 'c'), set('a'), before, { decision });
    expect(voided).toMatchObject({
      writes: [{ side: 'crm' }],
      conflicts: [{ kind: 'reverted', reopened: true }],
    });
    // Quiet while nothing moves; a person who decided is not asked again.
    expect(planned(set('a', 'b'), set('a'), before, { base: before }).conflicts).toEqual([]);
  });

  test.each(['capacity', 'unmappable', 'blocked-by-direction', 'restored'] as const)(
    'P6: of a set the difference is held again when the row, which became %s, has nothing more to say',
    (kind) => {
      const spec = pair([field({ shape: 'set' })]);
      const before = base(set('a', 'b'), set('a'), true);
      const became = { kind, udesk: set('a', 'b', 'c'), crm: set('a'), base: before };
      const planned = (udesk: Value, crm: Value, bases: FieldBase, over: Partial<ActiveConflict>) =>
        reconcileLink(
          spec,
          link(live('u1', { nick_name: udesk }), live('c1', { name: crm }), { nick_name: bases }, [
            conflict({ ...became, ...over }),
          ]),
        ).conflicts;
      // What opened it was taken back; or it was carried over at last.
      const carried = base(set('a', 'b', 'c'), set('a', 'c'), true);
      for (const [udesk, crm, bases] of [
        [set('a', 'b'), set('a'), before],
        [set('a', 'b', 'c'), set('a', 'c'), carried],
      ] as const) {
        expect(planned(udesk, crm, bases, { undone: true })).toMatchObject([
          { action: 'hold', kind: 'reverted', udesk, crm, undone: true },
        ]);
        expect(planned(udesk, crm, bases, {})).toMatchObject([{ action: 'close' }]);
      }
      expect(planned(set('a'), set('a'), before, { undone: true })).toMatchObject([{ action: 'close' }]);
    },
  );

  test('P6: of a set that an undo left apart, a row of another kind knows of it, also where a decision became void', () => {
    const before = base(set('a', 'b'), set('a'), true);
    const narrow = pair([field({ shape: 'set' })], { capacity: { udesk: {}, crm: { nick_name: 1 } } });
    const planned = (over: Partial<ActiveConflict>) => {
      const row = conflict({ kind: 'reverted', udesk: set('a', 'b'), crm: set('a'), base: before, ...over });
      const sides = [live('u1', { nick_name: set('a', 'b', 'c') }), live('c1', { name: set('a') })] as const;
      return reconcileLink(narrow, link(...sides, { nick_name: before }, [row])).conflicts;
    };
    expect(planned({})).toMatchObject([{ kind: 'capacity', undone: true }]);
    expect(planned({ kind: 'element' })[0]).not.toHaveProperty('undone');
    const decision = { id: 'D1', take: 'udesk', value: null } as const;
    expect(planned({ decision })).toMatchObject([{ kind: 'capacity', reopened: true, undone: true }]);
  });

  test.each(['ignore', 'revert'] as const)(
    'P6: of a set that flows one way, an edit of the other side (%s) does not close the row of an undo',
    (onBlocked) => {
      const before = base(set('a', 'b'), set('a'), true);
      const spec = pair([field({ shape: 'set', direction: 'to-crm', onBlocked })]);
      const row = conflict({ kind: 'reverted', udesk: set('a', 'b'), crm: set('a'), base: before });
      const sides = [live('u1', { nick_name: set('a', 'b') }), live('c1', { name: set('a', 'x') })] as const;
      const planned = reconcileLink(spec, link(...sides, { nick_name: before }, [row]));
      if (onBlocked === 'ignore')
        expect(planned.conflicts).toMatchObject([{ action: 'hold', kind: 'reverted', crm: set('a', 'x') }]);
      else {
        expect(planned.writes).toMatchObject([{ side: 'crm', patch: { name: { after: set('a') } } }]);
        expect(planned.conflicts).toEqual([]);
      }
    },
  );

  test('P6: of a scalar, too, the difference is held again once edits that were held are taken back', () => {
    const before = base('B', 'A', true);
    const planned = (over: Partial<ActiveConflict>) => {
      const row = conflict({ kind: 'edit/edit', udesk: 'C', crm: 'D', base: before, ...over });
      const sides = [live('u1', { nick_name: 'B' }), live('c1', { name: 'A' })] as const;
      return reconcileLink(pair([field()]), link(...sides, { nick_name: before }, [row])).conflicts;
    };
    expect(planned({ undone: true })).toMatchObject([{ action: 'hold', kind: 'reverted', undone: true }]);
    expect(planned({})).toMatchObject([{ action: 'close', outcome: 'converged' }]);
  });

  test('is refused where the field does not flow there any more, or there is no room', () => {
    expect(plan({ spec: field({ direction: 'to-udesk' }) }).reverts).toMatchObject([{ outcome: 'refused' }]);
    const spec = field({ shape: 'set' });
    const request = wish({ writes: { crm: [{ before: set('a', 'b'), result: set('a') }] } });
    const narrow = pair([spec], { capacity: { udesk: {}, crm: { nick_name: 1 } } });
    const state = link(live('u1', { nick_name: set('a') }), live('c1', { name: set('a') }), {
      nick_name: base(set('a')),
    });
    expect(reconcileLink(narrow, { ...state, reverts: [request] }).reverts).toMatchObject([
      { outcome: 'refused', reason: expect.stringContaining('no room') },
    ]);
  });

  test('closes quietly where there is nothing left to undo', () => {
    const request = wish({ writes: { crm: [{ before: 'wrong', result: 'x' }] } });
    expect(plan({ request })).toMatchObject({ writes: [], conflicts: [], reverts: [{ outcome: 'done' }] });
  });
});

describe('what several writes in a row go back to', () => {
  test('the value before the first of them, and no further than somebody else’s edit', () => {
    const writes = [
      { before: 'c', result: 'd' },
      { before: 'b', result: 'c' },
      { before: 'a', result: 'foreign' },
    ];
    expect(restoredScalar(field(), 'CN', writes)).toBe('b');
    expect(restoredScalar(field(), 'CN', writes.slice(0, 1))).toBe('c');
  });

  test('a value that was never there becomes null: ABSENT cannot be written', () => {
    expect(restoredScalar(field(), 'CN', [{ before: ABSENT, result: 'x' }])).toBeNull();
  });
});

describe('undoing an edit of one element', () => {
  const SET = field({ shape: 'set' });
  const ours = [{ before: set(['1', 'a']), result: set(['1', 'b']) }];

  test('brings the old value back under the same element', () => {
    expect(undoWrites(SET, 'CN', set(['1', 'b'], ['2', 'x']), ours)).toEqual({
      kind: 'restore',
      value: set(['1', 'a'], ['2', 'x']),
    });
  });

  test('leaves an element alone that a person edited on, or deleted', () => {
    expect(undoWrites(SET, 'CN', set(['1', 'c']), ours)).toEqual({ kind: 'same' });
    expect(undoWrites(SET, 'CN', set(), ours)).toEqual({ kind: 'same' });
  });
});
