import { type SQL, sql } from 'drizzle-orm';
import type { FieldBase, LifeChange } from '../core/link.ts';
import type { SideName } from '../core/record.ts';
import { ACTIVE, MAY_HAVE_CREATED, retireParked } from './intents.ts';
import { fromJsonb } from './jsonb.ts';
import { endReverts } from './reverts.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

export type LinkRowState = 'candidate' | 'confirmed' | 'rejected' | 'broken';

export interface LinkRow {
  readonly id: string;
  readonly pair: string;
  readonly udeskId: string | null;
  readonly crmId: string | null;
  readonly state: LinkRowState;
  readonly evidence: unknown[];
  readonly candidates: { udesk: string[]; crm: string[] } | null;
  readonly score: number | null;
  readonly reason: string | null;
  readonly bases: Record<string, FieldBase>;
  readonly decidedBy: string;
  readonly createdAt: string;
  /** Its bases came from a backup, and it was not planned since. */
  readonly rebased: boolean;
}

export type LinkRecord = {
  id: string;
  pair: string;
  udesk_id: string | null;
  crm_id: string | null;
  state: LinkRowState;
  evidence: string;
  candidates: string | null;
  score: string | null;
  reason: string | null;
  bases: string;
  decided_by: string;
  created_at: string;
  rebased: boolean;
};

export const LINK_COLUMNS = sql`l.id, l.pair, l.udesk_id, l.crm_id, l.state, l.evidence::text as evidence,
  l.candidates::text as candidates, l.score, l.reason, l.bases::text as bases, l.decided_by,
  to_char(l.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at, l.rebased`;

export function toLink(row: LinkRecord): LinkRow {
  return {
    id: row.id,
    pair: row.pair,
    udeskId: row.udesk_id,
    crmId: row.crm_id,
    state: row.state,
    evidence: fromJsonb(row.evidence),
    candidates: row.candidates === null ? null : fromJsonb(row.candidates),
    score: row.score === null ? null : Number(row.score),
    reason: row.reason,
    bases: fromJsonb(row.bases),
    decidedBy: row.decided_by,
    createdAt: row.created_at,
    rebased: row.rebased,
  };
}

export interface NewLink {
  readonly udeskId: string | null;
  readonly crmId: string | null;
  readonly evidence: readonly unknown[];
  readonly decidedBy: string;
}

/**
 * Confirms links and ties their records to them, in one statement each. A record that is linked already
 * keeps its link (links are sticky, sync design §6.1): such a row is left out.
 * @returns the ids in the order of `links`, null where the record was taken.
 */
export async function insertConfirmedLinks(
  db: Db,
  pair: string,
  links: readonly NewLink[],
  at: Date,
): Promise<(string | null)[]> {
  if (links.length === 0) return [];
  const payload = links.map((link, n) => ({
    n,
    u: link.udeskId,
    c: link.crmId,
    e: link.evidence,
    d: link.decidedBy,
  }));
  const inserted = await rows<{ id: string; udesk_id: string | null; crm_id: string | null }>(
    db,
    sql`insert into udesk_sync.link (pair, udesk_id, crm_id, state, evidence, decided_by, created_at, changed_at)
        select ${pair}, s.u, s.c, 'confirmed', s.e, s.d, ${at.toISOString()}::timestamptz, ${at.toISOString()}::timestamptz
        from jsonb_to_recordset(${jsonParam(payload)}) as s(n int, u text, c text, e jsonb, d text)
        order by s.n
        on conflict do nothing
        returning id, udesk_id, crm_id`,
  );
  const keyOf = (udeskId: string | null, crmId: string | null) => `${udeskId ?? ''}\n${crmId ?? ''}`;
  const byKey = new Map(inserted.map((row) => [keyOf(row.udesk_id, row.crm_id), row.id]));
  await tieRecords(
    db,
    pair,
    inserted.map((row) => ({ id: row.id, udeskId: row.udesk_id, crmId: row.crm_id })),
  );
  return links.map((link) => byKey.get(keyOf(link.udeskId, link.crmId)) ?? null);
}

async function tieRecords(
  db: Db,
  pair: string,
  links: readonly { id: string; udeskId: string | null; crmId: string | null }[],
): Promise<void> {
  const payload = jsonParam(links.map((link) => ({ l: link.id, u: link.udeskId, c: link.crmId })));
  await db.execute(
    sql`update udesk_sync.record r set link_id = t.l::bigint, dirty = true
        from jsonb_to_recordset(${payload}) as t(l text, u text, c text)
        cross join lateral (values ('udesk', t.u), ('crm', t.c)) as s(side, id)
        where r.pair = ${pair} and r.side = s.side and r.remote_id = s.id`,
  );
}

