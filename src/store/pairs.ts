import { type SQL, sql } from 'drizzle-orm';
import type { SideName } from '../core/record.ts';
import { ASKING } from './account-changes.ts';
import { fromJsonb } from './jsonb.ts';
import type { FirstPlan, SideAlarms } from './schema/pair.ts';
import type { AccountState } from './schema/plan.ts';
import { type Db, isoText, jsonParam, rows, textArray } from './tx.ts';

export interface PairRow {
  readonly name: string;
  readonly firstRun: 'pending' | 'accepting' | 'accepted';
  readonly alarms: SideAlarms;
  readonly firstPlanHash: string | null;
  readonly fingerprint: Readonly<Record<SideName, string | null>>;
  /** The same in words; null where it is not known. */
  readonly account: Readonly<Record<SideName, string | null>>;
  /** Another account answers on the side, and a person was asked about it; null: not so when a cycle last looked. */
  readonly stranger: Readonly<Record<SideName, AccountState | null>>;
  readonly crmCursor: string | null;
  readonly certifiedAt: Readonly<Record<SideName, string | null>>;
  /** The run in which that enumeration began: runs are numbered in their order, whatever our clock does. */
  readonly certifiedRun: Readonly<Record<SideName, number | null>>;
  readonly uncertified: Readonly<Record<SideName, string | null>>;
  /** Which database the row was written in; null before the first cycle. */
  readonly home: string | null;
  /** ISO 8601: since when the pair goes on from a backup; null when it does not. */
  readonly restoredAt: string | null;
}

interface PairColumns extends Record<string, unknown> {
  readonly first_run: 'pending' | 'accepting' | 'accepted';
  readonly alarms: string;
  readonly first_plan_hash: string | null;
  readonly udesk_fingerprint: string | null;
  readonly crm_fingerprint: string | null;
  readonly udesk_account: string | null;
  readonly crm_account: string | null;
  readonly udesk_stranger: AccountState | null;
  readonly crm_stranger: AccountState | null;
  readonly crm_cursor: string | null;
  readonly udesk_at: string | null;
  readonly crm_at: string | null;
  readonly udesk_run: string | null;
  readonly crm_run: string | null;
  readonly udesk_uncertified: string | null;
  readonly crm_uncertified: string | null;
  readonly home: string | null;
  readonly restored_at: string | null;
}

/** Reads the pair's row, making it when the pair is new. */
export async function loadPair(db: Db, name: string): Promise<PairRow> {
  let row = await pairColumns(db, name);
  if (row === undefined) {
    await db.execute(sql`insert into udesk_sync.pair (name) values (${name}) on conflict do nothing`);
    row = await pairColumns(db, name);
  }
  return {
    name,
    firstRun: row?.first_run ?? 'pending',
    alarms: row === undefined ? {} : fromJsonb<SideAlarms>(row.alarms),
    firstPlanHash: row?.first_plan_hash ?? null,
    fingerprint: { udesk: row?.udesk_fingerprint ?? null, crm: row?.crm_fingerprint ?? null },
    account: { udesk: row?.udesk_account ?? null, crm: row?.crm_account ?? null },
    stranger: { udesk: row?.udesk_stranger ?? null, crm: row?.crm_stranger ?? null },
    crmCursor: row?.crm_cursor ?? null,
    certifiedAt: { udesk: row?.udesk_at ?? null, crm: row?.crm_at ?? null },
    certifiedRun: { udesk: asNumber(row?.udesk_run), crm: asNumber(row?.crm_run) },
    uncertified: { udesk: row?.udesk_uncertified ?? null, crm: row?.crm_uncertified ?? null },
    home: row?.home ?? null,
    restoredAt: row?.restored_at ?? null,
  };
}

function asNumber(value: string | null | undefined): number | null {
  return value == null ? null : Number(value);
}

async function pairColumns(db: Db, name: string): Promise<PairColumns | undefined> {
  const [row] = await rows<PairColumns>(
    db,
    sql`select first_run, alarms::text as alarms, first_plan_hash, udesk_fingerprint, crm_fingerprint, crm_cursor,
          udesk_account, crm_account, ${stranger('udesk')} as udesk_stranger, ${stranger('crm')} as crm_stranger,
          ${isoText(sql`udesk_certified_at`)} as udesk_at, ${isoText(sql`crm_certified_at`)} as crm_at,
          udesk_certified_run as udesk_run, crm_certified_run as crm_run,
          udesk_uncertified, crm_uncertified, home, ${isoText(sql`restored_at`)} as restored_at
        from udesk_sync.pair where name = ${name}`,
  );
  return row;
}

function stranger(side: SideName): SQL {
  return sql`(select a.state from udesk_sync.account_change a
              where a.pair = name and a.side = ${side} and ${ASKING})`;
}

