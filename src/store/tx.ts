import { type SQL, sql } from 'drizzle-orm';
import type { PgDatabase } from 'drizzle-orm/pg-core';
import type { PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js';
import { SyncError } from '../errors.ts';
import { toJsonb } from './jsonb.ts';

/** A database or a transaction of one: every store function takes either. */
export type Db = PgDatabase<PostgresJsQueryResultHKT>;

/** The time-limited ownership of a pair, as held by this process. */
export interface Fence {
  readonly pair: string;
  readonly owner: string;
  readonly fence: number;
}

/**
 * A transaction that commits only while we still own the pair: the lease row is read and locked against
 * a new owner until the commit, so that a process that was replaced cannot write any more (lease-lost). It is not locked
 * against its renewal: what takes longer than the lease lasts does not cost it.
 * The question and the first statement of `work` leave together, in this order: without the lease whatever `work` did is
 * rolled back, so it must do nothing but read and write in `tx`.
 */
export async function fenced<T>(db: Db, fence: Fence, work: (tx: Db) => Promise<T>): Promise<T> {
  return await db.transaction(async (tx) => {
    const asked = rows(
      tx,
      sql`select 1 from udesk_sync.lease
          where pair = ${fence.pair} and owner = ${fence.owner} and fence = ${fence.fence} for key share`,
    );
    // Both come to their end before anything is rolled back: a statement that is sent after that would be on its own.
    const [held, done] = await Promise.allSettled([asked, work(tx)]);
    if (held.status === 'rejected') throw held.reason;
    if (held.value.length === 0) {
      throw new SyncError('lease-lost', `another process owns the pair ${fence.pair} now`, {
        pair: fence.pair,
        advice: 'Nothing to do: the other process goes on with the work.',
      });
    }
    if (done.status === 'rejected') throw done.reason;
    return done.value;
  });
}

/** Runs raw SQL and gives its rows as plain objects; bigint columns arrive as text. */
export async function rows<T extends Record<string, unknown>>(db: Db, query: SQL): Promise<T[]> {
  return [...(await db.execute<T>(query))] as unknown as T[];
}

/** A time as ISO 8601 text in UTC, milliseconds included: what the rest of the program works with. */
export function isoText(time: SQL): SQL {
  return sql`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** Any JSON value as one parameter, without loss. */
export function jsonParam(value: unknown): SQL {
  return sql`${toJsonb(value)}::text::jsonb`;
}

/** A list of texts as one parameter (drizzle would expand an array into many). */
export function textArray(values: readonly string[]): SQL {
  return sql`array(select jsonb_array_elements_text(${toJsonb(values)}::text::jsonb))`;
}
