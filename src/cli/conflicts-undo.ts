/** `udesk-sync conflicts undo`: takes decisions back that nothing was sent for. */
import type { Command } from 'commander';
import { SyncError } from '../errors.ts';
import { type WithdrawResult, withdrawDecision } from '../store/conflict-decisions.ts';
import { loadConflict } from '../store/conflicts.ts';
import type { CliContext } from './context.ts';
import { noSuchRow, rowIds } from './ids.ts';
import { decider, WHO } from './who.ts';
import { withRuntime } from './with-runtime.ts';

const WHY: Readonly<Record<Exclude<WithdrawResult, 'withdrawn'>, string>> = {
  'not-decided': 'nobody has decided it, or it has been carried out',
  'under-way': 'a write for it has been sent',
};

export function registerUndo(conflicts: Command, context: CliContext): void {
  conflicts
    .command('undo')
    .argument('<id...>', 'ids of the conflicts', rowIds)
    .description('take decisions back that nothing was sent for; the conflicts are open again')
    .option(...WHO)
    .action((ids: readonly string[], options: { who?: string }) => runUndo(context, ids, options.who));
}

async function runUndo(
  context: CliContext,
  ids: readonly string[],
  given: string | undefined,
): Promise<void> {
  const who = decider(context, given);
  await withRuntime(context, 'conflicts undo', async ({ database: { db } }) => {
    const undone: string[] = [];
    const left: string[] = [];
    for (const id of ids) {
      if ((await loadConflict(db, id)) === null) throw noSuchRow('conflict', id, 'udesk-sync conflicts list');
    }
    for (const id of ids) {
      const result = await withdrawDecision(db, { conflictId: id, who, at: new Date() });
      if (result === 'withdrawn') undone.push(id);
      else left.push(`conflict ${id}: ${WHY[result]}`);
    }
    if (context.json)
      context.printJson({ withdrawn: undone, left: ids.filter((id) => !undone.includes(id)) });
    else if (undone.length > 0) context.print(`Open again: ${undone.join(', ')}.`);
    if (left.length > 0) {
      throw new SyncError('stale', left.join('; '), {
        code: 'not-withdrawn',
        advice: 'Decide the next conflict of that field, or undo the writes with `udesk-sync revert`.',
      });
    }
  });
}
