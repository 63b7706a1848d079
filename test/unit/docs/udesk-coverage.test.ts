/** Keeps docs/udesk-coverage.md true: a row that names a file or a test that is gone fails here. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const LAST_LINE = 723;

interface Row {
  readonly what: string;
  readonly lines: readonly [from: number, to: number] | null;
  readonly code: readonly string[];
  readonly tests: readonly { readonly file: string; readonly title: string }[];
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
      tests: [...tests.matchAll(/`([^`]+)` "((?:\\"|[^"])*)"/g)].map((match) => ({
        file: match[1] ?? '',
        title: (match[2] ?? '').replaceAll('\\"', '"'),
      })),
      text,
    };
  });

/** The literals that stand where a test's title stands. */
function titlesIn(file: string): Set<string> {
  const source = readFileSync(`${root}${file}`, 'utf8');
  // A literal that begins a call or an argument: test('…', or, after .each, ('…',
  const literals = source.matchAll(/(?:\(|^)\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1,/gm);
  return new Set([...literals].map((match) => (match[2] ?? '').replaceAll(/\\(['"`])/g, '$1')));
}

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
    const titles = new Map<string, Set<string>>();
    const gone = rows
      .flatMap((row) => row.tests)
      .filter(({ file, title }) => {
        const known = titles.get(file) ?? titlesIn(file);
        titles.set(file, known);
        return !known.has(title);
      });
    expect(gone).toEqual([]);
  });
});
