import { describe, expect, test } from 'vitest';
import { fromCommon, toCommon } from '../../../src/core/mapping.ts';
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
