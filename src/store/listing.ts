/** What is known of the pages of Udesk's list, kept so that a restart does not forget it (src/core/freshness). */
import { type SQL, sql } from 'drizzle-orm';
import {
  boundOf,
  emptyList,
  type FreshnessBound,
  type ListState,
  type PageState,
} from '../core/freshness/pages.ts';
import { byTheClock, type KnownList } from '../core/freshness/set-clock.ts';
import { type Db, jsonParam, rows } from './tx.ts';

/** Times are milliseconds since the epoch. */
export interface StoredList extends KnownList {
  /** The last observation that was taken for a hint. */
  readonly hintedBy: number;
}

type Row = {
  total: number | null;
  page_rows: number | null;
  paid: number;
  paid_at: number;
  paid_since: number;
  free: number;
  free_at: number;
  free_since: number;
  floor_ms: number;
  sweep_began: number | null;
  stretch: number;
  stretched_at: number;
  hinted_by: string;
  swept_at: number | null;
};

type PageRow = {
  page: number;
  edits: number;
  watched_ms: number;
  looked_at: number | null;
  right_at: number | null;
  low_id: string | null;
  hints: number;
  hinted_at: number;
};

const ms = (column: SQL) => sql`(extract(epoch from ${column}) * 1000)::float8`;
const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());

/** A pair whose list was never looked at has an empty one. */
export async function loadList(db: Db, pair: string, now: Date): Promise<StoredList> {
  const [row] = await rows<Row>(
    db,
    sql`select l.total, l.page_rows, l.paid, ${ms(sql`l.paid_at`)} as paid_at, ${ms(sql`l.paid_since`)} as paid_since,
          l.free, ${ms(sql`l.free_at`)} as free_at, ${ms(sql`l.free_since`)} as free_since, l.floor_ms,
          ${ms(sql`l.sweep_began`)} as sweep_began, l.stretch, ${ms(sql`l.stretched_at`)} as stretched_at, l.hinted_by,
          ${ms(sql`p.udesk_swept_at`)} as swept_at
        from udesk_sync.pair p left join udesk_sync.listing l on l.pair = p.name where p.name = ${pair}`,
  );
  const sweptAt = row?.swept_at ?? null;
  if (row === undefined || row.page_rows === null) {
    return { list: emptyList(now.getTime()), hintedBy: await lastObservation(db, pair), sweptAt };
  }
  const pages = await rows<PageRow>(
    db,
    sql`select page, edits, watched_ms, ${ms(sql`looked_at`)} as looked_at, ${ms(sql`right_at`)} as right_at, low_id, hints,
          ${ms(sql`hinted_at`)} as hinted_at
        from udesk_sync.listing_page where pair = ${pair} order by page`,
  );
  const list: ListState = {
    pages: pages.map(
      (page): PageState => ({
        page: page.page,
        edits: page.edits,
        watchedMs: page.watched_ms,
        lookedAt: page.looked_at,
        rightAt: page.right_at,
        lowId: page.low_id,
        hints: page.hints,
        hintedAt: page.hinted_at,
      }),
    ),
    total: row.total,
    pageRows: row.page_rows,
    paid: { n: row.paid, at: row.paid_at, since: row.paid_since },
    free: { n: row.free, at: row.free_at, since: row.free_since },
    floorMs: row.floor_ms,
    sweepBegan: row.sweep_began,
    stretch: row.stretch,
    stretchedAt: row.stretched_at,
  };
  return { list, hintedBy: Number(row.hinted_by), sweptAt };
}

async function lastObservation(db: Db, pair: string): Promise<number> {
  const [row] = await rows<{ id: string | null }>(
    db,
    sql`select max(id) as id from udesk_sync.observation where pair = ${pair}`,
  );
  return Number(row?.id ?? 0);
}

