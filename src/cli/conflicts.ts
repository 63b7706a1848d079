/** `udesk-sync conflicts`: what the two sides could not agree on, and what becomes of it (promise P3). */
import type { Command } from 'commander';
import type { Config } from '../config/schema.ts';
import type { EditAuthor } from '../core/edit-author.ts';
import { choicesFor } from '../report/choices.ts';
import { conflictDocuments } from '../report/conflict-document.ts';
import { fieldOf } from '../report/mapped-field.ts';
import { editVerb } from '../report/story-text.ts';
import { type ConflictRow, loadConflict } from '../store/conflicts.ts';
import { type Note, notesOf } from '../store/notes.ts';
import { ago } from './age.ts';
import {
  addFilter,
  checkFilter,
  type FilterOptions,
  type StateOption,
  selectConflicts,
  stateOption,
  statesOf,
} from './conflict-filter.ts';
import { registerCare } from './conflicts-care.ts';
import { registerExport } from './conflicts-export.ts';
import { registerResolve } from './conflicts-resolve.ts';
import { registerReview } from './conflicts-review.ts';
import { registerSimilar } from './conflicts-similar.ts';
import { registerUndo } from './conflicts-undo.ts';
import type { CliContext } from './context.ts';
import { limitOption, noSuchRow, rowId } from './ids.ts';
import { printTable } from './output.ts';
import { shown } from './review-card.ts';
import { showValue } from './show-value.ts';
import { decider } from './who.ts';
import { withRuntime } from './with-runtime.ts';

/** Rows that a person reads in one go; scripts get all. */
const SCREEN = 200;

export function registerConflicts(program: Command, context: CliContext): void {
  const conflicts = program.command('conflicts').description('review what the two sides could not agree on');
  addFilter(conflicts.command('list').description('conflicts that wait for a person, oldest first'))
    .addOption(stateOption())
    .option(
      '--limit <number>',
      `at most so many (default: ${SCREEN} on a screen, all with --json)`,
      limitOption,
    )
    .action((options: ListOptions) => runList(context, options));
  conflicts
    .command('show')
    .argument('<id>', 'id of the conflict', rowId)
    .description('one conflict: both values, when they were changed, and what each choice would do')
    .action((id: string) => runShow(context, id));
  registerCare(conflicts, context);
  registerResolve(conflicts, context);
  registerReview(conflicts, context);
  registerUndo(conflicts, context);
  registerExport(conflicts, context);
  registerSimilar(conflicts, context);
}

type ListOptions = FilterOptions & { readonly state: StateOption; readonly limit?: number };

async function runList(context: CliContext, options: ListOptions): Promise<void> {
  await withRuntime(context, 'conflicts list', async ({ config, database }) => {
    checkFilter(config, options);
    const limit = options.limit ?? (context.json ? undefined : SCREEN);
    const found = await selectConflicts(
      database.db,
      { config, me: decider(context, undefined) },
      {
        ...options,
        states: statesOf(options.state),
        limit: limit === undefined ? undefined : limit + 1,
      },
    );
    const rows = limit === undefined ? found : found.slice(0, limit);
    if (context.json) {
      context.printJson({ conflicts: await conflictDocuments(database.db, rows) });
      return;
    }
    if (rows.length === 0) {
      context.print(options.state === 'active' ? 'No conflict waits for anybody.' : 'No conflict fits.');
      return;
    }
    const now = new Date();
    printTable(context, rows, [
      { title: 'id', value: (row) => row.id, align: 'right' },
      { title: 'pair', value: (row) => row.pair },
      { title: 'udesk', value: (row) => row.udeskId ?? '–' },
      { title: 'crm', value: (row) => row.crmId ?? '–' },
      { title: 'field', value: (row) => row.field },
      { title: 'kind', value: (row) => row.kind },
      { title: 'state', value: (row) => row.state },
      { title: 'in Udesk', value: (row) => shown(row, row.udesk) },
      { title: 'in the CRM', value: (row) => shown(row, row.crm), flexible: true },
      { title: 'since', value: (row) => ago(row.openedAt, now) },
      ...(rows.some((row) => row.assignee !== null)
        ? [{ title: 'for', value: (row: ConflictRow) => row.assignee ?? '–' }]
        : []),
    ]);
    if (found.length > rows.length) context.say(`There are more: --limit ${rows.length * 10} shows them.`);
    context.say(
      '`udesk-sync conflicts show ID` tells more; `udesk-sync conflicts resolve ID --take udesk|crm|base` decides.',
    );
  });
}

