/**
 * What the list of Udesk reaches, and who is known beyond it. A sweep writes one time for the pair and only those rows that
 * it showed last time and not now, or the other way round; a point read writes one row (docs/decisions/0012).
 */
import { type SQL, sql } from 'drizzle-orm';
import { AHEAD_MS } from '../core/ahead.ts';
import type { SideName } from '../core/record.ts';
import { type Db, rows, textArray } from './tx.ts';

/** Live customers in id order after `after`, and whether the enumeration before showed them. */
export async function liveReach(
  db: Db,
  pair: string,
  after: string,
  limit: number,
): Promise<{ id: string; unlisted: boolean }[]> {
  return await rows<{ id: string; unlisted: boolean }>(
    db,
    sql`select remote_id as id, unlisted from udesk_sync.record
        where pair = ${pair} and side = 'udesk' and state = 'live' and remote_id > ${after}
        order by remote_id limit ${limit}`,
  );
}

/** Times after it are of before the clock was set back. */
export function aheadOf(now: Date): SQL {
  return sql`${new Date(now.getTime() + AHEAD_MS).toISOString()}::timestamptz`;
}

/**
 * Those whom the list showed before and does not now: up to when they were right as part of it is written down. Who was
 * observed since the enumeration began is left for the next; not so who was observed at a time ahead, before the clock was
 * set back.
 */
export async function saveUnlisted(
  db: Db,
  pair: string,
  ids: readonly string[],
  startedAt: Date,
  now: Date,
): Promise<void> {
  if (ids.length === 0) return;
  const wasRight = sql`greatest(r.observed_at, r.verified_at, p.udesk_swept_at)`;
  await db.execute(
    sql`update udesk_sync.record r set unlisted = true, verified_at = ${wasRight}, checked_at = ${wasRight}
        from udesk_sync.pair p
        where p.name = ${pair} and r.pair = ${pair} and r.side = 'udesk' and r.remote_id = any(${textArray(ids)})
          and not r.unlisted and (r.observed_at < ${startedAt.toISOString()}::timestamptz
            or r.observed_at > ${aheadOf(now)})`,
  );
}

/** Those whom the list shows again. */
export async function saveListed(db: Db, pair: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.execute(
    sql`update udesk_sync.record set unlisted = false
        where pair = ${pair} and side = 'udesk' and remote_id = any(${textArray(ids)}) and unlisted`,
  );
}

/** An enumeration of Udesk came to its end: whoever is not unlisted was right at its begin. */
export async function saveSwept(
  db: Db,
  pair: string,
  sweep: { readonly startedAt: Date; readonly listed: number; readonly capped: boolean },
): Promise<void> {
  await db.execute(
    sql`update udesk_sync.pair set udesk_swept_at = ${sweep.startedAt.toISOString()}::timestamptz,
          udesk_listed = ${sweep.listed}::int, udesk_capped = ${sweep.capped}
        where name = ${pair}`,
  );
}

/**
 * Who is beyond the list and was not asked for since the last enumeration began, the longest unasked first; and whoever was
 * asked for at a time ahead, before the clock was set back: how long ago that was is not known.
 */
export async function dueForRevisit(db: Db, pair: string, limit: number, now: Date): Promise<string[]> {
  const ahead = aheadOf(now);
  const found = await rows<{ remote_id: string }>(
    db,
    sql`select r.remote_id from udesk_sync.record r join udesk_sync.pair p on p.name = r.pair
        where r.pair = ${pair} and r.side = 'udesk' and r.unlisted and r.state = 'live'
          and (r.checked_at > ${ahead} or (r.checked_at < p.udesk_swept_at and p.udesk_swept_at <= ${ahead}))
        order by r.checked_at, r.remote_id limit ${limit}`,
  );
  return found.map((row) => row.remote_id);
}

/** It was asked for on its own. Of one that the list reaches nothing is written: the next sweep tells. */
export async function saveChecked(db: Db, pair: string, id: string, at: Date, found: boolean): Promise<void> {
  const time = at.toISOString();
  await db.execute(
    sql`update udesk_sync.record set checked_at = ${time}::timestamptz,
          verified_at = case when ${found} then ${time}::timestamptz else verified_at end
        where pair = ${pair} and side = 'udesk' and remote_id = ${id} and unlisted`,
  );
}

/** A person had it read on its own, and it was there: of whoever the list reaches, and of the CRM, this is written, too. */
export async function saveVerified(
  db: Db,
  pair: string,
  { side, id }: { readonly side: SideName; readonly id: string },
  at: Date,
): Promise<void> {
  const time = sql`${at.toISOString()}::timestamptz`;
  await db.execute(
    sql`update udesk_sync.record set verified_at = greatest(verified_at, ${time}),
          checked_at = case when unlisted then greatest(checked_at, ${time}) else checked_at end
        where pair = ${pair} and side = ${side} and remote_id = ${id}`,
  );
}

export interface Coverage {
  /** What Udesk said that it holds at the last enumeration that came to its end; null when it did not say. */
  readonly total: number | null;
  /** Customers that this enumeration showed; null before the first. */
  readonly listed: number | null;
  /** Known and not shown by it: read one by one. */
  readonly unlisted: number;
  /** Those of them that were not found, or could not be read, when they were last asked for. Not taken as deleted. */
  readonly missing: number;
  /** ISO 8601: every live customer in the mirror is known to be right up to then; null before the first enumeration. */
  readonly oldestVerifiedAt: string | null;
  /** Neither listed nor known: nothing of them is here. Null when Udesk does not tell how many there are. */
  readonly unreachable: number | null;
}

/** The view `report.coverage` is where this is counted: people and programs read the same figures. */
export async function loadCoverage(db: Db, pair: string): Promise<Coverage> {
  const [row] = await rows<{
    total: number | null;
    listed: number | null;
    unlisted: string;
    missing: string;
    oldest: string | null;
    unreachable: string | null;
  }>(
    db,
    sql`select total_on_side as total, listed_records as listed, unlisted_records as unlisted,
          missing_records as missing, unreachable_records as unreachable,
          to_char(oldest_verified_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as oldest
        from report.coverage where pair = ${pair} and side = 'udesk'`,
  );
  return {
    total: row?.total ?? null,
    listed: row?.listed ?? null,
    unlisted: Number(row?.unlisted ?? 0),
    missing: Number(row?.missing ?? 0),
    oldestVerifiedAt: row?.oldest ?? null,
    unreachable: row?.unreachable == null ? null : Number(row.unreachable),
  };
}
