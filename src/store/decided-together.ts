/** What one person decided in one go: decisions of the same moment, known by the first of them. */
import { sql } from 'drizzle-orm';
import { type Db, rows } from './tx.ts';

/** The last decision that this person made about the conflict; null: none. */
export async function lastDecision(db: Db, conflictId: string, who: string): Promise<string | null> {
  const [row] = await rows<{ id: string }>(
    db,
    sql`select id from udesk_sync.decision where pair = (select pair from udesk_sync.conflict where id = ${conflictId}::bigint)
          and conflict_id = ${conflictId}::bigint and who = ${who}
        order by id desc limit 1`,
  );
  return row?.id ?? null;
}

/** The conflicts that were decided with this one and were not taken back since, in the order of the decisions. */
export async function decidedTogether(db: Db, firstId: string, limit: number): Promise<string[]> {
  const found = await rows<{ conflict_id: string }>(
    db,
    sql`select d.conflict_id from udesk_sync.decision f
        join udesk_sync.decision d on d.id >= f.id and d.who = f.who and d.at = f.at and d.rule_id is null
        where f.id = ${firstId}::bigint and f.rule_id is null and d.undone_by is null
        order by d.id limit ${limit}`,
  );
  return found.map(({ conflict_id }) => conflict_id);
}
