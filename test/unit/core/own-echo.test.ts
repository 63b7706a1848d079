import { describe, expect, test } from 'vitest';
import { type OwnEntry, ownEcho, type ToldChange } from '../../../src/core/own-echo.ts';
import type { Value } from '../../../src/core/value.ts';
import { field, pair, record } from '../../support/core-fixtures.ts';

const SPEC = pair([
  field({ udesk: 'nick_name', crm: 'name' }),
  field({ udesk: 'description', crm: 'note' }),
  field({ udesk: 'emails', crm: 'emails', shape: 'set', equivalence: 'email' }),
  field({ udesk: 'cellphones', crm: 'phones', shape: 'set', equivalence: 'phone' }),
]);

const set = (...values: string[]): Value => values.map((value) => ({ id: null, value }));
const change = (name: string, from: string | null, to: string | null): ToldChange => ({
  fields: [name],
  from,
  to,
});
const entry = (name: string, before: Value, held: Value, intentId = '1'): OwnEntry => ({
  intentId,
  field: name,
  before,
  held,
});

function echo(
  told: readonly ToldChange[],
  entries: readonly OwnEntry[],
  fields: Record<string, Value>,
): readonly OwnEntry[] | null {
  return ownEcho({ spec: SPEC, side: 'udesk', told, entries, mirror: record('7', fields) });
}

describe('P4 a change is the echo of a write of ours', () => {
  const OURS = entry('nick_name', 'Ann', 'Anna');

  test('when it goes from what we replaced to what we left', () => {
    expect(echo([change('nick_name', 'Ann', 'Anna')], [OURS], { nick_name: 'Anna' })).toEqual([OURS]);
    expect(echo([change('nick_name', ' Ann', 'Anna ')], [OURS], { nick_name: 'Anna' })).toEqual([OURS]);
    const blank = entry('description', { absent: true }, 'x');
    expect(echo([change('description', null, 'x')], [blank], { description: 'x' })).toEqual([blank]);
    const cleared = entry('description', 'x', '');
    expect(echo([change('description', 'x', null)], [cleared], { description: null })).toEqual([cleared]);
  });

  test('of several writes, each for its own part', () => {
    const note = entry('description', 'a', 'b', '2');
    const told = [change('nick_name', 'Ann', 'Anna'), change('description', 'a', 'b')];
    expect(echo(told, [OURS, note], { nick_name: 'Anna', description: 'b' })).toEqual([OURS, note]);
  });

  test('of a set, when it adds and takes away what we added and took away, as the side compares it', () => {
    const ours = entry('cellphones', set('13800000001', '13800000002'), set('+8613800000002', '13800000003'));
    const now = { cellphones: set('13800000002', '13800000003') };
    const told = [change('cellphones', '13800000001', null), change('cellphones', null, '+86 138 0000 0003')];
    expect(echo(told, [ours], now)).toEqual([ours]);
    // Edited in place.
    expect(echo([change('cellphones', '13800000001', '13800000003')], [ours], now)).toEqual([ours]);
    expect(echo([change('cellphones', '13800000001', null)], [ours], now)).toBeNull();
    expect(echo([...told, change('cellphones', null, '13800000009')], [ours], now)).toBeNull();
  });

  test('of addresses, although the primary one changed places with another', () => {
    const ours = entry('emails', set('a@x.com', 'b@x.com'), set('b@x.com', 'a@x.com', 'c@x.com'));
    const told: ToldChange[] = [
      { fields: ['email', 'emails'], from: 'a@x.com', to: 'b@x.com' },
      change('emails', 'b@x.com', 'a@x.com'),
      change('emails', null, 'C@x.com'),
    ];
    const emails = set('b@x.com', 'a@x.com', 'c@x.com');
    expect(echo(told, [ours], { email: 'b@x.com', emails })).toEqual([ours]);
    // The primary one is not the one that the mirror knows.
    expect(echo(told, [ours], { email: 'a@x.com', emails })).toBeNull();
  });
});

describe('P2 a change is looked at', () => {
  const OURS = entry('nick_name', 'Ann', 'Anna');
  const told = [change('nick_name', 'Ann', 'Anna')];

  test('when we wrote nothing, or something else', () => {
    expect(echo(told, [], { nick_name: 'Anna' })).toBeNull();
    expect(echo([], [OURS], { nick_name: 'Anna' })).toBeNull();
    expect(echo([change('nick_name', 'Anna', 'Eve')], [OURS], { nick_name: 'Anna' })).toBeNull();
    // Somebody wrote between our look and our write.
    expect(echo([change('nick_name', 'Eve', 'Anna')], [OURS], { nick_name: 'Anna' })).toBeNull();
  });

  test('when the same callback tells of a field that we did not write', () => {
    const both = [...told, change('level', 'normal', 'vip')];
    expect(echo(both, [OURS], { nick_name: 'Anna', level: 'vip' })).toBeNull();
  });

  test('when the mirror does not hold what it says: somebody edited since, there and back (A → B → A)', () => {
    expect(echo(told, [OURS], { nick_name: 'Ann' })).toBeNull();
    expect(echo(told, [OURS], {})).toBeNull();
  });

  test('when it tells one field twice', () => {
    expect(echo([...told, ...told], [OURS], { nick_name: 'Anna' })).toBeNull();
  });
});
