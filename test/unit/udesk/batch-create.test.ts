import { describe, expect, test } from 'vitest';
import type { FieldWrite, Patch } from '../../../src/core/record.ts';
import { ABSENT, type Value } from '../../../src/core/value.ts';
import type { CreateRequest, Side } from '../../../src/crm/adapter.ts';
import { SyncError } from '../../../src/errors.ts';
import { batchRow, translatedBatch, udeskBatchCreate } from '../../../src/udesk/batch-create.ts';
import type { BatchCustomer } from '../../../src/udesk/batch-import.ts';

const set = (...values: string[]): Value => values.map((value) => ({ id: null, value }));

function patchOf(values: Readonly<Record<string, Value>>): Patch {
  return Object.fromEntries(
    Object.entries(values).map(([field, after]): [string, FieldWrite] => {
      const ops = Array.isArray(after)
        ? { add: after.map((element) => element.value), remove: [], change: [] }
        : null;
      return [field, { field, before: ABSENT, after, ops }];
    }),
  );
}

const row = (values: Readonly<Record<string, Value>>) => batchRow(patchOf(values), 'CN');
const ANN = { nick_name: 'Ann', emails: set('ann@example.com') };

describe('a row of a batch', () => {
  test('carries what a create would, as plain lists of texts', () => {
    const values = {
      nick_name: 'Ann',
      emails: set('ann@example.com', 'a@example.org'),
      cellphones: set('13800138000'),
      description: 'note',
      level: 'vip',
      owner: '8',
      tags: set('new', 'paid'),
      'custom.TextField_2': 'retail',
      is_blocked: false,
    };
    expect(row(values)).toEqual({
      nick_name: 'Ann',
      emails: ['ann@example.com', 'a@example.org'],
      cellphones: ['13800138000'],
      description: 'note',
      level: 'vip',
      owner_id: '8',
      tags: ['new', 'paid'],
      custom_fields: { TextField_2: 'retail' },
    });
  });

  test.each([
    ['the id of the CRM', { ...ANN, token: '7' }],
    ['a blocked customer', { ...ANN, is_blocked: true }],
    [
      'a primary e-mail among several',
      { ...ANN, email: 'ann@example.com', emails: set('ann@example.com', 'b@example.com') },
    ],
    ['a customer without a name', { emails: set('ann@example.com') }],
    ['a customer without e-mail and phone', { nick_name: 'Ann' }],
    ['a level that Udesk does not know', { ...ANN, level: 'gold' }],
    ['a value that Udesk refuses', { ...ANN, tags: set('a,b') }],
  ])('does not carry %s', (_what, values) => {
    expect(row(values)).toBeNull();
  });

  test('is one less than a page of the list at most, so that a look at the head meets somebody known', () => {
    expect(udeskBatchCreate({ batchImport: async () => {} }, 'CN').maxRows).toBe(99);
  });
});

describe('a side told in other words', () => {
  const sent: (readonly BatchCustomer[])[] = [];
  const batchImport = async (customers: readonly BatchCustomer[]) => {
    sent.push(customers);
  };
  const side = { batchCreate: udeskBatchCreate({ batchImport }, 'CN') } as unknown as Side;
  const request = (name: string): CreateRequest => ({
    patch: patchOf({ ...ANN, nick_name: name }),
    marker: '1',
  });
  const { batchCreate } = translatedBatch(side, async ({ patch, marker }) => {
    const { nick_name, ...rest } = patch;
    if (nick_name?.after === 'unknown') throw new SyncError('rejected', 'no such name');
    return { patch: { ...rest, ...patchOf({ nick_name: `${String(nick_name?.after)}!` }) }, marker };
  });

  test('has its rows translated, and leaves what cannot be translated to a create of its own', async () => {
    expect(await batchCreate?.fits(request('unknown'))).toBe(false);
    expect(await batchCreate?.fits(request('Ann'))).toBe(true);
    await batchCreate?.send([request('Ann'), request('Bob')]);
    expect(sent[0]?.map(({ nick_name }) => nick_name)).toEqual(['Ann!', 'Bob!']);
  });
});
