/** The conflicts as a person goes through them: filtered, searched, sorted, page by page, with counts beside the filters. */
import { type SQL, sql } from 'drizzle-orm';
import { isSet, type Value } from '../core/value.ts';
import { CONFLICT_COLUMNS, type ConflictRecord, type ConflictRow, toConflict } from './conflicts.ts';
import { fromJsonb } from './jsonb.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

/** open: waits for a person · resolving: decided, being carried out · closed: both sides agree. */
export const INBOX_STATES = ['open', 'resolving', 'closed', 'all'] as const;
export type InboxState = (typeof INBOX_STATES)[number];

/** How long ago it was opened. */
export const INBOX_AGES = ['day', 'week', 'older'] as const;
export type InboxAge = (typeof INBOX_AGES)[number];

export const INBOX_SORTS = ['oldest', 'newest', 'field', 'customer'] as const;
export type InboxSort = (typeof INBOX_SORTS)[number];

export interface InboxFilter {
  readonly pair?: string | undefined;
  readonly field?: string | undefined;
  readonly kind?: string | undefined;
  /** What kind of difference it is (src/core/conflict-pattern.ts). */
  readonly pattern?: string | undefined;
  readonly age?: InboxAge | undefined;
  readonly state: InboxState;
  /** Part of a name, value, e-mail or phone, an id of either side, or `#` and the number of a conflict. */
  readonly q?: string | undefined;
}

/** Where a page begins or ends: the sort key and the id of its neighbour. */
export interface InboxCursor {
  readonly way: 'after' | 'before';
  readonly key: string;
  readonly id: string;
}

export interface InboxQuery extends InboxFilter {
  readonly sort: InboxSort;
  readonly cursor: InboxCursor | null;
  readonly limit: number;
  readonly now: Date;
  /** By pair: the CRM's field for the name of a person, for records that Udesk does not have. */
  readonly nameFields: Readonly<Record<string, string>>;
}

export interface InboxRow extends ConflictRow {
  /** What the customer is called; null where neither side says. */
  readonly name: string | null;
}

export interface InboxPage {
  readonly rows: readonly InboxRow[];
  readonly previous: InboxCursor | null;
  readonly next: InboxCursor | null;
}

const STATES: Readonly<Record<InboxState, readonly string[]>> = {
  open: ['open'],
  resolving: ['resolving'],
  closed: ['resolved', 'converged'],
  all: ['open', 'resolving', 'resolved', 'converged'],
};

const SORT_KEY: Readonly<Record<InboxSort, SQL>> = {
  oldest: sql`''`,
  newest: sql`''`,
  field: sql`c.field`,
  customer: sql`lpad(c.link_id::text, 20, '0')`,
};

const RECORDS = sql`
  left join udesk_sync.record ru on ru.pair = c.pair and ru.side = 'udesk' and ru.remote_id = l.udesk_id
  left join udesk_sync.record rc on rc.pair = c.pair and rc.side = 'crm' and rc.remote_id = l.crm_id`;

export async function inboxPage(db: Db, query: InboxQuery): Promise<InboxPage> {
  const { cursor, sort, limit } = query;
  const key = SORT_KEY[sort];
  const backwards = cursor?.way === 'before';
  const descending = (sort === 'newest') !== backwards;
  const order = descending ? sql`desc` : sql`asc`;
  // Ids rise with the time of opening; by them alone an index gives the page without sorting what is not on it.
  const byKey = sort === 'field' || sort === 'customer';
  const sign = descending ? sql`<` : sql`>`;
  const beyond =
    cursor === null
      ? sql`true`
      : byKey
        ? sql`(${key}, c.id) ${sign} (${cursor.key}::text, ${cursor.id}::bigint)`
        : sql`c.id ${sign} ${cursor.id}::bigint`;
  const found = await rows<
    ConflictRecord & { sort_key: string; name: string | null; crm_name: string | null }
  >(
    db,
    sql`with page as materialized (
          select c.id, ${key} as sort_key from udesk_sync.conflict c ${forSearch(query)}
          where ${where(query)} and ${beyond}
          order by ${byKey ? sql`sort_key ${order},` : sql``} c.id ${order} limit ${limit + 1})
        select ${CONFLICT_COLUMNS}, page.sort_key, (ru.fields -> 'nick_name')::text as name,
          (rc.fields -> (${jsonParam(query.nameFields)} ->> c.pair))::text as crm_name
        from page join udesk_sync.conflict c on c.id = page.id
        join udesk_sync.link l on l.id = c.link_id ${RECORDS}
        order by page.sort_key ${order}, c.id ${order}`,
  );
  const more = found.length > limit;
  const shown = found.slice(0, limit);
  if (backwards) shown.reverse();
  const at = (way: InboxCursor['way'], row: (typeof shown)[number] | undefined): InboxCursor | null =>
    row === undefined ? null : { way, key: row.sort_key, id: row.id };
  const hasPrevious = cursor !== null && (!backwards || more);
  const hasNext = backwards || more;
  return {
    rows: shown.map((row) => ({ ...toConflict(row), name: textOf(row.name) ?? textOf(row.crm_name) })),
    previous: hasPrevious ? at('before', shown[0]) : null,
    next: hasNext ? at('after', shown.at(-1)) : null,
  };
}

