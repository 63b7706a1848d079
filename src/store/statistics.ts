import { sql } from 'drizzle-orm';
import { type Db, rows, textArray } from './tx.ts';

/** Asked for by pair and id, and filled within one cycle when a pair is new. */
const TABLES = ['record', 'link', 'intent', 'conflict'];
/** 2 MB: below that every plan is quick. */
const LEAST_PAGES = 256;
const GROWN = 4;

/**
 * Makes the statistics of tables anew that are four times as large as when they were last made. Postgres does so by itself
 * a minute later, and a first cycle is over by then: until there are statistics, any index that begins with the pair looks
 * as good to it as the key, and each link would be looked for among all of them (2.6 s instead of 6 ms for 500 links of
 * 100,000). A table that somebody else is at is left to them.
 * @returns the tables
 */
export async function refreshStatistics(db: Db): Promise<string[]> {
  const grown = await rows<{ name: string }>(
    db,
    sql`select c.relname as name from pg_class c
        where c.relnamespace = 'udesk_sync'::regnamespace and c.relname = any(${textArray(TABLES)})
          and pg_relation_size(c.oid) / current_setting('block_size')::int
            > greatest(case when c.reltuples < 0 then 0 else c.relpages end * ${GROWN}::int, ${LEAST_PAGES}::int)`,
  );
  for (const { name } of grown) {
    await db.execute(sql`analyze (skip_locked) ${sql.identifier('udesk_sync')}.${sql.identifier(name)}`);
  }
  return grown.map(({ name }) => name);
}
