import { describe, expect, test } from 'vitest';
import { asElements } from '../../../src/core/equivalence.ts';
import {
  agreedPart,
  asCarried,
  mergeSets,
  replaceSet,
  type Sides,
  withoutOwnEdits,
} from '../../../src/core/set-merge.ts';
import { ABSENT } from '../../../src/core/value.ts';
import { field, set } from '../../support/core-fixtures.ts';

const phones = field({ udesk: 'cellphones', crm: 'phones', shape: 'set', equivalence: 'phone' });
const tags = field({ udesk: 'tags', crm: 'tags', shape: 'set', equivalence: 'text' });

function merge(base: Sides | null, now: Sides, spec = tags) {
  return mergeSets({ spec, region: 'CN', base, now });
}

const A = '13800000001';
const B = '13800000002';
const C = '13800000003';
const D = '13800000004';

describe('sets that both sides edited', () => {
  test('first link unites them, in a stable order, and keeps the ids that are there', () => {
    const result = merge(null, { udesk: set(['1', 'a'], ['2', 'b']), crm: set('b', 'c') });
    expect(result.udesk.after).toEqual(set(['1', 'a'], ['2', 'b'], 'c'));
    expect(result.udesk.ops).toEqual({ add: ['c'], remove: [], change: [] });
    expect(result.crm.after).toEqual(set('b', 'c', 'a'));
    expect(result.elementConflicts).toEqual([]);
  });

  test('P2: an addition on each side arrives on the other, a deletion too', () => {
    const base = { udesk: set(['1', 'a'], ['2', 'b']), crm: set('a', 'b') };
    const result = merge(base, { udesk: set(['2', 'b'], ['3', 'x']), crm: set('a', 'y') });
    expect(result.udesk.after.map((e) => e.value)).toEqual(['y', 'x']);
    expect(result.crm.after.map((e) => e.value)).toEqual(['y', 'x']);
  });

  test('a phone edited in the CRM changes in place under its old Udesk id', () => {
    const base = { udesk: set(['11', A], ['12', B]), crm: set(`+86${A}`, `+86${B}`) };
    const result = merge(base, { udesk: base.udesk, crm: set(`+86${C}`, `+86${B}`) }, phones);
    expect(result.udesk.ops).toEqual({ add: [], remove: [], change: [{ id: '11', from: A, to: `+86${C}` }] });
    expect(result.udesk.after).toEqual(set(['11', `+86${C}`], ['12', B]));
    expect(result.crm.changed).toBe(false);
  });

  test('two known ids are never one element: their removal and addition stay two steps', () => {
    const base = { udesk: set(['1', 'a']), crm: set(['9', 'a']) };
    const result = merge(base, { udesk: set(['2', 'b']), crm: base.crm });
    expect(result.crm.ops).toEqual({ add: ['b'], remove: [{ id: '9', value: 'a' }], change: [] });
  });

  test('P4: another form of the same phone, or other ids, is no edit', () => {
    const base = { udesk: set(['1', A]), crm: set(`+86${A}`) };
    const result = merge(base, { udesk: set(['7', `+86 ${A}`]), crm: set(A) }, phones);
    expect([result.udesk.changed, result.crm.changed]).toEqual([false, false]);
  });

  test('one element edited to two values: both are kept, and it is said', () => {
    const base = { udesk: set(['1', 'a']), crm: set('a') };
    const result = merge(base, { udesk: set(['1', 'b']), crm: set('c') });
    expect(result.udesk.after).toEqual(set(['1', 'b'], 'c'));
    expect(result.crm.after).toEqual(set('c', 'b'));
    expect(result.elementConflicts).toEqual([{ kind: 'edit/edit', from: 'a', udesk: 'b', crm: 'c' }]);
  });

  test('an element edited here and deleted there: the edit is kept, and it is said', () => {
    const base = { udesk: set(['1', 'a'], ['2', 'z']), crm: set('a', 'z') };
    const result = merge(base, { udesk: set(['1', 'b'], ['2', 'z']), crm: set('z') });
    expect(result.crm.after).toEqual(set('z', 'b'));
    expect(result.udesk.changed).toBe(false);
    expect(result.elementConflicts).toEqual([{ kind: 'edit/delete', from: 'a', udesk: 'b', crm: null }]);
  });

  test('both made the same edit: nothing to write, nothing to say', () => {
    const base = { udesk: set(['1', 'a']), crm: set('a') };
    const result = merge(base, { udesk: set(['1', 'b']), crm: set('b') });
    expect([result.udesk.changed, result.crm.changed, result.elementConflicts]).toEqual([false, false, []]);
  });

  test('an addition outlives a deletion of the same value when the bases differed', () => {
    const result = merge({ udesk: [], crm: set('x') }, { udesk: set('x'), crm: [] });
    expect(result.udesk.after).toEqual(set('x'));
    expect(result.crm.after).toEqual(set('x'));
  });

  test('values are mapped on their way; one without an image is named and not sent', () => {
    const mapped = { ...tags, map: [['vip', 'gold']] as const };
    const base = { udesk: [], crm: [] };
    const result = merge(base, { udesk: set('vip', 'odd'), crm: set('strange') }, mapped);
    expect(result.crm.after).toEqual(set('strange', 'gold'));
    expect(result.udesk.after).toEqual(set('vip', 'odd'));
    expect(result.unmappable.map((u) => u.from)).toEqual(['udesk', 'crm']);
  });

  test('a blank is an empty set', () => {
    const result = merge({ udesk: ABSENT, crm: null }, { udesk: set('a'), crm: '' });
    expect(result.crm.after).toEqual(set('a'));
  });

  test('two elements with one value: deleting the value deletes both', () => {
    const base = { udesk: set(['1', A], ['2', `+86${A}`]), crm: set(A) };
    const result = merge(base, { udesk: base.udesk, crm: [] }, phones);
    expect(result.udesk.ops.remove.map((r) => r.id)).toEqual(['1', '2']);
  });
});

