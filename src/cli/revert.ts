/** `udesk-sync revert`: undo what we wrote. It asks first, records the wish, and leaves the writing to the next cycle. */
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import type { PairConfig } from '../config/schema.ts';
import { previewRevert, type RevertItem, type RevertPreview } from '../engine/revert.ts';
import { SyncError } from '../errors.ts';
import { parseSince } from '../report/sync/period.ts';
import { loadLink } from '../store/links.ts';
import { pairOfRun, requestRevert } from '../store/reverts.ts';
import type { RevertScope } from '../store/schema/revert.ts';
import { checkFilter } from './conflict-filter.ts';
import type { CliContext } from './context.ts';
import { noSuchRow, rowId } from './ids.ts';
import { formatTable } from './output.ts';
import { choosePairs, openPair, type Runtime } from './runtime.ts';
import { showValue } from './show-value.ts';
import { decider, WHO } from './who.ts';
import { withRuntime } from './with-runtime.ts';

/** Rows that a person reads in one go; scripts get all. */
const SCREEN = 50;

interface RevertOptions {
  readonly link?: string;
  readonly run?: string;
  readonly since?: string;
  readonly field?: string;
  readonly pair?: string;
  readonly bothSides?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly who?: string;
}

export function registerRevert(program: Command, context: CliContext): void {
  program
    .command('revert')
    .description('undo what udesk-sync wrote, where it still stands; the next cycle carries it out')
    .option('--link <id>', 'all that was written to this link', rowId)
    .option('--run <id>', 'all that this run wrote', rowId)
    .option('--since <when>', 'all that was written since: 2h, 7d, a day, or a moment with its zone')
    .option('--field <name>', 'only this field, by its name in Udesk')
    .option('--pair <name>', 'only this pair')
    .option(
      '--both-sides',
      'the restored value counts for the other side, too; without it the other side is not touched',
    )
    .option('--dry-run', 'only show what would be undone')
    .option('--yes', 'do not ask')
    .option(...WHO)
    .action((options: RevertOptions) => runRevert(context, options));
}

interface PairRevert {
  readonly pair: string;
  readonly preview: RevertPreview;
  /** Null: it was only shown. */
  recorded: { readonly id: string; readonly taken: number } | null;
}

async function runRevert(context: CliContext, options: RevertOptions): Promise<void> {
  const given = [options.link, options.run, options.since].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new SyncError('config', 'it has to be known what is to be undone', {
      code: 'usage',
      advice: 'Give exactly one of --link ID, --run ID and --since WHEN.',
    });
  }
  const who = decider(context, options.who);
  await withRuntime(context, 'revert', async (runtime) => {
    checkFilter(runtime.config, options);
    const scope = scopeOf(runtime, options);
    const reverts: PairRevert[] = [];
    for (const config of await pairsOf(runtime, options)) {
      const pair = await openPair(runtime, config);
      try {
        const preview = await previewRevert(runtime.engine, pair.spec, scope, options.bothSides === true);
        reverts.push({ pair: config.name, preview, recorded: null });
      } finally {
        await pair.close();
      }
    }
    if (!context.json) for (const one of reverts) context.print(describe(context, one));
    const fields = reverts.reduce((sum, { preview }) => sum + preview.wishes.length, 0);
    if (fields > 0 && options.dryRun !== true) {
      if (options.yes !== true && !(await agreed(context, fields))) throw unconfirmed(fields);
      for (const one of reverts) {
        if (one.preview.wishes.length === 0) continue;
        const wish = { pair: one.pair, who, scope, at: runtime.engine.clock() };
        one.recorded = await requestRevert(runtime.database.db, wish, one.preview.wishes);
        context.say(after(one));
      }
    }
    if (context.json) context.printJson({ reverts: reverts.map(revertDocument) });
  });
}

function scopeOf(runtime: Runtime, { link, run, since, field }: RevertOptions): RevertScope {
  const from =
    since === undefined ? undefined : parseSince(since, runtime.engine.clock(), runtime.config.timezone);
  return {
    ...(link === undefined ? {} : { link }),
    ...(run === undefined ? {} : { run }),
    ...(from === undefined ? {} : { since: from.toISOString() }),
    ...(field === undefined ? {} : { field }),
  };
}

