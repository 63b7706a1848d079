/** `udesk-sync rebaseline`: for a backup that was put back in a way that cannot be seen from inside (docs/operations.md). */
import type { Command } from 'commander';
import { tellRestored } from '../store/home.ts';
import type { CliContext } from './context.ts';
import { choosePairs } from './runtime.ts';
import { withRuntime } from './with-runtime.ts';

export function registerRebaseline(program: Command, context: CliContext): void {
  program
    .command('rebaseline')
    .description(
      'say that the database came from a backup whose restore cannot be noticed (its files put back)',
    )
    .option('--pair <name>', 'only this pair')
    .action((options: { pair?: string }) => runRebaseline(context, options));
}

async function runRebaseline(context: CliContext, options: { readonly pair?: string }): Promise<void> {
  await withRuntime(context, 'rebaseline', async ({ config, database }) => {
    const told: string[] = [];
    for (const { name } of choosePairs(config, options.pair)) {
      if (await tellRestored(database.db, name)) told.push(name);
    }
    if (context.json) context.printJson({ rebaselined: told });
    else if (told.length === 0) context.print('No pair has worked with this database yet: nothing to do.');
    else
      context.print(
        `The next cycle of ${told.join(', ')} goes on as after a restore: both sides are read in full, what differs waits as a conflict, and creations and deletions wait for a yes.`,
      );
  });
}
