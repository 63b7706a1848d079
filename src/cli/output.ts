/** Tables and progress as a terminal user expects them; plain in a pipe. */
import { displayWidth, fitWidth } from '../lib/display-width.ts';
import type { CliContext } from './context.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: 'right';
  /** Gives way first when the terminal is too narrow; at most one. */
  readonly flexible?: boolean;
}

const GAP = '  ';
const NARROWEST = 8;

/** Rows in columns, the title line first. `width`: columns of the terminal; left out: nothing is cut. */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width?: number,
): string {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.value(row))));
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[index] ?? ''))),
  );
  const flexible = columns.findIndex((column) => column.flexible);
  const total = widths.reduce((sum, each) => sum + each, GAP.length * (columns.length - 1));
  if (width !== undefined && total > width && flexible >= 0) {
    widths[flexible] = Math.max(NARROWEST, (widths[flexible] ?? 0) - (total - width));
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => {
        const fitted = fitWidth(cell, widths[index] ?? 0);
        return columns[index]?.align === 'right' ? fitted.trimEnd().padStart(fitted.length) : fitted;
      })
      .join(GAP)
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...cells.map(line)].join('\n');
}

/** A table on stdout, cut to the terminal; whole in a pipe. */
export function printTable<Row>(
  context: CliContext,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): void {
  context.print(formatTable(rows, columns, context.stdout.isTTY ? context.stdout.columns : undefined));
}

export interface Progress {
  /** Says how far it is: `1,200 of 9,000 customers`. */
  update(detail: string): void;
  /** Takes the line away. May be called twice. */
  stop(): void;
}

const PATIENCE_MS = 2_000;
const TICK_MS = 250;
const FRAMES = ['|', '/', '-', '\\'];

/**
 * One line on a terminal's stderr for work that takes longer than two seconds; silent in a pipe and with --json.
 * Stop it in a `finally`.
 */
export function progress(context: CliContext, label: string): Progress {
  const { stderr } = context;
  let detail = '';
  let drawn = false;
  let ticks = 0;
  const draw = () => {
    ticks++;
    if (ticks * TICK_MS < PATIENCE_MS) return;
    const seconds = Math.floor((ticks * TICK_MS) / 1000);
    const text = `${FRAMES[ticks % FRAMES.length]} ${label}${detail === '' ? '' : `: ${detail}`} (${seconds} s)`;
    stderr.write(
      `\r\u001b[2K${fitWidth(context.redact(text), Math.min(displayWidth(text), (stderr.columns || 80) - 1))}`,
    );
    drawn = true;
  };
  const timer = stderr.isTTY && !context.json ? setInterval(draw, TICK_MS) : undefined;
  timer?.unref();
  const stop = () => {
    clearInterval(timer);
    if (drawn) stderr.write('\r\u001b[2K');
    drawn = false;
  };
  return {
    update(next) {
      detail = next;
    },
    stop,
  };
}

/** A value may hold line breaks and control characters; a row may not. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}
