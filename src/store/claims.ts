/** Natural keys of records that are about to be created: no two creates of a side hold the same (P5). */
import { sql } from 'drizzle-orm';
import type { SideName } from '../core/record.ts';
import { type Db, jsonParam, rows } from './tx.ts';

/** Claims natural keys for records about to be created; of two in one call the older link wins. @returns the links whose keys another create holds. */
export async function claimKeys(
  db: Db,
  pair: string,
  claims: readonly { linkId: string; side: SideName; keys: readonly string[] }[],
): Promise<Set<string>> {
  const flat = claims.flatMap(({ linkId, side, keys }) =>
    keys.map((key) => ({ l: linkId, s: side, k: key })),
  );
  if (flat.length === 0) return new Set();
  const lost = await rows<{ l: string }>(
    db,
    sql`with wanted as (
          select s.l, s.s, s.k from jsonb_to_recordset(${jsonParam(flat)}) as s(l text, s text, k text)),
        won as (
          insert into udesk_sync.claim (pair, side, key, link_id)
          select distinct on (w.s, w.k) ${pair}, w.s, w.k, w.l::bigint from wanted w order by w.s, w.k, w.l::bigint
          on conflict (pair, side, key) do update set link_id = udesk_sync.claim.link_id
          returning side, key, link_id)
        select distinct w.l from wanted w join won o on o.side = w.s and o.key = w.k where o.link_id <> w.l::bigint`,
  );
  return new Set(lost.map((row) => row.l));
}

export async function freeClaims(db: Db, pair: string, linkId: string): Promise<void> {
  await db.execute(sql`delete from udesk_sync.claim where pair = ${pair} and link_id = ${linkId}::bigint`);
}
