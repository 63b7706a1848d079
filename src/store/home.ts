/**
 * Where a database is at home: tells that it was restored from a backup, or copied, and so may have gone back in time
 * (docs/decisions/0018-a-database-that-went-back.md).
 */
import { sql } from 'drizzle-orm';
import { type Db, rows } from './tx.ts';

/** What `rebaseline` leaves for the next cycle: no database is called so. */
const TOLD = 'told by a person';

/**
 * `system/database/table/timeline`. A logical restore makes the table anew (another table, or database), one into another
 * server has another system identifier, and recovery to a point in time, or a fail-over, another timeline of the write-ahead log.
 * A part that the server does not let us read is `-`.
 */
export async function databaseHome(db: Db): Promise<string> {
  const [may] = await rows<{ system: boolean; timeline: boolean }>(
    db,
    sql`select has_function_privilege('pg_control_system()', 'execute') as system,
          has_function_privilege('pg_walfile_name(pg_lsn)', 'execute')
            and has_function_privilege('pg_current_wal_lsn()', 'execute') as timeline`,
  );
  const system =
    may?.system === true ? sql`(select system_identifier::text from pg_control_system())` : sql`'-'`;
  const timeline =
    may?.timeline === true ? sql`substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)` : sql`'-'`;
  const [row] = await rows<{ home: string }>(
    db,
    sql`select concat_ws('/', ${system}, (select oid from pg_database where datname = current_database()),
          'udesk_sync.pair'::regclass::oid, ${timeline}) as home`,
  );
  return row?.home ?? '-';
}

export async function saveHome(tx: Db, pair: string, home: string): Promise<void> {
  await tx.execute(sql`update udesk_sync.pair set home = ${home} where name = ${pair}`);
}

/** For a restore that cannot be seen from inside (the files of the server put back): the next cycle goes on from a backup. */
export async function tellRestored(db: Db, pair: string): Promise<boolean> {
  const told = await rows(
    db,
    sql`update udesk_sync.pair set home = ${TOLD} where name = ${pair} returning 1`,
  );
  return told.length > 0;
}
