import fc from 'fast-check';
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { describe, expect, test } from 'vitest';
import { equalValues, normalizeText } from '../../../src/core/equivalence.ts';
import { fromCommon, toCommon } from '../../../src/core/mapping.ts';
import type { Equivalence } from '../../../src/core/spec.ts';
import { ABSENT, type Value } from '../../../src/core/value.ts';
import { field, set } from '../../support/core-fixtures.ts';

const equivalence = fc.constantFrom<Equivalence>('text', 'exact', 'email', 'phone', 'boolean', 'number');
const digits = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  digits(0, 18),
  fc.tuple(fc.constantFrom('+', '+86', '0', '00', '-', '1e', '.'), digits(0, 16)).map(([a, b]) => a + b),
  fc
    .tuple(digits(1, 13), fc.constantFrom('/', ' ', '.', '-', ' ext. '), digits(1, 13))
    .map((parts) => parts.join('')),
);
const scalar = fc.oneof(text, fc.boolean(), fc.constantFrom<Value>(null, ABSENT, '', ' '));
const value = fc.oneof(
  scalar,
  fc.array(text, { maxLength: 4 }).map((items) => set(...items)),
);

describe('normal forms', () => {
  test('normalising twice is normalising once', () => {
    fc.assert(
      fc.property(equivalence, text, fc.constantFrom('CN', 'US', 'DE', 'XX'), (eq, raw, region) => {
        const once = normalizeText(eq, raw, region);
        expect(normalizeText(eq, once, region)).toBe(once);
      }),
      { numRuns: 3000 },
    );
  });

  test('equality is reflexive, symmetric and transitive', () => {
    const shape = fc.constantFrom('scalar' as const, 'set' as const);
    fc.assert(
      fc.property(equivalence, shape, fc.array(value, { minLength: 3, maxLength: 3 }), (eq, kind, values) => {
        const spec = field({ equivalence: eq, shape: kind });
        const same = (a: number, b: number) => equalValues(spec, values[a] ?? null, values[b] ?? null, 'CN');
        expect(same(0, 0)).toBe(true);
        expect(same(0, 1)).toBe(same(1, 0));
        // A scalar is read as a set beside a set, so transitivity is a law within one shape.
        if (kind === 'set' && same(0, 1) && same(1, 2)) expect(same(0, 2)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('the fast way for Chinese mobiles answers as the library does', () => {
    const spaced = fc
      .tuple(
        digits(10, 10),
        fc.array(fc.constantFrom('', '', '', ' ', '-'), { minLength: 10, maxLength: 10 }),
      )
      .map(([tail, gaps]) => `1${[...tail].map((digit, i) => (gaps[i] ?? '') + digit).join('')}`);
    const prefix = fc.constantFrom('', '', '+86', '+86 ', '+86-');
    fc.assert(
      fc.property(prefix, spaced, fc.constantFrom<CountryCode>('CN', 'US'), (start, number, region) => {
        const raw = start + number;
        const parsed = parsePhoneNumberFromString(raw, region);
        if (parsed?.isValid()) expect(normalizeText('phone', raw, region)).toBe(parsed.number);
        else expect(normalizeText('phone', raw, region)).toBe(raw.replace(/[^+\d]/g, ''));
      }),
      { numRuns: 5000 },
    );
    for (let head = 1000; head < 2000; head += 1) {
      const raw = `${head}5550123`;
      expect(normalizeText('phone', raw, 'CN')).toBe(parsePhoneNumberFromString(raw, 'CN')?.number);
    }
  });

  test('numbers keep every digit', () => {
    const whole = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
    fc.assert(
      fc.property(whole, whole, (a, b) => {
        expect(normalizeText('number', String(a), '')).toBe(String(a));
        expect(equalValues(field({ equivalence: 'number' }), `${a}.00`, String(b), '')).toBe(a === b);
      }),
    );
  });
});

describe('mapping', () => {
  const words = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 6 });
  test('there and back is the same value, for each value that has an image', () => {
    fc.assert(
      fc.property(words, scalar, fc.array(fc.nat({ max: 5 })), (names, stray, picks) => {
        const map = names.map((name) => [name, `c-${name}`] as const);
        const spec = field({ map });
        const members = set(...picks.map((pick) => names[pick % names.length] ?? ''));
        for (const [shape, subject] of [
          [spec, stray],
          [spec, names[0] ?? ''],
          [{ ...spec, shape: 'set' as const }, members],
        ] as const) {
          const there = fromCommon(shape, 'crm', subject);
          if (!there.ok) continue;
          const back = toCommon(shape, 'crm', there.value);
          expect(back.ok && equalValues(shape, back.value, subject, 'CN')).toBe(true);
        }
      }),
    );
  });
});
