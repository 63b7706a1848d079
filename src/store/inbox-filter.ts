/** Which conflicts a person wants to see: one meaning for the pages, the API and the command line. */
import { type SQL, sql } from 'drizzle-orm';
import { findWords } from './conflict-search.ts';
import { type Db, jsonParam, textArray } from './tx.ts';

/** open: waits for a person · resolving: decided, being carried out · closed: both sides agree. */
export const INBOX_STATES = ['open', 'resolving', 'closed', 'all'] as const;
export type InboxState = (typeof INBOX_STATES)[number];

/** How long ago it was opened. */
export const INBOX_AGES = ['day', 'week', 'older'] as const;
export type InboxAge = (typeof INBOX_AGES)[number];

/** Field of a pair; `*` for whole records. */
export interface PairField {
  readonly pair: string;
  readonly field: string;
}

/** Whose conflicts, in one sense or another. */
export interface CareFilter {
  /** Udesk's id of the customer's owner. */
  readonly owner?: string | undefined;
  /** Who made one of the edits. */
  readonly author?: string | undefined;
  /** Who shall decide it; null: nobody in particular. */
  readonly assignee?: string | null | undefined;
  /** Only these: what a policy is configured for. */
  readonly fields?: readonly PairField[] | undefined;
}

export interface InboxFilter extends CareFilter {
  readonly pair?: string | undefined;
  readonly field?: string | undefined;
  readonly kind?: string | undefined;
  /** What kind of difference it is (src/core/conflict-pattern.ts). */
  readonly pattern?: string | undefined;
  readonly age?: InboxAge | undefined;
  readonly state: InboxState;
  /** Part of a name, value, e-mail, phone or id, or `#` and the number of a conflict. */
  readonly q?: string | undefined;
  readonly now: Date;
}

/** Spelt out, because an index on them must be seen to fit. */
const IN_STATE: Readonly<Record<InboxState, SQL>> = {
  open: sql`c.state in ('open')`,
  resolving: sql`c.state in ('resolving')`,
  closed: sql`c.state in ('resolved', 'converged')`,
  all: sql`c.state in ('open', 'resolving', 'resolved', 'converged')`,
};

/** Of the conflict `c`: how long ago it was opened. */
export function ageOf(now: Date): SQL {
  return sql`case when c.opened_at > ${ago(now, '1 day')} then 'day'
    when c.opened_at > ${ago(now, '7 days')} then 'week' else 'older' end`;
}

/** What a conflict `c` must hold to be shown, by facet; true where nothing is asked. */
export function conditions(filter: InboxFilter): Readonly<Record<Facet, SQL>> {
  return {
    pair: is(sql`c.pair`, filter.pair),
    field: is(sql`c.field`, filter.field),
    kind: is(sql`c.kind`, filter.kind),
    age: ofAge(filter),
    ...careConditions(filter),
  };
}

function careConditions({ owner, author, assignee, fields }: CareFilter) {
  return {
    owner: is(sql`c.owner`, owner),
    author: author === undefined ? sql`true` : sql`c.authors @> array[${author}::text]`,
    assignee: assignee === null ? sql`c.assignee is null` : is(sql`c.assignee`, assignee),
    policy:
      fields === undefined
        ? sql`true`
        : sql`(c.pair, c.field) in (select f.pair, f.field
            from jsonb_to_recordset(${jsonParam(fields)}) as f(pair text, field text))`,
  };
}

/** Of the conflict `c`. */
export function ofCare(filter: CareFilter): SQL {
  return sql.join(Object.values(careConditions(filter)), sql` and `);
}

export const FACETS = ['pair', 'field', 'kind', 'age', 'owner', 'author', 'assignee', 'policy'] as const;
export type Facet = (typeof FACETS)[number];

/** From where and under what condition a filter takes its conflicts `c`. */
export interface Source {
  readonly from: SQL;
  /** State, pattern and search: what no facet counts. */
  readonly shown: SQL;
  /** All of the filter. */
  readonly where: SQL;
}

export async function sourceOf(db: Db, filter: InboxFilter): Promise<Source> {
  const { from, found } = await searched(db, filter.q?.trim());
  const shown = sql`${IN_STATE[filter.state]} and ${is(sql`c.pattern`, filter.pattern)} and ${found}`;
  const all = conditions(filter);
  const fits = sql.join(
    FACETS.map((facet) => all[facet]),
    sql` and `,
  );
  return { from, shown, where: sql`${shown} and ${fits}` };
}

async function searched(db: Db, q: string | undefined): Promise<{ from: SQL; found: SQL }> {
  const all = sql`udesk_sync.conflict c`;
  if (q === undefined || q === '') return { from: all, found: sql`true` };
  const number = /^#([1-9]\d{0,17})$/.exec(q)?.[1];
  if (number !== undefined) return { from: all, found: sql`c.id = ${number}::bigint` };
  const words = await findWords(db, q);
  if ('ids' in words) return { from: all, found: sql`c.id = any(${textArray(words.ids)}::bigint[])` };
  return {
    from: sql`${all} join udesk_sync.conflict_search s on s.pair = c.pair and s.conflict_id = c.id`,
    found: words.holds,
  };
}

function is(column: SQL, value: string | undefined): SQL {
  return value === undefined ? sql`true` : sql`${column} = ${value}`;
}

function ofAge({ age, now }: InboxFilter): SQL {
  switch (age) {
    case undefined:
      return sql`true`;
    case 'day':
      return sql`c.opened_at > ${ago(now, '1 day')}`;
    case 'week':
      return sql`c.opened_at > ${ago(now, '7 days')} and c.opened_at <= ${ago(now, '1 day')}`;
    case 'older':
      return sql`c.opened_at <= ${ago(now, '7 days')}`;
  }
}

function ago(now: Date, length: '1 day' | '7 days'): SQL {
  const days = length === '1 day' ? sql`interval '1 day'` : sql`interval '7 days'`;
  return sql`${now.toISOString()}::timestamptz - ${days}`;
}
