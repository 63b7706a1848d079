/**
 * Changes by version: numbers of one sequence for the whole table, or Postgres' own `xmin`.
 *
 * A number is taken while its transaction is still open, so a row can become visible after rows with higher numbers. Against
 * that, a number counts as passed only once every transaction that had begun before it was seen has ended (as far as
 * pg_stat_activity shows the others), and the overlap has gone by besides. Until there is such a number, and for `xmin`
 * always, the snapshot says exactly what was visible: rows of transactions that it does not cover are the changes. That
 * reads the whole table on the server, and sends what changed.
 */
import { SyncError } from '../../errors.ts';
import type { CallOptions, EnumerationEnd, Page } from '../adapter.ts';
import type { Layout } from './layout.ts';
import { inSnapshot, keyset, readPosition, toPage } from './observe.ts';
import type { Pool } from './pool.ts';
import { isLive, recordColumns, typed } from './rows.ts';
import { name, raw, type Sql, sql } from './sql.ts';

const PAGE_SIZE = 1_000;

interface Position {
  /** Every row with this number or a lower one was visible; null: not known of any number. */
  readonly passed: string | null;
  /** The highest number at `seenAt`, to be passed later. */
  readonly newest: string;
  /** The database's clock, ISO 8601 with microseconds. */
  readonly seenAt: string;
  /** Every transaction before this one had ended. */
  readonly xid: string;
}

export async function firstVersionPosition(pool: Pool, layout: Layout): Promise<string> {
  return toText({ passed: null, ...(await look(pool, layout)) });
}

export async function* changesByVersion(
  pool: Pool,
  layout: Layout,
  cursor: string,
  overlapMs: number,
  options: CallOptions,
): AsyncGenerator<Page> {
  const before = fromText(cursor);
  const settledAt = await readPosition(pool);
  const seen = await look(pool, layout);
  if (before === null || BigInt(seen.xid) < BigInt(before.xid)) {
    throw new SyncError('cursor-expired', 'the stored position is not one of this table', { side: 'crm' });
  }
  const next = isSettled(before, settledAt, overlapMs)
    ? { ...seen, passed: usesNumbers(layout) ? before.newest : null }
    : { ...before, xid: seen.xid };
  const end: EnumerationEnd = {
    certified: false,
    reason: 'only what changed since the cursor',
    cursor: toText(next),
  };
  const table = raw(layout.table.sqlName);
  const key = sql`t.${name(layout.key.name)}`;
  const changed = changedSince(layout, before);
  yield* inSnapshot(pool, options, async function* (session) {
    const live = keyset(session, (last) => {
      const after = last === null ? raw('true') : sql`${key} > ${typed(last.id ?? '', layout.key)}`;
      return sql`select ${recordColumns(layout)} from ${table} t
        where ${isLive(layout)} and ${changed} and ${after} order by ${key} limit ${PAGE_SIZE}::int`;
    });
    const { deletedAt } = layout;
    for await (const { page, last } of live)
      yield toPage(layout, page, null, last && deletedAt === null ? end : null);
    if (deletedAt === null) return;
    const gone = keyset(session, (last) => {
      const after = last === null ? raw('true') : sql`${key} > ${typed(last.id ?? '', layout.key)}`;
      return sql`select ${key}::text as "id", 'true' as "deleted" from ${table} t
        where t.${name(deletedAt.name)} is not null and ${changed} and ${after}
        order by ${key} limit ${PAGE_SIZE}::int`;
    });
    for await (const { page, last } of gone) yield toPage(layout, page, null, last ? end : null);
  });
}

function changedSince(layout: Layout, { passed, xid }: Position): Sql {
  const { version, table } = layout;
  if (passed !== null && version !== null) return sql`t.${name(version.name)} > ${passed}::bigint`;
  if (table.isView || !table.maySelectXmin) return raw('true');
  // Rows keep the lower 32 bits of a transaction's number; half of the circle lies ahead of the position.
  return sql`(t.xmin::text::bigint - (${xid}::bigint % 4294967296) + 4294967296) % 4294967296 < 2147483648`;
}

function usesNumbers({ version }: Layout): boolean {
  return version !== null && !version.generated;
}

/** Whether everything that was under way when the position was seen has ended. */
function isSettled({ seenAt }: Position, settledAt: string, overlapMs: number): boolean {
  return Date.parse(settledAt) - Date.parse(seenAt) > overlapMs;
}

async function look(pool: Pool, layout: Layout): Promise<Omit<Position, 'passed'>> {
  const { version } = layout;
  const newest =
    version === null || version.generated
      ? raw("'0'")
      : sql`(select coalesce(max(t.${name(version.name)}), 0)::text from ${raw(layout.table.sqlName)} t)`;
  const [row] = await pool.read((session) =>
    session.query(sql`
      select ${newest} as newest, pg_snapshot_xmin(pg_current_snapshot())::text as xid,
             to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now`),
  );
  return { newest: row?.newest ?? '0', xid: row?.xid ?? '0', seenAt: row?.now ?? '' };
}

function toText({ passed, newest, seenAt, xid }: Position): string {
  return `v1 ${passed ?? '-'} ${newest} ${xid} ${seenAt}`;
}

function fromText(cursor: string): Position | null {
  const match = /^v1 (-|-?\d+) (-?\d+) (\d+) (\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)$/.exec(cursor);
  if (match === null) return null;
  const [, passed = '-', newest = '0', xid = '0', seenAt = ''] = match;
  return { passed: passed === '-' ? null : passed, newest, xid, seenAt };
}
