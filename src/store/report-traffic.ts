/** What the report tells about the flow: lag, cycles, changes, parked records, coverage. Counted by the database. */
import { sql } from 'drizzle-orm';
import type { SideName } from '../core/record.ts';
import type { ReportScope } from './report-conflicts.ts';
import { type Db, isoText, rows, textArray } from './tx.ts';

const within = (column: string, { since, until, pairs }: ReportScope) =>
  sql`pair = any(${textArray(pairs)}) and ${sql.raw(column)} >= ${since.toISOString()}::timestamptz
    and ${sql.raw(column)} <= ${until.toISOString()}::timestamptz`;
/** p50, p95 and the maximum of an interval, in milliseconds. */
const percentiles = (interval: string) =>
  sql.raw(`
  (extract(epoch from percentile_cont(0.5) within group (order by ${interval})) * 1000)::float8 as p50_ms,
  (extract(epoch from percentile_cont(0.95) within group (order by ${interval})) * 1000)::float8 as p95_ms,
  (extract(epoch from max(${interval})) * 1000)::float8 as max_ms`);

type Spread = { p50_ms: number | null; p95_ms: number | null; max_ms: number | null };

/** Milliseconds; null when there was nothing to measure. */
export interface Percentiles {
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly maxMs: number | null;
}

function spread(row: Spread): Percentiles {
  const round = (ms: number | null) => (ms === null ? null : Math.round(ms));
  return { p50Ms: round(row.p50_ms), p95Ms: round(row.p95_ms), maxMs: round(row.max_ms) };
}

export interface LagRow extends Percentiles {
  readonly pair: string;
  readonly target: SideName;
  /** What it is measured from; see report.sync_lag. */
  readonly cause: 'edit' | 'first sight' | 'decision' | null;
  readonly writes: number;
}

export interface LagDay extends Percentiles {
  readonly day: string;
  readonly writes: number;
}

/** By pair, target and cause; and the edits by day. One pass over the view, which looks up the cause of each write. */
export async function lagOf(db: Db, scope: ReportScope): Promise<{ all: LagRow[]; edits: LagDay[] }> {
  const found = await rows<
    Spread & {
      pair: string | null;
      target: SideName | null;
      cause: LagRow['cause'];
      day: string | null;
      writes: string;
    }
  >(
    db,
    sql`with arrived as materialized (
          select pair, target, cause, lag,
            case when cause = 'edit' then to_char(arrived_at at time zone ${scope.timezone}::text, 'YYYY-MM-DD') end as day
          from report.sync_lag where ${within('arrived_at', scope)})
        select pair, target, cause, day, count(*)::text as writes, ${percentiles('lag')}
        from arrived group by grouping sets ((pair, target, cause), (day))
        order by pair, target, cause, day`,
  );
  const all: LagRow[] = [];
  const edits: LagDay[] = [];
  for (const row of found) {
    const writes = Number(row.writes);
    if (row.pair !== null && row.target !== null) {
      all.push({ pair: row.pair, target: row.target, cause: row.cause, writes, ...spread(row) });
    } else if (row.day !== null) edits.push({ day: row.day, writes, ...spread(row) });
  }
  return { all, edits };
}

export interface EditLag extends Percentiles {
  readonly writes: number;
}

/** Of all edits of the period together, and by the side they went to; null where there were none. */
export type EditLags = Readonly<Record<'all' | SideName, EditLag | null>>;

/** Percentiles of days cannot be put together: this is one count over the whole period. */
export async function editLagsOf(db: Db, scope: ReportScope): Promise<EditLags> {
  const found = await rows<Spread & { target: SideName | null; writes: string }>(
    db,
    sql`select target, count(*)::text as writes, ${percentiles('lag')}
        from report.sync_lag where ${within('arrived_at', scope)} and cause = 'edit'
        group by grouping sets ((), (target))`,
  );
  const of = (target: SideName | null): EditLag | null => {
    const row = found.find((one) => one.target === target);
    const writes = Number(row?.writes ?? 0);
    return row === undefined || writes === 0 ? null : { writes, ...spread(row) };
  };
  return { all: of(null), udesk: of('udesk'), crm: of('crm') };
}

export interface RunsRow extends Percentiles {
  readonly pair: string;
  readonly cycles: number;
  readonly done: number;
  readonly waiting: number;
  readonly failed: number;
  readonly abandoned: number;
  /** Begun and never ended: the process was killed, or it runs now. */
  readonly unfinished: number;
  readonly udeskWrites: number;
  readonly crmWrites: number;
}

export async function runsOf(db: Db, scope: ReportScope): Promise<RunsRow[]> {
  const found = await rows<Spread & Record<string, string | number | null> & { pair: string }>(
    db,
    sql`select pair, count(*)::int as cycles,
          count(*) filter (where outcome = 'done')::int as done,
          count(*) filter (where outcome = 'waiting')::int as waiting,
          count(*) filter (where outcome = 'failed')::int as failed,
          count(*) filter (where outcome = 'abandoned')::int as abandoned,
          count(*) filter (where outcome is null)::int as unfinished,
          coalesce(sum(udesk_writes), 0)::int as udesk_writes, coalesce(sum(crm_writes), 0)::int as crm_writes,
          ${percentiles('duration')}
        from report.sync_run where ${within('started_at', scope)} group by pair order by pair`,
  );
  return found.map((row) => ({
    pair: row.pair,
    cycles: Number(row.cycles),
    done: Number(row.done),
    waiting: Number(row.waiting),
    failed: Number(row.failed),
    abandoned: Number(row.abandoned),
    unfinished: Number(row.unfinished),
    udeskWrites: Number(row.udesk_writes),
    crmWrites: Number(row.crm_writes),
    ...spread(row),
  }));
}

