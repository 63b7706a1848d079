/**
 * `udesk-sync conflicts review`: one conflict after the other at a terminal, with the keys of the pages. A decision is
 * about what was shown; what changed meanwhile is shown anew, and what somebody else decided is passed over.
 */
import type { Command } from 'commander';
import type { Take } from '../core/link.ts';
import { isSet } from '../core/value.ts';
import type { UndoResult } from '../engine/undo-decision.ts';
import { SyncError } from '../errors.ts';
import { judgeDecision } from '../report/judge-decision.ts';
import { fieldOf } from '../report/mapped-field.ts';
import { decideConflict } from '../store/conflict-decisions.ts';
import { type ConflictRow, loadConflict } from '../store/conflicts.ts';
import { editAuthors } from '../store/feeds.ts';
import { addFilter, checkFilter, type FilterOptions, selectConflicts } from './conflict-filter.ts';
import type { CliContext } from './context.ts';
import { type Keys, readKeys } from './keys.ts';
import { parseValue } from './parse-value.ts';
import { reviewCard, shown } from './review-card.ts';
import type { Runtime } from './runtime.ts';
import { showValue } from './show-value.ts';
import { openUndo, type TerminalUndo, UNDOING, WHY_NOT } from './undoer.ts';
import { decider, WHO } from './who.ts';
import { withRuntime } from './with-runtime.ts';

type ReviewOptions = FilterOptions & { readonly who?: string };

export function registerReview(conflicts: Command, context: CliContext): void {
  addFilter(
    conflicts
      .command('review')
      .description(
        'decide one conflict after the other at a terminal: 1 Udesk, 2 CRM, 3 agreed, e edit, u undo',
      ),
  )
    .option(...WHO)
    .action((options: ReviewOptions) => runReview(context, options));
}

async function runReview(context: CliContext, options: ReviewOptions): Promise<void> {
  const { stdin, stdout } = context;
  if (stdin.isTTY !== true || stdout.isTTY !== true || context.json) {
    throw new SyncError('config', '`conflicts review` asks a person, and nobody sits at this terminal', {
      code: 'usage',
      advice:
        'Run it in a terminal; in a script use `conflicts list --json` and `conflicts resolve`, or the API (docs/api.md).',
    });
  }
  await withRuntime(context, 'conflicts review', async (runtime) => {
    const { config, database } = runtime;
    const { who: given, ...filter } = options;
    const me = decider(context, given);
    checkFilter(config, filter);
    const rows = await selectConflicts(database.db, { config, me }, { ...filter, states: ['open'] });
    if (rows.length === 0) {
      context.print('No conflict waits for anybody.');
      return;
    }
    const keys = readKeys(context, stdout);
    const undoes = openUndo(runtime, me);
    try {
      const ids = rows.map(({ id }) => id);
      await new Review(context, runtime, keys, { who: me, undoes }).run(ids);
    } finally {
      keys.close();
      await undoes.close();
    }
  });
}

/** Where the review goes on after a conflict was answered. */
type Step = 'next' | 'again' | 'back' | 'stop';

class Review {
  readonly #context: CliContext;
  readonly #runtime: Runtime;
  readonly #keys: Keys;
  readonly #who: string;
  readonly #undoes: TerminalUndo;
  /** Ids decided in this session that were not taken back, oldest first. */
  readonly #decided: string[] = [];
  #skipped = 0;
  /** The conflict that was opened again last. */
  #undone: string | null = null;

  constructor(
    context: CliContext,
    runtime: Runtime,
    keys: Keys,
    by: { readonly who: string; readonly undoes: TerminalUndo },
  ) {
    this.#context = context;
    this.#runtime = runtime;
    this.#keys = keys;
    this.#who = by.who;
    this.#undoes = by.undoes;
  }

