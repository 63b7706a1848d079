import { describe, expect, test } from 'vitest';
import type { ConflictChange, LinkPlan } from '../../../src/core/link.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import type { FieldSpec, PairSpec } from '../../../src/core/spec.ts';
import { ABSENT, type Value } from '../../../src/core/value.ts';
import { applyPlan } from '../../support/apply-plan.ts';
import { base, conflict, field, link, live, pair, set } from '../../support/core-fixtures.ts';

type Bases = Parameters<typeof link>[2];
type Rows = Parameters<typeof link>[3];

const level: Partial<FieldSpec> = {
  map: [
    ['vip', 'gold'],
    ['normal', 'standard'],
  ],
};
const tags: Partial<FieldSpec> = { shape: 'set' };

/** One field `nick_name` ↔ `name`. */
function plan(
  udesk: Value,
  crm: Value,
  bases: Bases = {},
  over: Partial<FieldSpec> = {},
  rows: Rows = [],
  pairOver: Partial<PairSpec> = {},
): LinkPlan {
  const spec = pair([field(over)], pairOver);
  return reconcileLink(spec, link(live('u1', { nick_name: udesk }), live('c1', { name: crm }), bases, rows));
}

function agreed(value: Value, crm: Value = value, accepted = false) {
  return { nick_name: base(value, crm, accepted) };
}

function written(result: LinkPlan) {
  return result.writes.map(({ side, op, patch, reasons }) => [
    side,
    op,
    Object.values(patch)[0]?.after,
    reasons.nick_name,
  ]);
}

function held(result: LinkPlan) {
  return result.conflicts.map((change) => (change.action === 'hold' ? change.kind : change.action));
}

const QUIET = { linkId: 'L1', writes: [], bases: {}, conflicts: [], life: { action: 'none' } };

describe('the decision table, cell by cell', () => {
  test('unchanged, unchanged, equal: nothing', () => {
    expect(plan('Ann', 'Ann', agreed('Ann'))).toEqual(QUIET);
  });
  test('unchanged, unchanged, differs: diverged-base is held (T19)', () => {
    const result = plan('Ann', 'Bob', agreed('Ann', 'Bob'));
    expect(held(result)).toEqual(['diverged-base']);
    expect(result.writes).toEqual([]);
  });
  test('unchanged, unchanged, differs, accepted: nothing', () => {
    expect(plan('Ann', 'Bob', agreed('Ann', 'Bob', true))).toEqual(QUIET);
  });
  test('changed, unchanged: carried to the CRM, with what Udesk holds as the source', () => {
    const result = plan('Zoe', 'Ann', agreed('Ann'));
    expect(result).toEqual({
      ...QUIET,
      writes: [
        {
          side: 'crm',
          op: 'update',
          patch: { name: { field: 'nick_name', before: 'Ann', after: 'Zoe', ops: null } },
          reasons: { nick_name: 'propagate' },
          source: { nick_name: 'Zoe' },
          halves: {},
        },
      ],
    });
  });
  test('unchanged, changed: carried to Udesk', () => {
    expect(written(plan('Ann', 'Zoe', agreed('Ann')))).toEqual([['udesk', 'update', 'Zoe', 'propagate']]);
  });
  test('changed, unchanged, equal now: the bases advance and nothing is written', () => {
    const result = plan('Bob', 'Bob', agreed('Ann', 'Bob', true));
    expect(result).toEqual({ ...QUIET, bases: agreed('Bob') });
    expect(plan('Bob', 'Bob', agreed('Bob', 'Ann', true)).bases).toEqual(agreed('Bob'));
  });
  test('changed, changed, equal: converged, an open row is closed', () => {
    const row = conflict({ base: base('Ann'), udesk: 'Bob', crm: 'Zoe' });
    const result = plan('Zoe', ' Zoe', agreed('Ann'), {}, [row]);
    expect(result.bases).toEqual(agreed('Zoe', ' Zoe'));
    expect(result.conflicts).toEqual([{ action: 'close', field: 'nick_name', outcome: 'converged' }]);
    expect(result.writes).toEqual([]);
  });
  test('changed, changed, differs: edit/edit is held with base and both values, nothing is written', () => {
    expect(plan('Bob', 'Zoe', agreed('Ann'))).toEqual({
      ...QUIET,
      conflicts: [
        {
          action: 'hold',
          field: 'nick_name',
          kind: 'edit/edit',
          base: base('Ann'),
          udesk: 'Bob',
          crm: 'Zoe',
          reason: expect.stringContaining('hold'),
          reopened: false,
        },
      ],
    });
  });
  test('changed, changed, differs, with a policy: the loser is kept in the row and overwritten', () => {
    const result = plan('Bob', 'Zoe', agreed('Ann'), { policy: 'crm' });
    expect(written(result)).toEqual([['udesk', 'update', 'Zoe', 'policy']]);
    expect(result.conflicts).toMatchObject([
      { action: 'decided', by: 'policy', udesk: 'Bob', crm: 'Zoe', done: false },
    ]);
  });
});

