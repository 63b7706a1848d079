/** Keeps docs/security.md true. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { missingTests, namedTests } from '../../support/test-titles.ts';

const text = readFileSync(fileURLToPath(new URL('../../../docs/security.md', import.meta.url)), 'utf8');
const rows = text.split('\n').filter((line) => /^\| (?!attacked|---)/.test(line));

test('every row of the threat model names a test, and everything that can be attacked has a row', () => {
  expect(rows.filter((row) => namedTests(row).length === 0)).toEqual([]);
  const attacked = new Set(rows.map((row) => row.split(' | ')[0]?.replace(/^\| /, '')));
  for (const one of [
    'the web page',
    'the hook',
    'the configuration file',
    "a customer's name",
    'a side',
    'the database',
  ]) {
    expect(attacked).toContain(one);
  }
});

test('every test that it names exists under exactly that title', () => {
  expect(missingTests(namedTests(text))).toEqual([]);
});
