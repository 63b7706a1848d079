import { describe, expect, it } from 'vitest';
import { contentHash, deltaOf, mergeObserved } from '../../../src/core/observation.ts';
import type { SideRecord } from '../../../src/core/record.ts';
import { ABSENT, type Value } from '../../../src/core/value.ts';

function record(fields: Record<string, Value>, rest: Partial<SideRecord> = {}): SideRecord {
  return { id: '1', fields, externalId: null, version: null, updatedAt: null, ...rest };
}

const set = (...values: string[]) => values.map((value, n) => ({ id: String(n), value }));

describe('the content hash of a record', () => {
  it('does not depend on element ids, on the order of elements or fields, or on the side’s time stamp', () => {
    const one = record({ a: 'x', b: set('p', 'q') }, { updatedAt: '2026-01-01T00:00:00Z' });
    const other = record({ b: [...set('q'), { id: null, value: 'p' }], a: 'x' });
    expect(contentHash(one)).toBe(contentHash(other));
  });

  it.each([
    ['ABSENT and NULL', { a: ABSENT }, { a: null }],
    ['NULL and empty', { a: null }, { a: '' }],
    ['a text and a truth value', { a: 'true' }, { a: true }],
    ['a text and a set of it', { a: 'x' }, { a: set('x') }],
    ['none and not returned', { a: [] }, {}],
    ['a field and another of the same value', { a: 'x' }, { b: 'x' }],
    ['where one value ends', { a: set('x', 'y') }, { a: set('xy') }],
    ['a text that looks like another field', { a: 'x","b","y' }, { a: 'x', b: 'y' }],
  ] as [string, Record<string, Value>, Record<string, Value>][])('tells %s apart', (_, left, right) => {
    expect(contentHash(record(left))).not.toBe(contentHash(record(right)));
  });

  it('covers the external id and the version', () => {
    const hashes = [{}, { externalId: 'x' }, { version: 'x' }].map((rest) => contentHash(record({}, rest)));
    expect(new Set(hashes).size).toBe(3);
  });
});

describe('the delta between two sights of a record', () => {
  it('names each field that changed, with the old and the new value', () => {
    const delta = deltaOf(
      record({ a: 'x', b: 'same', c: set('p') }),
      record({ a: 'y', b: 'same', c: set('p', 'q') }),
    );
    expect(delta).toEqual({ a: ['x', 'y'], c: [set('p'), set('p', 'q')] });
  });

  it('is empty when only element ids and order differ', () => {
    expect(deltaOf(record({ a: set('p', 'q') }), record({ a: set('q', 'p') }))).toEqual({});
  });
});

describe('what the mirror holds after a sight by a poorer response shape', () => {
  it('P2: a field that was left out keeps its value, and one that was emptied does not', () => {
    const merged = mergeObserved(record({ a: 'x', b: 'y' }), record({ b: null }));
    expect(merged.fields).toEqual({ a: 'x', b: null });
  });

  it('P2: an element without its id keeps the one that was known, by its value', () => {
    const seen = [
      { id: null, value: 'p' },
      { id: null, value: 'new' },
    ];
    const { fields } = mergeObserved(record({ a: set('p', 'q') }), record({ a: seen }));
    expect(fields.a).toEqual([
      { id: '0', value: 'p' },
      { id: null, value: 'new' },
    ]);
  });
});
