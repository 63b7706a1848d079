/** `udesk-sync parked`: records that were set aside with the words of the side that refused them. */
import type { Command } from 'commander';
import { otherSide } from '../core/record.ts';
import { SyncError } from '../errors.ts';
import { counted } from '../lib/counted.ts';
import { dropParked, type ParkedResult, retryParked } from '../store/parked-decisions.ts';
import { parkedWrites } from '../store/parked-pages.ts';
import { ago } from './age.ts';
import type { CliContext } from './context.ts';
import { noSuchRow, rowId } from './ids.ts';
import { printTable } from './output.ts';
import { choosePairs } from './runtime.ts';
import { decider } from './who.ts';
import { withRuntime } from './with-runtime.ts';

export function registerParked(program: Command, context: CliContext): void {
  const parked = program.command('parked').description('records that were set aside while the rest went on');
  parked
    .command('list')
    .description('what is set aside, and why, in the words of the side')
    .option('--pair <name>', 'only this pair')
    .action((options: { pair?: string }) => runList(context, options));
  parked
    .command('retry')
    .argument('<id>', 'id of the parked record', rowId)
    .description('plan it again with the next cycle')
    .action((id: string) => runDecision(context, id, 'retry'));
  parked
    .command('drop')
    .argument('<id>', 'id of the parked record', rowId)
    .description('leave it alone until the record changes')
    .action((id: string) => runDecision(context, id, 'drop'));
}

async function runList(context: CliContext, options: { pair?: string }): Promise<void> {
  await withRuntime(context, 'parked list', async ({ config, database: { db } }) => {
    if (options.pair !== undefined) choosePairs(config, options.pair);
    const rows = await parkedWrites(db, { pair: options.pair ?? null, afterId: '0', limit: 1_000_000 });
    if (context.json) {
      context.printJson({ parked: rows.map(({ patch, op, ...row }) => ({ ...row, field: null })) });
      return;
    }
    if (rows.length === 0) {
      context.print('Nothing is parked.');
      return;
    }
    const now = new Date();
    printTable(context, rows, [
      { title: 'id', value: (row) => row.id, align: 'right' },
      { title: 'pair', value: (row) => row.pair },
      { title: 'udesk', value: (row) => row.udeskId ?? '–' },
      { title: 'crm', value: (row) => row.crmId ?? '–' },
      { title: 'write to', value: (row) => row.side },
      { title: 'kind', value: (row) => row.kind },
      { title: 'since', value: (row) => ago(row.at, now) },
      { title: 'what the side said', value: (row) => row.message, flexible: true },
    ]);
    for (const { id, state, side, keeps } of rows) {
      if (keeps === null) continue;
      const more = keeps.count > keeps.ids.length ? ', …' : '';
      const why = state === 'dropped' ? ' was left alone, and' : '';
      context.say(
        `${id}${why} keeps ${counted(keeps.count, 'record')} of ${otherSide(side)} from being created in ${side}, for an e-mail or phone in common: ${keeps.ids.join(', ')}${more}.`,
      );
    }
    context.say(
      'When the cause is mended: `udesk-sync parked retry ID`. To leave it alone: `udesk-sync parked drop ID`.',
    );
  });
}

async function runDecision(context: CliContext, id: string, decision: 'retry' | 'drop'): Promise<void> {
  await withRuntime(context, `parked ${decision}`, async ({ database: { db } }) => {
    const decide = decision === 'retry' ? retryParked : dropParked;
    const result = await decide(db, {
      parkedId: id,
      who: decider(context, undefined),
      at: new Date(),
    });
    if (result.outcome !== 'done') throw refusal(id, result);
    const state = decision === 'retry' ? 'retried' : 'dropped';
    if (context.json) {
      context.printJson({ parked: [{ id, pair: result.pair, linkId: result.linkId, state }] });
    } else if (decision === 'retry') {
      context.print(
        `Parked record ${id} is planned again by the next cycle: the running daemon's, or \`udesk-sync sync\`.`,
      );
    } else {
      context.print(`Parked record ${id} is dropped: nothing is written for it until the record changes.`);
    }
  });
}

function refusal(id: string, result: Exclude<ParkedResult, { outcome: 'done' }>): SyncError {
  if (result.outcome === 'not-found') return noSuchRow('parked record', id, 'udesk-sync parked list');
  return new SyncError('stale', `parked record ${id} was ${result.state} already`, {
    code: 'wrong-state',
    advice: '`udesk-sync parked list` shows what is set aside now.',
  });
}
