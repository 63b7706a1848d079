/** Records that were set aside, as a person goes through them: with what was to be written, page by page. */
import { sql } from 'drizzle-orm';
import type { Patch, SideName } from '../core/record.ts';
import { fromJsonb } from './jsonb.ts';
import { type KeptWaiting, keptWaiting } from './kept-waiting.ts';
import { type Db, isoText, rows, textArray } from './tx.ts';

export interface ParkedWrite {
  readonly id: string;
  readonly pair: string;
  readonly linkId: string | null;
  readonly udeskId: string | null;
  readonly crmId: string | null;
  /** Where it was to be written. */
  readonly side: SideName;
  readonly kind: string;
  /** The vendor's own words. */
  readonly message: string;
  /** `dropped`: a create that a person left alone, and that keeps somebody waiting. */
  readonly state: 'parked' | 'dropped';
  /** Who is not created because of it; null: nobody. */
  readonly keeps: Pick<KeptWaiting, 'count' | 'ids'> | null;
  /** ISO 8601. */
  readonly at: string;
  /** Null: the write is not there any more. */
  readonly op: 'create' | 'update' | 'delete' | null;
  readonly patch: Patch;
}

export interface ParkedQuery {
  /** Null: all. */
  readonly pair: string | null;
  readonly afterId: string;
  readonly limit: number;
}

/** With how many there are in all. */
export async function parkedPage(
  db: Db,
  query: ParkedQuery,
): Promise<{ readonly found: readonly ParkedWrite[]; readonly total: number }> {
  const kept = await keptWaiting(db, query.pair);
  return { found: await writesAmong(db, query, kept), total: await countAmong(db, query.pair, kept) };
}

/** Oldest first, after `afterId`; one more than `limit` tells that there is another page. */
export async function parkedWrites(db: Db, query: ParkedQuery): Promise<ParkedWrite[]> {
  return await writesAmong(db, query, await keptWaiting(db, query.pair));
}

async function writesAmong(db: Db, query: ParkedQuery, kept: readonly KeptWaiting[]): Promise<ParkedWrite[]> {
  const found = await rows<{
    id: string;
    pair: string;
    link_id: string | null;
    udesk_id: string | null;
    crm_id: string | null;
    side: SideName;
    kind: string;
    message: string;
    state: ParkedWrite['state'];
    at: string;
    op: ParkedWrite['op'];
    patch: string | null;
  }>(
    db,
    sql`select p.id, p.pair, p.link_id, l.udesk_id, l.crm_id, p.side, p.kind, p.message, p.state, ${isoText(sql`p.at`)} as at,
          i.op, i.patch::text as patch
        from udesk_sync.parked p
        left join udesk_sync.link l on l.pair = p.pair and l.id = p.link_id
        left join udesk_sync.intent i on i.pair = p.pair and i.id = p.intent_id
        where ${standing(kept)} and p.id > ${query.afterId}::bigint
          and (${query.pair}::text is null or p.pair = ${query.pair}::text)
        order by p.id limit ${query.limit}`,
  );
  return found.map(({ link_id, udesk_id, crm_id, patch, ...row }) => ({
    ...row,
    linkId: link_id,
    udeskId: udesk_id,
    crmId: crm_id,
    keeps: keptBy(kept, row.id),
    patch: patch === null ? {} : fromJsonb<Patch>(patch),
  }));
}

async function countAmong(db: Db, pair: string | null, kept: readonly KeptWaiting[]): Promise<number> {
  const [row] = await rows<{ n: string }>(
    db,
    sql`select count(*) as n from udesk_sync.parked p
        where ${standing(kept)} and (${pair}::text is null or p.pair = ${pair}::text)`,
  );
  return Number(row?.n ?? 0);
}

/** Those that wait for an answer, and those that were left alone and keep others waiting. */
function standing(kept: readonly KeptWaiting[]) {
  const leftAlone = kept.filter(({ isLeftAlone }) => isLeftAlone).map(({ parkedId }) => parkedId);
  return sql`(p.state = 'parked' or p.state = 'dropped' and p.id = any(${textArray(leftAlone)}::bigint[]))`;
}

function keptBy(kept: readonly KeptWaiting[], id: string): ParkedWrite['keeps'] {
  const found = kept.find(({ parkedId }) => parkedId === id);
  return found === undefined ? null : { count: found.count, ids: found.ids };
}
