import { describe, expect, it } from 'vitest';
import {
  ALL_MEMBERS,
  idNumber,
  type JsonObject,
  parseUdeskJson,
  stringifyUdesk,
} from '../../../src/udesk/json.ts';

describe('JSON of Udesk loses nothing', () => {
  it('keeps both members when a key stands twice in one object', () => {
    const [phone] = parseUdeskJson('[{"id":343,"content":"a","id" : 234,"content":"b"}]') as JsonObject[];
    expect(phone?.[ALL_MEMBERS]).toEqual([
      ['id', 343],
      ['content', 'a'],
      ['id', 234],
      ['content', 'b'],
    ]);
    expect(phone?.id).toBe(234);
  });

  it('finds a repeated key whose name needs unescaping to be seen as the same', () => {
    const parsed = parseUdeskJson('{"id":1,"\\u0069d":2}') as JsonObject;
    expect(parsed[ALL_MEMBERS]).toHaveLength(2);
  });

  it('keeps whole numbers beyond 2^53, as members, in arrays and below zero', () => {
    expect(parseUdeskJson('{"id":9007199254740993,"list":[ 12345678901234567890,1]}')).toEqual({
      id: 9007199254740993n,
      list: [12345678901234567890n, 1],
    });
    expect(parseUdeskJson('{"id":-9007199254740993}')).toEqual({ id: -9007199254740993n });
  });

  it('keeps fractions that a double cannot hold as their text', () => {
    expect(parseUdeskJson('{"a":0.12345678901234567890,"b":0.5}')).toEqual({
      a: '0.12345678901234567890',
      b: 0.5,
    });
  });

  it('is not misled by texts that look like members or numbers', () => {
    const value = {
      note: 'said "id":1, : 99999999999999999999',
      colon: ':x',
      back: 'end\\',
      '\\': 1,
      'k"': [],
    };
    expect(parseUdeskJson(JSON.stringify(value, null, 2))).toEqual(value);
  });

  it.each([
    ['a page cut short', '{"code":1000,"customers":[{"nick_name":"SECRET'],
    ['an HTML page', '<html><body>SECRET</body></html>'],
    ['nothing', ''],
    ['plain text', 'SECRET'],
  ])('says that %s is no JSON without quoting it', (_what, text) => {
    const error = (() => {
      try {
        return parseUdeskJson(text);
      } catch (thrown) {
        return thrown as Error;
      }
    })() as Error;
    expect(error).toMatchObject({ kind: 'transient', details: { code: 'not-json' } });
    expect(error.cause).toBeUndefined();
    expect(error.message).not.toContain('SECRET');
  });

  it('writes ids as whole numbers of any size, and what is no number as text', () => {
    const body = {
      other_emails: [
        [idNumber('9007199254740993'), 'a@x'],
        [null, 'b@x'],
        [idNumber('007'), 'c@x'],
      ],
      n: 5n,
    };
    expect(stringifyUdesk(body)).toBe(
      '{"other_emails":[[9007199254740993,"a@x"],[null,"b@x"],["007","c@x"]],"n":5}',
    );
  });
});
