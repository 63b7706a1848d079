/** Cycles as a person goes through them, newest first. */
import { sql } from 'drizzle-orm';
import type { RunOutcome, RunRow } from './pairs.ts';
import { type Db, isoText, rows } from './tx.ts';

export interface PairRun extends RunRow {
  readonly pair: string;
}

/** @param query.trouble only those that failed, or were cut off @param query.before older than this id */
export async function runPage(
  db: Db,
  query: {
    readonly pair: string | null;
    readonly before: string | null;
    readonly trouble: boolean;
    readonly limit: number;
  },
): Promise<PairRun[]> {
  const found = await rows<{
    id: string;
    pair: string;
    trigger: string;
    started_at: string;
    finished_at: string | null;
    outcome: RunOutcome | null;
    stats: string;
    error: string | null;
  }>(
    db,
    sql`select id, pair, trigger, ${isoText(sql`started_at`)} as started_at, ${isoText(sql`finished_at`)} as finished_at,
          outcome, stats::text as stats, error
        from udesk_sync.run
        where (${query.pair}::text is null or pair = ${query.pair}::text)
          and (${query.before}::bigint is null or id < ${query.before}::bigint)
          and (not ${query.trouble}::boolean or outcome in ('failed', 'abandoned'))
        order by id desc limit ${query.limit}`,
  );
  return found.map(({ started_at, finished_at, stats, ...row }) => ({
    ...row,
    startedAt: started_at,
    finishedAt: finished_at,
    stats: JSON.parse(stats) as Record<string, unknown>,
  }));
}
