/** `udesk-sync verify-log`: are people's decisions as they were written down? */
import type { Command } from 'commander';
import { verifyLog } from '../report/verify-log.ts';
import type { CliContext } from './context.ts';
import { EXIT } from './errors.ts';
import { withRuntime } from './with-runtime.ts';

export function registerVerifyLog(program: Command, context: CliContext): void {
  program
    .command('verify-log')
    .description('checks that no decision was changed, removed or slipped in; prints the digest to keep')
    .option('--expect <digest>', 'a digest that was printed before: it must still be in the log')
    .action((options: { readonly expect?: string }) => run(context, options.expect ?? null));
}

async function run(context: CliContext, expect: string | null): Promise<void> {
  await withRuntime(context, 'verify-log', async ({ database }) => {
    const verdict = await verifyLog(database.db, expect);
    if (verdict.faults.length > 0) context.exitCode = EXIT.failed;
    if (context.json) {
      context.printJson({ log: verdict });
      return;
    }
    for (const fault of verdict.faults) context.print(`Not as it was written: ${fault}.`);
    if (verdict.faults.length === 0) {
      context.print(
        `${verdict.entries} entries, each as it was written. The last one's digest is ${verdict.head ?? 'not there yet'}.`,
      );
      context.say(
        'Keep it outside of this database: `verify-log --expect DIGEST` finds out a log that was cut short.',
      );
    }
    if (verdict.older > 0) context.say(`${verdict.older} decisions are older than the log.`);
  });
}