  async run(ids: readonly string[]): Promise<void> {
    let at = 0;
    while (at < ids.length) {
      const id = ids[at] ?? '';
      const row = await loadConflict(this.#db, id);
      if (row === null || row.state !== 'open') {
        if (!this.#decided.includes(id))
          this.#say(`Conflict ${id} was decided by ${row?.resolvedBy ?? 'somebody'}.`);
        at += 1;
        continue;
      }
      await this.#show(row, `${at + 1} of ${ids.length}`);
      const step = await this.#answer(row);
      if (step === 'stop') break;
      const undone = step === 'back' ? ids.indexOf(this.#undone ?? '') : -1;
      if (undone >= 0) at = undone;
      else if (step === 'next') at += 1;
    }
    const left = ids.length - this.#decided.length;
    this.#say(
      `${this.#decided.length} decided, ${this.#skipped} skipped; ${left} of these ${ids.length} not decided by you. The next cycle carries decisions out: the running daemon's, or \`udesk-sync sync\`.`,
    );
  }

  get #db() {
    return this.#runtime.database.db;
  }

  async #show(row: ConflictRow, place: string): Promise<void> {
    const author = (await editAuthors(this.#db, [row.id])).get(row.id) ?? null;
    const color = this.#context.color(this.#context.stdout);
    this.#say(reviewCard({ row, author, place }, this.#runtime.config, new Date(), color));
  }

  async #answer(row: ConflictRow): Promise<Step> {
    for (;;) {
      const key = await this.#keys.next();
      switch (key) {
        case null:
        case 'q':
          return 'stop';
        case 's':
          this.#skipped += 1;
          this.#say('  skipped');
          return 'next';
        case 'u': {
          const step = await this.#undo();
          if (step !== null) return step;
          break;
        }
        case '1':
        case '2':
        case '3':
        case 'e': {
          const step = key === 'e' ? await this.#edit(row) : await this.#decide(row, TAKES[key]);
          if (step !== null) return step;
          break;
        }
        default:
          this.#say('  1 Udesk, 2 CRM, 3 agreed value, e another value, s skip, u undo, q stop');
      }
    }
  }

  /** Null: nothing was decided, and the same conflict waits for another key. */
  async #decide(row: ConflictRow, take: Take, typed?: string): Promise<Step | null> {
    const { config } = this.#runtime;
    const show = (value: Parameters<typeof shown>[1]) => shown(row, value);
    let judged = judgeDecision(row, config, { take, typed }, show);
    if (!judged.ok && judged.code === 'empties') {
      this.#say('  This empties the field where it holds something now. y: do it');
      if ((await this.#keys.next()) !== 'y') return this.#stays('nothing was decided');
      judged = judgeDecision(row, config, { take, typed, emptying: true }, show);
    }
    if (!judged.ok) return this.#stays(judged.text ?? this.#whyUnfit(row, typed ?? ''));
    const { value } = judged;
    const decision = { conflictId: row.id, who: this.#who, take: judged.take, value, at: new Date() };
    if (await decideConflict(this.#db, { ...decision, seen: row.changedAt })) {
      this.#decided.push(row.id);
      this.#say(`  decided: ${judged.choice.effect}`);
      return 'next';
    }
    this.#say('  Nothing was decided: the values have changed, or somebody was faster.');
    return 'again';
  }

  async #edit(row: ConflictRow): Promise<Step | null> {
    if (row.field === '*') return this.#stays('a whole record is deleted or kept, not edited');
    const typed = await this.#keys.line('  value, as Udesk writes it: ', typeable(row));
    if (typed === null || typed.trim() === '')
      return this.#stays('nothing was decided; to clear the field type null, or [] for several values');
    return await this.#decide(row, 'value', typed);
  }

  async #undo(): Promise<Step | null> {
    const id = this.#decided.at(-1);
    if (id === undefined) return this.#stays('nothing was decided yet');
    const row = await loadConflict(this.#db, id);
    let result: UndoResult = 'not-decided';
    try {
      if (row !== null) result = await this.#undoes.undo(row);
    } catch (thrown) {
      // A side that does not answer ends no review; the decision stands, and can be undone later.
      if (thrown instanceof SyncError) return this.#stays(`conflict ${id}: ${thrown.message}`);
      throw thrown;
    }
    if (result === 'under-way') return this.#stays(`conflict ${id}: ${WHY_NOT[result]}`);
    this.#decided.pop();
    if (result === 'undoing') return this.#stays(`conflict ${id} is being undone: ${UNDOING}`);
    if (result !== 'withdrawn') return this.#stays(`conflict ${id}: ${WHY_NOT[result]}`);
    this.#say(`  conflict ${id} is open again`);
    this.#undone = id;
    return 'back';
  }

  #whyUnfit(row: ConflictRow, typed: string): string {
    const { pair, spec } = fieldOf(this.#runtime.config, row);
    if (spec === null) return 'the configuration does not map this field any more';
    try {
      parseValue(typed, spec, pair?.match.defaultRegion ?? 'CN');
    } catch (thrown) {
      if (thrown instanceof SyncError) return `${thrown.message.replace('this --value', 'this')}`;
      throw thrown;
    }
    return 'this does not fit';
  }

  #stays(why: string): null {
    this.#say(`  ${why}`);
    return null;
  }

  #say(text: string): void {
    this.#context.print(text);
  }
}

const TAKES = { 1: 'udesk', 2: 'crm', 3: 'base' } as const;

/** What Udesk holds, as it may be typed again: a set as JSON, and a text that would be read as something else in quotes. */
function typeable({ udesk }: ConflictRow): string {
  if (udesk === null || typeof udesk === 'boolean') return String(udesk);
  if (typeof udesk !== 'string') return isSet(udesk) ? JSON.stringify(udesk.map(({ value }) => value)) : '';
  const text = /^\s*("|null\s*$)/.test(udesk) ? JSON.stringify(udesk) : udesk;
  return showValue(text) === text ? text : '';
}
