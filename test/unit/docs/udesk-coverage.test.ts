/** Keeps docs/udesk-coverage.md true: a row that names a file or a test that is gone fails here. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { missingTests, type NamedTest, namedTests } from '../../support/test-titles.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const LAST_LINE = 723;

interface Row {
  readonly what: string;
  readonly lines: readonly [from: number, to: number] | null;
  readonly code: readonly string[];
  readonly tests: readonly NamedTest[];
  readonly text: string;
}

const [page = '', later = ''] = readFileSync(`${root}docs/udesk-coverage.md`, 'utf8').split('## What later');
const rows: Row[] = `${page}\n${later.replaceAll(/^\| /gm, '| § ')}`
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (§ )?(---|lines|section)/.test(line))
  .map((text) => {
    const [where = '', what = '', code = '', tests = ''] = text.slice(1, -1).split(' | ');
    const range = /^(\d+)(?:–(\d+))?$/.exec(where.trim());
    return {
      what,
      lines: range === null ? null : [Number(range[1]), Number(range[2] ?? range[1])],
      code: [...code.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
      tests: namedTests(tests),
      text,
    };
  });

describe('docs/udesk-coverage.md', () => {
  test('leaves no line of the vendor page without a row', () => {
    const covered = new Set<number>();
    for (const { lines } of rows) {
      if (lines === null) continue;
      for (let line = lines[0]; line <= lines[1]; line += 1) covered.add(line);
    }
    const missing = Array.from({ length: LAST_LINE }, (_, at) => at + 1).filter((line) => !covered.has(line));
    expect(missing).toEqual([]);
    expect(Math.max(...covered)).toBe(LAST_LINE);
  });

  test('every row names code and a test, except headings', () => {
    const bare = rows.filter((row) => row.code.length === 0 || row.tests.length === 0);
    expect(bare.map((row) => row.what)).toEqual([
      'a link to older versions',
      'the heading of the API documents',
    ]);
  });

  test('every file that it names exists', () => {
    const files = rows.flatMap((row) => [...row.code, ...row.tests.map((one) => one.file)]);
    expect(files.length).toBeGreaterThan(100);
    expect([...new Set(files)].filter((file) => !existsSync(`${root}${file}`))).toEqual([]);
  });

  test('every test that it names exists under exactly that title', () => {
    expect(missingTests(rows.flatMap((row) => row.tests))).toEqual([]);
  });
});
