/** Keeps docs/complaints.md true. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { missingTests, namedTests } from '../../support/test-titles.ts';

const LAST = 26;
const text = readFileSync(fileURLToPath(new URL('../../../docs/complaints.md', import.meta.url)), 'utf8');
const rows = text.split('\n').filter((line) => /^\| T\d/.test(line));

const numberOf = (row: string) => /^\| (T\d+)/.exec(row)?.[1];

test('every complaint has a row, in order, and every row names a test', () => {
  expect(rows.map(numberOf)).toEqual(Array.from({ length: LAST }, (_, n) => `T${n + 1}`));
  expect(rows.filter((row) => namedTests(row).length === 0)).toEqual([]);
});

test('every test that it names exists under exactly that title', () => {
  expect(missingTests(namedTests(text))).toEqual([]);
});

test('and says by its title which complaint it answers', () => {
  const unsaid = rows.flatMap((row) =>
    namedTests(row).filter(({ title }) => !title.endsWith(` (${numberOf(row)})`)),
  );
  expect(unsaid).toEqual([]);
});