describe('helpers', () => {
  test('replacing a set keeps what stays and edits in place what is exchanged', () => {
    const result = replaceSet(tags, 'udesk', set(['1', 'a'], ['2', 'b']), set('b', 'c', 'd'), 'CN');
    expect(result.after).toEqual(set(['1', 'c'], ['2', 'b'], 'd'));
    expect(result.ops).toEqual({ add: ['d'], remove: [], change: [{ id: '1', from: 'a', to: 'c' }] });
  });

  test("taking a side's own edits back touches only what that side did", () => {
    const input = {
      spec: tags,
      region: 'CN',
      base: { udesk: set('a', 'b'), crm: set('a', 'b', 'own') },
      now: { udesk: set('a', 'b', 'new'), crm: set('b', 'own', 'mine', 'new') },
    };
    expect(withoutOwnEdits(input, 'crm')).toEqual(set('b', 'own', 'new', 'a'));
  });

  test('the agreed part is what both hold, each in its own form', () => {
    const now = { udesk: set(['1', A], ['2', B]), crm: set(`+86${A}`, C) };
    const part = agreedPart({ spec: phones, region: 'CN', base: null, now });
    expect(part).toEqual({ udesk: set(['1', A]), crm: set(`+86${A}`) });
  });
});

describe('P2: what a write carried, where somebody edited the set in the moment before it', () => {
  const carried = (held: readonly string[], sent: readonly string[], before: readonly string[]) =>
    asElements(asCarried(phones, 'CN', set(...held), set(...sent), set(...before))).map(({ value }) => value);

  // Found by the simulation (w2-18): the edit counted as agreed on, and never came to the other side.
  test('is not the edit of an element that it kept', () => {
    expect(carried([D, B, C], [A, B, C], [A, B])).toEqual([B, C, A]);
  });
  test('is neither an addition nor a deletion of theirs', () => {
    expect(carried([A, C, D], [A, C], [A])).toEqual([A, C]);
    expect(carried([B, C], [A, B, C], [A, B])).toEqual([B, C, A]);
  });
  test('P4: may be a form of its own of what was added, and that is agreed on as it is held', () => {
    expect(carried([A, D], [A, C], [A])).toEqual([A, D]);
  });
});
