/** Counting helpers of the benchmark: no clock of its own, no I/O, so that they can be tested. */

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** @throws when there is no sample: a figure without one would be an invention */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const [min, max, upper] = [sorted[0], sorted.at(-1), sorted[half]];
  if (min === undefined || max === undefined || upper === undefined) throw new Error('no samples');
  const lower = sorted.length % 2 === 0 ? (sorted[half - 1] ?? upper) : upper;
  return { min, median: (lower + upper) / 2, max };
}

/**
 * Runs two contestants in turn (A B B A A B …), so that a slow minute of the machine hits both alike. The first round
 * only warms up and is not counted.
 */
export async function inTurn<T>(
  repetitions: number,
  first: () => Promise<T>,
  second: () => Promise<T>,
): Promise<{ first: T[]; second: T[] }> {
  const found: { first: T[]; second: T[] } = { first: [], second: [] };
  for (let round = 0; round <= repetitions; round += 1) {
    const order = round % 2 === 0 ? (['first', 'second'] as const) : (['second', 'first'] as const);
    for (const name of order) {
      const result = await (name === 'first' ? first() : second());
      if (round > 0) found[name].push(result);
    }
  }
  return found;
}

/** `a / b` of each round: both were measured within seconds of one another. */
export function ratios(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length) throw new Error('the contestants ran differently often');
  return a.map((value, round) => value / (b[round] ?? Number.NaN));
}

/** Three digits that mean something, thousands with commas. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function spreadText({ min, median, max }: Spread): string {
  return `${figure(median)} (${figure(min)}–${figure(max)})`;
}

/** A table in Markdown, padded so that it reads well on a terminal too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
