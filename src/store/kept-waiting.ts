/**
 * Who is not created, because they share an e-mail or phone with somebody whose create was set aside (P5: one create per person).
 * As long as a person is asked about that create, they wait for the answer; once it was left alone, for a person who looks here.
 */
import { sql } from 'drizzle-orm';
import { type Db, rows } from './tx.ts';

export interface KeptWaiting {
  /** The create that was set aside. */
  readonly parkedId: string;
  /** A person left it alone, and nobody is asked about it any more. */
  readonly isLeftAlone: boolean;
  readonly count: number;
  /** On the side that the create comes from: at most ten of them. */
  readonly ids: readonly string[];
}

/** @param pair null: of all */
export async function keptWaiting(db: Db, pair: string | null): Promise<KeptWaiting[]> {
  return await rows<KeptWaiting & Record<string, unknown>>(
    db,
    // `offset 0`: by the index of the keys, as in `holdersOf`.
    sql`select p.id as "parkedId", p.state = 'dropped' as "isLeftAlone", count(distinct r.remote_id)::int as count,
          (array_agg(distinct r.remote_id))[1:10] as ids
        from udesk_sync.parked p
        join udesk_sync.intent i on i.pair = p.pair and i.id = p.intent_id and i.op = 'create' and i.state = 'parked'
        join udesk_sync.claim k on k.pair = p.pair and k.link_id = p.link_id and k.side = p.side
        cross join lateral (
          select pair, side, remote_id, link_id, state from udesk_sync.record where keys @> array[k.key] offset 0) r
        left join udesk_sync.link own on own.pair = r.pair and own.id = r.link_id
        where p.state in ('parked', 'dropped') and (${pair}::text is null or p.pair = ${pair}::text)
          and r.pair = p.pair and r.side <> p.side and r.state = 'live'
          and case when own.id is null
            -- Whom a person parted from somebody, or is asked about, waits for nothing else.
            then not exists (select 1 from udesk_sync.link l where l.pair = r.pair and l.state <> 'confirmed'
              and (r.side = 'udesk' and l.udesk_id = r.remote_id or r.side = 'crm' and l.crm_id = r.remote_id))
            -- Its own create was set aside before, and is to be tried again.
            else own.id <> k.link_id and own.state = 'confirmed' and (own.udesk_id is null or own.crm_id is null)
              and not exists (select 1 from udesk_sync.intent w where w.pair = own.pair and w.link_id = own.id
                and w.state not in ('settled', 'dropped'))
            end
        group by p.pair, p.id order by p.id`,
  );
}
