/** `udesk-sync conflicts assign` and `note`: who takes care of a conflict, and what people write beside it. */
import type { Command } from 'commander';
import type { Config } from '../config/schema.ts';
import { SyncError } from '../errors.ts';
import { didYouMean } from '../lib/suggest.ts';
import { assignConflicts } from '../store/assignments.ts';
import { loadConflict } from '../store/conflicts.ts';
import { addNote, NOTE_LIMIT, NOTES_MOST, notesOf } from '../store/notes.ts';
import type { Db } from '../store/tx.ts';
import {
  addFilter,
  assigneeOf,
  checkFilter,
  type FilterOptions,
  isFiltered,
  selectConflicts,
} from './conflict-filter.ts';
import type { CliContext } from './context.ts';
import { noSuchRow, rowId, rowIds } from './ids.ts';
import { decider, WHO } from './who.ts';
import { withRuntime } from './with-runtime.ts';

interface AssignOptions extends FilterOptions {
  readonly to: string;
  readonly yes?: boolean;
  readonly who?: string;
}

export function registerCare(conflicts: Command, context: CliContext): void {
  addFilter(
    conflicts
      .command('assign')
      .argument('[id...]', 'ids of the conflicts; or choose them by the filters below, with --yes', rowIds)
      .description('say who shall decide conflicts; they see them first')
      .requiredOption('--to <who>', 'a user of the configuration; me, or nobody'),
  )
    .option('--yes', 'assign all that the filters choose')
    .option(...WHO)
    .action((ids: readonly string[] | undefined, options: AssignOptions) =>
      runAssign(context, ids ?? [], options),
    );
  conflicts
    .command('note')
    .argument('<id>', 'id of the conflict', rowId)
    .argument('<text>', `plain text, at most ${NOTE_LIMIT} characters`)
    .description('write beside a conflict; erased when the person is forgotten')
    .option(...WHO)
    .action((id: string, text: string, options: { who?: string }) => runNote(context, id, text, options));
}

async function runAssign(context: CliContext, ids: readonly string[], options: AssignOptions): Promise<void> {
  const who = decider(context, options.who);
  await withRuntime(context, 'conflicts assign', async ({ config, database: { db } }) => {
    const to = assigneeOf(options.to, who);
    checkUsage(ids, options);
    checkFilter(config, options);
    if (to !== null) checkPerson(config, to);
    const chosen = ids.length > 0 ? await known(db, ids) : await filtered(db, config, who, options);
    const changed = await assignConflicts(db, { ids: chosen, to, who, at: new Date() });
    if (context.json) {
      context.printJson({ assigned: changed, to, unchanged: chosen.filter((id) => !changed.includes(id)) });
      return;
    }
    const whom = to ?? 'nobody in particular';
    context.print(
      `Assigned ${changed.length === 1 ? 'a conflict' : `${changed.length} conflicts`} to ${whom}.`,
    );
    const rest = chosen.length - changed.length;
    if (rest > 0) context.say(`${rest} were assigned so before, or are closed.`);
  });
}

function checkUsage(ids: readonly string[], options: AssignOptions): void {
  const isChosen = isFiltered(options);
  if (ids.length > 0 !== isChosen) return;
  throw new SyncError(
    'config',
    isChosen ? 'ids and filters were both given' : 'it has to be known which conflicts are meant',
    {
      code: 'usage',
      advice: 'Name conflicts by id (`udesk-sync conflicts list`), or choose them by the filters with --yes.',
    },
  );
}

/** Only of people who may decide, where the configuration says who they are. */
function checkPerson({ http: { auth } }: Config, to: string): void {
  if (auth === undefined) return;
  const people = auth.users.filter(({ role }) => role !== 'viewer').map(({ name }) => name);
  if (people.includes(to)) return;
  throw new SyncError('config', `"${to}" is nobody who may decide conflicts.${didYouMean(to, people)}`, {
    code: 'usage',
    advice: `Reviewers and operators under http.auth.users: ${people.join(', ')}.`,
  });
}

async function known(db: Db, ids: readonly string[]): Promise<readonly string[]> {
  for (const id of ids) {
    if ((await loadConflict(db, id)) === null) throw noSuchRow('conflict', id, 'udesk-sync conflicts list');
  }
  return ids;
}

async function filtered(
  db: Db,
  config: Config,
  me: string,
  options: AssignOptions,
): Promise<readonly string[]> {
  const rows = await selectConflicts(db, { config, me }, { ...options, states: ['open', 'resolving'] });
  if (rows.length > 0 && options.yes !== true) {
    throw new SyncError('config', `${rows.length} conflicts fit, and nothing was assigned`, {
      code: 'confirm',
      advice: 'Add --yes to assign all of them.',
    });
  }
  return rows.map(({ id }) => id);
}

async function runNote(
  context: CliContext,
  id: string,
  text: string,
  options: { readonly who?: string },
): Promise<void> {
  await withRuntime(context, 'conflicts note', async ({ database: { db } }) => {
    const who = decider(context, options.who);
    const result = await addNote(db, { conflictId: id, who, text, at: new Date() });
    if (result === 'not-found') throw noSuchRow('conflict', id, 'udesk-sync conflicts list');
    if (result !== 'added') {
      throw new SyncError('config', WHY_NOT[result], {
        code: 'usage',
        advice: '`udesk-sync conflicts show ID` lists the notes that are there.',
      });
    }
    if (context.json) context.printJson({ conflict: id, notes: await notesOf(db, id) });
    else context.print(`The note stands beside conflict ${id}.`);
  });
}

const WHY_NOT = {
  empty: 'the note is empty, or holds characters that cannot be kept',
  'too-long': `a note holds at most ${NOTE_LIMIT} characters`,
  full: `there are ${NOTES_MOST} notes already, and that is the most`,
} as const;
