import { describe, expect, test } from 'vitest';
import { equalValues, normalizeText } from '../../../src/core/equivalence.ts';
import { ABSENT, type Value } from '../../../src/core/value.ts';
import { field, set } from '../../support/core-fixtures.ts';

const CN = 'CN';

describe('one value in two forms is one value', () => {
  test.each([
    ['text', ' Zoe\u0308 ', 'Zo\u00eb'],
    ['email', ' Ann@Example.COM', 'ann@example.com'],
    ['phone', '138 0013 8000', '+86 138-0013-8000'],
    ['phone', '１３８００１３８０００', '13800138000'],
    ['phone', '(021) 6288 1234', '+862162881234'],
    ['boolean', '1', 'TRUE'],
    ['boolean', 'no', '0'],
    ['number', '0012.50', '12.5'],
    ['number', '9007199254740993.0', '9007199254740993'],
    ['number', '-0', '0'],
    ['number', '1.2e3', '1200'],
  ] as const)('%s: %j and %j', (equivalence, a, b) => {
    expect(normalizeText(equivalence, a, CN)).toBe(normalizeText(equivalence, b, CN));
    expect(equalValues(field({ equivalence }), a, b, CN)).toBe(true);
  });
});

describe('two values are never taken for one', () => {
  test.each([
    ['exact', 'a', 'a '],
    ['text', 'Ann', 'ann'],
    ['email', 'a@x.cn', 'b@x.cn'],
    ['phone', '13800138000', '13800138001'],
    ['phone', '021-62881234 ext. 1', '021-62881234 ext. 2'],
    ['phone', '123456789012345678901', '6789012345678901'],
    ['phone', '12345', '012345'],
    ['boolean', 'true', 'false'],
    ['boolean', 'perhaps', 'true'],
    ['number', '9007199254740993', '9007199254740992'],
    ['number', '1,000', '1'],
  ] as const)('%s: %j and %j', (equivalence, a, b) => {
    expect(equalValues(field({ equivalence }), a, b, CN)).toBe(false);
  });
});

describe('blanks', () => {
  const blanks: Value[] = [ABSENT, null, '', '  '];
  test.each(['text', 'email', 'phone', 'boolean', 'number'] as const)(
    'are all equal under %s',
    (equivalence) => {
      for (const a of blanks)
        for (const b of blanks) expect(equalValues(field({ equivalence }), a, b, CN)).toBe(true);
    },
  );
  test('ABSENT, NULL and empty text are three values under exact', () => {
    const spec = field({ equivalence: 'exact' });
    expect(equalValues(spec, ABSENT, null, CN)).toBe(false);
    expect(equalValues(spec, null, '', CN)).toBe(false);
    expect(equalValues(spec, '', ABSENT, CN)).toBe(false);
    expect(equalValues(spec, ABSENT, { absent: true }, CN)).toBe(true);
  });
  test('a blank is never equal to a value', () => {
    for (const blank of blanks) expect(equalValues(field(), blank, 'x', CN)).toBe(false);
  });
});

describe('booleans', () => {
  test('compare with their texts under boolean', () => {
    expect(equalValues(field({ equivalence: 'boolean' }), true, 't', CN)).toBe(true);
    expect(equalValues(field({ equivalence: 'boolean' }), false, '0', CN)).toBe(true);
    expect(equalValues(field({ equivalence: 'boolean' }), false, null, CN)).toBe(false);
  });
});

describe('sets', () => {
  const spec = field({ shape: 'set', equivalence: 'email' });
  test('are equal by their values, whatever ids and order are', () => {
    expect(equalValues(spec, set(['1', 'A@x.cn'], ['2', 'b@x.cn']), set('b@x.cn', 'a@x.cn'), CN)).toBe(true);
    expect(equalValues(spec, set('a@x.cn'), set('a@x.cn', 'b@x.cn'), CN)).toBe(false);
  });
  test('a scalar is a set of one, a blank is the empty set', () => {
    expect(equalValues(spec, 'A@x.cn', set('a@x.cn'), CN)).toBe(true);
    for (const blank of [ABSENT, null, '', ' ']) expect(equalValues(spec, blank, [], CN)).toBe(true);
    expect(equalValues(field(), 'a', set('a'), CN)).toBe(true);
  });
});
