import { describe, expect, test } from 'vitest';
import type { ActiveConflict, Take } from '../../../src/core/link.ts';
import { reconcileLink } from '../../../src/core/reconcile.ts';
import type { Value } from '../../../src/core/value.ts';
import { ABSENT } from '../../../src/core/value.ts';
import {
  base,
  conflict,
  deleted,
  field,
  link,
  live,
  missing,
  pair,
  set,
} from '../../support/core-fixtures.ts';

const fields = [
  field(),
  field({ udesk: 'level', crm: 'tier', map: [['vip', 'gold']] }),
  field({ udesk: 'cellphones', crm: 'phones', shape: 'set', equivalence: 'phone' }),
  field({ udesk: 'description', crm: 'memo', direction: 'to-udesk' }),
];
const spec = pair(fields);
const QUIET = { linkId: 'L1', writes: [], bases: {}, conflicts: [], life: { action: 'none' } };
const udesk = {
  nick_name: 'Ann',
  level: 'vip',
  cellphones: set(['9', '13800138000'], ['8', '+86 13800138000']),
  description: 'note',
};

describe('a record that is missing on one side', () => {
  test('is created with all fields that flow and are not blank, mapped, without ids of the other side', () => {
    expect(reconcileLink(spec, link(live('u1', udesk), missing))).toEqual({
      ...QUIET,
      writes: [
        {
          side: 'crm',
          op: 'create',
          patch: {
            name: { field: 'nick_name', before: ABSENT, after: 'Ann', ops: null },
            tier: { field: 'level', before: ABSENT, after: 'gold', ops: null },
            phones: {
              field: 'cellphones',
              before: ABSENT,
              after: set('13800138000'),
              ops: { add: ['13800138000'], remove: [], change: [] },
            },
          },
          reasons: { nick_name: 'create', level: 'create', cellphones: 'create' },
          source: { nick_name: 'Ann', level: 'vip', cellphones: udesk.cellphones },
          halves: {},
        },
      ],
    });
  });
  test('mirror image: a missing customer is created from the CRM', () => {
    const plan = reconcileLink(
      spec,
      link(missing, live('c1', { name: 'Ann', tier: '', phones: [], memo: 'm' })),
    );
    expect(plan.writes.map(({ side, op, patch }) => [side, op, Object.keys(patch)])).toEqual([
      ['udesk', 'create', ['nick_name', 'description']],
    ]);
  });
  test('a value without an image is left out and held; said once', () => {
    const odd = live('u1', { nick_name: 'Ann', level: 'odd' });
    const plan = reconcileLink(spec, link(odd, missing));
    expect(Object.keys(plan.writes[0]?.patch ?? {})).toEqual(['name']);
    expect(plan.conflicts).toMatchObject([
      { action: 'hold', field: 'level', kind: 'unmappable', udesk: 'odd', crm: null },
    ]);
    const row = conflict({ field: 'level', kind: 'unmappable', udesk: 'odd' });
    expect(reconcileLink(spec, link(odd, missing, {}, [row])).conflicts).toEqual([]);
  });
  test('a set that does not fit is left out and held', () => {
    const small = pair(fields, { capacity: { udesk: {}, crm: { cellphones: 1 } } });
    const plan = reconcileLink(
      small,
      link(live('u1', { nick_name: 'A', cellphones: set('1', '2') }), missing),
    );
    expect(Object.keys(plan.writes[0]?.patch ?? {})).toEqual(['name']);
    expect(plan.conflicts).toMatchObject([{ kind: 'capacity', field: 'cellphones' }]);
  });
  test('is not created where the pair says so, nor with nothing in it', () => {
    const no = pair(fields, { create: { inCrm: false, inUdesk: false } });
    expect(reconcileLink(no, link(live('u1', udesk), missing))).toEqual(QUIET);
    expect(reconcileLink(no, link(missing, live('c1', { name: 'A' })))).toEqual(QUIET);
    expect(reconcileLink(spec, link(live('u1', { nick_name: ' ', description: 'x' }), missing))).toEqual(
      QUIET,
    );
  });
});

