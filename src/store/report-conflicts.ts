/** What the report counts about conflicts: one small row each, without values. */
import { sql } from 'drizzle-orm';
import type { ConflictKind } from '../core/link.ts';
import type { ConflictState } from './conflicts.ts';
import { type Db, isoText, rows, textArray } from './tx.ts';

/** Days are those of the report's time zone, `2026-11-25`. */
export interface ConflictFact {
  readonly id: string;
  readonly pair: string;
  readonly field: string;
  readonly kind: ConflictKind;
  readonly state: ConflictState;
  readonly openedAt: string;
  readonly openedDay: string;
  readonly closedAt: string | null;
  readonly closedDay: string | null;
  /** The person who decided, or what did (`policy`, `link ended`, …); null when it converged by itself, or is open. */
  readonly decidedBy: string | null;
  readonly decision: 'udesk' | 'crm' | 'base' | 'value' | null;
  /** Whom the CRM names for its edit: its author, or whoever changed the record last; null: it names nobody. */
  readonly crmAuthor: string | null;
}

export interface ReportScope {
  readonly pairs: readonly string[];
  readonly since: Date;
  readonly until: Date;
  /** IANA name. */
  readonly timezone: string;
}

/** Every conflict that was open at some time of the period. Oldest first. */
export async function conflictFacts(db: Db, scope: ReportScope): Promise<ConflictFact[]> {
  const since = sql`${scope.since.toISOString()}::timestamptz`;
  const until = sql`${scope.until.toISOString()}::timestamptz`;
  const day = (column: string) =>
    sql`to_char(${sql.raw(column)} at time zone ${scope.timezone}::text, 'YYYY-MM-DD')`;
  const found = await rows<{
    id: string;
    pair: string;
    field: string;
    kind: ConflictKind;
    state: ConflictState;
    opened_at: string;
    opened_day: string;
    closed_at: string | null;
    closed_day: string | null;
    decided_by: string | null;
    decision: ConflictFact['decision'];
    crm_author: string | null;
  }>(
    db,
    sql`select c.id, c.pair, c.field, c.kind, c.state, ${isoText(sql`c.opened_at`)} as opened_at,
          ${day('c.opened_at')} as opened_day, ${isoText(sql`c.closed_at`)} as closed_at, ${day('c.closed_at')} as closed_day,
          coalesce(d.who, c.resolved_by) as decided_by, d.take as decision,
          c.crm_author ->> 'name' as crm_author
        from udesk_sync.conflict c left join udesk_sync.decision d on d.pair = c.pair and d.id = c.decision_id
        where c.pair = any(${textArray(scope.pairs)}) and c.opened_at <= ${until}
          and (c.closed_at is null or c.closed_at >= ${since})
        order by c.opened_at, c.id`,
  );
  return found.map((row) => ({
    id: row.id,
    pair: row.pair,
    field: row.field,
    kind: row.kind,
    state: row.state,
    openedAt: row.opened_at,
    openedDay: row.opened_day,
    closedAt: row.closed_at,
    closedDay: row.closed_day,
    decidedBy: row.decided_by,
    decision: row.decision,
    crmAuthor: row.crm_author,
  }));
}