export interface FailureRow {
  readonly pair: string;
  readonly error: string;
  readonly times: number;
  readonly lastAt: string;
}

/** Why cycles failed; the most frequent reasons. */
export async function failuresOf(db: Db, scope: ReportScope, limit: number): Promise<FailureRow[]> {
  const found = await rows<{ pair: string; error: string; times: string; last_at: string }>(
    db,
    sql`select pair, coalesce(error, '') as error, count(*)::text as times, ${isoText(sql`max(started_at)`)} as last_at
        from report.sync_run where ${within('started_at', scope)} and outcome = 'failed'
        group by pair, coalesce(error, '') order by count(*) desc, max(started_at) desc limit ${limit}`,
  );
  return found.map((row) => ({
    pair: row.pair,
    error: row.error,
    times: Number(row.times),
    lastAt: row.last_at,
  }));
}

export interface ParkedReason {
  readonly pair: string;
  readonly side: SideName;
  readonly kind: string;
  /** The vendor's own words. */
  readonly message: string;
  /** Set aside in the period. */
  readonly records: number;
  /** Still set aside. */
  readonly now: number;
}

/** Why records were set aside in the period or earlier and still are; the most frequent reasons. */
export async function parkedReasons(db: Db, scope: ReportScope, limit: number): Promise<ParkedReason[]> {
  const since = sql`at >= ${scope.since.toISOString()}::timestamptz`;
  const found = await rows<Omit<ParkedReason, 'records' | 'now'> & { records: string; now: string }>(
    db,
    sql`select pair, side, kind, message, count(*) filter (where ${since})::text as records,
          count(*) filter (where state = 'parked')::text as now
        from udesk_sync.parked
        where pair = any(${textArray(scope.pairs)}) and (${since} or state = 'parked')
          and at <= ${scope.until.toISOString()}::timestamptz
        group by pair, side, kind, message
        order by count(*) filter (where state = 'parked') desc, count(*) desc, message limit ${limit}`,
  );
  return found.map((row) => ({ ...row, records: Number(row.records), now: Number(row.now) }));
}

export interface FieldChanges {
  readonly pair: string;
  readonly side: SideName;
  readonly field: string;
  /** Seen on that side and not made by us. */
  readonly edits: number;
  /** Of our own writes. */
  readonly written: number;
}

export interface RecordChanges {
  readonly pair: string;
  readonly side: SideName;
  readonly recordId: string;
  readonly edits: number;
}

export async function changesOf(
  db: Db,
  scope: ReportScope,
  limit: number,
): Promise<{ fields: FieldChanges[]; records: RecordChanges[] }> {
  const fields = await rows<Omit<FieldChanges, 'edits' | 'written'> & { edits: string; written: string }>(
    db,
    sql`select pair, side, field, count(*) filter (where lane <> 'write')::text as edits,
          count(*) filter (where lane = 'write')::text as written
        from udesk_sync.observation, jsonb_object_keys(delta) as field
        where ${within('at', scope)} and field <> '*'
        group by pair, side, field
        order by count(*) filter (where lane <> 'write') desc, count(*) desc, pair, side, field limit ${limit}`,
  );
  const records = await rows<{ pair: string; side: SideName; remote_id: string; edits: string }>(
    db,
    sql`select pair, side, remote_id, count(*)::text as edits from udesk_sync.observation
        where ${within('at', scope)} and lane <> 'write' and delta <> '{}'::jsonb
        group by pair, side, remote_id order by count(*) desc, pair, side, remote_id limit ${limit}`,
  );
  return {
    fields: fields.map((row) => ({ ...row, edits: Number(row.edits), written: Number(row.written) })),
    records: records.map(({ remote_id: recordId, edits, ...row }) => ({
      ...row,
      recordId,
      edits: Number(edits),
    })),
  };
}

export interface CoverageRow {
  readonly pair: string;
  readonly side: SideName;
  /** Begin of the last enumeration that was proven complete; null when there was none. */
  readonly certifiedAt: string | null;
  readonly uncertified: string | null;
  readonly live: number;
  readonly linked: number;
  /** What the side says that it holds; null when it does not say. */
  readonly total: number | null;
}

export async function coverageOf(db: Db, pairs: readonly string[]): Promise<CoverageRow[]> {
  const found = await rows<{
    pair: string;
    side: SideName;
    certified_at: string | null;
    uncertified_reason: string | null;
    live: string;
    linked: string;
    total: number | null;
  }>(
    db,
    sql`select pair, side, ${isoText(sql`certified_at`)} as certified_at, uncertified_reason,
          live_records::text as live, linked_records::text as linked, total_on_side as total
        from report.coverage where pair = any(${textArray(pairs)}) order by pair, side desc`,
  );
  return found.map((row) => ({
    pair: row.pair,
    side: row.side,
    certifiedAt: row.certified_at,
    uncertified: row.uncertified_reason,
    live: Number(row.live),
    linked: Number(row.linked),
    total: row.total,
  }));
}
