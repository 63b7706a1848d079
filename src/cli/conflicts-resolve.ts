/** `udesk-sync conflicts resolve`: a person's choice. It reaches both sides with the next cycle (promises P1, P3). */
import { type Command, Option } from 'commander';
import type { Config } from '../config/schema.ts';
import type { Take } from '../core/link.ts';
import type { Value } from '../core/value.ts';
import { SyncError } from '../errors.ts';
import { conflictDocument } from '../report/conflict-document.ts';
import { judgeDecision } from '../report/judge-decision.ts';
import { fieldOf } from '../report/mapped-field.ts';
import { decideConflict } from '../store/conflict-decisions.ts';
import { type ConflictRow, loadConflict } from '../store/conflicts.ts';
import type { Db } from '../store/tx.ts';
import {
  addFilter,
  checkFilter,
  type FilterOptions,
  isFiltered,
  selectConflicts,
} from './conflict-filter.ts';
import type { CliContext } from './context.ts';
import { EXIT } from './errors.ts';
import { noSuchRow, rowIds } from './ids.ts';
import { progress } from './output.ts';
import { parseValue } from './parse-value.ts';
import { showValue } from './show-value.ts';
import { decider, WHO } from './who.ts';
import { withRuntime } from './with-runtime.ts';

interface ResolveOptions extends FilterOptions {
  readonly take?: Exclude<Take, 'value'>;
  readonly value?: string;
  readonly yes?: boolean;
  readonly who?: string;
}

export function registerResolve(conflicts: Command, context: CliContext): void {
  const command = conflicts
    .command('resolve')
    .argument('[id...]', 'ids of the conflicts; or choose them by the filters below, with --yes', rowIds)
    .description('decide conflicts; the choice is carried out by the next cycle')
    .addOption(
      new Option('--take <side>', 'the value that both sides shall hold').choices(['udesk', 'crm', 'base']),
    )
    .option(
      '--value <value>',
      'a value of your own, as Udesk writes it: text or JSON; for sets \'["a","b"]\'',
    );
  addFilter(command)
    .option('--yes', 'decide all that the filters choose')
    .option(...WHO)
    .action((ids: readonly string[] | undefined, options: ResolveOptions) =>
      runResolve(context, ids ?? [], options),
    );
}

interface Decision {
  readonly row: ConflictRow;
  readonly take: Take;
  readonly value: Value | null;
}

async function runResolve(
  context: CliContext,
  ids: readonly string[],
  options: ResolveOptions,
): Promise<void> {
  checkUsage(ids, options);
  const who = decider(context, options.who);
  await withRuntime(context, 'conflicts resolve', async ({ config, database: { db } }) => {
    checkFilter(config, options);
    const bulk = ids.length === 0;
    const chosen = bulk
      ? await selectConflicts(db, { config, me: who }, { ...options, states: ['open'] })
      : await loadAll(db, ids);
    if (bulk && chosen.length > 0 && options.yes !== true) throw unconfirmed(chosen);
    const decisions: Decision[] = [];
    const refused: string[] = [];
    const late: ConflictRow[] = [];
    for (const row of chosen) {
      if (row.state !== 'open') late.push(row);
      else {
        const decision = decisionFor(row, config, options);
        if (typeof decision === 'string') refused.push(`conflict ${row.id} (${row.field}): ${decision}`);
        else decisions.push(decision);
      }
    }
    // What was named one by one is decided as a whole or not at all; of many, those that can be.
    if (refused.length > 0 && !bulk) throw notPossible(refused);
    const done: ConflictRow[] = [];
    const line = progress(context, 'deciding');
    try {
      for (const { row, take, value } of decisions) {
        context.signal.throwIfAborted();
        const won = await decideConflict(db, { conflictId: row.id, who, take, value, at: new Date() });
        const now = await loadConflict(db, row.id);
        if (won) done.push(now ?? row);
        else late.push(now ?? row);
        line.update(`${done.length} of ${decisions.length}`);
      }
    } finally {
      line.stop();
    }
    report(context, { done, late, refused });
  });
}