describe('a record that was deleted on one side', () => {
  const agreed = { nick_name: base('Ann') };
  const same = live('u1', { nick_name: 'Ann ', level: '' });
  const edited = live('u1', { nick_name: 'Bob', level: '' });

  test.each([
    ['flag', [], { action: 'flag', deletedSide: 'crm' }],
    ['unlink', [], { action: 'unlink', deletedSide: 'crm' }],
    [
      'propagate',
      [{ side: 'udesk', op: 'delete', patch: {}, reasons: { '*': 'delete' }, source: {}, halves: {} }],
      { action: 'none' },
    ],
  ] as const)('unedited survivor, deletes: %s', (deletes, writes, life) => {
    const result = reconcileLink(pair(fields, { deletes }), link(same, deleted, agreed));
    expect(result).toEqual({ ...QUIET, writes, life });
  });

  test.each(['flag', 'unlink', 'propagate'] as const)(
    'edit/delete: an edited survivor is held, deletes: %s',
    (deletes) => {
      const result = reconcileLink(pair(fields, { deletes }), link(edited, deleted, agreed));
      expect(result).toMatchObject({ writes: [], life: { action: 'none' } });
      expect(result.conflicts).toMatchObject([
        { action: 'hold', field: '*', kind: 'edit/delete', udesk: set(['nick_name', 'Bob']), crm: null },
      ]);
    },
  );
  test('a value that was never agreed on counts as an edit', () => {
    const result = reconcileLink(
      pair(fields, { deletes: 'propagate' }),
      link(live('u1', udesk), deleted, agreed),
    );
    expect(result.writes).toEqual([]);
    expect(result.conflicts).toMatchObject([{ field: '*', kind: 'edit/delete' }]);
  });
  test('mirror image: deleted in Udesk', () => {
    const result = reconcileLink(spec, link(deleted, live('c1', { name: 'Ann' }), agreed));
    expect(result.life).toEqual({ action: 'flag', deletedSide: 'udesk' });
    const held = reconcileLink(spec, link(deleted, live('c1', { name: 'Zoe' }), agreed));
    expect(held.conflicts).toMatchObject([{ field: '*', udesk: null, crm: set(['nick_name', 'Zoe']) }]);
  });

  const row = (take: Take | null, seen: Value = set(['nick_name', 'Bob'])): ActiveConflict =>
    conflict({
      field: '*',
      kind: 'edit/delete',
      udesk: seen,
      decision: take === null ? null : { id: 'D', take, value: null },
    });

  test('P4: the open row says nothing while nothing moves, and is not overtaken by the deletion', () => {
    expect(reconcileLink(spec, link(edited, deleted, agreed, [row(null)]))).toEqual(QUIET);
    const back = reconcileLink(
      pair(fields, { deletes: 'propagate' }),
      link(same, deleted, agreed, [row(null)]),
    );
    expect(back.writes).toEqual([]);
    expect(back.conflicts).toMatchObject([{ action: 'hold', field: '*', udesk: [] }]);
  });
  test('decided for the survivor: created again on the other side', () => {
    const result = reconcileLink(spec, link(edited, deleted, agreed, [row('udesk')]));
    expect(result.writes).toMatchObject([{ side: 'crm', op: 'create', reasons: { nick_name: 'decision' } }]);
    expect(result.conflicts).toMatchObject([{ action: 'decided', field: '*', by: 'person', done: false }]);
  });
  test('decided for the deletion: the survivor is deleted', () => {
    const result = reconcileLink(spec, link(edited, deleted, agreed, [row('crm')]));
    expect(result.writes).toEqual([
      { side: 'udesk', op: 'delete', patch: {}, reasons: { '*': 'decision' }, source: {}, halves: {} },
    ]);
  });
  test('a decision is void when the survivor moved since, or when it means nothing here', () => {
    for (const stale of [row('crm', set(['nick_name', 'Eva'])), row('base'), row('value')]) {
      const result = reconcileLink(spec, link(edited, deleted, agreed, [stale]));
      expect(result.writes).toEqual([]);
      expect(result.conflicts).toMatchObject([{ action: 'hold', field: '*', reopened: true }]);
    }
  });
  test('there again: the row closes', () => {
    const result = reconcileLink(spec, link(edited, live('c1', { name: 'Bob' }), agreed, [row('crm')]));
    expect(result.writes).toEqual([]);
    expect(result.conflicts).toEqual([{ action: 'close', field: '*', outcome: 'converged' }]);
  });
});

describe('a record that is nowhere', () => {
  test.each([
    [deleted, deleted, 'close'],
    [deleted, missing, 'close'],
    [missing, deleted, 'close'],
    [missing, missing, 'none'],
  ] as const)('%j and %j', (left, right, action) => {
    expect(reconcileLink(spec, link(left, right))).toEqual({ ...QUIET, life: { action } });
  });
});