export interface Facets {
  readonly total: number;
  /** By facet and value: how many there would be, the other filters unchanged. */
  readonly pair: ReadonlyMap<string, number>;
  readonly field: ReadonlyMap<string, number>;
  readonly kind: ReadonlyMap<string, number>;
  readonly age: ReadonlyMap<string, number>;
}

export async function inboxFacets(db: Db, filter: InboxFilter & { readonly now: Date }): Promise<Facets> {
  const found = await rows<{ facet: string; value: string; n: string }>(
    db,
    sql`with hit as materialized (
          select c.pair, c.field, c.kind, ${age(filter.now)} as age,
            ${is(sql`c.pair`, filter.pair)} as p, ${is(sql`c.field`, filter.field)} as f,
            ${is(sql`c.kind`, filter.kind)} as k, ${is(age(filter.now), filter.age)} as a
          from udesk_sync.conflict c
          ${forSearch(filter)}
          where ${inState(filter.state)} and ${is(sql`c.pattern`, filter.pattern)} and ${searched(filter.q)})
        select 'total' as facet, '' as value, count(*) as n from hit where p and f and k and a
        union all select 'pair', pair, count(*) from hit where f and k and a group by pair
        union all select 'field', field, count(*) from hit where p and k and a group by field
        union all select 'kind', kind, count(*) from hit where p and f and a group by kind
        union all select 'age', age, count(*) from hit where p and f and k group by age`,
  );
  const of = (facet: string) =>
    new Map(
      found
        .filter((row) => row.facet === facet)
        .map((row) => [row.value, Number(row.n)] as const)
        .sort(([, a], [, b]) => b - a),
    );
  return {
    total: of('total').get('') ?? 0,
    pair: of('pair'),
    field: of('field'),
    kind: of('kind'),
    age: of('age'),
  };
}

/** Of these ids, in the order given; ids that are not there are left out. */
export async function inboxRows(
  db: Db,
  ids: readonly string[],
  nameFields: Readonly<Record<string, string>>,
): Promise<InboxRow[]> {
  if (ids.length === 0) return [];
  const found = await rows<ConflictRecord & { name: string | null; crm_name: string | null }>(
    db,
    sql`select ${CONFLICT_COLUMNS}, (ru.fields -> 'nick_name')::text as name,
          (rc.fields -> (${jsonParam(nameFields)} ->> c.pair))::text as crm_name
        from udesk_sync.conflict c join udesk_sync.link l on l.id = c.link_id ${RECORDS}
        where c.id = any(${textArray(ids)}::bigint[])`,
  );
  const byId = new Map(
    found.map((row) => [row.id, { ...toConflict(row), name: textOf(row.name) ?? textOf(row.crm_name) }]),
  );
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/** Ids of what fits, oldest first: for deciding many at once. */
export async function inboxIds(
  db: Db,
  filter: InboxFilter & { readonly now: Date },
  limit: number,
): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    sql`select c.id from udesk_sync.conflict c ${forSearch(filter)}
        where ${where(filter)} order by c.id limit ${limit}`,
  );
  return found.map(({ id }) => id);
}

function where(filter: InboxFilter & { readonly now: Date }): SQL {
  return sql`${inState(filter.state)} and ${is(sql`c.pair`, filter.pair)} and ${is(sql`c.field`, filter.field)}
    and ${is(sql`c.kind`, filter.kind)} and ${is(sql`c.pattern`, filter.pattern)} and ${is(age(filter.now), filter.age)} and ${searched(filter.q)}`;
}

/** Who the customer is counts only where he is searched for. */
function forSearch({ q }: InboxFilter): SQL {
  return q === undefined ? sql`` : sql`join udesk_sync.link l on l.id = c.link_id ${RECORDS}`;
}

function is(column: SQL, value: string | undefined): SQL {
  return value === undefined ? sql`true` : sql`${column} = ${value}`;
}

/** Spelt out, because an index on the states in question must be seen to fit. */
function inState(state: InboxState): SQL {
  return sql`c.state in (${sql.raw(STATES[state].map((one) => `'${one}'`).join(', '))})`;
}

function age(now: Date): SQL {
  const at = sql`${now.toISOString()}::timestamptz`;
  return sql`case when c.opened_at > ${at} - interval '1 day' then 'day'
    when c.opened_at > ${at} - interval '7 days' then 'week' else 'older' end`;
}

function searched(q: string | undefined): SQL {
  if (q === undefined) return sql`true`;
  const id = /^#?([1-9]\d{0,17})$/.exec(q.trim())?.[1] ?? null;
  if (q.trim().startsWith('#') && id !== null) return sql`c.id = ${id}::bigint`;
  const pattern = `%${q
    .trim()
    .toLowerCase()
    .replace(/[\\%_]/g, '\\$&')}%`;
  return sql`(l.udesk_id = ${q.trim()} or l.crm_id = ${q.trim()}
    or lower(c.udesk::text) like ${pattern} or lower(c.crm::text) like ${pattern}
    or lower(ru.fields ->> 'nick_name') like ${pattern} or array_to_string(ru.keys, ' ') like ${pattern}
    or array_to_string(rc.keys, ' ') like ${pattern})`;
}

/** The text of a stored value that is one. */
function textOf(stored: string | null): string | null {
  if (stored === null) return null;
  const value = fromJsonb<Value>(stored);
  if (typeof value === 'string') return value.trim() === '' ? null : value;
  return value !== null && isSet(value) ? (value[0]?.value ?? null) : null;
}
