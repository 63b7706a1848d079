/** How far a backfill is, from the outbox alone. */
import { sql } from 'drizzle-orm';
import type { SideName } from '../core/record.ts';
import { activeBackfills, type Backfill } from './backfill.ts';
import { type Db, rows } from './tx.ts';

/** Batches over which the pace is measured: a night in which nothing ran must not count for ever. */
const PACE_BATCHES = 10;

export interface BackfillProgress extends Backfill {
  /** Created since it began, in batches and one by one. */
  readonly done: number;
  /** Not sent yet, or not known yet. */
  readonly left: number;
  /** Of those: sent, and not seen yet. */
  readonly unknown: number;
  /** Creates on this side that were set aside for a person. */
  readonly parked: number;
  readonly total: number;
  readonly batches: number;
  /** Measured over the last batches; null before the first was seen. */
  readonly rowsPerMinute: number | null;
  /** At that pace; null where it is not known. */
  readonly leftMs: number | null;
}

export async function backfillProgress(db: Db, pair: string): Promise<BackfillProgress[]> {
  const all: BackfillProgress[] = [];
  for (const backfill of await activeBackfills(db, pair)) all.push(await progressOf(db, pair, backfill));
  return all;
}

async function progressOf(db: Db, pair: string, backfill: Backfill): Promise<BackfillProgress> {
  const { side, startedAt } = backfill;
  const [open] = await rows<{ left: string; unknown: string }>(
    db,
    sql`select count(*) as left, count(*) filter (where state in ('sending', 'unknown')) as unknown
        from udesk_sync.intent
        where pair = ${pair} and side = ${side} and op = 'create' and state in ('pending', 'sending', 'unknown')`,
  );
  const [parked] = await rows<{ n: string }>(
    db,
    sql`select count(*) as n from udesk_sync.parked p join udesk_sync.intent i on i.pair = p.pair and i.id = p.intent_id
        where p.pair = ${pair} and p.state = 'parked' and i.side = ${side} and i.op = 'create'`,
  );
  const [created] = await rows<{ n: string }>(
    db,
    sql`select count(*) as n from udesk_sync.intent
        where pair = ${pair} and side = ${side} and op = 'create' and state = 'settled'
          and settled_at >= ${startedAt}::timestamptz`,
  );
  const [batches] = await rows<{ n: string }>(
    db,
    sql`select count(*) as n from udesk_sync.batch where pair = ${pair} and backfill_id = ${backfill.id}::bigint`,
  );
  const count = (row: { n: string } | undefined) => Number(row?.n ?? 0);
  const left = Number(open?.left ?? 0);
  const rowsPerMs = await pace(db, pair, backfill.id, side);
  return {
    ...backfill,
    done: count(created),
    left,
    unknown: Number(open?.unknown ?? 0),
    parked: count(parked),
    total: count(created) + left + count(parked),
    batches: count(batches),
    rowsPerMinute: rowsPerMs === null ? null : Math.round(rowsPerMs * 60_000),
    leftMs: rowsPerMs === null ? null : Math.round(left / rowsPerMs),
  };
}

/** Rows per millisecond, from the sending of the tenth batch back to the last row that was seen. */
async function pace(db: Db, pair: string, backfillId: string, side: SideName): Promise<number | null> {
  const [row] = await rows<{ n: string; span_ms: string | null }>(
    db,
    sql`with recent as (
          select min(sent_at) as since from (
            select sent_at from udesk_sync.batch
            where pair = ${pair} and backfill_id = ${backfillId}::bigint order by id desc limit ${PACE_BATCHES}) b)
        select count(i.id) as n, extract(epoch from max(i.settled_at) - min(recent.since)) * 1000 as span_ms
        from recent left join udesk_sync.intent i on i.pair = ${pair} and i.side = ${side} and i.op = 'create'
          and i.state = 'settled' and i.settled_at >= recent.since`,
  );
  const settled = Number(row?.n ?? 0);
  const spanMs = Number(row?.span_ms ?? 0);
  return settled === 0 || spanMs <= 0 ? null : settled / spanMs;
}
