import { type SQL, sql } from 'drizzle-orm';
import type { HalfWrite } from '../core/link.ts';
import type { GuardClass } from '../core/plan.ts';
import type { Patch, SideName } from '../core/record.ts';
import type { Value } from '../core/value.ts';
import { fromJsonb } from './jsonb.ts';
import type { IntentState, WitnessState } from './schema/intent.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

export interface IntentRow {
  readonly id: string;
  readonly pair: string;
  readonly linkId: string;
  readonly runId: string;
  readonly side: SideName;
  readonly op: 'create' | 'update' | 'delete';
  readonly remoteId: string | null;
  readonly patch: Patch;
  readonly reasons: Record<string, string>;
  readonly source: Record<string, Value>;
  readonly halves: Record<string, HalfWrite>;
  readonly decisions: Record<string, string>;
  readonly round: number;
  readonly marker: string | null;
  readonly state: IntentState;
  readonly attempts: number;
  readonly looks: number;
  /** When it was last looked for. ISO 8601; null while it was not. */
  readonly lookedAt: string | null;
  /** The batch that carried it; null when it was never in one. */
  readonly batchId: string | null;
  readonly result: Record<string, Value> | null;
  /** ISO 8601; null while it was never sent. */
  readonly sentAt: string | null;
  /** The side's clock minus ours, as measured at the look before it was sent; null where it was not. */
  readonly sentSkewMs: number | null;
  /** In which run it was sent; null while it was never sent. */
  readonly sentRunId: string | null;
  readonly error: string | null;
  /** ISO 8601; null while it was never verified. */
  readonly verifiedAt: string | null;
  /** ISO 8601; null while it is not settled. */
  readonly settledAt: string | null;
}

export type IntentColumns = {
  id: string;
  pair: string;
  link_id: string;
  run_id: string;
  side: SideName;
  op: 'create' | 'update' | 'delete';
  remote_id: string | null;
  patch: string;
  reasons: string;
  source: string;
  halves: string;
  decisions: string;
  round: number;
  marker: string | null;
  state: IntentState;
  attempts: number;
  looks: number;
  looked_at: string | null;
  batch_id: string | null;
  result: string | null;
  sent_at: string | null;
  sent_skew_ms: string | null;
  sent_run_id: string | null;
  error: string | null;
  verified_at: string | null;
  settled_at: string | null;
};

const iso = (column: string) =>
  sql.raw(`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${column}`);

export const INTENT_COLUMNS = sql`id, pair, link_id, run_id, side, op, remote_id, patch::text as patch, reasons::text as reasons,
  source::text as source, halves::text as halves, decisions::text as decisions, round, marker, state, attempts, looks, ${iso('looked_at')}, batch_id, result::text as result,
  ${iso('sent_at')}, sent_skew_ms::text as sent_skew_ms, sent_run_id, error, ${iso('verified_at')}, ${iso('settled_at')}`;

/**
 * The order of the outbox: by priority, and whoever has waited for ten minutes overtakes what is one step more urgent and
 * new, so that nothing starves. What a person decided goes before all that has not waited for a day: a backlog of
 * thousands takes hours under a small quota.
 */
const AGED = sql`created_at + case priority when 0 then interval '-1 day' else priority * interval '10 minutes' end`;

/** States of writes that keep their link from being planned. */
export const ACTIVE = sql`('planned', 'held', 'pending', 'sending', 'unknown')`;

export function toIntent(row: IntentColumns): IntentRow {
  return {
    id: row.id,
    pair: row.pair,
    linkId: row.link_id,
    runId: row.run_id,
    side: row.side,
    op: row.op,
    remoteId: row.remote_id,
    patch: fromJsonb(row.patch),
    reasons: fromJsonb(row.reasons),
    source: fromJsonb(row.source),
    halves: fromJsonb(row.halves),
    decisions: fromJsonb(row.decisions),
    round: Number(row.round),
    marker: row.marker,
    state: row.state,
    attempts: row.attempts,
    looks: row.looks,
    lookedAt: row.looked_at,
    batchId: row.batch_id,
    result: row.result === null ? null : fromJsonb(row.result),
    sentAt: row.sent_at,
    sentSkewMs: row.sent_skew_ms === null ? null : Number(row.sent_skew_ms),
    sentRunId: row.sent_run_id,
    error: row.error,
    verifiedAt: row.verified_at,
    settledAt: row.settled_at,
  };
}

