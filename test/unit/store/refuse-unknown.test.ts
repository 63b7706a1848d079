import { expect, test } from 'vitest';
import { refuseUnknown } from '../../../src/store/migrate.ts';

test('a database that is new, behind, or up to date is accepted', () => {
  for (const applied of [[], ['a'], ['a', 'b']])
    expect(() => refuseUnknown(applied, ['a', 'b'])).not.toThrow();
});

test('a database with more migrations than we know belongs to a newer version', () => {
  expect(() => refuseUnknown(['a', 'b', 'c'], ['a', 'b'])).toThrow(/newer udesk-sync/);
});

test('a database whose migrations differ from ours is refused, even when it has fewer', () => {
  expect(() => refuseUnknown(['x'], ['a', 'b'])).toThrow(/migration 1/);
});