describe('first link', () => {
  test('both blank: the bases are adopted', () => {
    expect(plan(null, '')).toEqual({ ...QUIET, bases: agreed(null, '') });
  });
  test('a blank is filled, on either side', () => {
    expect(written(plan('Ann', null))).toEqual([['crm', 'update', 'Ann', 'fill-blank']]);
    expect(written(plan(ABSENT, 'Ann'))).toEqual([['udesk', 'update', 'Ann', 'fill-blank']]);
  });
  test('a blank that the field does not flow to stays blank, and that is accepted', () => {
    expect(plan(null, 'Ann', {}, { direction: 'to-crm' })).toEqual({
      ...QUIET,
      bases: agreed(null, 'Ann', true),
    });
  });
  test('equal values: the bases are adopted', () => {
    expect(plan('Ann', ' Ann')).toEqual({ ...QUIET, bases: agreed('Ann', ' Ann') });
  });
  test('what differs is a conflict before any write', () => {
    const result = plan('Ann', 'Bob');
    expect(held(result)).toEqual(['first-link']);
    expect([result.writes, result.bases]).toEqual([[], {}]);
  });
  test('a policy decides what differs', () => {
    const result = plan('Ann', 'Bob', {}, { policy: 'udesk' });
    expect(written(result)).toEqual([['crm', 'update', 'Ann', 'policy']]);
    expect(result.conflicts).toMatchObject([{ action: 'decided', kind: 'first-link', done: false }]);
  });
  test('a winner that may not flow to the loser is accepted beside it, and the row is done', () => {
    const result = plan('Ann', 'Bob', {}, { policy: 'crm', direction: 'to-crm' });
    expect([result.writes, result.bases]).toEqual([[], agreed('Ann', 'Bob', true)]);
    expect(result.conflicts).toMatchObject([{ action: 'decided', done: true }]);
  });
  test('sets unite; with one direction only the other side keeps what it has', () => {
    const both = plan(set(['1', 'a']), set('b'), {}, tags);
    expect(written(both)).toEqual([
      ['udesk', 'update', set(['1', 'a'], 'b'), 'set-merge'],
      ['crm', 'update', set('b', 'a'), 'set-merge'],
    ]);
    expect(both.writes.map(({ source }) => source)).toEqual([{}, {}]);
    const oneWay = plan(set('a'), set('b'), {}, { ...tags, direction: 'to-crm' });
    expect(written(oneWay)).toEqual([['crm', 'update', set('b', 'a'), 'set-merge']]);
    const nothing = plan([], set('b'), {}, { ...tags, direction: 'to-crm' });
    expect(nothing).toEqual({ ...QUIET, bases: agreed([], set('b'), true) });
  });
});

