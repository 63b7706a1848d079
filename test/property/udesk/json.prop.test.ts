import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALL_MEMBERS, type JsonObject, parseUdeskJson } from '../../../src/udesk/json.ts';
import { parseLossless } from '../../../src/udesk/json-lossless.ts';

const spaced = (value: unknown, gap: number): string => JSON.stringify(value, null, gap);

describe('JSON of Udesk', () => {
  it('reads every ordinary document as JSON.parse does, on the fast and on the exact way', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(3), (value, gap) => {
        const text = spaced(value, gap);
        // Both ways show a fraction of more digits than a double holds as text; compare without such numbers.
        fc.pre(!/\d[\d.]{15}/.test(text) && !/\d[eE]/.test(text));
        expect(parseUdeskJson(text)).toEqual(JSON.parse(text));
        expect(parseLossless(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('never loses a member, however keys repeat and wherever the object stands', () => {
    const key = fc.oneof(fc.constantFrom('id', 'content', '__proto__', 'a"', 'x\\'), fc.string());
    const members = fc.array(
      fc.tuple(key, fc.oneof(fc.string(), fc.integer(), fc.bigInt({ min: 0n, max: 1n << 70n }))),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(members, fc.jsonValue(), (list, before) => {
        const write = (value: unknown): string =>
          typeof value === 'bigint' ? String(value) : JSON.stringify(value);
        const object = `{${list.map(([name, value]) => `${JSON.stringify(name)} :${write(value)}`).join(', ')}}`;
        const parsed = (parseUdeskJson(`{"rest":${JSON.stringify(before)},"them":[${object}]}`) as JsonObject)
          .them;
        const [read] = parsed as JsonObject[];
        const all = read?.[ALL_MEMBERS] ?? Object.entries(read ?? {});
        const plain = ([name, value]: readonly [string, unknown]): string => `${name} ${write(value)}`;
        const byText = (entries: readonly (readonly [string, unknown])[]): string[] =>
          entries.map(plain).sort();
        expect(byText(all)).toEqual(
          byText(list.map(([name, value]) => [name, Object.is(value, -0) ? 0 : value])),
        );
      }),
    );
  });
});
