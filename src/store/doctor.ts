/** Facts about our own tables that `check` judges (src/report/doctor.ts): counted, never read for their content. */
import { sql } from 'drizzle-orm';
import { addMonths, monthOf } from '../core/retention.ts';
import { type DeadLetters, listDeadLetters } from './dead-letters.ts';
import { JOBS_SCHEMA } from './jobs.ts';
import { monthPartitions, type PartitionedTable, strayMonths } from './partitions.ts';
import { liveReplicas } from './replicas.ts';
import { type KeptFrom, keptSince, TABLES } from './retention.ts';
import type { ReplicaState } from './schema/replica.ts';
import { type Db, isoText, rows, textArray } from './tx.ts';

export interface DatabaseFacts {
  /** Of the whole database, in bytes; null where this user may not ask. */
  readonly sizeBytes: number | null;
  /** The tables with the most rows that nobody can see any more, those of the jobs included; named with their schema. */
  readonly bloated: readonly { readonly table: string; readonly live: number; readonly dead: number }[];
  readonly autovacuum: boolean;
  /** The database's clock before ours by this many milliseconds (negative: behind). */
  readonly clockAheadMs: number;
  /** Pairs that have rows here and are not in the configuration. */
  readonly unknownPairs: readonly string[];
  readonly history: readonly HistoryFacts[];
}

/** The partitions of one table (src/store/partitions.ts). */
export interface HistoryFacts {
  readonly table: string;
  /** Months after the present one that have a partition already, without a hole. */
  readonly monthsAhead: number;
  /** Rows in the default partition, and the months of the first and the last of them. */
  readonly stray: { readonly rows: number; readonly from: string; readonly to: string } | null;
  /** Hours since they were last looked after; null: never. */
  readonly lookedHoursAgo: number | null;
  /** Months that wait for a person to let them go. */
  readonly held: number;
}

export interface PairFacts {
  /** ISO 8601 of the oldest write of each state that is still to be made; null where there is none. */
  readonly oldestPendingAt: string | null;
  readonly oldestUnknownAt: string | null;
  readonly pending: number;
  readonly unknown: number;
  /** A lease that ran out without being given back: who held it, and how long ago. */
  readonly expiredLease: { readonly owner: string; readonly agoMs: number } | null;
  /** Confirmed links of which a record is not in the mirror. */
  readonly linksWithoutRecord: number;
  /** Records that name a link which is not there. */
  readonly recordsWithoutLink: number;
  /** Open conflicts and parked records whose link is not there. */
  readonly rowsWithoutLink: number;
  /** Customers of Udesk at the last full reading; null before it. */
  readonly udeskTotal: number | null;
  readonly udeskListed: number | null;
  readonly udeskCapped: boolean;
  /** Lanes that were given up, for now. */
  readonly deadLetters: readonly DeadLetters[];
  /** Endpoints that the daemon leaves alone, for now. */
  readonly breakers: ReplicaState['breakers'];
}

/** Fewer dead rows than these are no bloat. */
const DEAD_ROWS = 10_000;

export async function databaseFacts(
  db: Db,
  configured: readonly string[],
  now: Date,
): Promise<DatabaseFacts> {
  const [row] = await rows<{ size: string | null; autovacuum: boolean; ahead: number }>(
    db,
    sql`select case when has_database_privilege(current_database(), 'connect')
            then pg_database_size(current_database())::text end as size,
          current_setting('autovacuum')::boolean as autovacuum,
          (extract(epoch from clock_timestamp() - ${now.toISOString()}::timestamptz) * 1000)::float8 as ahead`,
  );
  const bloated = await rows<{ table: string; live: string; dead: string }>(
    db,
    sql`select schemaname || '.' || relname as table, n_live_tup::text as live, n_dead_tup::text as dead
        from pg_stat_user_tables where schemaname in ('udesk_sync', ${JOBS_SCHEMA}) and n_dead_tup > ${DEAD_ROWS} order by n_dead_tup desc limit 5`,
  );
  const unknown = await rows<{ name: string }>(
    db,
    sql`select name from udesk_sync.pair where not name = any(${textArray(configured)}) order by name`,
  );
  const kept = await keptSince(db);
  return {
    sizeBytes: row?.size == null ? null : Number(row.size),
    autovacuum: row?.autovacuum !== false,
    clockAheadMs: Math.round(row?.ahead ?? 0),
    bloated: bloated.map(({ table, live, dead }) => ({ table, live: Number(live), dead: Number(dead) })),
    unknownPairs: unknown.map(({ name }) => name),
    history: await Promise.all(TABLES.map((table) => historyFacts(db, table, kept[table], now))),
  };
}

