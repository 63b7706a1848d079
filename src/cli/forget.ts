/** `udesk-sync forget`: erase all that is kept of one person. Asks first; writes to neither side. */

import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { SideName } from '../core/record.ts';
import { type Forgetting, forget, mayForget } from '../engine/forget.ts';
import { SyncError } from '../errors.ts';
import { counted } from '../lib/counted.ts';
import { letIn } from '../store/forget.ts';
import type { CliContext } from './context.ts';
import { pairOfRecord, recordArguments } from './which-pair.ts';
import { decider, WHO } from './who.ts';
import { withRuntime } from './with-runtime.ts';

interface Options {
  readonly pair?: string;
  readonly who?: string;
  readonly yes?: boolean;
  readonly keepOut?: boolean;
  readonly letIn?: boolean;
}

export function registerForget(program: Command, context: CliContext): void {
  recordArguments(program.command('forget'))
    .description(
      'erase all that is kept here of one person: mirror, history, conflicts, writes; writes to neither side',
    )
    .option('--pair <name>', 'which pair, where several know the record')
    .option('--keep-out', 'the person is still on a side: never take these records up again')
    .option('--let-in', 'only undo --keep-out for this record')
    .option(...WHO)
    .option('--yes', 'do not ask')
    .action((side: SideName, id: string, options: Options) => runForget(context, side, id, options));
}

async function runForget(context: CliContext, side: SideName, id: string, options: Options): Promise<void> {
  await withRuntime(context, 'forget', async (runtime) => {
    const { name: pair } = await pairOfRecord(runtime, side, id, options.pair);
    if (options.letIn === true) {
      const was = await letIn(runtime.database.db, pair, side, id);
      if (context.json) context.printJson({ letIn: was });
      else context.print(was ? 'The next complete look takes the record up again.' : 'It was not kept out.');
      return;
    }
    const wish: Forgetting = {
      ...{ pair, side, id, who: decider(context, options.who) },
      keepOut: options.keepOut === true,
    };
    await mayForget(runtime.engine, wish);
    if (options.yes !== true && !(await agreed(context, id))) {
      throw new SyncError('config', 'Nothing was erased: it was not confirmed.', {
        code: 'confirm',
        advice: 'What is erased cannot be brought back. Add --yes where nobody can be asked.',
      });
    }
    const erased = await forget(runtime.engine, wish, context.signal);
    if (context.json) {
      context.printJson({ forgotten: { pair, side, id, ...erased } });
      return;
    }
    const { records, observations, conflicts, writes, histories, decisions } = erased;
    context.print(
      [
        `Erased: ${counted(records, 'record')}, ${counted(observations, 'observed change')}, ${counted(conflicts, 'conflict')} (${counted(decisions.length, 'decision')} lost ${decisions.length === 1 ? 'its value' : 'their values'}), ${counted(writes, 'write')}, ${counted(histories, 'item')} of Udesk's history.`,
        'Not in our hands: backups, exported reports, and logs and statistics of Postgres. Ids stay in logs, names in report files that the daemon wrote. See docs/operations.md, "To forget a person".',
      ].join('\n'),
    );
  });
}

/** The id is typed once more: a yes is given too easily for what cannot be undone. */
async function agreed(context: CliContext, id: string): Promise<boolean> {
  if (!context.interactive) return false;
  const input = createInterface({ input: context.stdin, signal: context.signal });
  try {
    context.stderr.write(
      `All that is kept of this person is erased for good. Type the id again to go on (${id}): `,
    );
    for await (const line of input) return line.trim() === id;
    return false;
  } finally {
    input.close();
  }
}
