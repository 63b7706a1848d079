/** `udesk-sync conflicts undo`: takes decisions back: at once, or what they wrote, for as long as that stands. */
import type { Command } from 'commander';
import { SyncError } from '../errors.ts';
import { type ConflictRow, loadConflict } from '../store/conflicts.ts';
import type { CliContext } from './context.ts';
import { noSuchRow, rowIds } from './ids.ts';
import { openUndo, UNDOING, WHY_NOT } from './undoer.ts';
import { decider, WHO } from './who.ts';
import { withRuntime } from './with-runtime.ts';

export function registerUndo(conflicts: Command, context: CliContext): void {
  conflicts
    .command('undo')
    .argument('<id...>', 'ids of the conflicts', rowIds)
    .description(
      'take decisions back: at once, or what they wrote with the next cycle, for as long as that stands',
    )
    .option(...WHO)
    .action((ids: readonly string[], options: { who?: string }) => runUndo(context, ids, options.who));
}

async function runUndo(
  context: CliContext,
  ids: readonly string[],
  given: string | undefined,
): Promise<void> {
  const who = decider(context, given);
  await withRuntime(context, 'conflicts undo', async (runtime) => {
    const rows: ConflictRow[] = [];
    for (const id of ids) {
      const row = await loadConflict(runtime.database.db, id);
      if (row === null) throw noSuchRow('conflict', id, 'udesk-sync conflicts list');
      rows.push(row);
    }
    const withdrawn: string[] = [];
    const undoing: string[] = [];
    const left: string[] = [];
    const terminal = openUndo(runtime, who);
    try {
      for (const row of rows) {
        const result = await terminal.undo(row);
        if (result === 'withdrawn') withdrawn.push(row.id);
        else if (result === 'undoing') undoing.push(row.id);
        else left.push(`conflict ${row.id}: ${WHY_NOT[result]}`);
      }
    } finally {
      await terminal.close();
      const taken = [...withdrawn, ...undoing];
      if (context.json)
        context.printJson({ withdrawn, undoing, left: ids.filter((id) => !taken.includes(id)) });
      else {
        if (withdrawn.length > 0) context.print(`Open again: ${withdrawn.join(', ')}.`);
        if (undoing.length > 0) context.print(`Being undone: ${undoing.join(', ')}; ${UNDOING}.`);
      }
    }
    if (left.length > 0) {
      throw new SyncError('stale', left.join('; '), {
        code: 'not-withdrawn',
        advice:
          '`udesk-sync conflicts show ID` says what became of it; `explain` shows what the field holds.',
      });
    }
  });
}
