/** Links and questions of identity as a person goes through them: by state, searched, page by page. */
import { type SQL, sql } from 'drizzle-orm';
import { LINK_COLUMNS, type LinkRecord, type LinkRow, type LinkRowState, toLink } from './links.ts';
import { type Db, rows } from './tx.ts';

export interface LinkFilter {
  readonly state: LinkRowState;
  readonly pair?: string | undefined;
  /** Part of a name or another value, an id of either side, or `#` and the number of a link. */
  readonly q?: string | undefined;
}

export interface LinkCursor {
  readonly way: 'after' | 'before';
  readonly id: string;
}

export interface LinkPage {
  readonly rows: readonly LinkRow[];
  readonly previous: LinkCursor | null;
  readonly next: LinkCursor | null;
}

/** In the order in which they were made. */
export async function linkPage(
  db: Db,
  query: LinkFilter & { readonly cursor: LinkCursor | null; readonly limit: number },
): Promise<LinkPage> {
  const { cursor, limit } = query;
  const backwards = cursor?.way === 'before';
  const beyond =
    cursor === null
      ? sql`true`
      : backwards
        ? sql`l.id < ${cursor.id}::bigint`
        : sql`l.id > ${cursor.id}::bigint`;
  const found = await rows<LinkRecord>(
    db,
    sql`select ${LINK_COLUMNS} from udesk_sync.link l where ${where(query)} and ${beyond}
        order by l.id ${backwards ? sql`desc` : sql`asc`} limit ${limit + 1}`,
  );
  const more = found.length > limit;
  const shown = found.slice(0, limit).map(toLink);
  if (backwards) shown.reverse();
  const at = (way: LinkCursor['way'], row: LinkRow | undefined): LinkCursor | null =>
    row === undefined ? null : { way, id: row.id };
  return {
    rows: shown,
    previous: cursor !== null && (!backwards || more) ? at('before', shown[0]) : null,
    next: backwards || more ? at('after', shown.at(-1)) : null,
  };
}

/** By state, the other filters unchanged. */
export async function linkCounts(
  db: Db,
  filter: Omit<LinkFilter, 'state'>,
): Promise<Readonly<Record<LinkRowState, number>>> {
  const found = await rows<{ state: LinkRowState; n: string }>(
    db,
    sql`select l.state, count(*) as n from udesk_sync.link l where ${matches(filter)} group by l.state`,
  );
  const counts: Record<LinkRowState, number> = { candidate: 0, confirmed: 0, rejected: 0, broken: 0 };
  for (const row of found) counts[row.state] = Number(row.n);
  return counts;
}

function where(filter: LinkFilter): SQL {
  return sql`l.state = ${filter.state} and ${matches(filter)}`;
}

function matches({ pair, q }: Omit<LinkFilter, 'state'>): SQL {
  const ofPair = pair === undefined ? sql`true` : sql`l.pair = ${pair}`;
  return sql`${ofPair} and ${searched(q?.trim())}`;
}

function searched(q: string | undefined): SQL {
  if (q === undefined || q === '') return sql`true`;
  const number = /^#([1-9]\d{0,17})$/.exec(q)?.[1];
  if (number !== undefined) return sql`l.id = ${number}::bigint`;
  const pattern = `%${q.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  return sql`(l.udesk_id = ${q} or l.crm_id = ${q} or exists (
    select 1 from udesk_sync.record r where r.pair = l.pair and lower(r.fields::text) like ${pattern}
      and ((r.side = 'udesk' and (r.remote_id = l.udesk_id or l.candidates -> 'udesk' ? r.remote_id))
        or (r.side = 'crm' and (r.remote_id = l.crm_id or l.candidates -> 'crm' ? r.remote_id)))))`;
}
