/** The conflicts as a person goes through them: filtered, searched, sorted, page by page. */
import { type SQL, sql } from 'drizzle-orm';
import { isSet, type Value } from '../core/value.ts';
import { CONFLICT_COLUMNS, type ConflictRecord, type ConflictRow, toConflict } from './conflicts.ts';
import { type InboxFilter, type Source, sourceOf } from './inbox-filter.ts';
import { fromJsonb } from './jsonb.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

/** mine: what waits for this person goes first, and then as by `oldest`. */
export const INBOX_SORTS = ['mine', 'oldest', 'newest', 'field', 'customer'] as const;
export type InboxSort = (typeof INBOX_SORTS)[number];

/** Where a page begins or ends: the sort key and the id of its neighbour. */
export interface InboxCursor {
  readonly way: 'after' | 'before';
  readonly key: string;
  readonly id: string;
}

export interface InboxQuery extends InboxFilter {
  readonly sort: InboxSort;
  /** Whose conflicts go first where they are sorted by `mine`. */
  readonly person: string;
  readonly cursor: InboxCursor | null;
  readonly limit: number;
  /** By pair: the CRM's field for the name of a person, for records that Udesk does not have. */
  readonly nameFields: Readonly<Record<string, string>>;
}

export interface InboxRow extends ConflictRow {
  /** What the customer is called; null where neither side says. */
  readonly name: string | null;
  /** Who made the edits, as far as the histories that were read tell. */
  readonly authors: readonly string[];
  /** How many notes there are about this field of the customer. */
  readonly notes: number;
}

export interface InboxPage {
  readonly rows: readonly InboxRow[];
  readonly previous: InboxCursor | null;
  readonly next: InboxCursor | null;
}

const RECORDS = sql`
  left join udesk_sync.record ru on ru.pair = c.pair and ru.side = 'udesk' and ru.remote_id = l.udesk_id
  left join udesk_sync.record rc on rc.pair = c.pair and rc.side = 'crm' and rc.remote_id = l.crm_id`;

type InboxRecord = ConflictRecord & {
  name: string | null;
  crm_name: string | null;
  authors: string[];
  notes: string;
};

const columns = (nameFields: InboxQuery['nameFields']): SQL => sql`${CONFLICT_COLUMNS}, c.authors,
  (select count(*) from udesk_sync.conflict o join udesk_sync.conflict_note n on n.pair = o.pair and n.conflict_id = o.id
    where o.pair = c.pair and o.link_id = c.link_id and o.field = c.field) as notes,
  (ru.fields -> 'nick_name')::text as name, (rc.fields -> (${jsonParam(nameFields)} ->> c.pair))::text as crm_name`;

function toInboxRow(row: InboxRecord): InboxRow {
  const name = textOf(row.name) ?? textOf(row.crm_name);
  return { ...toConflict(row), name, authors: row.authors, notes: Number(row.notes) };
}

export async function inboxPage(db: Db, query: InboxQuery): Promise<InboxPage> {
  const { cursor, limit } = query;
  const backwards = cursor?.way === 'before';
  const source = await sourceOf(db, query);
  const found = await rows<InboxRecord & { sort_key: string }>(
    db,
    sql`with page as materialized (${pageIds(query, source, backwards, limit + 1)}),
        numbered as (select page.*, row_number() over () as place from page)
        select ${columns(query.nameFields)}, numbered.sort_key
        from numbered join udesk_sync.conflict c on c.pair = numbered.pair and c.id = numbered.id
        join udesk_sync.link l on l.pair = c.pair and l.id = c.link_id ${RECORDS}
        order by numbered.place`,
  );
  const more = found.length > limit;
  const shown = found.slice(0, limit);
  if (backwards) shown.reverse();
  const at = (way: InboxCursor['way'], row: (typeof shown)[number] | undefined): InboxCursor | null =>
    row === undefined ? null : { way, key: row.sort_key, id: row.id };
  const hasPrevious = cursor !== null && (!backwards || more);
  const hasNext = backwards || more;
  return {
    rows: shown.map(toInboxRow),
    previous: hasPrevious ? at('before', shown[0]) : null,
    next: hasNext ? at('after', shown.at(-1)) : null,
  };
}

