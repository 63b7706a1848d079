import { sql } from 'drizzle-orm';
import { DEAD_QUEUE } from './jobs.ts';
import { type Db, isoText, rows } from './tx.ts';

/** A lane of a pair that failed so often in a row that its job was put aside; the next tick tries again all the same. */
export interface DeadLetters {
  readonly pair: string;
  readonly lane: string;
  /** How many jobs of it were put aside. */
  readonly count: number;
  /** ISO; since when, and the last time. */
  readonly since: string;
  readonly last: string;
  /** What the last one failed of, without personal data. */
  readonly reason: string | null;
}

/** By pair and lane; none where no daemon has made the job tables yet. */
export async function listDeadLetters(db: Db): Promise<DeadLetters[]> {
  if (!(await hasJobs(db))) return [];
  const found = await rows<{
    pair: string;
    lane: string;
    count: string;
    since: string;
    last: string;
    reason: string | null;
  }>(
    db,
    sql`select data->>'pair' as pair, data->>'lane' as lane, count(*) as count,
          ${isoText(sql`min(created_on)`)} as since, ${isoText(sql`max(created_on)`)} as last,
          (array_agg(coalesce(source_output->>'kind', source_output->>'name') order by created_on desc))[1] as reason
        from udesk_sync_jobs.job
        where name = ${DEAD_QUEUE} and state < 'completed'
        group by 1, 2 order by 1, 2`,
  );
  return found.map(({ count, ...rest }) => ({ ...rest, count: Number(count) }));
}

/** Whether a daemon has made the job tables yet. */
export async function hasJobs(db: Db): Promise<boolean> {
  const [made] = await rows<{ made: boolean }>(
    db,
    sql`select to_regclass('udesk_sync_jobs.job') is not null as made`,
  );
  return made?.made === true;
}
