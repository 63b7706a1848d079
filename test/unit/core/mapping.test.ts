import { describe, expect, test } from 'vitest';
import { imageFrom } from '../../../src/core/field-outcome.ts';
import { brokenLaw } from '../../../src/core/mapping/laws.ts';
import { fromCommon, toCommon } from '../../../src/core/mapping.ts';
import { mergeSets } from '../../../src/core/set-merge.ts';
import { ABSENT } from '../../../src/core/value.ts';
import { field, set } from '../../support/core-fixtures.ts';

const level = field({
  udesk: 'level',
  crm: 'tier',
  map: [
    ['vip', 'gold'],
    ['normal', 'standard'],
  ],
});

describe('values travel by the map of their field', () => {
  test('both ways, in whatever form the equivalence allows', () => {
    expect(fromCommon(level, 'crm', ' vip')).toEqual({ ok: true, value: 'gold' });
    expect(toCommon(level, 'crm', 'standard')).toEqual({ ok: true, value: 'normal' });
    expect(toCommon(level, 'udesk', 'anything')).toEqual({ ok: true, value: 'anything' });
  });
  test('a blank maps to itself', () => {
    for (const blank of [ABSENT, null, '', []]) {
      expect(fromCommon(level, 'crm', blank)).toEqual({ ok: true, value: blank });
      expect(toCommon(level, 'crm', blank)).toEqual({ ok: true, value: blank });
    }
  });
  test('P1 no invention: a value without an image has none, and the reason does not repeat it', () => {
    const answer = toCommon(level, 'crm', 'platinum');
    expect(answer.ok).toBe(false);
    expect(JSON.stringify(answer)).not.toContain('platinum');
    expect(fromCommon(level, 'crm', 'gold').ok).toBe(false);
  });
  test('elements of a set are mapped one by one and keep their ids', () => {
    const tags = { ...level, shape: 'set' as const };
    expect(fromCommon(tags, 'crm', set(['7', 'vip'], 'normal'))).toEqual({
      ok: true,
      value: set(['7', 'gold'], 'standard'),
    });
    expect(fromCommon(tags, 'crm', set('vip', 'other')).ok).toBe(false);
  });
  test('without a map a value travels as it is', () => {
    expect(fromCommon(field(), 'crm', true)).toEqual({ ok: true, value: true });
    expect(toCommon(field(), 'crm', ABSENT)).toEqual({ ok: true, value: ABSENT });
  });
  test('a boolean is found in the map by its text', () => {
    const blocked = field({
      equivalence: 'boolean',
      map: [
        ['true', 'Y'],
        ['false', 'N'],
      ],
    });
    expect(fromCommon(blocked, 'crm', true)).toEqual({ ok: true, value: 'Y' });
    expect(toCommon(blocked, 'crm', 'n')).toEqual({ ok: true, value: 'false' });
  });
});

describe('a two-way field carries nothing that would come back as another value (PutGet)', () => {
  // Compared letter by letter, a number in another form is another number.
  const numbers = field({
    udesk: 'cellphones',
    shape: 'set',
    lenses: [{ kind: 'phone', udesk: 'as-is', crm: 'e164', region: 'CN' }],
  });
  const merge = (spec: typeof numbers, number: string) =>
    mergeSets({ spec, region: 'CN', base: null, now: { udesk: set(number), crm: [] } });

  test('it is told as having no image, and what would come back as it was goes on', () => {
    expect(merge(numbers, '138-0013-8000').unmappable).toMatchObject([{ from: 'udesk' }]);
    expect(merge(numbers, '138-0013-8000').crm.after).toEqual([]);
    expect(merge(numbers, '+8613800138000').crm.after).toMatchObject([{ value: '+8613800138000' }]);
    expect(brokenLaw(numbers, 'udesk', set('138-0013-8000'), 'CN')).toEqual({
      kind: 'broken',
      law: 'PutGet',
    });
  });
  test('compared as numbers, or one way only, it travels', () => {
    for (const over of [{ equivalence: 'phone' }, { direction: 'to-crm' }] as const) {
      expect(merge({ ...numbers, ...over }, '138-0013-8000').crm.after).toMatchObject([
        { value: '+8613800138000' },
      ]);
    }
  });
  test('a scalar that would not come back has no image either', () => {
    const scalar = field({ lenses: [{ kind: 'default', on: 'udesk', value: '-' }] });
    expect(imageFrom(scalar, 'udesk', 'x')).toEqual({ ok: true, value: 'x' });
    expect(imageFrom(scalar, 'crm', '-').ok).toBe(false);
  });
});