describe('NOT-RETURNED and forms', () => {
  test('a field that a side did not return takes no part, and a decision on it waits', () => {
    const spec = pair([field()]);
    const decision = { id: 'D', take: 'udesk' as const, value: null };
    const row = conflict({ udesk: 'a', crm: 'b', decision });
    for (const [udesk, crm] of [
      [live('u1', {}), live('c1', { name: 'b' })],
      [live('u1', { nick_name: 'a' }), live('c1', {})],
    ] as const) {
      expect(reconcileLink(spec, link(udesk, crm, agreed('x'), [row]))).toEqual(QUIET);
    }
  });
  test("P4: a side's own form of what it was sent is no edit", () => {
    expect(plan('abcdef', 'abc', agreed('abcdef', 'abc', true))).toEqual(QUIET);
    const phone = { equivalence: 'phone' as const };
    expect(plan('13800138000', '+86 138 0013 8000', agreed('13800138000', '+8613800138000'), phone)).toEqual(
      QUIET,
    );
  });
  test('element ids alone never write', () => {
    expect(plan(set(['7', 'a']), set('a'), { nick_name: base(set(['1', 'a']), set('a')) }, tags)).toEqual(
      QUIET,
    );
  });
  test('clearing travels: NULL and ABSENT as NULL, empty text as empty text', () => {
    expect(written(plan(null, 'Ann', agreed('Ann')))).toEqual([['crm', 'update', null, 'propagate']]);
    expect(written(plan('Ann', ABSENT, agreed('Ann')))).toEqual([['udesk', 'update', null, 'propagate']]);
    expect(written(plan('', 'Ann', agreed('Ann')))).toEqual([['crm', 'update', '', 'propagate']]);
    expect(plan('', null, agreed('Ann')).writes).toEqual([]);
  });
});

describe('maps', () => {
  test('values are written in the words of the side that gets them', () => {
    expect(written(plan('vip', 'standard', agreed('normal', 'standard'), level))).toEqual([
      ['crm', 'update', 'gold', 'propagate'],
    ]);
    expect(written(plan('vip', 'standard', agreed('vip', 'gold'), level))).toEqual([
      ['udesk', 'update', 'normal', 'propagate'],
    ]);
  });
  test('an edit to a value without an image is held as unmappable, on either side', () => {
    expect(held(plan('odd', 'gold', agreed('vip', 'gold'), level))).toEqual(['unmappable']);
    expect(held(plan('vip', 'odd', agreed('vip', 'gold'), level))).toEqual(['unmappable']);
    expect(held(plan('vip', 'odd', {}, level))).toEqual(['unmappable']);
    expect(held(plan('normal', 'odd', agreed('vip', 'gold'), { ...level, policy: 'udesk' }))).toEqual([
      'unmappable',
    ]);
  });
  test('an unmappable value in an accepted base is quiet, and is overwritten by an edit over there', () => {
    const bases = agreed('vip', 'odd', true);
    expect(plan('vip', 'odd', bases, level)).toEqual(QUIET);
    expect(written(plan('normal', 'odd', bases, level))).toEqual([
      ['crm', 'update', 'standard', 'propagate'],
    ]);
  });
  test('a set with an element that has no image is held, and what both hold becomes its base', () => {
    const result = plan(set('vip'), set('gold', 'odd'), {}, { ...tags, ...level });
    expect(held(result)).toEqual(['unmappable']);
    expect(result.writes).toEqual([]);
    expect(result.bases).toEqual({ nick_name: base(set('vip'), set('gold')) });
  });
});

