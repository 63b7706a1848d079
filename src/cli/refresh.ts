/** `udesk-sync refresh`: read one record now, and say what follows from it. */
import type { Command } from 'commander';
import type { SideName } from '../core/record.ts';
import { type NextStep, type RefreshReport, refreshRecord } from '../engine/refresh.ts';
import { SyncError } from '../errors.ts';
import { linkDocument } from '../report/link-document.ts';
import type { CliContext } from './context.ts';
import { formatTable } from './output.ts';
import { openPair } from './runtime.ts';
import { showValue } from './show-value.ts';
import { pairOfRecord, recordArguments } from './which-pair.ts';
import { withRuntime } from './with-runtime.ts';

export function registerRefresh(program: Command, context: CliContext): void {
  recordArguments(program.command('refresh'))
    .description('read one record now and say what the next cycle would do with it; writes to neither side')
    .option('--pair <name>', 'which pair, where several know the record')
    .action((side: SideName, id: string, options: { pair?: string }) =>
      runRefresh(context, side, id, options),
    );
}

async function runRefresh(
  context: CliContext,
  side: SideName,
  id: string,
  options: { readonly pair?: string },
): Promise<void> {
  await withRuntime(context, 'refresh', async (runtime) => {
    const config = await pairOfRecord(runtime, side, id, options.pair);
    const pair = await openPair(runtime, config);
    try {
      const report = await refreshRecord(runtime.engine, pair, { side, id, signal: context.signal });
      if (report.seen === 'unknown') {
        throw new SyncError(
          'rejected',
          `${name(side)} says that there is no such record, and none was ever seen`,
          {
            pair: report.pair,
            side,
            record: id,
            code: 'not-found',
            advice: 'Check the id and the side; ids are those that the side itself uses.',
          },
        );
      }
      if (context.json) context.printJson({ refresh: refreshDocument(report) });
      else context.print(describe(report));
    } finally {
      await pair.close();
    }
  });
}

function refreshDocument({ delta, link, reviews, next, ...report }: RefreshReport): unknown {
  return {
    ...report,
    changes: Object.entries(delta).map(([field, [old, now]]) => ({ field, old, new: now })),
    link: link === null ? null : linkDocument(link),
    reviews: reviews.map(linkDocument),
    next,
  };
}

function describe(report: RefreshReport): string {
  return [seen(report), ...changes(report), belongs(report), nextStep(report.next, report.pair)].join('\n');
}

function seen({ pair, side, id, seen: how }: RefreshReport): string {
  const record = `${name(side)} record ${id} of pair ${pair}`;
  switch (how) {
    case 'new':
      return `${record} was seen for the first time, and is stored.`;
    case 'changed':
      return `${record} has changed; what it holds now is stored.`;
    case 'returned':
      return `${record} was taken as deleted and is there again.`;
    case 'unchanged':
      return `${record} is as it was last seen.`;
    default:
      return `${name(side)} says that record ${id} of pair ${pair} is not there. This is a suspicion and proves no deletion: the next complete look at ${name(side)} decides, and until then nothing follows from it.`;
  }
}

function changes({ delta, seen: how }: RefreshReport): string[] {
  const rows = Object.entries(delta);
  if (rows.length === 0) return [];
  const table = formatTable(rows, [
    { title: 'field', value: ([field]) => field },
    ...(how === 'new' ? [] : [{ title: 'was', value: ([, [old]]: (typeof rows)[number]) => showValue(old) }]),
    { title: 'is', value: ([, [, now]]) => showValue(now), flexible: true },
  ]);
  return [table.replaceAll(/^/gm, '  ')];
}

function belongs({ link, reviews }: RefreshReport): string {
  if (link !== null) {
    const ids = `Udesk ${link.udeskId ?? '(to be created)'}, CRM ${link.crmId ?? '(to be created)'}`;
    return `It belongs to link ${link.id} (${link.state}): ${ids}.`;
  }
  const questions = reviews.map(({ id }) => `udesk-sync links show ${id}`).join(', ');
  return reviews.length > 0
    ? `It belongs to no link: a person has to say who it is (${questions}).`
    : 'It belongs to no link.';
}

const WAITS: Readonly<Record<Extract<NextStep, { kind: 'waits' }>['why'], string>> = {
  'in-flight':
    'A write of ours to this customer is planned or on its way; what was seen now is planned after it.',
  'first-run': 'The first plan of the pair was not accepted yet: nothing is written before.',
  review: 'Nothing is done with it before that is answered.',
  ended: 'The link has ended: nothing is carried over.',
};

function nextStep(next: NextStep, pair: string): string {
  switch (next.kind) {
    case 'waits':
      return WAITS[next.why];
    case 'match':
      return 'The next cycle looks for its counterpart by id, e-mail and phone, and links or creates as configured.';
    case 'nothing':
      return 'The next cycle has nothing to do for it.';
    case 'plan': {
      const lines = next.writes.map(
        (item) =>
          `  ${item.op} ${item.field} in ${name(item.side)}: ${showValue(item.before)} → ${showValue(item.after)} (${item.reason})`,
      );
      const held = next.conflicts.map(({ field, kind, reason }) => `  hold ${field}: ${kind}, ${reason}`);
      const open = next.open.map(
        ({ id, field, decision }) =>
          `  conflict ${id} about ${field} is ${decision === null ? 'open' : 'decided'}: udesk-sync conflicts show ${id}`,
      );
      const head =
        lines.length + held.length === 0
          ? 'The next cycle writes nothing of it:'
          : `The next cycle (the running daemon's, or \`udesk-sync sync --pair ${pair}\`) would:`;
      return [head, ...lines, ...held, ...open].join('\n');
    }
  }
}

function name(side: SideName): string {
  return side === 'udesk' ? 'Udesk' : 'CRM';
}
