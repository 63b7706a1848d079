/** Gives each month of history its partition ahead of time, and lets go of what is older than is kept. */
import { sql } from 'drizzle-orm';
import { firstKept, firstOf, isLookDue, type LastLook, planMonths, slowClock } from '../core/retention.ts';
import {
  addMonth,
  dropMonth,
  isEmpty,
  lockFor,
  monthPartitions,
  PARTITIONED,
  type PartitionedTable,
  strayMonths,
} from './partitions.ts';
import type { KeptKind } from './schema/run.ts';
import { type Db, isoText, rows } from './tx.ts';

/** Beside those of migrate.ts and jobs.ts. */
const LOCK_KEY = 87966;
/** The last cycles of a pair stay, however old they are: `status` and the metrics tell of them. */
const RUNS_KEPT = 1_000;
const RUNS_AT_ONCE = 5_000;

/** Whole months that are kept of each kind, beside the one that is under way. */
export type KeptMonths = Readonly<Record<KeptKind, number>>;

export interface Kept {
  readonly kind: KeptKind;
  readonly created: readonly string[];
  readonly dropped: readonly string[];
  /** Rows that had no month's partition, and have one now. */
  readonly moved: number;
  /** Cycles that were deleted. */
  readonly deleted: number;
  readonly held: number;
}

export const TABLES = Object.keys(PARTITIONED) as PartitionedTable[];

/**
 * One look at everything that is due, each kind in a transaction of its own: a kill leaves it undone, and the next look
 * does it. Throws Postgres's 55P03 where a long query keeps the tables: then another look is due.
 * @param how.allowed a person wants what is held to go
 * @returns what was looked at; nothing where another process looks, or nothing is due
 */
export async function lookAfterHistory(
  db: Db,
  months: KeptMonths,
  how: {
    readonly now: Date;
    readonly allowed?: boolean;
    readonly force?: boolean;
    readonly signal?: AbortSignal;
  },
): Promise<Kept[]> {
  const done: Kept[] = [];
  for (const table of TABLES) {
    const kept = await db.transaction(async (tx) => {
      const look = await beginLook(tx, table, how);
      return look === null ? null : await keepMonths(tx, table, months[table], look, how);
    });
    if (kept !== null) done.push(kept);
    if (kept !== null && kept.created.length + kept.dropped.length > 0) {
      // Nothing gathers the statistics of the whole by itself.
      await db.execute(sql`analyze ${sql.identifier('udesk_sync')}.${sql.identifier(table)}`);
    }
  }
  const look = await db.transaction((tx) => beginLook(tx, 'run', how));
  if (look !== null) done.push(await keepRuns(db, months.run, look, how));
  return done;
}

/** Null: it is not due, or somebody else is at it. */
async function beginLook(
  tx: Db,
  kind: KeptKind,
  { now, force = false }: { readonly now: Date; readonly force?: boolean },
): Promise<{ readonly clock: Date } | null> {
  const [free] = await rows<{ free: boolean }>(
    tx,
    sql`select pg_try_advisory_xact_lock(${LOCK_KEY}) as free`,
  );
  if (free?.free !== true) return null;
  const last = await lastLook(tx, kind);
  if (!force && !isLookDue(last, now)) return null;
  return { clock: slowClock(last, now) };
}

async function keepMonths(
  tx: Db,
  table: PartitionedTable,
  months: number,
  { clock }: { readonly clock: Date },
  { now, allowed = false }: { readonly now: Date; readonly allowed?: boolean },
): Promise<Kept> {
  const since = firstKept(clock, months);
  const partitions: { month: string; empty: boolean }[] = [];
  for (const { month } of await monthPartitions(tx, table)) {
    partitions.push({ month, empty: month >= since || (await isEmpty(tx, table, month)) });
  }
  const stray = [...(await strayMonths(tx, table)).keys()];
  const plan = planMonths({ clock, now, months, partitions, stray, allowed });
  let moved = 0;
  if (plan.create.length + plan.drop.length > 0) await lockFor(tx, table, plan.drop.length > 0);
  for (const month of plan.create) moved += await addMonth(tx, table, month);
  for (const month of plan.drop) await dropMonth(tx, table, month);
  const lost = plan.drop.filter((month) => partitions.every((one) => one.month !== month || !one.empty));
  // Udesk goes on telling of changes of long ago: they are not taken again, nor for the first time.
  const isPast = lost.length > 0 || (table === 'feed' && plan.held === 0);
  await endLook(tx, table, { now, clock, held: plan.held, keptSince: isPast ? firstOf(since) : null });
  return { kind: table, created: plan.create, dropped: lost, moved, deleted: 0, held: plan.held };
}

