/** How long ago the live records of the mirror were last known to be right. */
import { type SQL, sql } from 'drizzle-orm';
import type { SideName } from '../core/record.ts';
import { aheadOf } from './reach.ts';
import { type Db, isoText, rows, textArray } from './tx.ts';

/** Upper bounds of the classes; the last class, without one, holds what is older or was never verified. */
export const FRESHNESS_MS = [60_000, 600_000, 3_600_000, 86_400_000] as const;

export interface FreshnessClass extends Readonly<Record<SideName, number>> {
  readonly withinMs: number | null;
}

/**
 * A record `r` of pair `p` is known to be right by its last change, by being read on its own, and by an enumeration that
 * showed it (of Udesk: beyond the end of the list it is not shown). As in report.customer.
 */
const rightAt = (
  known: (at: SQL) => SQL,
) => sql`greatest(${known(sql`r.observed_at`)}, ${known(sql`r.verified_at`)},
  ${known(sql`case when r.side = 'crm' then p.crm_certified_at when not r.unlisted then p.udesk_swept_at end`)})`;

/** ISO 8601: up to when a live record is known to be right; null where no live one is known. */
export async function rightAtOf(db: Db, pair: string, side: SideName, id: string): Promise<string | null> {
  const [row] = await rows<{ right_at: string }>(
    db,
    sql`select ${isoText(rightAt((at) => at))} as right_at
        from udesk_sync.record r join udesk_sync.pair p on p.name = r.pair
        where r.pair = ${pair} and r.side = ${side} and r.remote_id = ${id} and r.state = 'live'`,
  );
  return row?.right_at ?? null;
}

/** Every class has a row. One pass over the records of the pair. */
export async function freshnessOf(db: Db, pair: string, now: Date): Promise<FreshnessClass[]> {
  const bounds = sql`${textArray(FRESHNESS_MS.map((ms) => String(ms / 1000)))}::float8[]`;
  const limit = aheadOf(now);
  const found = await rows<{ side: SideName; class: number | null; n: string }>(
    db,
    sql`select side, width_bucket(extract(epoch from ${now.toISOString()}::timestamptz - right_at)::float8, ${bounds}) as class,
          count(*) as n
        from (
          select r.side, ${rightAt((at) => sql`case when (${at}) <= ${limit} then ${at} end`)} as right_at
          from udesk_sync.record r join udesk_sync.pair p on p.name = r.pair
          where r.pair = ${pair} and r.state = 'live') known
        group by 1, 2`,
  );
  const count = (side: SideName, n: number) =>
    found
      .filter((row) => row.side === side && (row.class ?? FRESHNESS_MS.length) === n)
      .reduce((sum, row) => sum + Number(row.n), 0);
  return [...FRESHNESS_MS, null].map((withinMs, n) => ({
    withinMs,
    udesk: count('udesk', n),
    crm: count('crm', n),
  }));
}