/** Ids and sort keys of a page, in its order, each found by an index that has it in that order. */
function pageIds(query: InboxQuery, source: Source, backwards: boolean, limit: number): SQL {
  const { cursor, sort } = query;
  const descending = (sort === 'newest') !== backwards;
  const order = descending ? sql`desc` : sql`asc`;
  const sign = descending ? sql`<` : sql`>`;
  const from = sql`from ${source.from} where ${source.where}`;
  const beyondId = cursor === null ? sql`true` : sql`c.id ${sign} ${cursor.id}::bigint`;
  switch (sort) {
    case 'oldest':
    case 'newest':
      // Ids rise with the time of opening.
      return sql`select c.pair, c.id, '' as sort_key ${from} and ${beyondId} order by c.id ${order} limit ${limit}`;
    case 'field':
      return sql`select c.pair, c.id, c.field as sort_key ${from}
        and ${cursor === null ? sql`true` : sql`(c.field, c.id) ${sign} (${cursor.key}::text, ${cursor.id}::bigint)`}
        order by c.field ${order}, c.id ${order} limit ${limit}`;
    case 'customer':
      return sql`select c.pair, c.id, c.link_id::text as sort_key ${from}
        and ${cursor === null ? sql`true` : sql`(c.link_id, c.id) ${sign} (${cursor.key}::bigint, ${cursor.id}::bigint)`}
        order by c.link_id ${order}, c.id ${order} limit ${limit}`;
    case 'mine': {
      // Two lists, each in the order of its own index: the person's, then all others.
      const list = (key: '0' | '1') => {
        const whose = key === '0' ? sql`=` : sql`is distinct from`;
        const at = cursor?.key === '0' ? '0' : '1';
        const whole = cursor === null || (backwards ? key < at : key > at);
        const beyond = whole ? sql`true` : key === at ? beyondId : sql`false`;
        return sql`(select c.pair, c.id, ${key}::text as sort_key ${from}
          and c.assignee ${whose} ${query.person}::text and ${beyond} order by c.id ${order} limit ${limit})`;
      };
      return sql`${list('0')} union all ${list('1')} order by sort_key ${order}, id ${order} limit ${limit}`;
    }
  }
}

/** Of these ids, in the order given; ids that are not there are left out. */
export async function inboxRows(
  db: Db,
  ids: readonly string[],
  nameFields: Readonly<Record<string, string>>,
): Promise<InboxRow[]> {
  if (ids.length === 0) return [];
  const found = await rows<InboxRecord>(
    db,
    sql`select ${columns(nameFields)}
        from udesk_sync.conflict c join udesk_sync.link l on l.pair = c.pair and l.id = c.link_id ${RECORDS}
        where c.id = any(${textArray(ids)}::bigint[])`,
  );
  const byId = new Map(found.map((row) => [row.id, toInboxRow(row)]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/** Ids of what fits, oldest first: for deciding many at once. */
export async function inboxIds(db: Db, filter: InboxFilter, limit: number): Promise<string[]> {
  const { from, where } = await sourceOf(db, filter);
  const found = await rows<{ id: string }>(
    db,
    sql`select c.id from ${from} where ${where} order by c.id limit ${limit}`,
  );
  return found.map(({ id }) => id);
}

/** The text of a stored value that is one. */
function textOf(stored: string | null): string | null {
  if (stored === null) return null;
  const value = fromJsonb<Value>(stored);
  if (typeof value === 'string') return value.trim() === '' ? null : value;
  return value !== null && isSet(value) ? (value[0]?.value ?? null) : null;
}
