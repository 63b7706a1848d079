/**
 * All rows, or those that changed: each run reads one snapshot of the database, so that a row which lives through it
 * is in it exactly once, whatever is inserted or deleted meanwhile. That is what makes the enumeration certified
 * (promise P7).
 *
 * The position for the next look at the changes is taken *before* the snapshot. `updated_at` is stamped while the
 * writer's transaction is still open, so a row can become visible after a position later than its stamp was taken.
 * Against that: the position goes back to the start of the oldest transaction that we can see running (exact where
 * pg_stat_activity shows the others: same role, or member of pg_read_all_stats), and every look reaches back by the
 * overlap beyond that. What still slips through (a hidden transaction longer than the overlap, a clock of the
 * application's own, an edit that does not touch `updated_at`) is found by the next full enumeration.
 */
import { SyncError } from '../../errors.ts';
import type { CallOptions, EnumerationEnd, Page } from '../adapter.ts';
import type { Layout } from './layout.ts';
import { changesByVersion, firstVersionPosition } from './observe-version.ts';
import type { Pool, Row, Session } from './pool.ts';
import { isLive, recordColumns, toRecord, typed } from './rows.ts';
import { name, raw, type Sql, sql } from './sql.ts';

export const PAGE_SIZE = 1_000;

/** A transaction open for longer than this (a dump, a forgotten session) no longer holds the position back. */
const LONGEST_WRITER = '1 hour';

export async function* enumerate(
  pool: Pool,
  layout: Layout,
  options: CallOptions = {},
): AsyncGenerator<Page> {
  const position = await firstPosition(pool, layout);
  const table = raw(layout.table.sqlName);
  const key = sql`t.${name(layout.key.name)}`;
  const end: EnumerationEnd = { certified: true, reason: null, cursor: position };
  yield* inSnapshot(pool, options, async function* (session) {
    const [count] = await session.query(sql`
      select count(*)::text as n from ${table} t where ${isLive(layout)}`);
    const total = Number(count?.n ?? 0);
    const rows = keyset(session, (last) => {
      const after = last === null ? raw('true') : sql`${key} > ${typed(last.id ?? '', layout.key)}`;
      return sql`select ${recordColumns(layout)} from ${table} t where ${after} order by ${key} limit ${PAGE_SIZE}::int`;
    });
    for await (const { page, last } of rows) yield toPage(layout, page, total, last ? end : null);
  });
}

export async function* changes(
  pool: Pool,
  layout: Layout,
  cursor: string,
  overlapMs: number,
  options: CallOptions = {},
): AsyncGenerator<Page> {
  const { updatedAt, deletedAt } = layout;
  if (layout.changedBy === 'version') {
    yield* changesByVersion(pool, layout, cursor, overlapMs, options);
    return;
  }
  if (updatedAt === null) {
    throw new SyncError('invariant', 'this table has no change cursor: `crm.updatedAt` is not configured');
  }
  if (!/^\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(cursor)) {
    throw new SyncError('cursor-expired', 'the stored position is not one of this table', { side: 'crm' });
  }
  const position = await readPosition(pool);
  const table = raw(layout.table.sqlName);
  const key = sql`t.${name(layout.key.name)}`;
  const stamp = sql`t.${name(updatedAt.name)}`;
  const since = sql`(${cursor}::timestamptz - ${overlapMs}::bigint * interval '1 millisecond')`;
  const end: EnumerationEnd = {
    certified: false,
    reason: 'only what changed since the cursor',
    cursor: position,
  };
  yield* inSnapshot(pool, options, async function* (session) {
    const live = keyset(session, (last) => {
      const after =
        last === null
          ? raw('true')
          : sql`(${stamp}, ${key}) > (${last.position ?? null}::timestamptz, ${typed(last.id ?? '', layout.key)})`;
      return sql`select ${recordColumns(layout)} from ${table} t
        where ${isLive(layout)} and isfinite(${stamp}) and ${stamp} >= ${since} and ${after}
        order by ${stamp}, ${key} limit ${PAGE_SIZE}::int`;
    });
    for await (const { page, last } of live) {
      yield toPage(layout, page, null, last && deletedAt === null ? end : null);
    }
    if (deletedAt === null) return;
    // A deletion may leave `updated_at` alone, so either time counts.
    const gone = sql`t.${name(deletedAt.name)}`;
    // Without a time zone of its own the column is off by the server's, or by the rest of the day.
    const slack = raw(deletedAt.type === 'timestamptz' ? `interval '0'` : `interval '1 day'`);
    const deleted = keyset(session, (last) => {
      const after = last === null ? raw('true') : sql`${key} > ${typed(last.id ?? '', layout.key)}`;
      return sql`select ${key}::text as "id", 'true' as "deleted" from ${table} t
        where ${gone} is not null and (${gone} >= ${since} - ${slack} or ${stamp} >= ${since}) and ${after}
        order by ${key} limit ${PAGE_SIZE}::int`;
    });
    for await (const { page, last } of deleted) yield toPage(layout, page, null, last ? end : null);
  });
}

async function firstPosition(pool: Pool, layout: Layout): Promise<string | null> {
  switch (layout.changedBy) {
    case null:
      return null;
    case 'updatedAt':
      return await readPosition(pool);
    case 'version':
      return await firstVersionPosition(pool, layout);
  }
}

/** Now, or the start of the oldest running transaction that we can see. The database's clock, microseconds. */
export async function readPosition(pool: Pool): Promise<string> {
  const rows = await pool.read((session) =>
    session.query(sql`
      select to_char(least(now(), greatest(coalesce(min(xact_start), now()), now() - ${LONGEST_WRITER}::interval))
                     at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as position
      from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`),
  );
  return rows[0]?.position ?? '';
}

export async function* inSnapshot(
  pool: Pool,
  options: CallOptions,
  pages: (session: Session) => AsyncGenerator<Page>,
): AsyncGenerator<Page> {
  options.signal?.throwIfAborted();
  const session = await pool.acquire();
  try {
    await session.begin('snapshot');
    for await (const page of pages(session)) {
      options.signal?.throwIfAborted();
      yield page;
    }
  } finally {
    await session.release();
  }
}

/** Pages of at most `PAGE_SIZE`; the last one (perhaps empty) says so. */
export async function* keyset(
  session: Session,
  next: (last: Row | null) => Sql,
): AsyncGenerator<{ page: readonly Row[]; last: boolean }> {
  for (let previous: Row | null = null; ; ) {
    const page: readonly Row[] = await session.query(next(previous));
    const last = page.length < PAGE_SIZE;
    yield { page, last };
    if (last) return;
    previous = page.at(-1) ?? null;
  }
}

export function toPage(
  layout: Layout,
  rows: readonly Row[],
  total: number | null,
  end: EnumerationEnd | null,
): Page {
  const records = rows.filter((row) => row.deleted !== 'true').map((row) => toRecord(layout, row));
  const deletedIds = rows.filter((row) => row.deleted === 'true').map((row) => row.id ?? '');
  return { records, deletedIds, dropped: [], total, end };
}