/** The confirmed link that holds this record, if any. */
export async function linkHolding(
  db: Db,
  pair: string,
  side: SideName,
  remoteId: string,
): Promise<string | null> {
  const column = side === 'udesk' ? sql`udesk_id` : sql`crm_id`;
  const [row] = await rows<{ id: string }>(
    db,
    sql`select id from udesk_sync.link
        where pair = ${pair} and ${column} = ${remoteId} and state = 'confirmed' limit 1`,
  );
  return row?.id ?? null;
}

/**
 * Gives a link the id of the record that was created for it. Where it takes the place of a deleted one, the evidence
 * says so: what that one told is part of the story (P12).
 * @returns the deleted one's id
 */
export async function setLinkSide(
  db: Db,
  pair: string,
  linkId: string,
  side: SideName,
  remoteId: string,
  at: Date,
): Promise<string | null> {
  const column = linkColumn(side);
  const [link] = await rows<{ replaced: string | null }>(
    db,
    sql`update udesk_sync.link l set ${column} = ${remoteId}, changed_at = ${at.toISOString()}::timestamptz,
          evidence = l.evidence || case when was.replaced is not null
            then jsonb_build_array(jsonb_build_object('kind', 'recreated', 'side', ${side}::text, 'from', was.replaced,
              'to', ${remoteId}::text, 'at', ${at.toISOString()}::text))
            else '[]'::jsonb end
        from (select nullif(${column}, ${remoteId}) as replaced from udesk_sync.link
          where pair = ${pair} and id = ${linkId}::bigint for update) was
        where l.pair = ${pair} and l.id = ${linkId}::bigint returning was.replaced`,
  );
  return link?.replaced ?? null;
}

/** Where a link names its record of that side. */
export function linkColumn(side: SideName): SQL {
  return side === 'udesk' ? sql`udesk_id` : sql`crm_id`;
}

/** Of a link `l`: no later one holds, or held last, its record of that side. */
export function isLastLink(side: SideName): SQL {
  return sql`not exists (select 1 from udesk_sync.link later where later.pair = l.pair and later.id > l.id
    and later.state in ('confirmed', 'broken') and later.${linkColumn(side)} = l.${linkColumn(side)})`;
}

/** The link goes over to another record of the same side; its bases stay, so that what differs there is an edit. */
export async function moveLinkSide(
  db: Db,
  pair: string,
  linkId: string,
  side: SideName,
  ids: { readonly from: string; readonly to: string },
  at: Date,
): Promise<void> {
  const note = jsonParam([{ kind: 'merged', side, ...ids, at: at.toISOString() }]);
  await db.execute(
    sql`update udesk_sync.link set ${linkColumn(side)} = ${ids.to}, dirty = true, evidence = evidence || ${note},
          changed_at = ${at.toISOString()}::timestamptz
        where pair = ${pair} and id = ${linkId}::bigint`,
  );
  await db.execute(
    sql`update udesk_sync.record set link_id = case when remote_id = ${ids.to} then ${linkId}::bigint end, dirty = true
        where pair = ${pair} and side = ${side} and remote_id in (${ids.from}, ${ids.to})`,
  );
}

/** Whole-value updates of `bases`: the caller holds the lease and has just read them. */
export async function saveBases(
  db: Db,
  pair: string,
  changed: readonly { id: string; bases: Record<string, FieldBase> }[],
): Promise<void> {
  if (changed.length === 0) return;
  await db.execute(
    sql`update udesk_sync.link l set bases = s.b
        from jsonb_to_recordset(${jsonParam(changed.map((link) => ({ i: link.id, b: link.bases })))}) as s(i text, b jsonb)
        where l.pair = ${pair} and l.id = s.i::bigint`,
  );
}

export async function setLinksDirty(
  db: Db,
  pair: string,
  ids: readonly string[],
  dirty: boolean,
): Promise<void> {
  if (ids.length === 0) return;
  await db.execute(
    sql`update udesk_sync.link set dirty = ${dirty}
        where pair = ${pair} and id = any(${textArray(ids)}::bigint[]) and dirty <> ${dirty}`,
  );
}

