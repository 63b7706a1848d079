import { describe, expect, test } from 'vitest';
import { applyPolicy, type EditTimes, type PolicyOutcome } from '../../../src/core/policy.ts';
import { POLICIES, type Policy } from '../../../src/core/spec.ts';
import type { Value } from '../../../src/core/value.ts';
import { field, set } from '../../support/core-fixtures.ts';

const NO_TIMES: EditTimes = { udeskAt: null, crmAt: null, trusted: false };

function decide(policy: Policy, udesk: Value, crm: Value, times = NO_TIMES, over = {}): PolicyOutcome {
  return applyPolicy({ spec: field({ policy, ...over }), region: 'CN', base: 'o', udesk, crm, times });
}
const side = (outcome: PolicyOutcome) => (outcome.kind === 'take' ? outcome.side : outcome.kind);

describe('policies', () => {
  test('hold decides nothing, and every undecided answer says why', () => {
    expect(decide('hold', 'a', 'b')).toEqual({ kind: 'undecided', reason: expect.stringMatching(/.{10}/) });
  });
  test('udesk and crm take their side, blank or not', () => {
    expect(side(decide('udesk', '', 'b'))).toBe('udesk');
    expect(side(decide('crm', 'a', null))).toBe('crm');
  });
  test('prefer-…-unless-blank falls back to the other side', () => {
    expect(side(decide('prefer-udesk-unless-blank', 'a', 'b'))).toBe('udesk');
    expect(side(decide('prefer-udesk-unless-blank', ' ', 'b'))).toBe('crm');
    expect(side(decide('prefer-crm-unless-blank', 'a', 'b'))).toBe('crm');
    expect(side(decide('prefer-crm-unless-blank', 'a', null))).toBe('udesk');
  });
  test('newest decides only by two trusted times, compared as times and not as texts', () => {
    const at = (udeskAt: string | null, crmAt: string | null, trusted = true) => ({
      udeskAt,
      crmAt,
      trusted,
    });
    expect(side(decide('newest', 'a', 'b', at('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z')))).toBe(
      'udesk',
    );
    expect(side(decide('newest', 'a', 'b', at('2026-01-01T09:00:00+08:00', '2026-01-01T02:00:00Z')))).toBe(
      'crm',
    );
    for (const times of [
      at('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z', false),
      at(null, '2026-01-01T00:00:00Z'),
      at('2026-01-01T00:00:00Z', null),
      at('2026-01-01T00:00:00Z', '2026-01-01T08:00:00+08:00'),
      at('yesterday', '2026-01-01T00:00:00Z'),
    ]) {
      expect(side(decide('newest', 'a', 'b', times))).toBe('undecided');
    }
  });
  test('longest counts characters, not bytes; a tie is undecided', () => {
    expect(side(decide('longest', '王小明', 'ab'))).toBe('udesk');
    expect(side(decide('longest', '🙂', 'ab'))).toBe('crm');
    expect(side(decide('longest', 'ab', 'ba'))).toBe('undecided');
  });
  test('append joins both texts, unless one contains the other', () => {
    expect(decide('append', 'a ', 'b')).toMatchObject({ kind: 'value', value: 'a\nb' });
    expect(side(decide('append', 'a\nb', 'b'))).toBe('udesk');
    expect(side(decide('append', 'a', 'b a'))).toBe('crm');
    expect(side(decide('append', '', 'b'))).toBe('crm');
    expect(side(decide('append', true, 'b'))).toBe('undecided');
    expect(side(decide('append', 'a', 'b', NO_TIMES, { map: [['a', 'x']] }))).toBe('undecided');
  });
  test('union decides sets only', () => {
    expect(side(decide('union', 'a', 'b'))).toBe('undecided');
    expect(decide('union', set('a'), set('b'), NO_TIMES, { shape: 'set' })).toMatchObject({
      value: set('a', 'b'),
    });
  });
  test.each(POLICIES)('%s has nothing to decide between equal values', (policy) => {
    expect(side(decide(policy, 'a', ' a'))).toBe('undecided');
  });
});
