/** Whether times tell what came before a write and what after it: runs are in order, our clock may not be. */
import { sql } from 'drizzle-orm';
import type { IntentRow } from './intents.ts';
import { type Db, rows } from './tx.ts';

/** The run that sent a write; of one from before this was kept, the run that planned it. */
export const SENT_RUN = sql`coalesce(i.sent_run_id, i.run_id)`;

/**
 * Runs are numbered in their order: one of before that began later than this write was sent, or the other way round, or two
 * since then of which the later one began earlier.
 */
export const CLOCK_WENT_BACK = sql`(exists (
    select 1 from udesk_sync.run o where o.pair = i.pair and o.id <= ${SENT_RUN} and o.started_at > i.sent_at)
  or exists (select 1 from (
    select o.started_at < lag(o.started_at, 1, i.sent_at) over (order by o.id) as back
    from udesk_sync.run o where o.pair = i.pair and o.id > ${SENT_RUN}) since where back))`;

/** Whether our wall clock was set back around the sending of this write, which makes times useless to tell what came first. */
export async function clockWentBack(db: Db, intent: IntentRow): Promise<boolean> {
  const found = await rows(
    db,
    sql`select 1 from udesk_sync.intent i
        where i.pair = ${intent.pair} and i.id = ${intent.id}::bigint and ${CLOCK_WENT_BACK}`,
  );
  return found.length > 0;
}
