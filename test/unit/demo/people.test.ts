import { expect, test } from 'vitest';
import { GROUPS } from '../../../src/demo/overlap.ts';
import { inventPeople } from '../../../src/demo/people.ts';

test('the same seed invents the same people, another seed others', () => {
  expect(inventPeople('1', 520)).toEqual(inventPeople('1', 520));
  expect(inventPeople('2', 520).customers).not.toEqual(inventPeople('1', 520).customers);
});

test('the tenant is as large as asked for, and every kind of overlap is there', () => {
  const { customers, contacts, groups, expected } = inventPeople('1', 520);
  expect(customers).toHaveLength(520);
  expect(GROUPS.filter((group) => groups[group] === 0)).toEqual([]);
  const shared = expected.links;
  const twins = contacts.length - shared - groups['only in the CRM'];
  expect(twins).toBeGreaterThan(groups.ambiguous);
  expect(shared + groups['only in Udesk']).toBeLessThan(520);
});

test('too few customers are refused', () => {
  expect(() => inventPeople('1', 100)).toThrow(/too few/);
});