describe('edits against the direction', () => {
  const toCrm = { direction: 'to-crm' as const };
  test('hold: a row, nothing written', () => {
    const result = plan('Ann', 'Zoe', agreed('Ann'), toCrm);
    expect(held(result)).toEqual(['blocked-by-direction']);
    expect(result.writes).toEqual([]);
  });
  test('ignore: accepted as it is, a row that is done', () => {
    const result = plan('Ann', 'Zoe', agreed('Ann'), { ...toCrm, onBlocked: 'ignore' });
    expect([result.writes, result.bases]).toEqual([[], agreed('Ann', 'Zoe', true)]);
    expect(result.conflicts).toMatchObject([{ action: 'decided', by: 'policy', crm: 'Zoe', done: true }]);
  });
  test('revert: the other value is written back, the edit is kept in the row', () => {
    const result = plan('Ann', 'Zoe', agreed('Ann'), { ...toCrm, onBlocked: 'revert' });
    expect(written(result)).toEqual([['crm', 'update', 'Ann', 'revert-blocked']]);
    expect(result.conflicts).toMatchObject([{ action: 'decided', crm: 'Zoe', done: false }]);
  });
  test('mirror image: to-udesk', () => {
    expect(held(plan('Zoe', 'Ann', agreed('Ann'), { direction: 'to-udesk' }))).toEqual([
      'blocked-by-direction',
    ]);
  });
  test('an edit that brings the sides together is no conflict', () => {
    expect(held(plan('Ann', 'Ann', agreed('Ann', 'Bob', true), toCrm))).toEqual([]);
  });

  const bases = { nick_name: base(set('a', 'b'), set('a', 'b')) };
  const now = [set('a', 'b', 'u'), set('b', 'c')] as const;
  test('sets, hold: the whole field waits', () => {
    const result = plan(now[0], now[1], bases, { ...tags, ...toCrm });
    expect([held(result), result.writes]).toEqual([['blocked-by-direction'], []]);
  });
  test("sets, ignore: the CRM keeps its own edit, Udesk's still come over", () => {
    const result = plan(now[0], now[1], bases, { ...tags, ...toCrm, onBlocked: 'ignore' });
    expect(written(result)).toEqual([['crm', 'update', set('b', 'c', 'u'), 'set-merge']]);
  });
  test("sets, revert: the CRM's own edit is taken back, Udesk's come over", () => {
    const result = plan(now[0], now[1], bases, { ...tags, ...toCrm, onBlocked: 'revert' });
    expect(result.writes[0]?.patch.name?.after).toEqual(set('b', 'a', 'u'));
    expect(result.writes[0]?.reasons).toEqual({ nick_name: 'revert-blocked' });
  });
});

