import { describe, expect, test } from 'vitest';
import { imageFrom } from '../../../src/core/field-outcome.ts';
import { toCommon } from '../../../src/core/mapping.ts';
import { createNameBook, type NamedEntry } from '../../../src/core/names.ts';
import type { FieldSpec } from '../../../src/core/spec.ts';

const entry = (id: string, word: string | null, over: Partial<NamedEntry> = {}): NamedEntry => ({
  id,
  word,
  today: word,
  gone: false,
  ...over,
});

describe('a name means exactly one, or none (P1)', () => {
  test('as its equivalence compares: addresses are folded, names are trimmed', () => {
    const agents = createNameBook([entry('8', 'Tom@example.com')], 'email');
    expect(agents.find(' tom@EXAMPLE.com ')).toEqual({
      kind: 'one',
      id: '8',
      word: 'Tom@example.com',
      gone: false,
    });
    const groups = createNameBook([entry('16', '售前组')], 'text');
    expect(groups.find(' 售前组 ')).toMatchObject({ kind: 'one', id: '16' });
    expect(groups.find('售后组')).toEqual({ kind: 'unknown' });
  });

  test('the name of several is nobody', () => {
    const book = createNameBook([entry('16', 'A'), entry('17', 'A '), entry('18', 'B')], 'text');
    expect(book.find('A')).toEqual({ kind: 'several' });
    expect([book.isShared('A'), book.isShared('B')]).toEqual([true, false]);
  });

  test('a renamed one is found by both names, and travels by the accepted one', () => {
    const book = createNameBook([entry('16', 'A', { today: 'B' })], 'text');
    expect(book.find('B')).toMatchObject({ id: '16', word: 'A' });
    expect(book.find('A')).toMatchObject({ id: '16', word: 'A' });
  });

  test('the accepted name goes before the name of today, and whoever is there before whoever left', () => {
    const book = createNameBook(
      [entry('16', 'A', { today: 'B' }), entry('17', 'B'), entry('9', 'C', { gone: true }), entry('18', 'C')],
      'text',
    );
    expect(book.find('B')).toMatchObject({ id: '17' });
    expect(book.find('C')).toMatchObject({ id: '18', gone: false });
  });

  test('one without a name is found by none', () => {
    const book = createNameBook([entry('8', null), entry('9', ' ')], 'text');
    expect(book.find('')).toEqual({ kind: 'unknown' });
    expect(book.find(' ')).toEqual({ kind: 'unknown' });
  });
});

describe('in the values of the other side', () => {
  const names = createNameBook(
    [entry('8', 'tom@example.com'), entry('9', 'left@example.com', { gone: true })],
    'email',
  );
  const owner: FieldSpec = {
    udesk: 'owner',
    crm: 'owner',
    shape: 'scalar',
    equivalence: 'email',
    direction: 'both',
    policy: 'hold',
    onBlocked: 'hold',
    map: null,
    named: true,
    names,
  };

  test('a name of the CRM becomes the form that travels, and a blank stays blank', () => {
    expect(imageFrom(owner, 'crm', 'TOM@example.com')).toEqual({ ok: true, value: 'tom@example.com' });
    expect(imageFrom(owner, 'crm', null)).toEqual({ ok: true, value: null });
    expect(imageFrom(owner, 'udesk', 'tom@example.com')).toEqual({ ok: true, value: 'tom@example.com' });
  });

  test('an unknown name has no image, and the reason does not repeat it', () => {
    expect(imageFrom(owner, 'crm', 'secret@example.com')).toEqual({
      ok: false,
      reason: 'the value that the CRM holds in owner names nobody that Udesk knows',
    });
  });

  test('one who left is equal where both sides hold it, and is given to nobody', () => {
    expect(toCommon(owner, 'crm', 'left@example.com')).toEqual({ ok: true, value: 'left@example.com' });
    expect(imageFrom(owner, 'crm', 'left@example.com')).toMatchObject({ ok: false });
  });
});
