/** Histories of Udesk's customers: whose is due, and what they held when they were read. */
import { sql } from 'drizzle-orm';
import type { EditAuthor } from '../core/edit-author.ts';
import type { SideName } from '../core/record.ts';
import type { HistoryItem } from '../crm/adapter.ts';
import { type Db, isoText, jsonParam, rows, textArray } from './tx.ts';

/** A history that should be read soon: after a hint, or a write of ours. */
export async function markFeedsDue(db: Db, pair: string, ids: readonly string[]): Promise<void> {
  await db.execute(
    sql`update udesk_sync.record set feed_due = true
        where pair = ${pair} and side = 'udesk' and remote_id = any(${textArray(ids)}) and not feed_due`,
  );
}

/**
 * Customers whose history should be read: first those with an open conflict that is newer than the last reading, then
 * those that are due, then `background` of those that were read longest ago. `turn` differs per reading: it decides who
 * comes first among equals, so that customers whose history cannot be read never keep the others waiting.
 */
export async function dueFeeds(
  db: Db,
  pair: string,
  how: { readonly limit: number; readonly background: number; readonly turn: number; readonly now: Date },
): Promise<string[]> {
  const { limit, background, turn } = how;
  const found = await rows<{ remote_id: string }>(
    db,
    sql`select remote_id from (
          select remote_id, min(rank) as rank from (
            (select r.remote_id, 0 as rank
             from udesk_sync.conflict c
             join udesk_sync.link l on l.pair = c.pair and l.id = c.link_id
             join udesk_sync.record r on r.pair = c.pair and r.side = 'udesk' and r.remote_id = l.udesk_id
             where c.pair = ${pair} and c.state in ('open', 'resolving') and r.state = 'live'
               and (r.feed_read_at is null or r.feed_read_at < c.changed_at
                 or r.feed_read_at > ${how.now.toISOString()}::timestamptz))
            union all
            (select remote_id, 1 from udesk_sync.record
             where pair = ${pair} and side = 'udesk' and state = 'live' and feed_due)
            union all
            (select remote_id, 2 from (
               select remote_id from udesk_sync.record
               where pair = ${pair} and side = 'udesk' and state = 'live'
               order by feed_read_at nulls first limit ${background * 10}) oldest
             order by md5(remote_id || ${String(turn)}) limit ${background})) wanted
          group by remote_id) ranked
        order by rank, md5(remote_id || ${String(turn)}) limit ${limit}`,
  );
  return found.map((row) => row.remote_id);
}

/**
 * Each item once, whoever it was told of first: a merge moves a history to the survivor. A ticket that moved on is
 * stored as it is now. Change records from before the history that is kept are left out (src/store/retention.ts).
 * @returns how many were not known
 */
export async function saveHistory(
  db: Db,
  pair: string,
  udeskId: string,
  items: readonly HistoryItem[],
  { at, runId }: { readonly at: Date; readonly runId: number },
): Promise<number> {
  if (items.length === 0) return 0;
  // One statement must not meet a key twice.
  const unique = new Map(items.map((item) => [`${item.kind}:${item.id}`, item]));
  const payload = [...unique.values()].map((item) => ({
    k: item.kind,
    i: item.id,
    t: item.at,
    a: item.author?.id ?? null,
    n: item.author?.name ?? null,
    d: item.data,
  }));
  const stored = await rows<{ fresh: boolean }>(
    db,
    sql`insert into udesk_sync.feed as f
          (pair, kind, feed_id, udesk_id, at, author_id, author_name, data, first_seen_at, first_seen_run_id, kept_at)
        select ${pair}, s.k, s.i, ${udeskId}, s.t, s.a, s.n, s.d, ${at.toISOString()}::timestamptz, ${runId}::bigint, coalesce(s.t, 'infinity')
        from jsonb_to_recordset(${jsonParam(payload)})
          as s(k text, i text, t timestamptz, a text, n text, d jsonb)
        where coalesce(s.t >= (select kept_since from udesk_sync.retention where kind = 'feed'), true)
        on conflict (pair, kind, feed_id, kept_at) do update set
          udesk_id = excluded.udesk_id,
          author_id = excluded.author_id, author_name = excluded.author_name, data = excluded.data
          where (f.udesk_id, f.author_id, f.author_name, f.data)
            is distinct from (excluded.udesk_id, excluded.author_id, excluded.author_name, excluded.data)
        returning f.first_seen_at = ${at.toISOString()}::timestamptz as fresh`,
  );
  return stored.filter(({ fresh }) => fresh).length;
}

/** The history of this customer was read as it was at that time, back to what an earlier reading knew. */
export async function saveFeedRead(db: Db, pair: string, udeskId: string, at: Date): Promise<void> {
  await db.execute(
    sql`update udesk_sync.record set feed_read_at = ${at.toISOString()}::timestamptz, feed_due = false
        where pair = ${pair} and side = 'udesk' and remote_id = ${udeskId}`,
  );
}

/** Only its newest pages were read: that they are known does not mean that what lies behind them is. */
export async function saveFeedBegun(db: Db, pair: string, udeskId: string): Promise<void> {
  await db.execute(
    sql`update udesk_sync.record set feed_read_at = null, feed_due = true
        where pair = ${pair} and side = 'udesk' and remote_id = ${udeskId}`,
  );
}

