/** Who gives up, or gave up, an e-mail or a phone that somebody else claims (src/core/release.ts). */
import { sql } from 'drizzle-orm';
import type { SideName } from '../core/record.ts';
import { ACTIVE, type IntentRow, intentsWhere, linksInFlight } from './intents.ts';
import { toJsonb } from './jsonb.ts';
import { type Db, rows, textArray } from './tx.ts';

const MOST_PARKED = 1000;
const MOST_SETTLED = 1000;

/** Deletions of a side that are not done, and updates that take something out of one of these fields of the pair. */
export async function releasingIntents(
  db: Db,
  pair: string,
  side: SideName,
  fields: readonly string[],
): Promise<IntentRow[]> {
  return await intentsWhere(
    db,
    sql`pair = ${pair} and side = ${side} and state in ${ACTIVE} and op <> 'create' and (op = 'delete' or exists (
          select 1 from jsonb_each(patch) as w(name, write)
          where write ->> 'field' = any(${textArray(fields)}) and case jsonb_typeof(write -> 'ops')
            when 'object' then jsonb_array_length(write #> '{ops,remove}') + jsonb_array_length(write #> '{ops,change}') > 0
            else true end))`,
    null,
  );
}

export async function intentsById(db: Db, pair: string, ids: readonly string[]): Promise<IntentRow[]> {
  if (ids.length === 0) return [];
  return await intentsWhere(db, sql`pair = ${pair} and id = any(${textArray(ids)}::bigint[])`, null);
}

/** Writes that a side refused and that wait for a person. */
export async function refusedIntents(db: Db, pair: string, side: SideName): Promise<IntentRow[]> {
  return await intentsWhere(
    db,
    sql`pair = ${pair} and side = ${side} and state = 'parked' and id in (
          select intent_id from udesk_sync.parked p
          where p.pair = ${pair} and p.state = 'parked' and p.kind = 'rejected')`,
    MOST_PARKED,
  );
}

/** Updates and deletions of the same side that were settled after this intent was sent. */
export async function settledSinceSent(db: Db, { id, pair, side, linkId }: IntentRow): Promise<IntentRow[]> {
  return await intentsWhere(
    db,
    sql`pair = ${pair} and side = ${side} and link_id <> ${linkId}::bigint and op <> 'create' and state = 'settled'
        and settled_at >= (select sent_at from udesk_sync.intent where pair = ${pair} and id = ${id}::bigint)`,
    MOST_SETTLED,
  );
}

/**
 * The link of a live record that, as far as we know, holds one of these match keys, and about which the next plan has
 * something to say: one that moved, or whose held write was taken back to be planned again. Links with a write on its way
 * are left out: they are planned once that is done, and it may be that which waits.
 */
export async function holderToBePlanned(
  db: Db,
  of: { readonly pair: string; readonly side: SideName; readonly linkId: string },
  keys: readonly string[],
): Promise<string | null> {
  const found = await rows<{ id: string }>(
    db,
    sql`select distinct l.id
        from jsonb_array_elements_text(${toJsonb(keys)}::text::jsonb) as wanted(key)
        cross join lateral (
          select pair, side, link_id, state from udesk_sync.record where keys @> array[wanted.key] offset 0) r
        join udesk_sync.link l on l.pair = r.pair and l.id = r.link_id and l.state = 'confirmed'
          and l.udesk_id is not null and l.crm_id is not null
        where r.pair = ${of.pair} and r.side = ${of.side} and r.state = 'live' and l.id <> ${of.linkId}::bigint
          and (l.dirty or exists (
            select 1 from udesk_sync.record d where d.pair = l.pair and d.link_id = l.id and d.dirty))
        order by l.id`,
  );
  const ids = found.map(({ id }) => id);
  const inFlight = await linksInFlight(db, of.pair, ids);
  return ids.find((id) => !inFlight.has(id)) ?? null;
}