/** A plan that was kept already is not written again: it may hold megabytes, and a person takes days. */
export async function saveFirstPlan(db: Db, name: string, hash: string, plan: FirstPlan): Promise<void> {
  const { sample, at: _, ...counts } = plan;
  await db.execute(
    sql`update udesk_sync.pair set first_plan_hash = ${hash}, first_plan = ${jsonParam(plan)}
        where name = ${name} and (first_plan_hash is distinct from ${hash}
          or first_plan - 'sample' - 'at' is distinct from ${jsonParam(counts)}
          or jsonb_array_length(first_plan -> 'sample' -> 'writes') <> ${sample.writes.length})`,
  );
}

/** A first plan that waits for acceptance: what it amounts to. */
export interface WaitingFirstPlan extends Omit<FirstPlan, 'sample'> {
  readonly pair: string;
  readonly hash: string;
  readonly writes: number;
  /** How many of the writes are kept to be looked at (src/store/plan-samples.ts). */
  readonly kept: number;
}

/** Of these pairs, in the order of their names. */
export async function loadFirstPlans(db: Db, pairs: readonly string[]): Promise<WaitingFirstPlan[]> {
  const found = await rows<{ pair: string; hash: string; plan: string; kept: number | null }>(
    db,
    sql`select name as pair, first_plan_hash as hash, (first_plan - 'sample')::text as plan,
          jsonb_array_length(first_plan -> 'sample' -> 'writes') as kept
        from udesk_sync.pair
        where name = any(${textArray(pairs)}) and first_run = 'pending' and first_plan_hash is not null
          and first_plan is not null order by name`,
  );
  return found.map(({ pair, hash, plan, kept }) => {
    const counts = fromJsonb<Omit<FirstPlan, 'sample'>>(plan);
    const writes = [counts.creates, counts.updates, counts.deletes].reduce(
      (n, of) => n + of.udesk + of.crm,
      0,
    );
    return { ...counts, pair, hash, writes, kept: kept ?? 0 };
  });
}

/**
 * The cycle that last showed a person the first plan of a pair that has not accepted it yet; null when nobody saw one.
 * The daemon's cycles do not count: nobody looks at what they print.
 */
export async function firstPlanShown(db: Db, name: string): Promise<RunRow | null> {
  const [row] = await rows<{ id: string }>(
    db,
    sql`select r.id from udesk_sync.run r join udesk_sync.pair p on p.name = r.pair and p.first_run = 'pending'
        where r.pair = ${name} and r.trigger in ('sync', 'plan') and r.stats @> '{"firstPlan": true}'
        order by r.id desc limit 1`,
  );
  return row === undefined
    ? null
    : ((await runRows(db, sql`pair = ${name} and id = ${row.id}::bigint`, 1))[0] ?? null);
}

/** `accepting` when the first plan was accepted, `accepted` once it was released: a kill in between loses nothing. */
export async function saveFirstRun(db: Db, name: string, state: 'accepting' | 'accepted'): Promise<void> {
  await db.execute(
    sql`update udesk_sync.pair set first_run = ${state}, first_plan = null where name = ${name}`,
  );
}

/** The accepted plan was not released, and is another one now: nothing is accepted any more. */
export async function reopenFirstRun(db: Db, name: string): Promise<void> {
  await db.execute(sql`update udesk_sync.pair set first_run = 'pending' where name = ${name}`);
}

export async function saveAlarms(db: Db, name: string, alarms: SideAlarms): Promise<void> {
  await db.execute(sql`update udesk_sync.pair set alarms = ${jsonParam(alarms)} where name = ${name}`);
}

export async function saveFingerprint(
  db: Db,
  name: string,
  side: SideName,
  fingerprint: string,
  account: string | null,
): Promise<void> {
  const now =
    side === 'udesk'
      ? sql`udesk_fingerprint = ${fingerprint}`
      : // A position in the changes of another table says nothing about this one.
        sql`crm_fingerprint = ${fingerprint}, crm_cursor = case when crm_fingerprint = ${fingerprint} then crm_cursor end`;
  await db.execute(sql`update udesk_sync.pair set ${now} where name = ${name}`);
  await saveAccountName(db, name, side, account);
}

export async function saveAccountName(
  db: Db,
  name: string,
  side: SideName,
  account: string | null,
): Promise<void> {
  const column = side === 'udesk' ? sql`udesk_account` : sql`crm_account`;
  await db.execute(sql`update udesk_sync.pair set ${column} = ${account} where name = ${name}`);
}

/**
 * The result of a full enumeration; the cursor moves here, last, after its observations were stored. A null cursor leaves
 * the known one where it is.
 */