describe('sets that both sides edited', () => {
  test('merge: both sides get what they lack, and neither base moves by one half alone', () => {
    const result = plan(
      set(['1', 'a'], ['2', 'u']),
      set('a', 'c'),
      { nick_name: base(set(['1', 'a']), set('a')) },
      tags,
    );
    expect(written(result)).toEqual([
      ['udesk', 'update', set(['1', 'a'], ['2', 'u'], 'c'), 'set-merge'],
      ['crm', 'update', set('a', 'c', 'u'), 'set-merge'],
    ]);
    expect(result.writes.map(({ source }) => source)).toEqual([{}, {}]);
  });
  test('one side edited: the other follows', () => {
    const result = plan(set('a', 'u'), set('a'), { nick_name: base(set('a')) }, tags);
    expect(written(result)).toEqual([['crm', 'update', set('a', 'u'), 'propagate']]);
    expect(result.writes[0]?.source).toEqual({ nick_name: set('a', 'u') });
  });
  test('element: one element edited to two values keeps both and is said once, without stopping the write', () => {
    const bases = { nick_name: base(set(['1', 'a']), set('a')) };
    const result = plan(set(['1', 'b']), set('c'), bases, tags);
    expect(held(result)).toEqual(['element']);
    expect(result.writes.length).toBe(2);
    const row = conflict({ kind: 'element', base: bases.nick_name, udesk: set(['1', 'b']), crm: set('c') });
    expect(held(plan(set(['1', 'b']), set('c'), bases, tags, [row]))).toEqual([]);
    expect(
      plan(set('b', 'c'), set('b', 'c'), { nick_name: base(set('b', 'c')) }, tags, [row]).conflicts,
    ).toEqual([]);
  });
  test('capacity: a side without room is not written, the other is, and the row is said once', () => {
    const limit = { capacity: { udesk: {}, crm: { nick_name: 2 } } };
    const result = plan(set('a', 'b', 'c'), set('b', 'z'), {}, tags, [], limit);
    expect(held(result)).toEqual(['capacity']);
    expect(result.writes.map(({ side, source }) => [side, source])).toEqual([['udesk', {}]]);
    expect(result.bases).toEqual({ nick_name: base(set('b'), set('b')) });
    const next = plan(set('a', 'c'), set('b', 'z'), { nick_name: base(set('b'), set('b')) }, tags, [], limit);
    expect(held(next)).toEqual(['capacity']);
  });
  test('capacity on the first link of a one-way field: what the CRM has by itself is no edit to take back', () => {
    const limit = { capacity: { udesk: {}, crm: { nick_name: 2 } } };
    const oneWay = { ...tags, direction: 'to-crm' as const, onBlocked: 'revert' as const };
    const first = plan(set('b', 'c'), set('a'), {}, oneWay, [], limit);
    expect([held(first), first.writes]).toEqual([['capacity'], []]);
    expect(plan(set('b', 'c'), set('a'), first.bases, oneWay, [], limit).writes).toEqual([]);
  });
  test('capacity: a deletion made while the row is open is a deletion, and makes room', () => {
    const limit = { capacity: { udesk: {}, crm: { nick_name: 2 } } };
    const row = conflict({ kind: 'capacity' });
    const bases = { nick_name: base(set('a', 'b'), set('a', 'b')) };
    const result = plan(set('b', 'c'), set('a', 'b'), bases, tags, [row], limit);
    expect(written(result)).toEqual([['crm', 'update', set('c', 'b'), 'propagate']]);
  });
});

describe('open conflicts without a decision', () => {
  const row = conflict({ base: base('Ann'), udesk: 'Bob', crm: 'Zoe' });
  test('P4: nothing is said while nothing moves', () => {
    expect(plan('Bob ', 'Zoe', agreed('Ann'), {}, [row])).toEqual(QUIET);
  });
  test('a value that moved is shown in the row', () => {
    const result = plan('Bobby', 'Zoe', agreed('Ann'), {}, [row]);
    expect(result.conflicts).toMatchObject([{ action: 'hold', udesk: 'Bobby', reopened: false }]);
  });
  test('another kind is shown in the row', () => {
    const result = plan('Bob', 'Zoe', agreed('Ann'), {}, [{ ...row, kind: 'first-link' }]);
    expect(held(result)).toEqual(['edit/edit']);
  });
  test('one side took its edit back: the other edit is carried over, the row waits for the convergence', () => {
    const result = plan('Bob', 'Ann', agreed('Ann'), {}, [row]);
    expect(written(result)).toEqual([['crm', 'update', 'Bob', 'propagate']]);
    expect(result.conflicts).toEqual([]);
    const after = plan('Bob', 'Bob', agreed('Bob'), {}, [row]);
    expect(after).toEqual({
      ...QUIET,
      conflicts: [{ action: 'close', field: 'nick_name', outcome: 'converged' }],
    });
  });
  test('both took their edits back to an accepted difference: the row closes', () => {
    expect(plan('A', 'B', agreed('A', 'B', true), {}, [row]).conflicts).toMatchObject([{ action: 'close' }]);
  });
  test('identity: a value that was refused is not sent again until something moved', () => {
    const refused = conflict({ kind: 'identity', udesk: 'Bob', crm: 'Ann' });
    expect(plan('Bob', 'Ann', agreed('Ann'), {}, [refused])).toEqual(QUIET);
    expect(written(plan('Zoe', 'Ann', agreed('Ann'), {}, [refused]))).toEqual([
      ['crm', 'update', 'Zoe', 'propagate'],
    ]);
  });
  test('overwritten-in-window is closed by a person only', () => {
    const flag = conflict({ kind: 'overwritten-in-window', udesk: 'x', crm: 'y' });
    expect(plan('Ann', 'Ann', agreed('Ann'), {}, [flag])).toEqual(QUIET);
  });
});