/** A link and a run belong to one pair; a time concerns all, or the one that was named. */
async function pairsOf(
  { config, database: { db } }: Runtime,
  options: RevertOptions,
): Promise<readonly PairConfig[]> {
  const { link, run } = options;
  const pairs = choosePairs(config, options.pair);
  if (link === undefined && run === undefined) return pairs;
  const owner =
    link === undefined ? await pairOfRun(db, run ?? '') : ((await loadLink(db, link))?.pair ?? null);
  const found = pairs.filter(({ name }) => name === owner);
  if (found.length > 0) return found;
  if (owner !== null) {
    throw new SyncError('config', `it belongs to the pair ${owner}`, {
      code: 'usage',
      advice: 'Leave --pair out, or name that pair; it has to be in the configuration.',
    });
  }
  throw link === undefined
    ? noSuchRow('run', run ?? '', 'udesk-sync status')
    : noSuchRow('link', link, 'udesk-sync links list');
}

async function agreed(context: CliContext, fields: number): Promise<boolean> {
  if (!context.interactive) return false;
  const input = createInterface({ input: context.stdin, signal: context.signal });
  try {
    context.stderr.write(`Undo ${count(fields, 'field')}? [y/N] `);
    const { value } = await input[Symbol.asyncIterator]().next();
    context.signal.throwIfAborted();
    return /^(y|yes|是)$/i.test(String(value ?? '').trim());
  } finally {
    input.close();
  }
}

function unconfirmed(fields: number): SyncError {
  return new SyncError('config', `${count(fields, 'field')} could be undone, and nothing was done`, {
    code: 'confirm',
    advice: 'Add --yes to undo them, or --dry-run to look only.',
  });
}

function describe(context: CliContext, { pair, preview }: PairRevert): string {
  const { items, guards } = preview;
  const head = `${pair}: ${summary(items)}`;
  if (items.length === 0) return head;
  const table = formatTable(
    items.slice(0, SCREEN),
    [
      { title: 'link', value: (item) => item.linkId, align: 'right' },
      { title: 'udesk', value: (item) => item.udeskId ?? '–' },
      { title: 'crm', value: (item) => item.crmId ?? '–' },
      { title: 'field', value: (item) => item.field },
      { title: 'side', value: (item) => item.side },
      { title: 'what', value: (item) => item.outcome },
      { title: 'now', value: (item) => (item.outcome === 'restore' ? showValue(item.before) : '') },
      {
        title: 'then',
        value: (item) => (item.outcome === 'restore' ? showValue(item.after) : (item.why ?? '')),
        flexible: true,
      },
    ],
    context.stdout.isTTY ? context.stdout.columns : undefined,
  );
  const more = items.length > SCREEN ? [`… and ${items.length - SCREEN} more (--json shows all)`] : [];
  const held = guards.map(
    ({ guard, message }) =>
      `  guard ${guard} would hold it: ${message} The cycle then says how to approve it.`,
  );
  return [head, table, ...more, ...held].join('\n');
}

function summary(items: readonly RevertItem[]): string {
  const of = (outcome: RevertItem['outcome']) => items.filter((item) => item.outcome === outcome).length;
  const parts = [
    `${count(of('restore'), 'value')} to restore`,
    `${of('edited')} edited since (they become conflicts)`,
    ...(of('waits') > 0 ? [`${of('waits')} behind an edit that is on its way`] : []),
    `${of('skipped')} left alone`,
  ];
  return items.length === 0 ? 'nothing was written that could be undone' : parts.join(', ');
}

function after({ pair, recorded, preview }: PairRevert): string {
  const late = preview.wishes.length - (recorded?.taken ?? 0);
  const already = late === 0 ? '' : ` ${count(late, 'field')} had been asked for already.`;
  return `Undo ${recorded?.id} of ${count(recorded?.taken ?? 0, 'field')} is recorded.${already} The next cycle carries it out: the running daemon's, or \`udesk-sync sync --pair ${pair}\`. Nothing is restored that changes until then.`;
}

function revertDocument({ pair, preview, recorded }: PairRevert): unknown {
  return {
    pair,
    id: recorded?.id ?? null,
    recorded: recorded?.taken ?? 0,
    items: preview.items,
    guards: preview.guards,
  };
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