async function runShow(context: CliContext, id: string): Promise<void> {
  await withRuntime(context, 'conflicts show', async ({ config, database }) => {
    const row = await loadConflict(database.db, id);
    if (row === null) throw noSuchRow('conflict', id, 'udesk-sync conflicts list');
    const [document] = await conflictDocuments(database.db, [row]);
    const notes = await notesOf(database.db, row.id);
    if (context.json) context.printJson({ conflicts: [{ ...document, notes }] });
    else context.print(describe(row, config, notes, document?.authors.udesk ?? null));
  });
}

function describe(
  row: ConflictRow,
  config: Config,
  notes: readonly Note[],
  editor: EditAuthor | null,
): string {
  const lines = [
    `conflict ${row.id} of pair ${row.pair}: ${row.field === '*' ? 'the whole record' : row.field} (${row.kind}, ${row.state})`,
    `  customer     Udesk ${row.udeskId ?? '–'}, CRM ${row.crmId ?? '–'} (link ${row.linkId})`,
    `  why          ${row.reason}`,
    `  opened       ${row.openedAt}`,
    `  in Udesk     ${shown(row, row.udesk)}${changed(row.udeskAt, editor)}`,
    `  in the CRM   ${shown(row, row.crm)}${changed(row.crmAt, row.crmAuthor)}`,
  ];
  if (row.field !== '*') lines.push(`  last agreed  ${agreed(row)}`);
  for (const { value, author, at, text } of row.overwritten) {
    const what = value === undefined ? (text ?? 'not told') : shown(row, value);
    const by = [at === null ? '' : ` at ${at}`, author === null ? '' : ` by ${author.name ?? author.id}`];
    lines.push(`  overwritten  ${what}  (edited${by.join('')})`);
  }
  if (row.assignee !== null) lines.push(`  assigned to  ${row.assignee}`);
  for (const { who, at, text } of notes)
    lines.push(`  note         ${text.replaceAll('\n', '\n               ')}  (${who}, ${at})`);
  if (row.resolvedBy !== null) lines.push(`  decided by   ${row.resolvedBy}`);
  if (row.closedAt !== null) lines.push(`  closed       ${row.closedAt}`);
  if (row.state !== 'open') return lines.join('\n');
  const { pair, spec } = fieldOf(config, row);
  const choices = choicesFor(row, spec, pair?.match.defaultRegion ?? 'CN', (value) => shown(row, value));
  if (choices.length === 0) {
    lines.push('  The configuration does not map this field any more: nothing can be decided.');
    return lines.join('\n');
  }
  lines.push('  choices');
  for (const { take, refused, effect } of choices) {
    const option = take === 'value' ? '--value V' : `--take ${take}`;
    lines.push(`    ${option.padEnd(13)} ${refused === null ? effect : `not possible: ${refused}`}`);
  }
  lines.push(`  udesk-sync conflicts resolve ${row.id} --take …`);
  return lines.join('\n');
}

function agreed(row: ConflictRow): string {
  if (row.base === null) return 'never';
  const [udesk, crm] = [showValue(row.base.udesk), showValue(row.base.crm)];
  return udesk === crm ? udesk : `${udesk} in Udesk, ${crm} in the CRM`;
}

function changed(at: string | null, editor: EditAuthor | null): string {
  const when = editor?.knownBy === 'history' ? at : (editor?.at ?? at);
  if (when === null) return '';
  return editor?.name == null
    ? `  (changed ${when})`
    : `  (${editVerb(editor.knownBy)} ${when} by ${editor.name})`;
}
