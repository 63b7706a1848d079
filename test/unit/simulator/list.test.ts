import { expect, test } from 'vitest';
import type { CustomerSeed } from '../../../src/simulator/customer.ts';
import { listCustomers } from '../../../src/simulator/list.ts';
import { Refusal } from '../../../src/simulator/refusal.ts';
import { createSwitches } from '../../../src/simulator/switches.ts';
import { Tenant } from '../../../src/simulator/tenant.ts';

const PEOPLE: CustomerSeed[] = Array.from({ length: 250 }, (_, index) => ({
  id: index + 1,
  nick_name: `person ${index + 1}`,
  email: `p${index + 1}@example.com`,
  level: index % 10 === 0 ? 'vip' : 'normal',
}));

function list(request: Record<string, string>, settings: Record<string, string> = {}, people = PEOPLE) {
  const switches = createSwitches(settings);
  const tenant = new Tenant({ switches, customers: people, now: () => 0 });
  const { customers, meta } = listCustomers(
    tenant,
    { filterId: '', query: '', page: '', pageSize: '', ...request },
    switches,
  );
  return { ids: customers.map((customer) => customer.id), meta };
}

test('pages are newest first, 20 rows unless told, 100 at most', () => {
  expect(list({})).toMatchObject({
    ids: Array.from({ length: 20 }, (_, index) => 250 - index),
    meta: { current_page: 1, total_pages: 13, total_count: 250 },
  });
  expect(list({ pageSize: '1000' })).toMatchObject({ meta: { total_pages: 3 } });
  expect(list({ page: '3', pageSize: '100' }).ids).toEqual(
    Array.from({ length: 50 }, (_, index) => 50 - index),
  );
  expect(list({ page: '4', pageSize: '100' }).ids).toEqual([]);
});

test('a page number that cannot be read is the first page', () => {
  for (const page of ['0', '-1', 'x']) expect(list({ page }).meta.current_page).toBe(1);
});

test('beyond the cap pages are empty and the total is true', () => {
  const capped = list({ page: '3', pageSize: '100' }, { 'list.cap': '200' });
  expect(capped).toEqual({ ids: [], meta: { current_page: 3, total_pages: 3, total_count: 250 } });
  expect(list({ page: '3', pageSize: '90' }, { 'list.cap': '200' }).ids.length).toBe(20);
});

test('list.over_cap: an error, or a capped total', () => {
  const cap = { 'list.cap': '200' };
  expect(() => list({ page: '3', pageSize: '100' }, { ...cap, 'list.over_cap': 'error' })).toThrow(Refusal);
  expect(list({}, { ...cap, 'list.over_cap': 'capped' }).meta.total_count).toBe(200);
});

test('the cap is 10,000 rows', () => {
  const many = Array.from({ length: 10_050 }, () => ({ nick_name: 'x' }));
  expect(list({ page: '100', pageSize: '100' }, {}, many).ids.length).toBe(100);
  expect(list({ page: '101', pageSize: '100' }, {}, many)).toMatchObject({
    ids: [],
    meta: { total_count: 10_050 },
  });
});

test('a filter wins over the query, and an unknown filter is an error', () => {
  expect(list({ filterId: '1', query: 'person 7' }).meta.total_count).toBe(25);
  expect(() => list({ filterId: '999' })).toThrow(Refusal);
});

test('a query matches part of a name, or the whole of an e-mail', () => {
  expect(list({ query: 'person 24' }).meta.total_count).toBe(11);
  expect(list({ query: 'P24@example.com' }).ids).toEqual([24]);
  expect(list({ query: '24@example.com' }).ids).toEqual([]);
});