/** Whether an earlier reading came to its end. */
export async function isFeedRead(db: Db, pair: string, udeskId: string): Promise<boolean> {
  const found = await rows(
    db,
    sql`select 1 from udesk_sync.record
        where pair = ${pair} and side = 'udesk' and remote_id = ${udeskId} and feed_read_at is not null`,
  );
  return found.length > 0;
}

/**
 * By conflict id: who made the edit of Udesk that the conflict is about. A judgement on the change records that were
 * read (report.customer_history makes it: docs/reporting.md), so conflicts of which nothing is known are left out.
 */
export async function editAuthors(
  db: Db,
  conflictIds: readonly string[],
): Promise<ReadonlyMap<string, EditAuthor>> {
  const byId = new Map<string, EditAuthor>();
  if (conflictIds.length === 0) return byId;
  const found = await rows<{ id: string; name: string | null; at: string }>(
    db,
    sql`select c.id, edit.name, ${isoText(sql`edit.at`)} as at
        from udesk_sync.conflict c
        cross join lateral (${lastEdit}) edit
        where c.id = any(${textArray(conflictIds)}::bigint[]) and edit.at is not null`,
  );
  for (const { id, name, at } of found) byId.set(id, { name, at, knownBy: 'history' });
  return byId;
}

/**
 * By side: who else than us made the last changes of this field of the record there. The same judgement as `editAuthors`; in
 * the CRM also who had changed the record last, where no more is known. Sorted, without whoever nobody names.
 */
export async function fieldRivals(
  db: Db,
  pair: string,
  side: SideName,
  recordId: string,
  field: string,
): Promise<string[]> {
  const found = await rows<{ name: string }>(
    db,
    sql`select distinct name from (
          select coalesce(h.who, h.last_changed_by) as name from report.customer_history h
          where h.pair = ${pair} and h.side = ${side} and h.record_id = ${recordId} and h.field = ${field}
            and h.observation_id is not null and h.old is not null and h.who is distinct from 'udesk-sync'
          order by h.observation_id desc limit ${LAST_CHANGES}) latest
        where name is not null order by name`,
  );
  return found.map(({ name }) => name);
}

/** As many as a fight takes, and a few before it. */
const LAST_CHANGES = 6;

/** The open conflicts of this customer learn when Udesk's value was edited, and by whom. */
export async function saveEditTimes(db: Db, pair: string, udeskId: string): Promise<void> {
  // Most customers have none, and to make a history of every field only to find that out takes a hundred times as long.
  const open = await rows(
    db,
    sql`select 1 from udesk_sync.link own join udesk_sync.conflict c on c.pair = own.pair and c.link_id = own.id
        where own.pair = ${pair} and own.udesk_id = ${udeskId} and c.state in ('open', 'resolving') limit 1`,
  );
  if (open.length === 0) return;
  await db.execute(
    sql`update udesk_sync.conflict t set udesk_at = ${isoText(sql`edited.at`)},
          unclassified = t.unclassified or t.state = 'open',
          authors = array(select name from unnest(t.authors || edited.name) name where name is not null group by name order by name)
        from (
          select c.id, edit.name, edit.at from udesk_sync.conflict c
          join udesk_sync.link own on own.pair = c.pair and own.id = c.link_id and own.udesk_id = ${udeskId}
          cross join lateral (${lastEdit}) edit
          where c.pair = ${pair} and c.state in ('open', 'resolving')) edited
        where t.pair = ${pair} and t.id = edited.id and edited.at is not null`,
  );
}

/** Of the conflict `c`: the last change of its field that was seen in Udesk. Null times when nobody is known for it. */
const lastEdit = sql`
  select h.who as name, h.edited_at as at
  from udesk_sync.link l
  join report.customer_history h on h.pair = c.pair and h.side = 'udesk' and h.record_id = l.udesk_id
  where l.pair = c.pair and l.id = c.link_id and c.udesk is not null and h.observation_id is not null
    and (h.field = c.field or c.field = '*') and h.valid_from <= coalesce(c.closed_at, h.valid_from)
  order by h.observation_id desc limit 1`;

export interface FeedItem {
  readonly id: string;
  /** Ticket, CallLog, ImSubSession, Alteration or CustomerFollowUp. */
  readonly kind: string;
  /** ISO 8601: its own time, or when it was first seen. */
  readonly at: string;
  readonly author: string | null;
  /** In the words of Udesk; empty where it has none. */
  readonly summary: string;
}

/** All that Udesk's histories hold of a customer, oldest first. */
export async function feedItems(db: Db, pair: string, udeskId: string): Promise<FeedItem[]> {
  return await rows<{ id: string; kind: string; at: string; author: string | null; summary: string }>(
    db,
    sql`select feed_id as id, kind, ${isoText(sql`coalesce(at, first_seen_at)`)} as at, author_name as author,
          coalesce(data ->> 'summary', data ->> 'subject', data ->> 'content', '') as summary
        from udesk_sync.feed where pair = ${pair} and udesk_id = ${udeskId}
        order by coalesce(at, first_seen_at), kind, feed_id`,
  );
}
