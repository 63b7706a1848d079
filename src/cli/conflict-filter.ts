/** Which conflicts a command is about: the same options for list, resolve and export. */
import { type Command, Option } from 'commander';
import type { Config } from '../config/schema.ts';
import { CONFLICT_KINDS } from '../core/link.ts';
import { POLICIES } from '../core/spec.ts';
import { SyncError } from '../errors.ts';
import { didYouMean } from '../lib/suggest.ts';
import { fieldsOf } from '../report/mapped-field.ts';
import { type ConflictRow, type ConflictState, listConflicts } from '../store/conflicts.ts';
import type { Db } from '../store/tx.ts';
import { choosePairs } from './runtime.ts';

export interface FilterOptions {
  readonly pair?: string;
  readonly field?: string;
  readonly kind?: string;
  readonly owner?: string;
  readonly author?: string;
  readonly policy?: string;
  /** A name, `me` or `nobody`. */
  readonly assigned?: string;
}

const STATES = ['open', 'resolving', 'resolved', 'converged'] as const satisfies readonly ConflictState[];
export type StateOption = ConflictState | 'active' | 'all';

export function addFilter(command: Command): Command {
  return command
    .option('--pair <name>', 'only this pair')
    .option('--field <name>', "only this field, by its name in Udesk; '*' for whole records")
    .addOption(new Option('--kind <kind>', 'only conflicts of this kind').choices(CONFLICT_KINDS))
    .option('--owner <id>', "only customers of this owner, by Udesk's id")
    .option('--author <name>', 'only where this person made one of the edits, as Udesk and the CRM tell')
    .addOption(new Option('--policy <policy>', 'only fields with this policy').choices(POLICIES))
    .option('--assigned <who>', 'only what is assigned to this person; me, or nobody');
}

export function stateOption(): Option {
  return new Option('--state <state>', 'active: open, or decided and not yet carried out')
    .choices(['active', ...STATES, 'all'])
    .default('active');
}

export function statesOf(option: StateOption): readonly ConflictState[] {
  if (option === 'active') return ['open', 'resolving'];
  return option === 'all' ? STATES : [option];
}

/** Refuses a pair or field that nobody configured: an empty list would look like good news. */
export function checkFilter(config: Config, filter: FilterOptions): void {
  const pairs = choosePairs(config, filter.pair);
  if (filter.field === undefined || filter.field === '*') return;
  const fields = [...new Set(pairs.flatMap((pair) => pair.fields.map(({ udesk }) => udesk)))];
  if (fields.includes(filter.field)) return;
  throw new SyncError('config', `no field "${filter.field}" is mapped.${didYouMean(filter.field, fields)}`, {
    code: 'usage',
    advice: `Mapped fields: ${fields.join(', ')}.`,
  });
}

/** Whether anything chooses: without, a command is about all conflicts. */
export function isFiltered(options: FilterOptions): boolean {
  const { pair, field, kind, owner, author, policy, assigned } = options;
  return [pair, field, kind, owner, author, policy, assigned].some((one) => one !== undefined);
}

/** Null is nobody in particular. */
export function assigneeOf(text: string, me: string): string | null {
  return text === 'nobody' ? null : text === 'me' ? me : text;
}

const PAGE = 1000;

/** All that fit, oldest first, `limit` at most. */
export async function selectConflicts(
  db: Db,
  context: { readonly config: Config /** Who is meant by `me`. */; readonly me: string },
  filter: FilterOptions & { readonly states: readonly ConflictState[]; readonly limit?: number | undefined },
): Promise<ConflictRow[]> {
  const { limit = Number.POSITIVE_INFINITY, assigned, policy, ...given } = filter;
  const rest = {
    ...given,
    ...(policy === undefined ? {} : { fields: fieldsOf(context.config, policy) }),
    ...(assigned === undefined ? {} : { assignee: assigneeOf(assigned, context.me) }),
  };
  const found: ConflictRow[] = [];
  for (;;) {
    const want = Math.min(PAGE, limit - found.length);
    const last = found.at(-1);
    const page = await listConflicts(db, {
      ...rest,
      ...(last === undefined ? {} : { afterId: last.id }),
      limit: want,
    });
    found.push(...page);
    if (page.length < want || found.length >= limit) return found;
  }
}
