/**
 * The partitions of `observation` and `feed`: one per month in UTC, and a default one, so that a row always has a place.
 * Everything here is for one transaction of src/store/retention.ts. Why so: docs/decisions/0038-*.
 */
import { sql } from 'drizzle-orm';
import { addMonths, firstOf, type Month } from '../core/retention.ts';
import { type Db, rows } from './tx.ts';

/** Table → the column by which it is partitioned. */
export const PARTITIONED = { observation: 'at', feed: 'kept_at' } as const;
export type PartitionedTable = keyof typeof PARTITIONED;

export interface MonthPartition {
  readonly month: Month;
  /** On disk, indexes included. */
  readonly bytes: number;
}

/** Oldest first. */
export async function monthPartitions(db: Db, table: PartitionedTable): Promise<MonthPartition[]> {
  const found = await rows<{ name: string; bytes: string }>(
    db,
    sql`select c.relname as name, pg_total_relation_size(c.oid)::text as bytes
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = ${`udesk_sync.${table}`}::regclass order by c.relname`,
  );
  return found.flatMap(({ name, bytes }) => {
    const [, year, month] = /_y(\d{4})m(\d{2})$/.exec(name) ?? [];
    return year === undefined ? [] : [{ month: `${year}-${month}`, bytes: Number(bytes) }];
  });
}

export async function isEmpty(db: Db, table: PartitionedTable, month: Month): Promise<boolean> {
  const found = await rows(db, sql`select 1 from ${relation(nameOf(table, month))} limit 1`);
  return found.length === 0;
}

/** Months of the rows in the default partition, and how many rows each has. */
export async function strayMonths(db: Db, table: PartitionedTable): Promise<Map<Month, number>> {
  const found = await rows<{ month: string; n: string }>(
    db,
    sql`select to_char(${sql.raw(PARTITIONED[table])} at time zone 'UTC', 'YYYY-MM') as month, count(*)::text as n
        from ${relation(`${table}_default`)} group by 1 order by 1`,
  );
  return new Map(found.map(({ month, n }) => [month, Number(n)]));
}

/** What is to be locked first, so that nobody who reads the table meets us half-way: only dropping keeps readers out. */
export async function lockFor(tx: Db, table: PartitionedTable, drops: boolean): Promise<void> {
  await tx.execute(sql`set local lock_timeout = '5s'`);
  if (drops) await tx.execute(sql`lock table only ${relation(table)} in access exclusive mode`);
  await tx.execute(sql`lock table only ${relation(`${table}_default`)} in access exclusive mode`);
}

/** Made apart and attached, for `create … partition of` would keep readers and writers out. @returns rows that moved there */
export async function addMonth(tx: Db, table: PartitionedTable, month: Month): Promise<number> {
  const name = relation(nameOf(table, month));
  await tx.execute(sql`create table ${name} (like ${relation(table)} including all)`);
  const moved = await rows<{ n: string }>(
    tx,
    sql`with moved as (delete from ${relation(`${table}_default`)} where ${within(table, month)} returning *),
          put as (insert into ${name} select * from moved returning 1)
        select count(*)::text as n from put`,
  );
  await tx.execute(
    sql`alter table ${relation(table)} attach partition ${name}
        for values from (${bound(month)}) to (${bound(addMonths(month, 1))})`,
  );
  return Number(moved[0]?.n ?? 0);
}

/** The partition with its rows, if there is one, and the month's rows in the default partition. */
export async function dropMonth(tx: Db, table: PartitionedTable, month: Month): Promise<void> {
  await tx.execute(sql`drop table if exists ${relation(nameOf(table, month))}`);
  await tx.execute(sql`delete from ${relation(`${table}_default`)} where ${within(table, month)}`);
}

function nameOf(table: PartitionedTable, month: Month): string {
  return `${table}_y${month.replace('-', 'm')}`;
}

function relation(name: string) {
  return sql`${sql.identifier('udesk_sync')}.${sql.identifier(name)}`;
}

/** DDL takes no parameters; these are made of digits. */
function bound(month: Month) {
  return sql.raw(`'${firstOf(month).toISOString()}'`);
}

function within(table: PartitionedTable, month: Month) {
  const column = sql.raw(PARTITIONED[table]);
  return sql`${column} >= ${bound(month)}::timestamptz and ${column} < ${bound(addMonths(month, 1))}::timestamptz`;
}