function checkUsage(ids: readonly string[], options: ResolveOptions): void {
  const filtered = isFiltered(options);
  const usage = (message: string, advice: string) =>
    new SyncError('config', message, { code: 'usage', advice });
  if ((options.take === undefined) === (options.value === undefined)) {
    throw usage(
      'it has to be known what both sides shall hold',
      'Give either --take udesk, --take crm or --take base, or --value V.',
    );
  }
  if (ids.length > 0 && filtered) {
    throw usage(
      'ids and filters were both given',
      'Name conflicts by id, or choose them by --pair, --field and the other filters.',
    );
  }
  if (ids.length === 0 && !filtered) {
    throw usage(
      'it has to be known which conflicts are meant',
      'Name them by id (`udesk-sync conflicts list`), or choose them by --pair, --field and the other filters with --yes.',
    );
  }
  if (ids.length === 0 && options.value !== undefined && options.field === undefined) {
    throw usage('one --value cannot fit every field', 'Add --field.');
  }
}

async function loadAll(db: Db, ids: readonly string[]): Promise<ConflictRow[]> {
  const found: ConflictRow[] = [];
  for (const id of ids) {
    const row = await loadConflict(db, id);
    if (row === null) throw noSuchRow('conflict', id, 'udesk-sync conflicts list');
    found.push(row);
  }
  return found;
}

/** The choice for this conflict, or why it cannot be made. */
function decisionFor(row: ConflictRow, config: Config, options: ResolveOptions): Decision | string {
  const wish = { take: options.take ?? 'value', typed: options.value, emptying: options.yes } as const;
  const judged = judgeDecision(row, config, wish, showValue);
  if (judged.ok) return { row, take: judged.take, value: judged.value };
  if (judged.text !== null) return judged.text;
  const { pair, spec } = fieldOf(config, row);
  if (spec === null) return 'the configuration does not map this field any more';
  // What was typed does not fit: says what would.
  return {
    row,
    take: 'value',
    value: parseValue(options.value ?? '', spec, pair?.match.defaultRegion ?? 'CN'),
  };
}

function unconfirmed(rows: readonly ConflictRow[]): SyncError {
  const counts = new Map<string, number>();
  for (const { field, kind } of rows) {
    const key = `${field} ${kind}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const parts = [...counts].sort(([, a], [, b]) => b - a).map(([key, count]) => `${count} × ${key}`);
  const more = parts.length > 8 ? ', …' : '';
  return new SyncError(
    'config',
    `${rows.length} open ${rows.length === 1 ? 'conflict fits' : 'conflicts fit'} (${parts.slice(0, 8).join(', ')}${more}), and nothing was decided`,
    { code: 'confirm', advice: 'Add --yes to decide all of them.' },
  );
}

function notPossible(refused: readonly string[]): SyncError {
  return new SyncError('config', `nothing was decided, because ${refused.join('; ')}`, {
    code: 'usage',
    advice: '`udesk-sync conflicts show ID` lists what can be chosen.',
  });
}

function report(
  context: CliContext,
  outcome: { done: readonly ConflictRow[]; late: readonly ConflictRow[]; refused: readonly string[] },
): void {
  const { done, late, refused } = outcome;
  if (late.length > 0 || refused.length > 0) context.exitCode = EXIT.failed;
  if (context.json) {
    context.printJson({
      conflicts: done.map((row) => conflictDocument(row)),
      notOpen: late.map((row) => conflictDocument(row)),
      refused,
    });
    return;
  }
  if (done.length > 0) {
    context.print(
      `Decided ${done.length === 1 ? `conflict ${done[0]?.id}` : `${done.length} conflicts`}. The next cycle carries it out: the running daemon's, or \`udesk-sync sync\`.`,
    );
  } else if (late.length + refused.length === 0) context.print('No open conflict fits.');
  for (const row of late.slice(0, SHOWN)) {
    const by = row.resolvedBy === null ? '' : ` by ${row.resolvedBy}`;
    context.say(`Conflict ${row.id} is not open any more (${row.state}${by}): it was left as it is.`);
  }
  for (const text of refused.slice(0, SHOWN)) context.say(`Left alone: ${text}.`);
  const hidden = Math.max(0, late.length - SHOWN) + Math.max(0, refused.length - SHOWN);
  if (hidden > 0) context.say(`… and ${hidden} more.`);
}

const SHOWN = 20;
