import { expect, test } from 'vitest';
import { generateCustomers } from '../../../src/simulator/generate.ts';

test('the same seed gives the same people, byte for byte', () => {
  expect(JSON.stringify(generateCustomers(7, 300))).toBe(JSON.stringify(generateCustomers('7', 300)));
  expect(JSON.stringify(generateCustomers(8, 300))).not.toBe(JSON.stringify(generateCustomers(7, 300)));
});

test('a smaller tenant is the beginning of a larger one', () => {
  expect(generateCustomers(7, 300).slice(0, 100)).toEqual(generateCustomers(7, 100));
});

test('no phone, however it is written, and no e-mail is given twice', () => {
  const people = generateCustomers(1, 5000);
  const phones = people.flatMap((person) =>
    (person.cellphones ?? []).map((phone) => String(phone).replace(/\D/g, '').replace(/^86/, '')),
  );
  const emails = people.flatMap((person) => [person.email ?? [], person.other_emails ?? []].flat());
  expect(new Set(phones).size).toBe(phones.length);
  expect(new Set(emails.map((email) => String(email).toLowerCase())).size).toBe(emails.length);
});

test('there are Chinese and English names, several phone formats, and blanks', () => {
  const people = generateCustomers(1, 500);
  const some = (test: (person: (typeof people)[number]) => boolean) => people.some(test);
  expect(some((person) => /^[\u4e00-\u9fff]+$/.test(person.nick_name ?? ''))).toBe(true);
  expect(some((person) => /^[A-Z][a-z]+ /.test(person.nick_name ?? ''))).toBe(true);
  expect(some((person) => person.email === null)).toBe(true);
  expect(some((person) => person.cellphones?.length === 0)).toBe(true);
  const phones = people.flatMap((person) => person.cellphones ?? []).map(String);
  for (const form of [/^1\d{10}$/, /^\+86 1/, /^\+861/, /^1\d\d-/, /^0\d\d-/, /^\+1 415/]) {
    expect(
      phones.some((phone) => form.test(phone)),
      String(form),
    ).toBe(true);
  }
});
