import { describe, expect, test } from 'vitest';
import type { SetOps } from '../../../src/core/record.ts';
import { editSet, type Held } from '../../../src/crm/set-edit.ts';

const none: SetOps = { add: [], remove: [], change: [] };
const edit = (held: readonly Held[], ops: Partial<SetOps>) =>
  editSet(held, { field: 'emails', before: [], after: [], ops: { ...none, ...ops } }, 'email', 'CN');

const slots: Held[] = [
  { id: 'one', value: 'a@example.com' },
  { id: 'two', value: null },
  { id: 'three', value: 'B@example.com' },
];

describe('one edit of a set against what is held', () => {
  test('what is not named is not touched', () => {
    expect(edit(slots, { add: ['c@example.com'] })).toEqual({
      ok: true,
      changed: new Map(),
      added: ['c@example.com'],
    });
  });

  test('an element is found by its id and its value together', () => {
    const remove = [{ id: 'three', value: 'b@example.com' }];
    expect(edit(slots, { remove })).toMatchObject({ ok: true, changed: new Map([[2, null]]) });
    expect(edit(slots, { remove: [{ id: 'one', value: 'b@example.com' }] })).toEqual({ ok: false });
    expect(edit(slots, { change: [{ id: 'two', from: 'a@example.com', to: 'x' }] })).toEqual({ ok: false });
  });

  test('without ids an element is found by its value, every copy of it', () => {
    const list = ['a@example.com', 'A@example.com', 'b@example.com'].map((value) => ({ id: null, value }));
    expect(edit(list, { remove: [{ id: null, value: 'a@example.com' }] })).toMatchObject({
      changed: new Map([
        [0, null],
        [1, null],
      ]),
    });
    expect(edit(list, { change: [{ id: null, from: 'a@example.com', to: 'c@example.com' }] })).toMatchObject({
      changed: new Map([
        [0, 'c@example.com'],
        [1, null],
      ]),
    });
  });

  test('an address that is there already in another case is not added again', () => {
    expect(edit(slots, { add: ['b@EXAMPLE.com', 'n@example.com', 'N@example.com'] })).toMatchObject({
      added: ['n@example.com'],
    });
  });

  test('an address that is taken out can be added back', () => {
    const remove = [{ id: 'one', value: 'a@example.com' }];
    expect(edit(slots, { remove, add: ['a@example.com'] })).toMatchObject({ added: ['a@example.com'] });
  });

  test('whole values without operations become the difference between them', () => {
    const held = [
      { id: null, value: 'a@example.com' },
      { id: null, value: 'keep@example.com' },
    ];
    const after = [
      { id: null, value: 'KEEP@example.com' },
      { id: null, value: 'new@example.com' },
    ];
    expect(editSet(held, { field: 'f', before: held, after, ops: null }, 'email', 'CN')).toEqual({
      ok: true,
      changed: new Map([[0, null]]),
      added: ['new@example.com'],
    });
  });
});
