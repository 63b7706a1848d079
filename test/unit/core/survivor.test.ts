/** P2: a record that takes the place of a merged one loses nothing that was taken away from that one (seed s13c-11). */
import { expect, test } from 'vitest';
import type { FieldBase } from '../../../src/core/link.ts';
import type { SideRecord } from '../../../src/core/record.ts';
import { takeOver } from '../../../src/core/survivor.ts';
import type { Value } from '../../../src/core/value.ts';
import { field, pair, set } from '../../support/core-fixtures.ts';

const phones = field({ udesk: 'cellphones', crm: 'phones', shape: 'set', equivalence: 'phone' });
const A = '13800000001';
const B = '13800000002';

const record = (id: string, fields: Record<string, Value>): SideRecord => ({
  ...{ id, fields, externalId: null, version: null, updatedAt: null },
});
const base = (value: Value): FieldBase => ({ udesk: value, crm: value, accepted: false });
const take = (udesk: Value, crm: Value, over = phones, side: 'udesk' | 'crm' = 'crm') =>
  takeOver(pair([over]), { cellphones: base(set(A, B)) }, side, {
    udesk: record('u', { cellphones: udesk }),
    crm: record('c', { phones: crm }),
  });

test('what the other side took away, and the survivor holds in whatever form, counts as added by it, and is flagged', () => {
  const { bases, flags } = take(set(B), set(`+86 ${A}`, B));
  expect(bases).toEqual({ cellphones: base(set(B)) });
  expect(flags).toMatchObject([
    {
      field: 'cellphones',
      kind: 'element',
      base: base(set(A, B)),
      udesk: set(B),
      reason: expect.stringContaining('kept'),
    },
  ]);
});

test('so it does where the survivor is in Udesk', () => {
  expect(take(set(A, B), set(B), phones, 'udesk').flags).toMatchObject([
    { reason: expect.stringMatching(/^taken away in crm/) },
  ]);
});

test('what the survivor does not hold either stays taken away, and what only it lacks is its own edit', () => {
  expect(take(set(B), set(B))).toEqual({ bases: { cellphones: base(set(A, B)) }, flags: [] });
  expect(take(set(A, B), set(A))).toEqual({ bases: { cellphones: base(set(A, B)) }, flags: [] });
});

test('where nothing is read from the survivor, the other side decides alone', () => {
  expect(take(set(B), set(A, B), { ...phones, direction: 'to-crm' }).flags).toEqual([]);
});
