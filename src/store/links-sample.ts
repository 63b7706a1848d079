/** Confirmed links drawn by chance. */
import { sql } from 'drizzle-orm';
import { type Db, rows } from './tx.ts';

export interface SampledLink {
  readonly id: string;
  readonly udeskId: string;
  readonly crmId: string;
}

/**
 * At most `count` different links whose both records are live. Each draw is one look-up by index: the first link at or
 * after a random id, so that a link behind a gap is drawn a little more often than others.
 * @param random from 0 to below 1
 */
export async function sampleLinks(
  db: Db,
  pair: string,
  count: number,
  random: () => number,
): Promise<SampledLink[]> {
  const [range] = await rows<{ low: string | null; high: string | null }>(
    db,
    sql`select min(id) as low, max(id) as high from udesk_sync.link where pair = ${pair} and state = 'confirmed'`,
  );
  if (range?.low == null || range.high == null) return [];
  const low = Number(range.low);
  const width = Number(range.high) - low + 1;
  const drawn = new Map<string, SampledLink>();
  // Twice as many draws as links wanted: some meet the same link again.
  for (let draw = 0; draw < count * 2 && drawn.size < count; draw += 1) {
    const from = low + Math.floor(random() * width);
    const [link] = await rows<{ id: string; udesk_id: string; crm_id: string }>(
      db,
      sql`select l.id, l.udesk_id, l.crm_id from udesk_sync.link l
          where l.pair = ${pair} and l.state = 'confirmed' and l.id >= ${from}::bigint
            and exists (select 1 from udesk_sync.record r
              where r.pair = l.pair and r.side = 'udesk' and r.remote_id = l.udesk_id and r.state = 'live')
            and exists (select 1 from udesk_sync.record r
              where r.pair = l.pair and r.side = 'crm' and r.remote_id = l.crm_id and r.state = 'live')
          order by l.id limit 1`,
    );
    if (link !== undefined) drawn.set(link.id, { id: link.id, udeskId: link.udesk_id, crmId: link.crm_id });
  }
  return [...drawn.values()];
}
