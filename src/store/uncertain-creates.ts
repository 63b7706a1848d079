/** Creates that may have happened, and of which a person is asked which record they made (sync design §8). */
import { sql } from 'drizzle-orm';
import type { SideName } from '../core/record.ts';
import { CLOCK_WENT_BACK, SENT_RUN } from './clock-went-back.ts';
import { ACTIVE, MAY_HAVE_CREATED } from './intents.ts';
import { type Db, rows } from './tx.ts';

export interface UncertainCreate {
  readonly linkId: string;
  /** Who was to be created on the other side. */
  readonly side: SideName;
  readonly id: string;
  /** Records of the other side that hold what was sent, share something with the source, and are linked to nobody. */
  readonly suspects: readonly string[];
}

/**
 * Those that a person left alone until their record changes are asked about again once it has, or is gone; and once a person
 * decided something about it, which has to wait for the answer.
 */
export async function askAgainAboutChanged(db: Db, pair: string): Promise<void> {
  await db.execute(
    sql`update udesk_sync.parked p set state = 'parked', closed_at = null, closed_run_id = null
        where p.pair = ${pair} and p.state = 'dropped' and ${MAY_HAVE_CREATED} and (
          exists (select 1 from udesk_sync.record r where r.pair = p.pair and r.link_id = p.link_id and r.dirty)
          or exists (select 1 from udesk_sync.conflict d where d.pair = p.pair and d.link_id = p.link_id and d.state = 'resolving'))`,
  );
}

/**
 * Uncertain creates whose source moved, with those who may be what they made. Of one that sent no e-mail and no phone, that
 * is whoever came between its sending and the question, and never had a link: what else shares an e-mail by now is somebody
 * else, and what it may have made would be left as a double. Where our clock was set back, the runs tell who was there before.
 */
export async function movedUncertainCreates(db: Db, pair: string): Promise<UncertainCreate[]> {
  const found = await rows<{ link_id: string; side: SideName; id: string; suspects: string[] }>(
    db,
    sql`select l.id as link_id, r.side, r.remote_id as id, array_agg(distinct o.remote_id order by o.remote_id) as suspects
        from udesk_sync.parked p
        join udesk_sync.intent i on i.pair = p.pair and i.id = p.intent_id
        join udesk_sync.link l on l.pair = p.pair and l.id = p.link_id and l.state = 'confirmed'
          and (l.udesk_id is null or l.crm_id is null)
        join udesk_sync.record r on r.pair = l.pair and r.link_id = l.id and r.state = 'live' and r.dirty
        join udesk_sync.record o on o.pair = l.pair and o.side <> r.side and o.state = 'live' and o.keys && r.keys
          and o.link_id is null
        where p.pair = ${pair} and p.state = 'parked' and p.kind = 'uncertain-create'
          and (exists (select 1 from udesk_sync.claim c where c.pair = l.pair and c.link_id = l.id and c.key = any(o.keys))
            or not exists (select 1 from udesk_sync.claim c where c.pair = l.pair and c.link_id = l.id)
              and not exists (select 1 from udesk_sync.link k where k.pair = l.pair and k.state in ('broken', 'rejected')
                and o.remote_id = case o.side when 'crm' then k.crm_id else k.udesk_id end)
              and case when ${CLOCK_WENT_BACK}
                then not exists (select 1 from udesk_sync.observation b where b.pair = o.pair and b.side = o.side
                  and b.remote_id = o.remote_id and b.run_id < ${SENT_RUN})
                else o.first_seen_at between i.sent_at and p.at end)
          and not exists (select 1 from udesk_sync.intent w where w.pair = l.pair and w.link_id = l.id
            and w.state in ${ACTIVE})
        group by l.id, r.side, r.remote_id
        order by l.id`,
  );
  return found.map(({ link_id, side, id, suspects }) => ({ linkId: link_id, side, id, suspects }));
}
