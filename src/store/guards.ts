import { sql } from 'drizzle-orm';
import type { PlanSample } from '../core/plan-sample.ts';
import type { SideName } from '../core/record.ts';
import { fromJsonb } from './jsonb.ts';
import type { GuardState } from './schema/plan.ts';
import { type Db, isoText, jsonParam, rows, textArray } from './tx.ts';

export interface Tripped {
  readonly guard: string;
  readonly message: string;
}

export interface GuardRow {
  readonly hash: string;
  readonly state: GuardState;
  readonly tripped: Tripped[];
  readonly writes: number;
}

/** A guarded plan as a person is asked about it. */
export interface GuardedPlan extends GuardRow {
  readonly pair: string;
  /** How many of the writes are kept to be looked at (src/store/plan-samples.ts); null once none are. */
  readonly kept: number | null;
  readonly openedAt: string;
  readonly closedAt: string | null;
}

/**
 * Records that exactly this plan waits for approval; any other waiting plan of the pair is superseded. One that a
 * person said no to stays rejected.
 * @param waiting `sample` null: what is kept of it stays, for every cycle plans the same until somebody looks
 */
export async function saveWaiting(
  db: Db,
  pair: string,
  waiting: { hash: string; tripped: readonly Tripped[]; writes: number; sample: PlanSample | null; at: Date },
): Promise<void> {
  await closeWaiting(db, pair, 'superseded', waiting.at, waiting.hash);
  await db.execute(
    sql`insert into udesk_sync.guard as g (pair, hash, state, tripped, writes, sample, opened_at)
        values (${pair}, ${waiting.hash}, 'waiting', ${jsonParam(waiting.tripped)}, ${waiting.writes},
          ${waiting.sample === null ? null : jsonParam(waiting.sample)}::jsonb, ${waiting.at.toISOString()}::timestamptz)
        on conflict (pair, hash) do update set
          state = case when g.state = 'rejected' then 'rejected' else 'waiting' end,
          tripped = excluded.tripped, writes = excluded.writes, sample = coalesce(excluded.sample, g.sample), closed_at = null`,
  );
}

export async function closeWaiting(
  db: Db,
  pair: string,
  state: 'approved' | 'superseded',
  at: Date,
  exceptHash: string | null = null,
): Promise<void> {
  await db.execute(
    sql`update udesk_sync.guard set state = ${state}, closed_at = ${at.toISOString()}::timestamptz,
          sample = case when ${state} = 'superseded' then null else sample end
        where pair = ${pair} and state = 'waiting' and hash is distinct from ${exceptHash}::text`,
  );
}

/** Nothing is held any more. */
export async function endRejected(db: Db, pair: string, at: Date): Promise<void> {
  await db.execute(
    sql`update udesk_sync.guard set state = 'superseded', sample = null, closed_at = ${at.toISOString()}::timestamptz
        where pair = ${pair} and state = 'rejected'`,
  );
}

export async function waitingGuards(
  db: Db,
  pair: string,
  states: readonly GuardState[] = ['waiting'],
): Promise<GuardRow[]> {
  const found = await rows<{ hash: string; state: GuardRow['state']; tripped: string; writes: number }>(
    db,
    sql`select hash, state, tripped::text as tripped, writes from udesk_sync.guard
        where pair = ${pair} and state = any(${textArray(states)})`,
  );
  return found.map((row) => ({ ...row, tripped: fromJsonb<Tripped[]>(row.tripped) }));
}

/** Whatever became of it; one hash belongs to one pair, unless two of them are mirrors of each other. */
export async function loadGuardedPlan(
  db: Db,
  pairs: readonly string[],
  hash: string,
): Promise<GuardedPlan | null> {
  const [row] = await rows<{
    pair: string;
    hash: string;
    state: GuardState;
    tripped: string;
    writes: number;
    kept: number | null;
    opened_at: string;
    closed_at: string | null;
  }>(
    db,
    sql`select pair, hash, state, tripped::text as tripped, writes, jsonb_array_length(sample -> 'writes') as kept,
          ${isoText(sql`opened_at`)} as opened_at, ${isoText(sql`closed_at`)} as closed_at
        from udesk_sync.guard
        where hash = ${hash} and pair = any(${textArray(pairs)}) order by state = 'waiting' desc, opened_at desc limit 1`,
  );
  if (row === undefined) return null;
  const { opened_at, closed_at, ...rest } = row;
  return {
    ...rest,
    tripped: fromJsonb<Tripped[]>(row.tripped),
    openedAt: opened_at,
    closedAt: closed_at,
  };
}

/** Sets one record aside with the vendor's own words; the rest of the pair goes on. */
export async function park(
  db: Db,
  row: {
    pair: string;
    linkId: string | null;
    intentId: string | null;
    side: SideName;
    remoteId: string | null;
    kind: string;
    message: string;
    at: Date;
  },
): Promise<void> {
  await db.execute(
    sql`insert into udesk_sync.parked (pair, link_id, intent_id, side, remote_id, kind, message, state, at)
        values (${row.pair}, ${row.linkId}::bigint, ${row.intentId}::bigint, ${row.side}, ${row.remoteId}, ${row.kind},
          ${row.message}, 'parked', ${row.at.toISOString()}::timestamptz)`,
  );
}
