/** Whether anything happened that a page may show: a few look-ups by index, whatever the size of the tables. */
import { sql } from 'drizzle-orm';
import { type Db, rows } from './tx.ts';

/**
 * By pair a text that differs after every cycle that began or ended, and after every decision of a person (whatever its
 * pair). What a cycle under way does shows when it ends.
 */
export async function pulseOf(db: Db): Promise<ReadonlyMap<string, string>> {
  const found = await rows<{ pair: string; pulse: string }>(
    db,
    sql`select p.name as pair, concat_ws(' ', r.id, r.outcome, r.finished_at,
          (select max(seq) from udesk_sync.decision_log)) as pulse
        from udesk_sync.pair p
        left join lateral (
          select id, outcome, finished_at from udesk_sync.run where pair = p.name order by id desc limit 1) r on true`,
  );
  return new Map(found.map(({ pair, pulse }) => [pair, pulse]));
}