describe("a person's decision", () => {
  const decided = (take: 'udesk' | 'crm' | 'base' | 'value', value: Value | null = null, over = {}) => [
    conflict({ base: base('Ann'), udesk: 'Bob', crm: 'Zoe', decision: { id: 'D', take, value }, ...over }),
  ];
  test.each([
    ['udesk', [['crm', 'update', 'Bob', 'decision']]],
    ['crm', [['udesk', 'update', 'Zoe', 'decision']]],
    [
      'base',
      [
        ['udesk', 'update', 'Ann', 'decision'],
        ['crm', 'update', 'Ann', 'decision'],
      ],
    ],
  ] as const)('take %s is written to each side that does not hold it', (take, expected) => {
    const result = plan('Bob', 'Zoe', agreed('Ann'), {}, decided(take));
    expect(written(result)).toEqual(expected);
    expect(result.conflicts).toMatchObject([
      { action: 'decided', by: 'person', done: false, udesk: 'Bob', crm: 'Zoe' },
    ]);
  });
  test('take value is written in the words of each side', () => {
    const row = [
      conflict({ udesk: 'vip', crm: 'standard', decision: { id: 'D', take: 'value', value: null } }),
    ];
    expect(written(plan('vip', 'standard', agreed('x', 'y', true), level, row))).toEqual([
      ['udesk', 'update', null, 'decision'],
      ['crm', 'update', null, 'decision'],
    ]);
    const chosen = [
      conflict({ udesk: 'vip', crm: 'standard', decision: { id: 'D', take: 'value', value: 'vip' } }),
    ];
    expect(written(plan('vip', 'standard', agreed('x', 'y', true), level, chosen))).toEqual([
      ['crm', 'update', 'gold', 'decision'],
    ]);
  });
  test('void when a side moved since: held again, reopened', () => {
    const result = plan('Bobby', 'Zoe', agreed('Ann'), {}, decided('crm'));
    expect(result.writes).toEqual([]);
    expect(result.conflicts).toMatchObject([
      { action: 'hold', kind: 'edit/edit', udesk: 'Bobby', reopened: true },
    ]);
  });
  test('P2: carried out on one side only, and planned again: the row still shows what the person saw', () => {
    const result = plan('Bob', 'Ann', agreed('Ann'), {}, decided('base'));
    expect(written(result)).toEqual([['udesk', 'update', 'Ann', 'decision']]);
    expect(result.conflicts).toMatchObject([{ action: 'decided', by: 'person', udesk: 'Bob', crm: 'Zoe' }]);
  });
  test('P2: void while the CRM holds the chosen base already: the edit over here goes on, the row ends as it was seen', () => {
    const result = plan('Bobby', 'Ann', agreed('Ann'), {}, decided('base'));
    expect(written(result)).toEqual([['crm', 'update', 'Bobby', 'propagate']]);
    expect(result.conflicts).toEqual([{ action: 'close', field: 'nick_name', outcome: 'resolved' }]);
  });
  test('void when both sides moved together: closed as converged', () => {
    const result = plan('Eva', 'Eva', agreed('Ann'), {}, decided('crm'));
    expect(result.conflicts).toEqual([{ action: 'close', field: 'nick_name', outcome: 'converged' }]);
    expect(result.bases).toEqual(agreed('Eva'));
  });
  test('our own half of it is not a move: the other half is written', () => {
    const result = plan('Eva', 'Zoe', agreed('Ann'), {}, decided('value', 'Eva'));
    expect(written(result)).toEqual([['crm', 'update', 'Eva', 'decision']]);
  });
  test('nothing left to write: the row is done', () => {
    const result = plan('Zoe', 'Zoe', agreed('Ann'), {}, decided('crm'));
    expect(result.writes).toEqual([]);
    expect(result.conflicts).toMatchObject([{ action: 'decided', by: 'person', done: true }]);
    expect(result.bases).toEqual(agreed('Zoe'));
  });
  test('a side that the field does not flow to keeps its value, and the difference is accepted', () => {
    const row = decided('udesk', null, { kind: 'blocked-by-direction' });
    const result = plan('Bob', 'Zoe', agreed('Ann'), { direction: 'to-udesk' }, row);
    expect([result.writes, result.bases]).toEqual([[], agreed('Bob', 'Zoe', true)]);
    expect(result.conflicts).toMatchObject([{ action: 'decided', done: true }]);
  });
  test('a value without an image, or no base to go back to: held again with the reason', () => {
    const odd = [conflict({ udesk: 'odd', crm: 'gold', decision: { id: 'D', take: 'udesk', value: null } })];
    const result = plan('odd', 'gold', agreed('vip', 'gold'), level, odd);
    expect(result.conflicts).toMatchObject([
      { action: 'hold', reopened: true, reason: expect.stringContaining('map') },
    ]);
    expect(held(plan('Bob', 'Zoe', {}, {}, decided('base', null, { base: null })))).toEqual(['edit/edit']);
  });
  test('a set that does not fit: held as capacity', () => {
    const row = conflict({
      udesk: set('a', 'b'),
      crm: set('c'),
      decision: { id: 'D', take: 'udesk', value: null },
    });
    const limit = { capacity: { udesk: {}, crm: { nick_name: 1 } } };
    const result = plan(set('a', 'b'), set('c'), { nick_name: base([]) }, tags, [row], limit);
    expect(result.conflicts).toMatchObject([{ action: 'hold', kind: 'capacity', reopened: true }]);
  });
  test('an element row: the merge that we wrote ourselves does not make the decision void', () => {
    const row = conflict({
      kind: 'element',
      base: base(set(['1', 'a']), set('a')),
      udesk: set(['1', 'b']),
      crm: set('c'),
      decision: { id: 'D', take: 'udesk', value: null },
    });
    const merged = set(['1', 'b'], ['2', 'c']);
    const result = plan(merged, set('c', 'b'), { nick_name: base(merged, set('c', 'b')) }, tags, [row]);
    expect(written(result)).toEqual([
      ['udesk', 'update', set(['1', 'b']), 'decision'],
      ['crm', 'update', set('b'), 'decision'],
    ]);
  });
});