/** Writes the list, and of its pages those that are not as `before`. */
export async function saveList(
  db: Db,
  pair: string,
  before: ListState,
  { list, hintedBy }: Pick<StoredList, 'list' | 'hintedBy'>,
  stated: { readonly at: number; readonly bound: FreshnessBound | null },
): Promise<void> {
  const { bound } = stated;
  await db.execute(
    sql`insert into udesk_sync.listing (pair, total, page_rows, paid, paid_at, paid_since, free, free_at, free_since,
          floor_ms, sweep_began, stretch, stretched_at, hinted_by, stated_at, bound_ms, active_bound_ms, active)
        values (${pair}, ${list.total}::int, ${list.pageRows}::int,
          ${list.paid.n}::float8, ${time(list.paid.at)}::timestamptz, ${time(list.paid.since)}::timestamptz,
          ${list.free.n}::float8, ${time(list.free.at)}::timestamptz, ${time(list.free.since)}::timestamptz,
          ${list.floorMs}::float8, ${time(list.sweepBegan)}::timestamptz, ${list.stretch}::float8,
          ${time(list.stretchedAt)}::timestamptz, ${hintedBy}::bigint, ${time(stated.at)}::timestamptz,
          ${bound?.boundMs ?? null}::float8, ${bound?.active.boundMs ?? null}::float8,
          array(select jsonb_array_elements_text(${jsonParam(bound?.active.pages ?? [])})::int))
        on conflict (pair) do update set total = excluded.total, page_rows = excluded.page_rows, paid = excluded.paid,
          paid_at = excluded.paid_at, paid_since = excluded.paid_since, free = excluded.free,
          free_at = excluded.free_at, free_since = excluded.free_since, floor_ms = excluded.floor_ms,
          sweep_began = excluded.sweep_began, stretch = excluded.stretch, stretched_at = excluded.stretched_at,
          hinted_by = excluded.hinted_by, stated_at = excluded.stated_at, bound_ms = excluded.bound_ms,
          active_bound_ms = excluded.active_bound_ms, active = excluded.active`,
  );
  const changed = list.pages.filter((page, place) => page !== before.pages[place]);
  if (changed.length > 0) await savePages(db, pair, changed);
  if (list.pages.length < before.pages.length) {
    await db.execute(
      sql`delete from udesk_sync.listing_page where pair = ${pair} and page > ${list.pages.length}::int`,
    );
  }
}

/** The clock was set: what is known is written down by the clock as it is now, and no age is stated before the next look. */
export async function saveMoved(
  db: Db,
  pair: string,
  before: ListState,
  moved: StoredList,
  now: Date,
): Promise<void> {
  await saveList(db, pair, before, moved, { at: now.getTime(), bound: null });
  await db.execute(
    sql`update udesk_sync.pair set udesk_swept_at = ${time(moved.sweptAt)}::timestamptz where name = ${pair}`,
  );
}

async function savePages(db: Db, pair: string, pages: readonly PageState[]): Promise<void> {
  const stored = pages.map((page) => ({
    page: page.page,
    edits: page.edits,
    watched_ms: page.watchedMs,
    looked_at: time(page.lookedAt),
    right_at: time(page.rightAt),
    low_id: page.lowId,
    hints: page.hints,
    hinted_at: time(page.hintedAt),
  }));
  await db.execute(
    sql`insert into udesk_sync.listing_page (pair, page, edits, watched_ms, looked_at, right_at, low_id, hints, hinted_at)
        select ${pair}, s.page, s.edits, s.watched_ms, s.looked_at, s.right_at, s.low_id, s.hints, s.hinted_at
        from jsonb_to_recordset(${jsonParam(stored)}) as s(page int, edits float8, watched_ms float8,
          looked_at timestamptz, right_at timestamptz, low_id text, hints float8, hinted_at timestamptz)
        on conflict (pair, page) do update set edits = excluded.edits, watched_ms = excluded.watched_ms,
          looked_at = excluded.looked_at, right_at = excluded.right_at, low_id = excluded.low_id,
          hints = excluded.hints, hinted_at = excluded.hinted_at`,
  );
}

/**
 * Customers of Udesk that were seen to change since observation `after` without a look at their page: told by a callback,
 * met by a sample, or edited in the CRM. Our own writes are none of them.
 */
export async function hintsSince(
  db: Db,
  pair: string,
  after: number,
): Promise<{ readonly ids: readonly string[]; readonly last: number }> {
  const found = await rows<{ id: string; remote_id: string | null }>(
    db,
    sql`select o.id, case
            when o.side = 'udesk' and o.lane in ('hint', 'audit') then o.remote_id
            when o.side = 'crm' and o.lane in ('changes', 'hint') then k.udesk_id end as remote_id
        from udesk_sync.observation o
        left join udesk_sync.link k on k.pair = ${pair} and k.crm_id = o.remote_id and k.state = 'confirmed'
          and o.side = 'crm'
        where o.pair = ${pair} and o.id > ${after}::bigint and o.delta <> '{}'::jsonb order by o.id limit 1000`,
  );
  return {
    ids: found.flatMap(({ remote_id: id }) => id ?? []),
    last: Number(found.at(-1)?.id ?? after),
  };
}

/**
 * How old what is known of the listed customers may be at this time; null until every page of the list was looked at, and
 * for a pair without visits.
 */
export async function loadFreshness(db: Db, pair: string, now: Date): Promise<FreshnessBound | null> {
  const { list, sweptAt } = byTheClock(await loadList(db, pair, now), now.getTime());
  return boundOf(list, now.getTime(), sweptAt);
}
