import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  authorKind,
  type PatternSubject,
  patternOf,
  patternText,
  readPattern,
  SHAPES,
} from '../../../src/core/conflict-pattern.ts';
import type { FieldBase } from '../../../src/core/link.ts';
import { ruleRefusal } from '../../../src/core/review-rule.ts';
import type { Equivalence, FieldSpec } from '../../../src/core/spec.ts';
import { ABSENT, isBlank, isSet, type Value } from '../../../src/core/value.ts';
import { field, set } from '../../support/core-fixtures.ts';

const word = fc.oneof(
  fc.constantFrom('Li', 'li', 'Ｌｉ', 'Li Wei', 'Wei Li', 'Li, Wei', '李伟', ' 李 伟', '201室', '202室'),
  fc.constantFrom('13800001234', '+86 138-0000-1234', '8613800001234', '\u200b', 'İ', 'ß', ''),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const value = fc.oneof(
  { weight: 4, arbitrary: word as fc.Arbitrary<Value> },
  fc.boolean() as fc.Arbitrary<Value>,
  fc.constantFrom<Value>(null, ABSENT, '', ' '),
  fc.array(word, { maxLength: 4 }).map((items): Value => set(...items)),
);
const held = fc.oneof({ weight: 6, arbitrary: value as fc.Arbitrary<Value | null> }, fc.constant(null));
const time = fc.oneof(
  fc.constantFrom(null, 'not a time'),
  fc.integer({ min: 0, max: 10_000_000 }).map((ms) => new Date(1_800_000_000_000 + ms).toISOString()),
);
const base = fc.option(
  fc.record({ udesk: value, crm: value, accepted: fc.boolean() }) as fc.Arbitrary<FieldBase>,
);
const subject: fc.Arbitrary<PatternSubject> = fc.record({
  field: fc.constantFrom('nick_name', 'emails', '*'),
  base,
  udesk: held,
  crm: held,
  udeskAt: time,
  crmAt: time,
});
const equivalence = fc.constantFrom<Equivalence>('text', 'exact', 'email', 'phone', 'boolean', 'number');
const plain = fc
  .record({ shape: fc.constantFrom('scalar' as const, 'set' as const), equivalence })
  .map((over) => field(over));
const mapped = fc.constant(
  field({
    map: [
      ['vip', 'gold'],
      ['normal', 'standard'],
    ],
  }),
);
const spec: fc.Arbitrary<FieldSpec | null> = fc.oneof(plain, mapped, fc.constant(null));

describe('the pattern of a conflict', () => {
  test('is total and a function of the row: every row has one, and the same each time it is asked', () => {
    fc.assert(
      fc.property(subject, spec, (row, one) => {
        const pattern = patternOf(row, 'person', one, 'CN');
        expect(SHAPES).toContain(pattern.shape);
        expect(patternOf(structuredClone(row), 'person', one, 'CN')).toEqual(pattern);
        expect(readPattern(patternText(pattern))).toEqual(pattern);
      }),
      { numRuns: 3000 },
    );
  });

  test('is symmetric where nothing is mapped: with the sides exchanged it is the same, with the sides exchanged', () => {
    const exchange = (text: string) =>
      text.replace(/udesk|crm/g, (side) => (side === 'udesk' ? 'crm' : 'udesk'));
    fc.assert(
      fc.property(subject, plain, (row, one) => {
        const other: PatternSubject = {
          field: row.field,
          base: row.base === null ? null : { ...row.base, udesk: row.base.crm, crm: row.base.udesk },
          udesk: row.crm,
          crm: row.udesk,
          udeskAt: row.crmAt,
          crmAt: row.udeskAt,
        };
        // Of a whole record one side at least is there.
        fc.pre(row.field !== '*' || row.udesk !== null || row.crm !== null);
        const [here, there] = [patternOf(row, 'unknown', one, 'CN'), patternOf(other, 'unknown', one, 'CN')];
        expect(there).toEqual({ ...here, shape: exchange(here.shape), order: exchange(here.order) });
      }),
      { numRuns: 3000 },
    );
  });

  test('is stable under renaming: names of fields, ids of elements and their order do not count', () => {
    const renamed = (one: Value | null): Value | null =>
      one !== null && isSet(one)
        ? [...one].reverse().map((element, n) => ({ ...element, id: `other ${n}` }))
        : one;
    fc.assert(
      fc.property(subject, plain, fc.string({ minLength: 1 }), (row, one, name) => {
        fc.pre(row.field !== '*' && name !== '*');
        const other = { ...row, field: name, udesk: renamed(row.udesk), crm: renamed(row.crm) };
        const elsewhere = { ...one, udesk: name, crm: `${name} over there` };
        expect(patternOf(other, 'person', elsewhere, 'CN')).toEqual(patternOf(row, 'person', one, 'CN'));
      }),
      { numRuns: 3000 },
    );
  });

  test('a rule never empties what holds something, whatever the row', () => {
    fc.assert(
      fc.property(subject, plain, fc.constantFrom('udesk' as const, 'crm' as const), (row, one, take) => {
        fc.pre(row.field !== '*');
        const other = take === 'udesk' ? 'crm' : 'udesk';
        if (ruleRefusal(row, one, take) === null && !isBlank(row[other]))
          expect(isBlank(row[take])).toBe(false);
      }),
    );
  });
});

test('who wrote is a person, a program, or nobody knows; our own writes are a program’s', () => {
  const automations = new Set(['robot']);
  expect([null, 'udesk-sync', 'robot', 'ann'].map((name) => authorKind(name, automations))).toEqual([
    'unknown',
    'automation',
    'automation',
    'person',
  ]);
});
