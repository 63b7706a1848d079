/** What was sent, or is about to be, since a moment: what the guards on floods count. */
import { type SQL, sql } from 'drizzle-orm';
import { type Db, rows } from './tx.ts';

/** A moment by our clock, and the same by Udesk's as both stand now (null: it is not known): ours may have been set since. */
export interface Since {
  readonly ours: Date;
  readonly udesks: Date | null;
}

/**
 * Writes of this kind that were sent since then, by either clock, or are on their way, for the guards. What a person approved
 * does not count: it was looked at.
 */
export async function sentSince(
  db: Db,
  pair: string,
  op: 'create' | 'delete',
  since: Since,
): Promise<number> {
  const [row] = await rows<{ n: string }>(
    db,
    sql`select count(*) as n from udesk_sync.intent i
        where pair = ${pair} and op = ${op} and not approved
          and (${wasSentSince(since)} or state in ('pending', 'sending', 'unknown'))`,
  );
  return Number(row?.n ?? 0);
}

function wasSentSince({ ours, udesks }: Since): SQL {
  const byUdesk = sql`i.sent_at + coalesce(i.sent_skew_ms, 0) * interval '1 millisecond'`;
  return sql`(i.sent_at >= ${ours.toISOString()}::timestamptz
    or ${byUdesk} >= ${(udesks ?? ours).toISOString()}::timestamptz)`;
}

/**
 * Links of which something was overwritten since then, or is about to be by a write that was let through: as for
 * `sentSince`. Links that the plan in the outbox overwrites are left out: the plan counts them itself.
 */
export async function overwrittenSince(db: Db, pair: string, since: Since): Promise<number> {
  const [row] = await rows<{ n: string }>(
    db,
    sql`select count(distinct i.link_id) as n from udesk_sync.intent i
        where i.pair = ${pair} and i.op = 'update' and i.guard_class = 'overwrite' and not i.approved
          and (${wasSentSince(since)} or i.state in ('pending', 'sending', 'unknown'))
          and not exists (
            select 1 from udesk_sync.intent p
            where p.pair = i.pair and p.link_id = i.link_id and p.state = 'planned' and p.guard_class = 'overwrite')`,
  );
  return Number(row?.n ?? 0);
}
