/**
 * `udesk-sync crm triggers`: the triggers by which the CRM's database tells a running daemon of changes at once. They are
 * printed, for the owner of the table; made or removed only when that is asked for.
 */
import type { Command } from 'commander';
import type { TriggerTool } from '../crm/definition.ts';
import { SyncError } from '../errors.ts';
import type { CliContext } from './context.ts';
import { choosePairs, openCrmTriggers } from './runtime.ts';

interface Options {
  readonly install?: boolean;
  readonly remove?: boolean;
}

export function registerCrm(program: Command, context: CliContext): void {
  program
    .command('crm')
    .description("what the CRM's own database can do for a pair")
    .command('triggers')
    .argument('[pair]', 'left out: the only one')
    .description('print the triggers that tell of changes at once; nothing is made unless that is asked for')
    .option('--install', 'make them, with the login of the pair')
    .option('--remove', 'remove them, with the login of the pair')
    .action((pair: string | undefined, options: Options) => runTriggers(context, pair, options));
}

async function runTriggers(context: CliContext, name: string | undefined, options: Options): Promise<void> {
  if (options.install && options.remove) {
    throw new SyncError('config', 'both --install and --remove were given', { advice: 'Give one of them.' });
  }
  const [pair, second] = choosePairs(context.loadConfig(), name);
  if (pair === undefined || second !== undefined) {
    throw new SyncError('config', 'there are several pairs', {
      advice: 'Name one: udesk-sync crm triggers PAIR.',
    });
  }
  const tool = await openCrmTriggers(pair);
  try {
    if (options.install) await change(context, pair.name, tool, 'install');
    else if (options.remove) await change(context, pair.name, tool, 'remove');
    else await show(context, pair.name, tool);
  } finally {
    await tool.close();
  }
}

async function show(context: CliContext, pair: string, tool: TriggerTool): Promise<void> {
  const installed = await tool.installed();
  if (context.json) {
    context.printJson({
      triggers: { pair, installed, of: tool.count, install: tool.install, remove: tool.remove },
    });
    return;
  }
  context.print(
    [
      `-- ${installed} of ${tool.count} triggers are there. As the owner of the tables run what follows, or: udesk-sync crm triggers ${pair} --install`,
      'begin;',
      ...tool.install,
      'commit;',
      '-- To remove them (or --remove):',
      ...tool.remove.map((statement) => `-- ${statement}`),
    ].join('\n'),
  );
}

async function change(
  context: CliContext,
  pair: string,
  tool: TriggerTool,
  what: 'install' | 'remove',
): Promise<void> {
  await tool.run(what);
  const installed = await tool.installed();
  if (context.json) context.printJson({ triggers: { pair, installed, of: tool.count } });
  else if (what === 'install')
    context.print(
      `${installed} of ${tool.count} triggers are there. A daemon listens to them from its next start on.`,
    );
  else context.print('The triggers are gone. A daemon goes on by its schedule.');
}
