/** Many creates that batches carry (src/engine/backfill.ts): what waits, what is on its way, how far it is. */
import { type SQL, sql } from 'drizzle-orm';
import type { Moment } from '../core/moment.ts';
import type { SideName } from '../core/record.ts';
import type { Value } from '../core/value.ts';
import { type IntentRow, intentsWhere, isDue } from './intents.ts';
import { fromJsonb } from './jsonb.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

export interface Backfill {
  readonly id: string;
  readonly side: SideName;
  /** ISO 8601. */
  readonly startedAt: string;
}

const ISO = sql.raw(`'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`);

export async function activeBackfills(db: Db, pair: string): Promise<Backfill[]> {
  const found = await rows<{ id: string; side: SideName; started_at: string }>(
    db,
    sql`select id, side, to_char(started_at at time zone 'UTC', ${ISO}) as started_at
        from udesk_sync.backfill where pair = ${pair} and ended_at is null order by id`,
  );
  return found.map(({ id, side, started_at }) => ({ id, side, startedAt: started_at }));
}

export async function startBackfill(db: Db, pair: string, side: SideName, at: Date): Promise<void> {
  await db.execute(
    sql`insert into udesk_sync.backfill (pair, side, started_at)
        values (${pair}, ${side}, ${at.toISOString()}::timestamptz) on conflict do nothing`,
  );
}

export async function endBackfill(db: Db, pair: string, id: string, at: Date): Promise<void> {
  await db.execute(
    sql`update udesk_sync.backfill set ended_at = ${at.toISOString()}::timestamptz
        where pair = ${pair} and id = ${id}::bigint`,
  );
}

/** Ordinary creates that wait to be sent: those that a person decided go before everything else, and not in a batch. */
const waiting = (pair: string, side: SideName) =>
  sql`pair = ${pair} and side = ${side} and op = 'create' and priority = 3 and state = 'pending'`;

/** @returns how many of them could go at once; `batchable`: of those, how many may go in a batch */
export async function countWaiting(
  db: Db,
  pair: string,
  side: SideName,
  now: Date,
): Promise<{ due: number; batchable: number }> {
  const [row] = await rows<{ due: string; batchable: string }>(
    db,
    sql`select count(*) as due, count(*) filter (where not alone) as batchable
        from udesk_sync.intent where ${waiting(pair, side)} and ${isDue(now)}`,
  );
  return { due: Number(row?.due ?? 0), batchable: Number(row?.batchable ?? 0) };
}

export async function loadBatchable(
  db: Db,
  pair: string,
  side: SideName,
  page: { readonly now: Date; readonly afterId: string; readonly limit: number },
): Promise<IntentRow[]> {
  const where = sql`${waiting(pair, side)} and ${isDue(page.now)} and not alone and id > ${page.afterId}::bigint`;
  return await intentsWhere(db, where, page.limit);
}

/** Creates that go one by one; `all`: those that could go in a batch, too. */
export async function loadAlone(
  db: Db,
  pair: string,
  side: SideName,
  page: { readonly now: Date; readonly limit: number; readonly all: boolean },
): Promise<IntentRow[]> {
  const which: SQL = page.all ? sql`true` : sql`alone`;
  return await intentsWhere(db, sql`${waiting(pair, side)} and ${isDue(page.now)} and ${which}`, page.limit);
}

export async function setAlone(db: Db, pair: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.execute(
    sql`update udesk_sync.intent set alone = true where pair = ${pair} and id = any(${textArray(ids)}::bigint[])`,
  );
}

/**
 * A batch and its rows as `sending`, before the call leaves: a kill from here on leaves them UNKNOWN (P9).
 * Nobody looks for a row on its own before `lookFrom`.
 * @returns the batch's id, and the ids of the intents that are its rows, in their order
 */