export async function setLinkState(
  db: Db,
  pair: string,
  linkId: string,
  change: { state: LinkRowState; decidedBy: string; reason: string | null; at: Date },
): Promise<void> {
  await db.execute(
    sql`update udesk_sync.link set state = ${change.state}, decided_by = ${change.decidedBy}, reason = ${change.reason},
          changed_at = ${change.at.toISOString()}::timestamptz, dirty = (${change.state} = 'confirmed')
        where pair = ${pair} and id = ${linkId}::bigint`,
  );
}

/**
 * Frees records whose counterpart was not created yet and that somebody else may now be: a live record of the other
 * side shares an e-mail, phone or token with them, so they are matched again. Links with something on its way stay; so
 * does a parked create, until it is planned again; and one that may have happened, as only who it made may take its place
 * (uncertain-creates.ts).
 */
export async function dissolveUncreated(db: Db, pair: string, at: Date): Promise<void> {
  const found = await rows<{ id: string }>(
    db,
    sql`select l.id from udesk_sync.link l
        join udesk_sync.record r on r.pair = l.pair and r.link_id = l.id and r.state = 'live'
        where l.pair = ${pair} and l.state = 'confirmed' and (l.udesk_id is null or l.crm_id is null)
          and exists (select 1 from udesk_sync.record o where o.pair = l.pair and o.side <> r.side
            and o.state = 'live' and o.keys && r.keys and o.link_id is distinct from l.id)
          and not exists (select 1 from udesk_sync.intent i where i.pair = l.pair and i.link_id = l.id
            and i.state in ${ACTIVE})
          and (r.dirty or l.dirty or not exists (select 1 from udesk_sync.intent i where i.pair = l.pair and i.link_id = l.id and i.state = 'parked'))
          and not exists (select 1 from udesk_sync.parked p
            where p.pair = l.pair and p.link_id = l.id and ${MAY_HAVE_CREATED})`,
  );
  await dissolveLinks(
    db,
    pair,
    found.map((row) => row.id),
    at,
  );
}

/** Frees the records of links that never had two sides; what was open about them ends. */
export async function dissolveLinks(db: Db, pair: string, ids: readonly string[], at: Date): Promise<void> {
  if (ids.length === 0) return;
  await db.execute(
    sql`update udesk_sync.conflict set state = 'resolved', resolved_by = 'link ended', closed_at = ${at.toISOString()}::timestamptz
        where pair = ${pair} and link_id = any(${textArray(ids)}::bigint[]) and state in ('open', 'resolving')`,
  );
  // Nobody is asked about it any more, and nobody whom a create may have made waits for that.
  await retireParked(db, pair, ids, at);
  await forgetLinks(db, pair, ids);
}

/** Takes back links that were made in this transaction. */
export async function forgetLinks(db: Db, pair: string, linkIds: readonly string[]): Promise<void> {
  if (linkIds.length === 0) return;
  const ids = sql`${textArray(linkIds)}::bigint[]`;
  await db.execute(sql`delete from udesk_sync.claim where pair = ${pair} and link_id = any(${ids})`);
  await db.execute(
    sql`update udesk_sync.record set link_id = null, dirty = true where pair = ${pair} and link_id = any(${ids})`,
  );
  await db.execute(sql`delete from udesk_sync.link where pair = ${pair} and id = any(${ids})`);
}

/**
 * Ends a link whose record is gone. Its open conflicts end with it: nothing is left that a person could decide (until the
 * record comes back: `restoreReturned`). Flagged links keep both ids and their bases, so that a record that comes back is taken up again; an unlinked
 * survivor is free to be matched, but is never created anew.
 */
export async function breakLink(
  db: Db,
  pair: string,
  linkId: string,
  life: Exclude<LifeChange, { action: 'none' }>,
  at: Date,
): Promise<void> {
  const reason = life.action === 'close' ? 'deleted on both sides' : `deleted on ${life.deletedSide}`;
  await setLinkState(db, pair, linkId, { state: 'broken', decidedBy: life.action, reason, at });
  // A flagged one waits for its record to come back, and so does what somebody decided or wants undone about it.
  await endConflicts(db, pair, linkId, at, life.action === 'flag' ? ['open'] : ['open', 'resolving']);
  if (life.action !== 'flag') await endReverts(db, pair, linkId, at);
  if (life.action === 'unlink') {
    await db.execute(
      sql`update udesk_sync.record set link_id = null, dirty = true where pair = ${pair} and link_id = ${linkId}::bigint`,
    );
  }
}

