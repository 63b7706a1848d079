/** Who shall decide which conflict. It changes nothing about the conflict itself, so a decision under way is not disturbed. */
import { sql } from 'drizzle-orm';
import { logDecision } from './decision-log.ts';
import { lockOutCycle } from './lease.ts';
import { type Db, rows, textArray } from './tx.ts';

export interface Assignment {
  readonly ids: readonly string[];
  /** Null: nobody in particular. */
  readonly to: string | null;
  readonly who: string;
  readonly at: Date;
}

/**
 * Of conflicts that are not closed. One entry of the log per pair says who gave which to whom.
 * @returns ids of those that were somebody else's before
 */
export async function assignConflicts(db: Db, { ids, to, who, at }: Assignment): Promise<string[]> {
  const wanted = sql`${textArray(ids)}::bigint[]`;
  return await db.transaction(async (tx) => {
    const pairs = await rows<{ pair: string }>(
      tx,
      sql`select distinct pair from udesk_sync.conflict where id = any(${wanted}) order by pair`,
    );
    const changed: string[] = [];
    for (const { pair } of pairs) {
      await lockOutCycle(tx, pair);
      const given = await rows<{ id: string }>(
        tx,
        sql`update udesk_sync.conflict set assignee = ${to}
            where pair = ${pair} and id = any(${wanted}) and state in ('open', 'resolving')
              and assignee is distinct from ${to}::text returning id`,
      );
      if (given.length === 0) continue;
      const list = given.map(({ id }) => id).sort((a, b) => Number(a) - Number(b));
      changed.push(...list);
      await logDecision(tx, {
        ...{ at: at.toISOString(), who, action: 'assign', pair },
        subject: `to ${to ?? 'nobody'}: conflict ${list.join(',')}`,
      });
    }
    return changed;
  });
}
