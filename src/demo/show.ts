/** How the demo talks: plain lines in a pipe, colour and a moving line of progress on a terminal. */
import type { CliContext } from '../cli/context.ts';
import { type Column, formatTable, progress } from '../cli/output.ts';
import type { Claim } from './claims.ts';

export interface Show {
  title(text: string): void;
  /** Begins a step; `number` of how many. */
  step(number: number, text: string): void;
  line(text?: string): void;
  /** Something that was done or held, or was not. */
  mark(good: boolean, text: string): void;
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void;
  /** Runs the work with a moving line on a terminal (after two seconds), and says nothing in a pipe. */
  during<T>(label: string, work: (update: (detail: string) => void) => Promise<T>): Promise<T>;
  /** What was claimed, and under it the check. */
  claims(claims: readonly Claim[]): void;
  dim(text: string): string;
}

export const STEPS = 6;

export function createShow(context: CliContext): Show {
  const colored = context.color(context.stdout);
  const paint = (code: number, text: string) => (colored ? `\u001b[${code}m${text}\u001b[0m` : text);
  const width = context.stdout.isTTY ? (context.stdout.columns || 80) - 2 : undefined;
  const indent = (text: string) => text.replace(/^/gm, '  ');
  return {
    title: (text) => context.print(paint(1, text)),
    step: (number, text) => context.print(`\n${paint(1, `${number}/${STEPS}  ${text}`)}`),
    line: (text = '') => context.print(text === '' ? '' : indent(text)),
    mark: (good, text) => context.print(`  ${good ? paint(32, '✓') : paint(31, '✗')} ${text}`),
    table: (rows, columns) => {
      const [head = '', ...lines] = formatTable(rows, columns, width).split('\n');
      context.print(indent([paint(2, head), ...lines].join('\n')));
    },
    async during(label, work) {
      const moving = progress(context, label);
      try {
        return await work((detail) => moving.update(detail));
      } finally {
        moving.stop();
      }
    },
    claims: (claims) => {
      for (const { claim, check, held } of claims) {
        context.print(`  ${held ? paint(32, '✓') : paint(31, '✗')} ${claim}\n      ${paint(2, check)}`);
      }
    },
    dim: (text) => paint(2, text),
  };
}
