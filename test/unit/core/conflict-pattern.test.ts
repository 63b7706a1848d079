import { describe, expect, test } from 'vitest';
import { type AuthorKind, patternOf, patternText, readPattern } from '../../../src/core/conflict-pattern.ts';
import { type Evidence, NO_EVIDENCE, propose } from '../../../src/core/review-rule.ts';
import type { Value } from '../../../src/core/value.ts';
import { field, set } from '../../support/core-fixtures.ts';

const row = (udesk: Value, crm: Value, base: Value | null = null) => ({
  field: 'nick_name',
  base: base === null ? null : { udesk: base, crm: base, accepted: false },
  udesk,
  crm,
  udeskAt: null,
  crmAt: null,
});
const shape = (udesk: Value, crm: Value, base: Value | null = null, spec = field()) =>
  patternOf(row(udesk, crm, base), 'unknown', spec, 'CN').shape;

describe('the shape of a difference', () => {
  test.each<[string, Value, Value, Value | null]>([
    ['same-text', ' ＡＢＣ 公司', 'abc公司', null],
    ['same-but-punctuation', '张三（北京）', '张三 北京', null],
    ['same-but-punctuation', '138-0000-1234', '13800001234', null],
    ['same-digits', '+86 138-0000-1234', '13800001234', null],
    ['udesk-contains-crm', '上海某某有限公司', '某某', null],
    ['crm-contains-udesk', 'Li', 'Li Wei', null],
    ['same-words', 'Li Wei', 'wei, li', null],
    ['other-digits', '3号楼 201 室', '3号楼 202 室', null],
    ['udesk-longer', 'asked for a price, then for a demo', 'call back', null],
    ['crm-longer', 'call back', 'asked for a price, then for a demo', null],
    ['other', '王小明', '王晓明', null],
    ['emptied-in-udesk', '', '王晓明', '王小明'],
    ['emptied-in-crm', '王晓明', null, '王小明'],
    ['blank-in-udesk', '', '王晓明', null],
    ['other', true, false, null],
  ])('%s', (expected, udesk, crm, base) => {
    expect(shape(udesk, crm, base)).toBe(expected);
  });

  test('of sets is told by their entries', () => {
    const phones = field({ shape: 'set', equivalence: 'phone' });
    expect(shape(set('13800001234', '13900001234'), set('+8613800001234'), null, phones)).toBe(
      'udesk-contains-crm',
    );
    expect(shape(set('13800001234', '13900001234'), set('13800001234', '1'), null, phones)).toBe('overlap');
    expect(shape(set('13800001234'), set('13800001239'), null, phones)).toBe('other-digits');
    expect(shape(set('13800001234', '1'), set('13800001239', '2'), null, phones)).toBe('other');
  });

  test('of mapped values is told in the values of Udesk; what has no counterpart is said', () => {
    const level = field({ map: [['vip', 'gold']] });
    expect(shape('vip', 'gold', null, level)).toBe('same-text');
    expect(shape('vip', 'silver', null, level)).toBe('no-image');
  });

  test('whole records are deleted on one side', () => {
    const whole = (udesk: Value | null, crm: Value | null) =>
      patternOf({ ...row('', ''), field: '*', udesk, crm }, 'unknown', null, 'CN').shape;
    expect([whole(null, 'x'), whole('x', null)]).toEqual(['deleted-in-udesk', 'deleted-in-crm']);
  });
});

test('an hour apart edits count as made together; beyond, the later one is told', () => {
  const order = (udeskAt: string | null, crmAt: string | null) =>
    patternOf({ ...row('a', 'b'), udeskAt, crmAt }, 'unknown', field(), 'CN').order;
  expect(order('2026-11-25T10:00:00Z', '2026-11-25T11:00:00Z')).toBe('together');
  expect(order('2026-11-25T10:00:00Z', '2026-11-25T11:00:00.001Z')).toBe('crm-later');
  expect(order('2026-11-26T10:00:00Z', '2026-11-25T11:00:00Z')).toBe('udesk-later');
  expect(order(null, '2026-11-25T11:00:00Z')).toBe('time-unknown');
});

test.each([
  '',
  'v2.person.other.together',
  'v1.person.other',
  'v1.person.other.together.x',
  'v1.person.other.together.crm-unknown',
  'v1.person.other.together.xxx-person',
  'v1.person.other.together.crm-person.x',
  'v1.x.other.together',
])('"%s" is no pattern', (text) => {
  expect(readPattern(text)).toBeNull();
});

test('a CRM that tells its authors makes finer groups; where it tells nobody, groups are what they were', () => {
  const text = (crmAuthor: AuthorKind) =>
    patternText(patternOf(row('a', 'b'), 'person', field(), 'CN', crmAuthor));
  expect(text('unknown')).toBe('v1.person.other.time-unknown');
  expect(text('automation')).toBe('v1.person.other.time-unknown.crm-automation');
  expect(readPattern(text('person'))).toMatchObject({ author: 'person', crmAuthor: 'person' });
  expect(readPattern(text('unknown'))).toMatchObject({ crmAuthor: 'unknown' });
});

describe('a rule is proposed', () => {
  const group = { kind: 'edit/edit', pattern: 'v1.person.same-text.crm-later' } as const;
  const of = (evidence: Partial<Evidence>, other: Partial<typeof group> | object = {}) =>
    propose({ ...group, ...other }, { ...NO_EVIDENCE, ...evidence });

  test('from ten decisions on, with how many of them agree', () => {
    expect(of({ crm: 212, udesk: 1, value: 1 })).toEqual({
      kind: 'proposed',
      take: 'crm',
      agrees: 212,
      total: 214,
    });
    expect(of({ crm: 10 })).toEqual({ kind: 'proposed', take: 'crm', agrees: 10, total: 10 });
    expect(of({ crm: 9 })).toEqual({ kind: 'few', total: 9 });
  });

  test('not where people would have contradicted it more than one time in twenty', () => {
    expect(of({ crm: 19, udesk: 1 }).kind).toBe('proposed');
    expect(of({ crm: 18, udesk: 1 }).kind).toBe('divided');
    expect(of({ value: 20 })).toMatchObject({ kind: 'divided', agrees: 0, total: 20 });
  });

  test('never for what only a person may decide, nor where it would empty a field', () => {
    expect(of({ crm: 100 }, { kind: 'tug-of-war' })).toEqual({ kind: 'never', total: 100 });
    expect(of({ crm: 100 }, { pattern: 'v1.person.emptied-in-crm.together' }).kind).toBe('erases');
    expect(of({ crm: 100 }, { pattern: 'v1.person.emptied-in-udesk.together' }).kind).toBe('proposed');
  });
});
