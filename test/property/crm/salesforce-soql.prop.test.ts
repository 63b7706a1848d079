import fc from 'fast-check';
import { expect, test } from 'vitest';
import { likeEnd, literal, timeLiteral } from '../../../src/crm/salesforce/soql.ts';
import { parseSoql, select } from '../../support/salesforce/soql.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom("'", '\\', '"', '%', '_', '\n', ' ', 'a', ')', 'OR') }),
);

test('no text can end its own quotes: a query means the same whatever the value holds', () => {
  fc.assert(
    fc.property(text, (value) => {
      const query = parseSoql(`SELECT Id FROM Contact WHERE Name = ${literal(value)} AND Email = 'x'`);
      expect(query.where).toMatchObject({
        op: 'and',
        all: [
          { field: 'Name', values: [{ value }] },
          { field: 'Email', values: [{ value: 'x' }] },
        ],
      });
    }),
  );
});

test('digits are found in any writing, and nothing else is', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 8, maxLength: 12 });
  const between = fc.array(fc.constantFrom('', ' ', '-', ' (', ') ', '.'), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(digits, between, (number, signs) => {
      const written = `+86 ${[...number].map((digit, at) => `${digit}${signs[at] ?? ''}`).join('')}`;
      const query = parseSoql(`SELECT Id FROM Contact WHERE Phone LIKE ${likeEnd(number)}`);
      const rows = [
        { Id: '1', Phone: written },
        { Id: '2', Phone: 'nobody' },
      ];
      expect(select(query, rows).map(({ Id }) => Id)).toEqual(['1']);
    }),
  );
});

test('half a character is refused, and a time is cut to its second', () => {
  expect(() => literal('half \ud800')).toThrow('Unicode');
  expect(timeLiteral(Date.parse('2024-01-31T23:59:59.999Z'))).toBe('2024-01-31T23:59:59Z');
});