async function historyFacts(
  db: Db,
  table: PartitionedTable,
  { held, lookedAt }: KeptFrom,
  now: Date,
): Promise<HistoryFacts> {
  const months = new Set((await monthPartitions(db, table)).map(({ month }) => month));
  let monthsAhead = -1;
  while (months.has(addMonths(monthOf(now), monthsAhead + 1))) monthsAhead += 1;
  const stray = [...(await strayMonths(db, table))];
  const [first] = stray;
  return {
    table,
    monthsAhead: Math.max(0, monthsAhead),
    stray:
      first === undefined
        ? null
        : {
            rows: stray.reduce((sum, [, n]) => sum + n, 0),
            ...{ from: first[0], to: stray.at(-1)?.[0] ?? first[0] },
          },
    lookedHoursAgo: lookedAt === null ? null : (now.getTime() - Date.parse(lookedAt)) / 3_600_000,
    held,
  };
}

export async function pairFacts(db: Db, pair: string): Promise<PairFacts> {
  const [outbox] = await rows<Record<'pending' | 'unknown', string> & Record<'p_at' | 'u_at', string | null>>(
    db,
    sql`select count(*) filter (where state = 'pending') as pending,
          count(*) filter (where state in ('sending', 'unknown')) as unknown,
          ${isoText(sql`min(created_at) filter (where state = 'pending')`)} as p_at,
          ${isoText(sql`min(coalesce(sent_at, created_at)) filter (where state in ('sending', 'unknown'))`)} as u_at
        from udesk_sync.intent where pair = ${pair} and state in ('pending', 'sending', 'unknown')`,
  );
  const [lease] = await rows<{ owner: string; ago: string }>(
    db,
    sql`select owner, (extract(epoch from now() - expires_at) * 1000)::bigint as ago from udesk_sync.lease
        where pair = ${pair} and owner <> '' and expires_at < now()`,
  );
  const [orphans] = await rows<{ links: string; records: string; rows: string }>(
    db,
    sql`select
          (select count(*) from udesk_sync.link l where l.pair = ${pair} and l.state = 'confirmed' and (
            (l.udesk_id is not null and not exists (select 1 from udesk_sync.record r
              where r.pair = l.pair and r.side = 'udesk' and r.remote_id = l.udesk_id))
            or (l.crm_id is not null and not exists (select 1 from udesk_sync.record r
              where r.pair = l.pair and r.side = 'crm' and r.remote_id = l.crm_id)))) as links,
          (select count(*) from udesk_sync.record r where r.pair = ${pair} and r.link_id is not null
            and not exists (select 1 from udesk_sync.link l where l.pair = r.pair and l.id = r.link_id)) as records,
          (select count(*) from udesk_sync.conflict c where c.pair = ${pair} and c.state in ('open', 'resolving')
            and not exists (select 1 from udesk_sync.link l where l.pair = c.pair and l.id = c.link_id))
          + (select count(*) from udesk_sync.parked p where p.pair = ${pair} and p.state = 'parked'
            and p.link_id is not null and not exists (select 1 from udesk_sync.link l where l.pair = p.pair and l.id = p.link_id)) as rows`,
  );
  const [reach] = await rows<{ total: number | null; listed: number | null; capped: boolean }>(
    db,
    sql`select udesk_total as total, udesk_listed as listed, udesk_capped as capped
        from udesk_sync.pair where name = ${pair}`,
  );
  return {
    oldestPendingAt: outbox?.p_at ?? null,
    oldestUnknownAt: outbox?.u_at ?? null,
    pending: Number(outbox?.pending ?? 0),
    unknown: Number(outbox?.unknown ?? 0),
    expiredLease: lease === undefined ? null : { owner: lease.owner, agoMs: Number(lease.ago) },
    linksWithoutRecord: Number(orphans?.links ?? 0),
    recordsWithoutLink: Number(orphans?.records ?? 0),
    rowsWithoutLink: Number(orphans?.rows ?? 0),
    udeskTotal: reach?.total ?? null,
    udeskListed: reach?.listed ?? null,
    udeskCapped: reach?.capped === true,
    deadLetters: (await listDeadLetters(db)).filter((letters) => letters.pair === pair),
    breakers: (await liveReplicas(db)).flatMap(({ breakers }) =>
      breakers.filter((breaker) => breaker.pair === pair),
    ),
  };
}
