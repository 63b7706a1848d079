import { describe, expect, it } from 'vitest';
import { formatTable } from '../../../src/cli/output.ts';
import { displayWidth, fitWidth } from '../../../src/lib/display-width.ts';
import { contextOf } from './support.ts';

const COLUMNS = [
  { title: 'id', value: (row: { id: number; name: string }) => String(row.id), align: 'right' as const },
  { title: 'name', value: (row: { id: number; name: string }) => row.name, flexible: true },
  { title: 'x', value: () => '|' },
];

describe('a table', () => {
  it('lines up Chinese names with Latin ones', () => {
    const lines = formatTable(
      [
        { id: 1, name: '张三丰' },
        { id: 20, name: 'Ann' },
      ],
      COLUMNS,
    ).split('\n');
    const columns = lines.slice(1).map((line) => displayWidth(line.slice(0, line.indexOf('|'))));
    expect(new Set(columns).size).toBe(1);
    expect(lines).toEqual(['id  name    x', ' 1  张三丰  |', '20  Ann     |']);
  });

  it('cuts the flexible column of a narrow terminal, never a character in half', () => {
    const table = formatTable([{ id: 1, name: '一二三四五六七八九十' }], COLUMNS, 17);
    expect(table.split('\n')[1]).toBe(' 1  一二三四…   |');
    for (const line of table.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(17);
  });

  it('keeps a value on its line and control characters off the terminal', () => {
    expect(formatTable([{ id: 1, name: 'a\nb\u001b[31mc' }], COLUMNS)).toContain('a b [31mc');
  });
});

describe('the width of a text', () => {
  it.each([
    ['abc', 3],
    ['张三', 4],
    ['ＡＢ', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['👨‍👩‍👧', 2],
    ['🇨🇳', 2],
    ['한글', 4],
    ['', 0],
    ['\u200b', 0],
  ])('%s takes %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it('is what it was asked to be, however the text is cut', () => {
    for (const width of [1, 2, 3, 4, 5]) expect(displayWidth(fitWidth('张三丰a', width))).toBe(width);
  });
});

describe('colour', () => {
  it('is for terminals, and NO_COLOR turns it off', () => {
    const colored = (options: Parameters<typeof contextOf>[0]) => {
      const { context, stdout } = contextOf(options);
      return context.color(stdout);
    };
    expect(colored({ tty: true })).toBe(true);
    expect(colored({ tty: false })).toBe(false);
    expect(colored({ tty: true, env: { NO_COLOR: '1' } })).toBe(false);
    expect(colored({ tty: true, env: { TERM: 'dumb' } })).toBe(false);
  });
});
