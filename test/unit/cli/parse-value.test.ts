import { describe, expect, it } from 'vitest';
import { parseValue } from '../../../src/cli/parse-value.ts';
import { field } from '../../support/core-fixtures.ts';

const text = field();
const emails = field({ udesk: 'emails', shape: 'set', equivalence: 'email' });
const phones = field({ udesk: 'cellphones', shape: 'set', equivalence: 'phone' });
const elements = (...values: string[]) => values.map((value) => ({ id: null, value }));

describe('a value that a person typed', () => {
  it.each([
    ['Wang Wei', 'Wang Wei'],
    ['"Wang Wei"', 'Wang Wei'],
    ['007', '007'],
    ['12345678901234567890', '12345678901234567890'],
    ['true', 'true'],
    ['"null"', 'null'],
    ['null', null],
    ['', ''],
    ['{not json', '{not json'],
  ])('%j is the text %j', (typed, value) => {
    expect(parseValue(typed, text, 'CN')).toBe(value);
  });

  it.each([
    [emails, '["a@x.com"," b@x.com "]', elements('a@x.com', 'b@x.com')],
    [emails, 'a@x.com', elements('a@x.com')],
    [phones, '13800000001', elements('13800000001')],
    [emails, '[]', []],
  ])('of a set is a list of texts, or one text', (spec, typed, value) => {
    expect(parseValue(typed, spec, 'CN')).toEqual(value);
  });

  it('of a true-or-false field is a boolean, of a number field a number', () => {
    expect(parseValue('true', field({ equivalence: 'boolean' }), 'CN')).toBe(true);
    expect(parseValue('12.50', field({ equivalence: 'number' }), 'CN')).toBe('12.50');
  });

  it.each([
    [text, '["a"]', 'holds one value'],
    [emails, '{"a":1}', 'holds several values'],
    [emails, '["a@x.com", 7]', 'holds several values'],
    [emails, '[" "]', 'holds several values'],
    [emails, '["A@x.com","a@X.com"]', 'one value twice'],
    [field({ equivalence: 'boolean' }), 'maybe', 'true or false'],
    [field({ equivalence: 'number' }), 'many', 'holds a number'],
    [phones, 'notjson', 'holds phone numbers'],
    [phones, '["13800138000", "12"]', 'holds phone numbers'],
    [emails, 'wang', 'holds e-mail addresses'],
    [field({ map: [['vip', 'gold']] }), 'gold', 'value map'],
  ])('that does not fit is refused with what would be right: %# %j', (spec, typed, words) => {
    expect(() => parseValue(typed, spec, 'CN')).toThrow(
      expect.objectContaining({ kind: 'config', message: expect.stringContaining(words) }),
    );
  });
});