/** Of a link that ended: nothing is left that a person could decide, until it is taken up again (`askAgain`). @returns how many were open */
export async function endConflicts(
  db: Db,
  pair: string,
  linkId: string,
  at: Date,
  states: readonly ('open' | 'resolving')[] = ['open', 'resolving'],
): Promise<number> {
  const ended = await rows(
    db,
    sql`update udesk_sync.conflict set state = 'resolved', resolved_by = 'link ended', changed_at = ${at.toISOString()}::timestamptz,
          closed_at = ${at.toISOString()}::timestamptz
        where pair = ${pair} and link_id = ${linkId}::bigint and state = any(${textArray(states)}) returning 1`,
  );
  return ended.length;
}

/** Confirmed links with something to plan, in id order after `afterId`; links with a write on its way wait. */
export async function linksToPlan(db: Db, pair: string, afterId: string, limit: number): Promise<LinkRow[]> {
  // Each list is limited after its links are known to be confirmed: edits of people whose counterparts are gone stay
  // dirty for as long as they are gone, and would take up every place.
  // `c.id > …` follows from the join, but Postgres does not conclude it: it would read all links up to here for each call.
  const ofDirtyRecords = (side: SideName) =>
    sql`select r.link_id from udesk_sync.record r
        join udesk_sync.link c on c.pair = r.pair and c.id = r.link_id and c.state = 'confirmed' and c.id > ${afterId}::bigint
        where r.pair = ${pair} and r.side = ${side} and r.dirty and r.link_id > ${afterId}::bigint
        order by r.link_id limit ${limit}`;
  const found = await rows<LinkRecord>(
    db,
    sql`select ${LINK_COLUMNS} from udesk_sync.link l
        where l.pair = ${pair} and l.state = 'confirmed' and l.id > ${afterId}::bigint
          and l.id in (
            (select d.id from udesk_sync.link d
              where d.pair = ${pair} and d.state = 'confirmed' and d.dirty and d.id > ${afterId}::bigint
              order by d.id limit ${limit})
            union
            (${ofDirtyRecords('udesk')})
            union
            (${ofDirtyRecords('crm')}))
        order by l.id limit ${limit}`,
  );
  return found.map(toLink);
}

export async function loadLinkOf(db: Db, pair: string, linkId: string): Promise<LinkRow | null> {
  return (await loadLinks(db, pair, [linkId]))[0] ?? null;
}

/** Of any pair: people name a link by its id alone. */
export async function loadLink(db: Db, linkId: string): Promise<LinkRow | null> {
  const [row] = await rows<LinkRecord>(
    db,
    sql`select ${LINK_COLUMNS} from udesk_sync.link l where l.id = ${linkId}::bigint`,
  );
  return row === undefined ? null : toLink(row);
}

/** Open questions of identity in which this record takes part. */
export async function reviewsAbout(db: Db, pair: string, side: SideName, id: string): Promise<LinkRow[]> {
  const found = await rows<LinkRecord>(
    db,
    sql`select ${LINK_COLUMNS} from udesk_sync.link l
        where l.pair = ${pair} and l.state = 'candidate' and l.candidates @> ${jsonParam({ [side]: [id] })}
        order by l.id`,
  );
  return found.map(toLink);
}

export async function loadLinks(db: Db, pair: string, linkIds: readonly string[]): Promise<LinkRow[]> {
  if (linkIds.length === 0) return [];
  const found = await rows<LinkRecord>(
    db,
    sql`select ${LINK_COLUMNS} from udesk_sync.link l where l.pair = ${pair} and l.id = any(${textArray(linkIds)}::bigint[])`,
  );
  return found.map(toLink);
}

export async function listLinks(
  db: Db,
  filter: { pair?: string; state?: LinkRowState; afterId?: string; limit: number },
): Promise<LinkRow[]> {
  const found = await rows<LinkRecord>(
    db,
    sql`select ${LINK_COLUMNS} from udesk_sync.link l
        where l.id > ${filter.afterId ?? '0'}::bigint
          and (${filter.pair ?? null}::text is null or l.pair = ${filter.pair ?? null}::text)
          and (${filter.state ?? null}::text is null or l.state = ${filter.state ?? null}::text)
        order by l.id limit ${filter.limit}`,
  );
  return found.map(toLink);
}

export async function countLinks(db: Db, pair: string): Promise<Record<LinkRowState, number>> {
  const found = await rows<{ state: LinkRowState; n: string }>(
    db,
    sql`select state, count(*) as n from udesk_sync.link where pair = ${pair} group by state`,
  );
  const counts: Record<LinkRowState, number> = { candidate: 0, confirmed: 0, rejected: 0, broken: 0 };
  for (const row of found) counts[row.state] = Number(row.n);
  return counts;
}
