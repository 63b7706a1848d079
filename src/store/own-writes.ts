/** What we wrote of late, per link: to see whether somebody keeps undoing it (src/core/tug-of-war.ts). */
import { sql } from 'drizzle-orm';
import type { Patch, SideName } from '../core/record.ts';
import type { OwnWrite } from '../core/tug-of-war.ts';
import { fromJsonb } from './jsonb.ts';
import { type Db, rows, textArray } from './tx.ts';

/**
 * Settled updates of these links, oldest first, of links that have at least so many. A field whose tug-of-war a person
 * ended starts anew then.
 */
export async function recentWrites(
  db: Db,
  linkIds: readonly string[],
  how: { readonly since: Date; readonly atLeast: number },
): Promise<Map<string, OwnWrite[]>> {
  const byLink = new Map<string, OwnWrite[]>();
  if (linkIds.length === 0) return byLink;
  const found = await rows<{ link_id: string; side: SideName; patch: string; ended: string[] }>(
    db,
    sql`with recent as (
          select link_id, side, patch, settled_at, count(*) over (partition by link_id) as n
          from udesk_sync.intent
          where link_id = any(${textArray(linkIds)}::bigint[]) and op = 'update' and state = 'settled'
            and settled_at >= ${how.since.toISOString()}::timestamptz)
        select r.link_id, r.side, r.patch::text as patch, array(
          select c.field from udesk_sync.conflict c
          where c.link_id = r.link_id and c.kind = 'tug-of-war' and c.closed_at >= r.settled_at) as ended
        from recent r where r.n >= ${how.atLeast} order by r.settled_at`,
  );
  for (const { link_id, side, patch, ended } of found) {
    const writes = Object.values(fromJsonb<Patch>(patch))
      .filter(({ field }) => !ended.includes(field))
      .map(({ field, before, after }): OwnWrite => ({ side, field, before, after }));
    byLink.set(link_id, [...(byLink.get(link_id) ?? []), ...writes]);
  }
  return byLink;
}
