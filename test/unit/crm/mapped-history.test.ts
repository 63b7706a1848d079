import { expect, test } from 'vitest';
import type { FieldChange } from '../../../src/core/witness-records.ts';
import type { HistoryItem } from '../../../src/crm/adapter.ts';
import { tellsAll, withPlaces } from '../../../src/crm/mapped/history.ts';
import { placesOf } from '../../../src/crm/mapped/places.ts';

const places = placesOf(
  [
    {
      ...{ udesk: 'nick_name', crm: 'first+last', shape: 'scalar', equivalence: 'text', direction: 'both' },
      ...{ policy: 'hold', onBlocked: 'hold', map: null },
      lenses: [{ kind: 'join', parts: ['first', 'last'], separator: ' ', split: 'last' }],
    },
  ],
  'crm',
);
const ids = (function* () {
  for (let id = 1; ; id += 1) yield String(id);
})();
const item = (at: number, who: string, ...changes: FieldChange[]): HistoryItem => ({
  ...{ kind: 'property', id: ids.next().value, at: new Date(at).toISOString(), data: {} },
  ...{ author: { id: who, name: null }, changes },
});
const told = (items: readonly HistoryItem[], now = {}) =>
  withPlaces(items, places, now).flatMap(({ changes }) =>
    (changes ?? []).filter(({ field }) => field === places[0]?.field),
  );

test('a save of both parts is one change of the value, and an edit before it another', () => {
  const items = [
    item(9_000, 'us', { field: 'last', from: 'Wang', to: 'Han' }),
    item(9_000, 'us', { field: 'first', from: 'Lei', to: 'Meimei' }),
    item(5_000, 'a person', { field: 'last', from: 'Li', to: 'Wang' }),
  ];
  expect(told(items)).toMatchObject([
    { from: 'Lei Wang', to: 'Meimei Han' },
    { from: 'Lei Li', to: 'Lei Wang' },
  ]);
});

test('of a part that never changed it is told what it holds now, or nothing', () => {
  const items = [item(9_000, 'us', { field: 'first', from: 'Lei', to: 'Meimei' })];
  expect(tellsAll(items, places)).toBe(false);
  expect(told(items, { last: 'Li' })).toMatchObject([{ from: 'Lei Li', to: 'Meimei Li' }]);
  expect(told(items)).toEqual([{ field: places[0]?.field }]);
});

test('two people who write within one second are two', () => {
  const items = [
    item(9_000, 'us', { field: 'first', from: 'Lei', to: 'Meimei' }),
    item(8_999, 'a person', { field: 'last', from: 'Li', to: null }),
  ];
  expect(told(items)).toMatchObject([
    { from: 'Lei', to: 'Meimei' },
    { from: 'Lei Li', to: 'Lei' },
  ]);
});

test('two saves by one program are two, however soon the second one follows', () => {
  const items = [
    item(9_600, 'us', { field: 'first', from: 'Lei', to: 'Meimei' }),
    item(9_000, 'us', { field: 'last', to: 'Li' }),
    item(9_000, 'us', { field: 'first', to: 'Lei' }),
  ];
  expect(told(items)).toMatchObject([{ from: 'Lei Li', to: 'Meimei Li' }, { to: 'Lei Li' }]);
});