export async function saveEnumeration(
  db: Db,
  name: string,
  side: SideName,
  result: {
    /** When it began, and in which run; null: it proved nothing. */
    certified: { readonly at: Date; readonly run: number } | null;
    uncertified: string | null;
    cursor: string | null;
    total: number | null;
  },
): Promise<void> {
  const certified = side === 'udesk' ? sql`udesk_certified_at` : sql`crm_certified_at`;
  const certifiedRun = side === 'udesk' ? sql`udesk_certified_run` : sql`crm_certified_run`;
  const at = sql`${result.certified?.at.toISOString() ?? null}::timestamptz`;
  const uncertified = side === 'udesk' ? sql`udesk_uncertified` : sql`crm_uncertified`;
  await db.execute(
    sql`update udesk_sync.pair set
          ${certified} = coalesce(${at}, ${certified}),
          ${certifiedRun} = coalesce(${result.certified?.run ?? null}::bigint, ${certifiedRun}),
          ${uncertified} = ${result.uncertified},
          crm_cursor = case when ${side} = 'crm' then coalesce(${result.cursor}, crm_cursor) else crm_cursor end,
          crm_looked_at = case when ${side} = 'crm'
            then coalesce(${at}, crm_looked_at) else crm_looked_at end,
          udesk_total = case when ${side} = 'udesk' then coalesce(${result.total}::int, udesk_total) else udesk_total end
        where name = ${name}`,
  );
}

/** @param lookedAt when the look at the changes began whose end the cursor is */
export async function saveCrmCursor(db: Db, name: string, cursor: string, lookedAt: Date): Promise<void> {
  await db.execute(
    sql`update udesk_sync.pair set crm_cursor = ${cursor}, crm_looked_at = ${lookedAt.toISOString()}::timestamptz
        where name = ${name}`,
  );
}

/** ISO 8601: begin of the last look that showed every change of the CRM, as far as it tells them; null: none yet. */
export async function crmLookedAt(db: Db, name: string): Promise<string | null> {
  const [row] = await rows<{ at: string | null }>(
    db,
    sql`select ${isoText(sql`crm_looked_at`)} as at from udesk_sync.pair where name = ${name}`,
  );
  return row?.at ?? null;
}

export async function startRun(db: Db, pair: string, trigger: string, at: Date): Promise<number> {
  const [row] = await rows<{ id: string }>(
    db,
    sql`insert into udesk_sync.run (pair, trigger, started_at, stats)
        values (${pair}, ${trigger}, ${at.toISOString()}::timestamptz, '{}'::jsonb) returning id`,
  );
  return Number(row?.id);
}

export type RunOutcome = 'done' | 'failed' | 'waiting' | 'abandoned';

export async function finishRun(
  db: Db,
  pair: string,
  id: number,
  result: { at: Date; outcome: RunOutcome; stats: unknown; error: string | null },
): Promise<void> {
  await db.execute(
    sql`update udesk_sync.run set finished_at = ${result.at.toISOString()}::timestamptz, outcome = ${result.outcome},
          stats = ${jsonParam(result.stats)}, error = ${result.error}
        where pair = ${pair} and id = ${id}::bigint`,
  );
}

export interface RunRow {
  readonly id: string;
  readonly trigger: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly outcome: RunOutcome | null;
  readonly stats: Record<string, unknown>;
  readonly error: string | null;
}

export async function lastRuns(db: Db, pair: string, limit: number): Promise<RunRow[]> {
  return await runRows(db, sql`pair = ${pair}`, limit);
}

async function runRows(db: Db, where: SQL, limit: number): Promise<RunRow[]> {
  const found = await rows<{
    id: string;
    trigger: string;
    started_at: string;
    finished_at: string | null;
    outcome: RunOutcome | null;
    stats: string;
    error: string | null;
  }>(
    db,
    sql`select id, trigger, ${isoText(sql`started_at`)} as started_at, ${isoText(sql`finished_at`)} as finished_at, outcome,
          stats::text as stats, error
        from udesk_sync.run where ${where} order by id desc limit ${limit}`,
  );
  return found.map((row) => ({
    id: row.id,
    trigger: row.trigger,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    outcome: row.outcome,
    stats: JSON.parse(row.stats) as Record<string, unknown>,
    error: row.error,
  }));
}

export interface AuditSum {
  readonly links: number;
  /** Records that were not as the mirror held them: what the other lanes had not seen. */
  readonly differences: number;
}

/** What the audit looked at and found in the cycles of the last day. */
export async function auditedLastDay(db: Db, pair: string): Promise<AuditSum> {
  const [row] = await rows<{ links: string | null; differences: string | null }>(
    db,
    sql`select sum((audit ->> 'links')::bigint) as links,
          sum((audit -> 'differences' ->> 'udesk')::bigint + (audit -> 'differences' ->> 'crm')::bigint) as differences
        from (select stats -> 'observed' -> 'audit' as audit from udesk_sync.run
              where pair = ${pair} and started_at >= now() - interval '1 day') cycles
        where audit is not null`,
  );
  return { links: Number(row?.links ?? 0), differences: Number(row?.differences ?? 0) };
}
