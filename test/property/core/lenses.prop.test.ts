import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, test } from 'vitest';
import { equalValues } from '../../../src/core/equivalence.ts';
import { brokenLaw } from '../../../src/core/mapping/laws.ts';
import type { LensSpec } from '../../../src/core/mapping/lens.ts';
import { comesBack, correspond, fromCommon, toCommon } from '../../../src/core/mapping.ts';
import type { FieldSpec } from '../../../src/core/spec.ts';
import { field } from '../../support/core-fixtures.ts';

const RUNS = 400;

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constantFrom(
    '',
    ' ',
    '王小明',
    'Ann Lee',
    'Mary Ann Lee',
    'A@B.cn',
    'n/a',
    'vip',
    'gold',
    '13800138000',
    '+86 138-0013-8000',
    '+14155552671',
    '2026-02-29',
  ),
);
const moment = fc
  .date({ min: new Date('1905-01-01'), max: new Date('2095-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());
const written = (format: string, zone: string) =>
  moment.map((iso) => DateTime.fromISO(iso, { zone, locale: 'en-US' }).toFormat(format));

interface Kind {
  readonly name: string;
  readonly over: Partial<FieldSpec>;
  readonly udesk: fc.Arbitrary<string>;
  readonly crm: fc.Arbitrary<string>;
}

const lens = (...lenses: LensSpec[]): Partial<FieldSpec> => ({ lenses });
const region = 'CN';
const KINDS: readonly Kind[] = [
  {
    name: 'map',
    over: {
      map: [
        ['vip', 'gold'],
        ['vip', 'platinum'],
        ['normal', 'standard'],
      ],
    },
    udesk: fc.constantFrom('vip', 'normal', ' vip', 'other'),
    crm: fc.constantFrom('gold', 'platinum', 'standard', 'x'),
  },
  { name: 'default', over: lens({ kind: 'default', on: 'crm', value: 'n/a' }), udesk: text, crm: text },
  {
    name: 'default in both',
    over: lens({ kind: 'default', on: 'udesk', value: '-' }, { kind: 'default', on: 'crm', value: 'n/a' }),
    udesk: text,
    crm: text,
  },
  {
    name: 'truncate in the CRM',
    over: lens({ kind: 'truncate', on: 'crm', characters: 5 }),
    udesk: text,
    crm: text,
  },
  {
    name: 'truncate in Udesk',
    over: lens({ kind: 'truncate', on: 'udesk', characters: 3 }),
    udesk: text,
    crm: text,
  },
  {
    name: 'phone e164',
    over: { ...lens({ kind: 'phone', udesk: 'national', crm: 'e164', region }), equivalence: 'phone' },
    udesk: text,
    crm: text,
  },
  {
    name: 'phone national',
    over: { ...lens({ kind: 'phone', udesk: 'as-is', crm: 'national', region }), equivalence: 'phone' },
    udesk: text,
    crm: text,
  },
  {
    name: 'email',
    over: { ...lens({ kind: 'email', lower: 'both' }), equivalence: 'email' },
    udesk: text,
    crm: text,
  },
  {
    name: 'email compared exactly',
    over: { ...lens({ kind: 'email', lower: 'crm' }), equivalence: 'exact' },
    udesk: text,
    crm: text,
  },
  ...(['exact', 'first', 'last'] as const).map(
    (split): Kind => ({
      name: `join, ${split}`,
      over: lens({ kind: 'join', parts: ['first', 'last'], separator: ' ', split }),
      udesk: text,
      crm: text,
    }),
  ),
  {
    name: 'a date on both sides',
    over: lens({
      kind: 'date',
      udesk: { format: 'date', zone: 'Asia/Shanghai' },
      crm: { format: 'dd/MM/yyyy', zone: 'America/New_York' },
    }),
    udesk: written('yyyy-MM-dd', 'utc'),
    crm: written('dd/MM/yyyy', 'utc'),
  },
  {
    name: 'a date in Udesk, a moment in the CRM',
    over: lens({
      kind: 'date',
      udesk: { format: 'date', zone: 'Asia/Shanghai' },
      crm: { format: 'iso', zone: 'utc' },
    }),
    udesk: written('yyyy-MM-dd', 'Asia/Shanghai'),
    crm: moment,
  },
  {
    name: 'a moment in Udesk, a date in the CRM',
    over: lens({
      kind: 'date',
      udesk: { format: 'datetime', zone: 'Asia/Shanghai' },
      crm: { format: 'date', zone: 'Europe/Berlin' },
    }),
    udesk: written('yyyy-MM-dd HH:mm:ss', 'Asia/Shanghai'),
    crm: written('yyyy-MM-dd', 'Europe/Berlin'),
  },
  {
    name: 'moments in two zones',
    over: lens({
      kind: 'date',
      udesk: { format: 'datetime', zone: 'Asia/Shanghai' },
      crm: { format: 'unix-ms', zone: 'utc' },
    }),
    udesk: written('yyyy-MM-dd HH:mm:ss', 'Asia/Shanghai'),
    crm: moment.map((iso) => String(Date.parse(iso))),
  },
  {
    name: 'a map, a length and a default in a row',
    over: {
      ...lens({ kind: 'truncate', on: 'crm', characters: 4 }, { kind: 'default', on: 'crm', value: '-' }),
      map: [
        ['vip', 'gold'],
        ['normal', 'base'],
      ],
    },
    udesk: fc.constantFrom('vip', 'normal', '', 'x'),
    crm: fc.constantFrom('gold', 'base', '-', '', 'y'),
  },
];

describe.each(KINDS)('the round-trip laws of a field: $name', ({ over, udesk, crm }) => {
  const spec = field(over);

  test('GetPut: what was read from the CRM and is put back there changes nothing', () => {
    fc.assert(
      fc.property(crm, (held) => {
        const read = toCommon(spec, 'crm', held);
        if (!read.ok) return;
        const put = fromCommon(spec, 'crm', read.value, held);
        expect(put.ok && equalValues(spec, put.value, held, region)).toBe(true);
        expect(correspond(spec, read.value, held, region)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test('GetPut from the other end: what Udesk holds stays when its own image comes back', () => {
    fc.assert(
      fc.property(udesk, crm, (held, before) => {
        const put = fromCommon(spec, 'crm', held, before);
        if (!put.ok) return;
        const read = toCommon(spec, 'crm', put.value, held);
        expect(read.ok && equalValues(spec, read.value, held, region)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test('PutGet: what is put, whatever was there before, is read again as it was', () => {
    fc.assert(
      fc.property(udesk, crm, (value, before) => {
        const put = fromCommon(spec, 'crm', value, before);
        if (!put.ok) return;
        expect(comesBack(spec, 'udesk', value, put.value)).toBe(true);
        expect(correspond(spec, value, put.value, region)).toBe(true);
        // And putting it twice is putting it once.
        expect(fromCommon(spec, 'crm', value, put.value)).toEqual(put);
      }),
      { numRuns: RUNS },
    );
  });

  test('no value that it takes breaks a law, and what it says of those that it refuses tells none of them', () => {
    const reasons = new Set<string>();
    fc.assert(
      fc.property(udesk, crm, (inUdesk, inCrm) => {
        for (const [side, value] of [
          ['udesk', inUdesk],
          ['crm', inCrm],
        ] as const) {
          const verdict = brokenLaw(spec, side, value, region);
          expect(verdict?.kind === 'broken').toBe(false);
          if (verdict?.kind === 'no-image') reasons.add(verdict.reason);
        }
      }),
      { numRuns: RUNS },
    );
    expect(reasons.size).toBeLessThanOrEqual(4);
  });
});