export interface NewIntent {
  readonly linkId: string;
  readonly side: SideName;
  readonly op: 'create' | 'update' | 'delete';
  readonly guardClass: GuardClass;
  readonly remoteId: string | null;
  readonly patch: Patch;
  readonly reasons: Readonly<Record<string, string>>;
  readonly source: Readonly<Record<string, Value>>;
  readonly halves: Readonly<Record<string, HalfWrite>>;
  /** By field: the decision that this write carries out. */
  readonly decisions: Readonly<Record<string, string>>;
  readonly marker: string | null;
  /** 0: a person decided it; 1: it releases unique values; 2: an ordinary change; 3: a create. */
  readonly priority: 0 | 1 | 2 | 3;
}

/** Adds intents as `planned`: nothing is sent before the guard has seen the whole plan. */
export async function insertIntents(
  db: Db,
  pair: string,
  plan: { readonly runId: number; readonly round: number },
  intents: readonly NewIntent[],
  at: Date,
): Promise<void> {
  if (intents.length === 0) return;
  const payload = intents.map((intent, n) => ({
    n,
    l: intent.linkId,
    s: intent.side,
    o: intent.op,
    g: intent.guardClass,
    i: intent.remoteId,
    p: intent.patch,
    r: intent.reasons,
    c: intent.source,
    h: intent.halves,
    d: intent.decisions,
    m: intent.marker,
    y: intent.priority,
  }));
  await db.execute(
    sql`insert into udesk_sync.intent
          (pair, link_id, run_id, side, op, guard_class, remote_id, patch, reasons, source, halves, decisions, round, marker, state, priority, created_at)
        select ${pair}, s.l::bigint, ${plan.runId}::bigint, s.s, s.o, s.g, s.i, s.p, s.r, s.c, s.h, s.d, ${plan.round}::int, s.m, 'planned', s.y, ${at.toISOString()}::timestamptz
        from jsonb_to_recordset(${jsonParam(payload)})
          as s(n int, l text, s text, o text, g text, i text, p jsonb, r jsonb, c jsonb, h jsonb, d jsonb, m text, y int)
        order by s.n`,
  );
}

/**
 * A row `p` of the table parked about a create that may have happened: a person is asked which record it made, or left that
 * alone. Only who it made, or their word to try again, ends that: planned again, it would be sent a second time (P5).
 */
export const MAY_HAVE_CREATED = sql`p.kind = 'uncertain-create' and (p.state = 'parked' or p.state = 'dropped' and exists (
  select 1 from udesk_sync.intent c where c.pair = p.pair and c.id = p.intent_id and c.state = 'parked'))`;

/** Links that have a write planned, held, on its way or of unknown outcome; and those whose create may have happened. */
export async function linksInFlight(db: Db, pair: string, linkIds: readonly string[]): Promise<Set<string>> {
  if (linkIds.length === 0) return new Set();
  const found = await rows<{ link_id: string }>(
    db,
    sql`select distinct link_id from udesk_sync.intent
        where pair = ${pair} and link_id = any(${textArray(linkIds)}::bigint[]) and state in ${ACTIVE}
        union
        select p.link_id from udesk_sync.parked p
        where p.pair = ${pair} and p.link_id = any(${textArray(linkIds)}::bigint[]) and ${MAY_HAVE_CREATED}`,
  );
  return new Set(found.map((row) => row.link_id));
}

/**
 * Releases or holds what one run planned.
 * @param approved of these classes a person has seen every write: the guards of later plans do not count them
 * @returns how many rows
 */
export async function movePlanned(
  db: Db,
  pair: string,
  runId: number,
  to: 'pending' | 'held',
  classes: readonly GuardClass[],
  approved: readonly GuardClass[] = [],
): Promise<number> {
  const moved = await rows(
    db,
    sql`update udesk_sync.intent set state = ${to}, approved = guard_class = any(${textArray(approved)})
        where pair = ${pair} and run_id = ${runId}::bigint and state = 'planned' and guard_class = any(${textArray(classes)}) returning 1`,
  );
  return moved.length;
}

/**
 * Takes away intents that were never sent (planned by a run that died, or held for a person) and marks their links
 * for planning: the plan is made anew from what is known now. Natural-key claims of theirs are freed. They are deleted,
 * not kept as dropped: a plan that waits for weeks would leave a row for each write and cycle.
 */
export async function dropUnsent(
  db: Db,
  pair: string,
  states: readonly ('planned' | 'held')[],
): Promise<number> {
  const dropped = await rows<{ link_id: string }>(
    db,
    sql`delete from udesk_sync.intent
        where pair = ${pair} and state = any(${textArray(states)}) returning link_id`,
  );
  await replan(
    db,
    pair,
    dropped.map((row) => row.link_id),
  );
  return dropped.length;
}