describe('a whole record', () => {
  test('fields are planned in the order of the spec, one write per side, and a held field stops no other', () => {
    const spec = pair([
      field(),
      field({ udesk: 'level', crm: 'tier' }),
      field({ udesk: 'description', crm: 'memo' }),
    ]);
    const state = link(
      live('u1', { description: 'd2', nick_name: 'u', level: 'x' }),
      live('c1', { memo: 'd1', tier: 'y', name: 'c' }),
      { nick_name: base('o'), level: base('x'), description: base('d1') },
    );
    const result = reconcileLink(spec, state);
    expect(result.writes.map(({ side, patch }) => [side, Object.keys(patch)])).toEqual([
      ['udesk', ['level']],
      ['crm', ['memo']],
    ]);
    expect(result.conflicts.map((change: ConflictChange) => change.field)).toEqual(['nick_name']);
  });
  test('P4: after the plan was carried out the next one is empty', () => {
    const spec = pair([field(), field({ udesk: 'tags', crm: 'tags', shape: 'set' })]);
    const state = link(
      live('u1', { nick_name: 'a', tags: set('x') }),
      live('c1', { name: null, tags: set('y') }),
    );
    const next = applyPlan(spec, state, reconcileLink(spec, state));
    expect(reconcileLink(spec, next)).toEqual(QUIET);
  });
});
