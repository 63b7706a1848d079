/** Undoing what we added to a set, where somebody took it away and gave it again by hand. */
import { expect, test } from 'vitest';
import { undoWrites } from '../../../src/core/undo.ts';
import { field, set } from '../../support/core-fixtures.ts';

const SPEC = field({ shape: 'set', policy: 'union' });
const KEPT = ['e1', 'a'] as const;
const added = { before: set(KEPT), result: set(KEPT, ['e2', 'b']) };
/** A later write of ours, which found what a person had given again. */
const beside = { before: set(KEPT, ['e3', 'b']), result: set(KEPT, ['e3', 'b'], ['e4', 'c']) };

test.each([
  ['as another element', set(KEPT, ['e3', 'b']), [added]],
  [
    'as another element, with a later write of ours beside it',
    set(KEPT, ['e3', 'b'], ['e4', 'c']),
    [beside, added],
  ],
])('P2: an undo leaves a value that somebody gave again %s', (_, now, writes) => {
  const undone = undoWrites(SPEC, '86', now, writes);
  expect(undone.kind === 'restore' ? undone.value : now).toEqual(set(KEPT, ['e3', 'b']));
});

test.each([
  ['it is the element that we wrote', set(KEPT, ['e2', 'b']), [added]],
  ['the side has no ids', set('a', 'b'), [{ before: set('a'), result: set('a', 'b') }]],
  ['its id was not known when we wrote', set(KEPT, ['e2', 'b']), [{ ...added, result: set(KEPT, 'b') }]],
  [
    'we took it away, and wrote it again ourselves',
    set(KEPT, ['e3', 'b']),
    [
      { before: set(KEPT), result: set(KEPT, ['e3', 'b']) },
      { before: added.result, result: set(KEPT) },
      added,
    ],
  ],
])('an undo takes away what we added: %s', (_, now, writes) => {
  const undone = undoWrites(SPEC, '86', now, writes);
  expect(undone.kind).toBe('restore');
  expect(
    undone.kind === 'restore' && Array.isArray(undone.value) ? undone.value.map(({ value }) => value) : [],
  ).toEqual(['a']);
});