async function replan(db: Db, pair: string, linkIds: readonly string[]): Promise<void> {
  if (linkIds.length === 0) return;
  await db.execute(
    sql`delete from udesk_sync.claim where pair = ${pair} and link_id = any(${textArray(linkIds)}::bigint[])`,
  );
  await db.execute(
    sql`update udesk_sync.link set dirty = true where pair = ${pair} and id = any(${textArray(linkIds)}::bigint[])`,
  );
}

/** What a killed process had under way: whether it was sent is not known. */
export async function sendingToUnknown(db: Db, pair: string): Promise<number> {
  const moved = await rows(
    db,
    sql`update udesk_sync.intent set state = 'unknown', error = 'the process ended while the write was under way'
        where pair = ${pair} and state = 'sending' returning 1`,
  );
  return moved.length;
}

/**
 * P8: of what waits to be sent, creates and deletions that were let through at a time which lies ahead. Our clock was set back since,
 * and the guards had counted another hour, or day: they judge anew.
 */
export async function dropPlannedAhead(db: Db, pair: string, at: Date): Promise<void> {
  const dropped = await rows<{ link_id: string }>(
    db,
    sql`update udesk_sync.intent set state = 'dropped', error = 'our clock was set back since this was planned'
        where pair = ${pair} and state = 'pending' and op <> 'update' and not approved
          and created_at > ${at.toISOString()}::timestamptz returning link_id`,
  );
  await replan(
    db,
    pair,
    dropped.map((row) => row.link_id),
  );
}

export interface PushWork {
  readonly pending: boolean;
  readonly unknown: boolean;
  readonly witness: boolean;
}

/** Whether anything is to be sent, looked for, or witnessed. */
export async function pushWork(db: Db, pair: string): Promise<PushWork> {
  const [row] = await rows<{ pending: boolean; unknown: boolean; witness: boolean }>(
    db,
    sql`select exists (select 1 from udesk_sync.intent where pair = ${pair} and state = 'pending') as pending,
          exists (select 1 from udesk_sync.intent where pair = ${pair} and state = 'unknown') as unknown,
          exists (select 1 from udesk_sync.intent where pair = ${pair} and witness = 'due') as witness`,
  );
  return row ?? { pending: false, unknown: false, witness: false };
}

export async function loadIntents(
  db: Db,
  pair: string,
  state: 'pending' | 'unknown' | 'held',
  options: {
    limit: number;
    now: Date;
    exclude?: readonly string[];
    /** Sides with a backfill under way: it sends the ordinary creates there. */
    backfilled?: readonly SideName[];
    /** Sides of which none is wanted. */
    full?: readonly SideName[];
  },
): Promise<IntentRow[]> {
  const { exclude = [], backfilled = [], full = [] } = options;
  return await intentsWhere(
    db,
    sql`pair = ${pair} and state = ${state}
          and ${isDue(options.now)}
          and not (id = any(${textArray(exclude)}::bigint[])) and not (side = any(${textArray(full)}))
          and not (state = 'pending' and op = 'create' and priority = 3 and side = any(${textArray(backfilled)}))`,
    options.limit,
  );
}

/** Nothing is put off for longer than a day: what seems to be was so by a clock that was set back since. */
export function isDue(now: Date): SQL {
  const at = sql`${now.toISOString()}::timestamptz`;
  return sql`(not_before is null or not_before <= ${at} or not_before > ${at} + interval '25 hours')`;
}

/** Intents under a condition that a neighbour states, in the order of the outbox; all of them where there is no limit. */
export async function intentsWhere(db: Db, condition: SQL, limit: number | null): Promise<IntentRow[]> {
  const found = await rows<IntentColumns>(
    db,
    sql`select ${INTENT_COLUMNS} from udesk_sync.intent where ${condition}
        order by ${AGED}, id limit ${limit}::bigint`,
  );
  return found.map(toIntent);
}

/**
 * Whether the mirror held all of these records, as they are, when the intent was planned: matching knew of them. Runs tell what
 * came first, also where our clock was set back since; within one run, times do.
 */
export async function knownWhenPlanned(
  db: Db,
  intent: Pick<IntentRow, 'id' | 'pair' | 'side'>,
  ids: readonly string[],
): Promise<boolean> {
  const [row] = await rows<{ n: string }>(
    db,
    sql`select count(*) as n from udesk_sync.intent i
        join udesk_sync.record r on r.pair = i.pair and r.side = i.side and r.state = 'live'
          and case when r.observed_run_id <> i.run_id then r.observed_run_id < i.run_id else r.observed_at <= i.created_at end
          and r.remote_id = any(${textArray(ids)})
        where i.pair = ${intent.pair} and i.id = ${intent.id}::bigint`,
  );
  return Number(row?.n ?? 0) === ids.length;
}