/** Cycles that wrote something stay as long as their writes; so does the plan that a person was shown first. */
async function keepRuns(
  db: Db,
  months: number,
  { clock }: { readonly clock: Date },
  { now, signal }: { readonly now: Date; readonly signal?: AbortSignal },
): Promise<Kept> {
  const since = firstOf(firstKept(clock, months));
  let deleted = 0;
  for (const { name } of await rows<{ name: string }>(
    db,
    sql`select name from udesk_sync.pair order by name`,
  )) {
    for (let after = '0'; ; ) {
      signal?.throwIfAborted();
      const [step] = await rows<{ last: string | null; n: string }>(
        db,
        sql`with old as (
              select r.id from udesk_sync.run r
              where r.pair = ${name} and r.id > ${after}::bigint and r.started_at < ${since.toISOString()}::timestamptz
                and r.id < (select min(id) from (
                  select id from udesk_sync.run where pair = ${name} order by id desc limit ${RUNS_KEPT}) kept)
              order by r.id limit ${RUNS_AT_ONCE}),
            gone as (
              delete from udesk_sync.run r using old where r.pair = ${name} and r.id = old.id
                and not exists (select 1 from udesk_sync.intent i where i.pair = ${name} and i.run_id = r.id)
                and not r.stats @> '{"firstPlan": true}' returning 1)
            select (select max(id) from old)::text as last, (select count(*) from gone)::text as n`,
      );
      deleted += Number(step?.n ?? 0);
      if (step?.last == null) break;
      after = step.last;
    }
  }
  await endLook(db, 'run', { now, clock, held: 0, keptSince: deleted > 0 ? since : null });
  return { kind: 'run', created: [], dropped: [], moved: 0, deleted, held: 0 };
}

export interface KeptFrom {
  /** ISO 8601; null: nothing was ever deleted. */
  readonly keptSince: string | null;
  /** Months that wait for a person. */
  readonly held: number;
  readonly lookedAt: string | null;
}

export async function keptSince(db: Db): Promise<Readonly<Record<KeptKind, KeptFrom>>> {
  const found = await rows<{
    kind: KeptKind;
    kept_since: string | null;
    held: number;
    looked_at: string | null;
  }>(
    db,
    sql`select kind, ${isoText(sql`kept_since`)} as kept_since, held, ${isoText(sql`looked_at`)} as looked_at
        from udesk_sync.retention`,
  );
  const of = (kind: KeptKind): KeptFrom => {
    const row = found.find((one) => one.kind === kind);
    return { keptSince: row?.kept_since ?? null, held: row?.held ?? 0, lookedAt: row?.looked_at ?? null };
  };
  return { observation: of('observation'), feed: of('feed'), run: of('run') };
}

async function lastLook(db: Db, kind: KeptKind): Promise<LastLook> {
  const [row] = await rows<{ looked_at: string | null; clock_at: string | null }>(
    db,
    sql`select ${isoText(sql`looked_at`)} as looked_at, ${isoText(sql`clock_at`)} as clock_at from udesk_sync.retention where kind = ${kind}`,
  );
  const time = (text: string | null | undefined) => (text == null ? null : new Date(text));
  return { lookedAt: time(row?.looked_at), clockAt: time(row?.clock_at) };
}

async function endLook(
  db: Db,
  kind: KeptKind,
  look: { readonly now: Date; readonly clock: Date; readonly held: number; readonly keptSince: Date | null },
): Promise<void> {
  await db.execute(
    sql`insert into udesk_sync.retention as k (kind, kept_since, held, clock_at, looked_at)
        values (${kind}, ${look.keptSince?.toISOString() ?? null}::timestamptz, ${look.held}::int,
          ${look.clock.toISOString()}::timestamptz, ${look.now.toISOString()}::timestamptz)
        on conflict (kind) do update set kept_since = greatest(k.kept_since, excluded.kept_since), held = excluded.held,
          clock_at = excluded.clock_at, looked_at = excluded.looked_at`,
  );
}