export async function openBatch(
  db: Db,
  batch: {
    readonly pair: string;
    readonly backfillId: string;
    readonly intentIds: readonly string[];
    readonly at: Date;
    readonly lookFrom: Date;
    readonly fence: number;
    readonly runId: number;
  },
): Promise<{ id: string; intentIds: string[] }> {
  const at = sql`${batch.at.toISOString()}::timestamptz`;
  const [opened] = await rows<{ id: string }>(
    db,
    sql`insert into udesk_sync.batch (pair, backfill_id, rows, sent_at)
        values (${batch.pair}, ${batch.backfillId}::bigint, ${batch.intentIds.length}, ${at}) returning id`,
  );
  const id = opened?.id ?? '';
  const moved = await rows<{ id: string }>(
    db,
    sql`update udesk_sync.intent i set state = 'sending', alone = true, batch_id = ${id}::bigint, batch_row = s.n,
          attempts = attempts + 1, looks = 0, sent_at = ${at}, not_before = ${batch.lookFrom.toISOString()}::timestamptz,
          fence = ${batch.fence}::bigint, sent_run_id = ${batch.runId}::bigint, error = null
        from jsonb_to_recordset(${jsonParam(batch.intentIds.map((intent, n) => ({ i: intent, n })))}) as s(i text, n int)
        where i.pair = ${batch.pair} and i.id = s.i::bigint and i.state = 'pending' returning i.id`,
  );
  const taken = new Set(moved.map((row) => row.id));
  return { id, intentIds: batch.intentIds.filter((intent) => taken.has(intent)) };
}

/** The call left, and what became of its rows is to be found out by reading. */
export async function batchIsUnknown(db: Db, pair: string, batchId: string, why: string): Promise<void> {
  await db.execute(
    sql`update udesk_sync.intent set state = 'unknown', error = ${why}
        where pair = ${pair} and batch_id = ${batchId}::bigint and state = 'sending'`,
  );
}

/** The call is known to have done nothing: its rows wait again; `alone`: not for another batch. */
export async function takeBatchBack(
  db: Db,
  pair: string,
  batchId: string,
  back: { readonly alone: boolean; readonly notBefore: Date | null; readonly why: string },
): Promise<void> {
  await db.execute(
    sql`update udesk_sync.intent set state = 'pending', alone = ${back.alone}, batch_id = null, batch_row = null,
          not_before = ${back.notBefore?.toISOString() ?? null}::timestamptz, error = ${back.why}
        where pair = ${pair} and batch_id = ${batchId}::bigint and state = 'sending'`,
  );
  await db.execute(sql`delete from udesk_sync.batch where pair = ${pair} and id = ${batchId}::bigint`);
}

/** The row was looked for and is not there: it may be sent again, on its own. */
export async function leaveBatch(
  db: Db,
  { pair, id }: Pick<IntentRow, 'pair' | 'id'>,
  why: string,
): Promise<void> {
  await db.execute(
    sql`update udesk_sync.intent set state = 'pending', alone = true, batch_id = null, batch_row = null,
          not_before = null, error = ${why}
        where pair = ${pair} and id = ${id}::bigint and state = 'unknown'`,
  );
}

export interface BatchRow extends IntentRow {
  /** Place in its batch, from 0. */
  readonly row: number;
}

/** Rows of batches of which it is not known yet what became of them. */
export async function unknownRows(db: Db, pair: string, side: SideName, limit: number): Promise<BatchRow[]> {
  const found = await intentsWhere(
    db,
    sql`pair = ${pair} and side = ${side} and state = 'unknown' and batch_id is not null`,
    limit,
  );
  if (found.length === 0) return [];
  const places = await rows<{ id: string; batch_row: number }>(
    db,
    sql`select id, batch_row from udesk_sync.intent
        where pair = ${pair} and id = any(${textArray(found.map(({ id }) => id))}::bigint[])`,
  );
  const rowOf = new Map(places.map((place) => [place.id, Number(place.batch_row)]));
  return found.map((intent) => ({ ...intent, row: rowOf.get(intent.id) ?? 0 }));
}