export async function siblingIntents(db: Db, intent: IntentRow): Promise<IntentRow[]> {
  const found = await rows<IntentColumns>(
    db,
    sql`select ${INTENT_COLUMNS} from udesk_sync.intent
        where pair = ${intent.pair} and link_id = ${intent.linkId}::bigint and run_id = ${intent.runId}::bigint and round = ${intent.round}
          and id <> ${intent.id}::bigint`,
  );
  return found.map(toIntent);
}

/** @returns false when the intent was not in `from` any more. */
export async function moveIntent(
  db: Db,
  { pair, id }: Pick<IntentRow, 'pair' | 'id'>,
  from: readonly IntentState[],
  change: {
    state: IntentState;
    at: Date;
    error?: string | null;
    notBefore?: Date | null;
    fence?: number;
    /** Of the run that sends it. */
    runId?: number;
    result?: Record<string, Value>;
    attempted?: boolean;
    looked?: boolean;
    verifiedAt?: Date;
    /** Of the look before it is sent. */
    skewMs?: number | null;
    witness?: WitnessState | null;
  },
): Promise<boolean> {
  const at = sql`${change.at.toISOString()}::timestamptz`;
  const moved = await rows(
    db,
    sql`update udesk_sync.intent set
          state = ${change.state},
          error = ${change.error ?? null},
          not_before = ${change.notBefore?.toISOString() ?? null}::timestamptz,
          fence = coalesce(${change.fence ?? null}::bigint, fence),
          sent_run_id = coalesce(${change.runId ?? null}::bigint, sent_run_id),
          result = coalesce(${change.result === undefined ? null : jsonParam(change.result)}, result),
          verified_at = coalesce(${change.verifiedAt?.toISOString() ?? null}::timestamptz, verified_at),
          witness = coalesce(${change.witness ?? null}, witness),
          attempts = attempts + ${change.attempted === true ? 1 : 0},
          looks = case when ${change.state} = 'sending' then 0 else looks + ${change.looked === true ? 1 : 0} end,
          looked_at = case when ${change.state} = 'sending' then null when ${change.looked === true} then ${at} else looked_at end,
          sent_at = case when ${change.state} = 'sending' then ${at} else sent_at end,
          sent_skew_ms = case when ${change.state} = 'sending' then ${change.skewMs ?? null}::bigint else sent_skew_ms end,
          settled_at = case when ${change.state} = 'settled' then ${at} else settled_at end
        where pair = ${pair} and id = ${id}::bigint and state = any(${textArray(from)}) returning 1`,
  );
  return moved.length > 0;
}

/**
 * Drops an intent whose pre-image moved (or whose target vanished); its link is planned again.
 * @param witness of a write that may have happened, and of which nobody can tell any more what it replaced
 */
export async function dropIntent(
  db: Db,
  intent: IntentRow,
  reason: string,
  at: Date,
  witness: 'unclear' | 'none' | null = null,
): Promise<void> {
  const dropped = { state: 'dropped', at, error: reason, witness } as const;
  await moveIntent(db, intent, ['pending', 'sending', 'unknown'], dropped);
  await replan(db, intent.pair, [intent.linkId]);
}

/** Parked intents of links that are planned again, or end, have had their day. */
export async function retireParked(
  db: Db,
  pair: string,
  linkIds: readonly string[],
  at: Date,
): Promise<void> {
  if (linkIds.length === 0) return;
  await db.execute(
    sql`with retired as (
          update udesk_sync.intent set state = 'dropped'
          where pair = ${pair} and link_id = any(${textArray(linkIds)}::bigint[]) and state = 'parked' returning id)
        update udesk_sync.parked set state = 'retried', closed_at = ${at.toISOString()}::timestamptz
        where pair = ${pair} and intent_id in (select id from retired) and state = 'parked'`,
  );
}

export async function countIntents(
  db: Db,
  pair: string,
): Promise<Record<'pending' | 'held' | 'unknown' | 'parked', number>> {
  const found = await rows<{ state: string; n: string }>(
    db,
    sql`select state, count(*) as n from udesk_sync.intent
        where pair = ${pair} and state in ('planned', 'pending', 'held', 'sending', 'unknown') group by state`,
  );
  const count = (...states: string[]) =>
    found.filter((row) => states.includes(row.state)).reduce((sum, row) => sum + Number(row.n), 0);
  const [row] = await rows<{ n: string }>(
    db,
    sql`select count(*) as n from udesk_sync.parked where pair = ${pair} and state = 'parked'`,
  );
  return {
    pending: count('planned', 'pending', 'sending'),
    held: count('held'),
    unknown: count('unknown'),
    parked: Number(row?.n ?? 0),
  };
}