/** Whether nothing at all is known of the newest batch: not one of its rows appeared, or was given up. */
export async function lastBatchIsSilent(db: Db, pair: string, backfillId: string): Promise<boolean> {
  const [row] = await rows<{ silent: boolean }>(
    db,
    sql`select bool_and(i.state in ('sending', 'unknown')) as silent
        from udesk_sync.intent i
        where i.pair = ${pair} and i.batch_id = (
          select max(id) from udesk_sync.batch where pair = ${pair} and backfill_id = ${backfillId}::bigint)`,
  );
  return row?.silent === true;
}

/** When each of these records was seen for the first time; left out who was never seen. */
export async function firstSights(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
): Promise<Map<string, Moment>> {
  if (ids.length === 0) return new Map();
  const found = await rows<{ remote_id: string; at: string; run_id: string | null }>(
    db,
    sql`select remote_id, to_char(first_seen_at at time zone 'UTC', ${ISO}) as at, first_seen_run_id as run_id from udesk_sync.record
        where pair = ${pair} and side = ${side} and remote_id = any(${textArray(ids)})`,
  );
  return new Map(found.map((row) => [row.remote_id, { at: row.at, runId: row.run_id }]));
}

/** What a record held in the fields that were seen to change since then, before they did. Runs are in order, clocks not. */
export async function heldBefore(
  db: Db,
  pair: string,
  side: SideName,
  id: string,
  since: Moment & { readonly runId: string },
): Promise<Record<string, Value>> {
  const found = await rows<{ delta: string }>(
    db,
    sql`select delta::text as delta from udesk_sync.observation
        where pair = ${pair} and side = ${side} and remote_id = ${id}
          and case when run_id <> ${since.runId}::bigint then run_id > ${since.runId}::bigint else at >= ${since.at}::timestamptz end
        order by id`,
  );
  const held: Record<string, Value> = {};
  for (const { delta } of found) {
    for (const [field, [old]] of Object.entries(
      fromJsonb<Record<string, [Value | null, Value | null]>>(delta),
    )) {
      held[field] ??= old;
    }
  }
  return held;
}

export interface CreatedRow {
  readonly intentId: string;
  readonly linkId: string;
  readonly remoteId: string;
  /** What the record holds in the written fields, by the pair's field name. */
  readonly result: Readonly<Record<string, Value>>;
}

/** The intents settled, their links completed, the new records tied to them and the claims freed: one statement each. */
export async function saveCreated(
  db: Db,
  pair: string,
  side: SideName,
  created: readonly CreatedRow[],
  at: Date,
): Promise<void> {
  if (created.length === 0) return;
  const time = sql`${at.toISOString()}::timestamptz`;
  const payload = jsonParam(
    created.map((row) => ({ i: row.intentId, l: row.linkId, r: row.remoteId, v: row.result })),
  );
  const all = sql`jsonb_to_recordset(${payload}) as s(i text, l text, r text, v jsonb)`;
  const column = side === 'udesk' ? sql`udesk_id` : sql`crm_id`;
  await db.execute(
    sql`update udesk_sync.intent i set state = 'settled', settled_at = ${time}, result = s.v, error = null, not_before = null
        from ${all} where i.pair = ${pair} and i.id = s.i::bigint`,
  );
  await db.execute(
    sql`update udesk_sync.link l set ${column} = s.r, changed_at = ${time}
        from ${all} where l.pair = ${pair} and l.id = s.l::bigint`,
  );
  await db.execute(
    sql`update udesk_sync.record r set link_id = s.l::bigint, dirty = true from ${all}
        where r.pair = ${pair} and r.side = ${side} and r.remote_id = s.r`,
  );
  await db.execute(
    sql`delete from udesk_sync.claim c using ${all} where c.pair = ${pair} and c.link_id = s.l::bigint`,
  );
}

/** Those of the records that a confirmed link holds. */
export async function heldByLinks(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
): Promise<Set<string>> {
  const column = side === 'udesk' ? sql`udesk_id` : sql`crm_id`;
  const found = await rows<{ id: string }>(
    db,
    sql`select ${column} as id from udesk_sync.link
        where pair = ${pair} and state = 'confirmed' and ${column} = any(${textArray(ids)})`,
  );
  return new Set(found.map((row) => row.id));
}
