/**
 * Records that were deleted, or seemed to be, and are there again under their ids (promises P2, P5, P6): what becomes of the links
 * that ended meanwhile.
 */
import { type SQL, sql } from 'drizzle-orm';
import { otherSide, type SideName } from '../core/record.ts';
import type { FormerCounterpart } from '../core/returned.ts';
import { fileConflicts } from './conflict-search.ts';
import { endConflicts, isLastLink, linkColumn } from './links.ts';
import { endReverts } from './reverts.ts';
import { lastSaid } from './reviews.ts';
import { type Db, rows, textArray } from './tx.ts';

const FLAGGED = sql`l.state = 'broken' and l.decided_by in ('flag', 'merged')`;

/** Ended as a record was gone: by `deletes: unlink`, or by a person who said that the deletion is settled. */
const ENDED_AS_GONE = sql`l.state = 'broken' and l.decided_by = 'unlink' and coalesce(l.reason, '') ~ '^(deleted|gone) on '`;

/** A person ended it: the last that anybody said about it. */
const BY_PERSON = sql`coalesce(${lastSaid(sql`true`)} ->> 'take', '') = 'unlink'`;

/** The policy ended it, and no person had said before that the two are not the same. */
const ENDED_BY_POLICY = sql`${ENDED_AS_GONE} and coalesce(l.reason, '') ~ '^deleted on ' and not ${BY_PERSON}`;

/** The link's record of that side, in that state. */
function recordOf(side: SideName, state: 'live' | 'deleted', tied: SQL): SQL {
  return sql`exists (select 1 from udesk_sync.record r where r.pair = l.pair and r.side = ${side}
    and r.remote_id = l.${linkColumn(side)} and r.state = ${state} and ${tied})`;
}

/** Those that name the record of this side as the one that was gone. */
function namedGone(side: SideName): SQL {
  return sql`coalesce(l.reason, '') ~ ${`^(deleted|gone) on ${side}`}`;
}

/** As `namedGone`, of a link that was loaded. */
export function wasGone({ reason }: { readonly reason: string | null }, side: SideName): boolean {
  return new RegExp(`^(deleted|gone) on ${side}`).test(reason ?? '');
}

/**
 * A deleted record that is back takes the link up again that ended with its deletion, bases included: a flagged one, and one that
 * `deletes: unlink` ended, where nobody else is linked with either by now. Of a link whose other record was deleted, too, before it
 * came back, or that somebody else was created for meanwhile, nothing is left to take up: a record of it that is back is free,
 * like one never seen before (`formerCounterparts` tells who else is). Only links with a record that moved are looked at: years leave many that ended.
 * @param rejected pairs that a person said to be two (`rejectedPairs`)
 */
export async function restoreReturned(
  db: Db,
  pair: string,
  at: Date,
  rejected: ReadonlySet<string>,
): Promise<void> {
  const now = sql`${at.toISOString()}::timestamptz`;
  const tied = sql`r.link_id = l.id`;
  const free = sql`r.link_id is null`;
  const moved = sql`select d.link_id from udesk_sync.record d
    where d.pair = ${pair} and d.side in ('udesk', 'crm') and d.dirty and d.link_id is not null`;
  const ended = (side: SideName) => sql`select b.id from udesk_sync.record d
    join udesk_sync.link b on b.pair = d.pair and b.state = 'broken' and b.${linkColumn(side)} = d.remote_id
    where d.pair = ${pair} and d.side = ${side} and d.link_id is null and d.state = 'live' and d.dirty`;
  const goneInTurn = (gone: SideName) =>
    sql`${namedGone(gone)} and ${recordOf(gone, 'live', sql`true`)} and ${recordOf(otherSide(gone), 'deleted', sql`true`)}`;
  // Whom it left has become the survivor of another meanwhile, or was freed from that by a person.
  const leftAlone = (gone: SideName) =>
    sql`${recordOf(gone, 'live', tied)} and ${recordOf(otherSide(gone), 'live', sql`r.link_id is distinct from l.id`)}`;
  const close = (reason: string, which: SQL) =>
    rows<{ id: string }>(
      db,
      sql`update udesk_sync.link l set decided_by = 'close', reason = ${reason}, changed_at = ${now}
          where l.pair = ${pair} and ${FLAGGED} and l.id in (${moved}) and (${which}) returning l.id`,
    );
  const over = [
    ...(await close('deleted on both sides', sql`${goneInTurn('udesk')} or ${goneInTurn('crm')}`)),
    ...(await close(
      'its other record went over to another link',
      sql`${leftAlone('udesk')} or ${leftAlone('crm')}`,
    )),
  ];
  const neverMade = (side: SideName) =>
    sql`l.${linkColumn(otherSide(side))} is null and ${recordOf(side, 'live', tied)}`;
  over.push(
    ...(await close('its counterpart was never created', sql`${neverMade('udesk')} or ${neverMade('crm')}`)),
  );
  for (const { id } of over) await endReverts(db, pair, id, at);
  const unanswerable = await goneWithQuestions(db, pair, moved);
  for (const { id } of [...over, ...unanswerable]) await endConflicts(db, pair, id, at);
  const restore = (which: SQL) =>
    rows<{ id: string }>(
      db,
      sql`update udesk_sync.link l set state = 'confirmed', decided_by = 'restored', reason = null, dirty = true, changed_at = ${now}
          where l.pair = ${pair} and ${which} returning l.id`,
    );
  const flagged = await restore(
    sql`${FLAGGED} and l.id in (${moved}) and ${recordOf('udesk', 'live', tied)} and ${recordOf('crm', 'live', tied)}`,
  );
  const unlinked = await restore(
    sql`${ENDED_BY_POLICY} and l.udesk_id || chr(10) || l.crm_id <> all(${textArray([...rejected])})
        and l.id in (${ended('udesk')} union ${ended('crm')})
        and ${recordOf('udesk', 'live', free)} and ${recordOf('crm', 'live', free)}
        and ${isLastLink('udesk')} and ${isLastLink('crm')}`,
  );
  const ids = [...flagged, ...unlinked].map(({ id }) => id);
  await db.execute(
    sql`update udesk_sync.record r set link_id = l.id, dirty = true
        from udesk_sync.link l
        where l.pair = ${pair} and l.id = any(${textArray(ids)}::bigint[]) and r.pair = l.pair and r.link_id is null
          and (r.side = 'udesk' and r.remote_id = l.udesk_id or r.side = 'crm' and r.remote_id = l.crm_id)`,
  );
  await askAgain(db, pair, ids, at);
  await db.execute(
    sql`update udesk_sync.record r set link_id = null
        from udesk_sync.link l
        where r.pair = ${pair} and r.side in ('udesk', 'crm') and r.dirty and r.link_id is not null and r.state = 'live'
          and l.pair = r.pair and l.id = r.link_id
          and (l.state = 'broken' and l.decided_by = 'close'
            or case r.side when 'udesk' then l.udesk_id else l.crm_id end is distinct from r.remote_id)`,
  );
}

/** What is left of a flagged link goes over to another one: what somebody decided or wants undone about it waits for nothing any more. */
export async function endFlagged(db: Db, pair: string, side: SideName, id: string, at: Date): Promise<void> {
  const left = await rows<{ id: string }>(
    db,
    sql`select l.id from udesk_sync.link l where l.pair = ${pair} and l.${linkColumn(side)} = ${id} and ${FLAGGED}`,
  );
  for (const link of left) {
    await endReverts(db, pair, link.id, at);
    await endConflicts(db, pair, link.id, at);
  }
}

/** Flagged links both of whose records are gone: nothing that is asked about them can be carried out while they are. */
async function goneWithQuestions(db: Db, pair: string, moved: SQL): Promise<{ id: string }[]> {
  return await rows<{ id: string }>(
    db,
    sql`select l.id from udesk_sync.link l
        where l.pair = ${pair} and ${FLAGGED} and l.id in (${moved})
          and ${recordOf('udesk', 'deleted', sql`true`)} and ${recordOf('crm', 'deleted', sql`true`)}
          and exists (select 1 from udesk_sync.conflict c where c.pair = l.pair and c.link_id = l.id and c.state in ('open', 'resolving'))`,
  );
}

/**
 * Who was taken for the same person as these records before one of them was deleted, or both were, and is live: they are not created a
 * second time before a person has said that they are somebody else (P5). Links that wait or are taken up again are not asked.
 */
export async function formerCounterparts(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
): Promise<FormerCounterpart[]> {
  if (ids.length === 0) return [];
  const there = otherSide(side);
  const found = await rows<{ id: string; counterpart: string; replaced: boolean; settled: boolean }>(
    db,
    sql`select l.${linkColumn(side)} as id, l.${linkColumn(there)} as counterpart, false as replaced, ${BY_PERSON} as settled
        from udesk_sync.link l
        where l.pair = ${pair} and l.${linkColumn(side)} = any(${textArray(ids)})
          and (${ENDED_AS_GONE} or l.state = 'broken' and l.decided_by = 'close') and ${recordOf(there, 'live', sql`true`)}
        union
        select back.id, l.${linkColumn(there)}, true, false
        from unnest(${textArray(ids)}) as back(id)
        -- As the index link_moved has it: most links never moved.
        join udesk_sync.link l on l.pair = ${pair} and l.state in ('confirmed', 'broken') and jsonb_path_exists(l.evidence, '$[*].from')
          and l.evidence @> jsonb_build_array(jsonb_build_object('side', ${side}::text, 'from', back.id))
        where ${recordOf(there, 'live', sql`true`)}
        order by 1, 2`,
  );
  return found.map(({ id, counterpart, replaced, settled }) => ({
    id,
    counterpart,
    isReplaced: replaced,
    isSettled: settled,
  }));
}

/**
 * Ids that must not be created again: their counterpart was deleted or unlinked, in the last link that held them. Not those that
 * were the deleted one, or whose counterpart is back: once a person has said that these are two, they are new.
 */
export async function idsHeldByLinks(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const column = linkColumn(side);
  const found = await rows<{ id: string }>(
    db,
    sql`select distinct l.${column} as id from udesk_sync.link l
        where l.pair = ${pair} and l.state = 'broken' and l.decided_by <> 'close' and l.${column} = any(${textArray(ids)})
          and ${isLastLink(side)}
          and not (${ENDED_AS_GONE} and (${namedGone(side)} or not ${BY_PERSON} and ${recordOf(otherSide(side), 'live', sql`true`)}))`,
  );
  return new Set(found.map((row) => row.id));
}

/**
 * P2, P3, P6: what the end of these links closed and nobody decided since, now that they are taken up again with their bases, or that
 * one of their two is linked again. The planner finds a difference again, but not an edit that a write of ours had replaced (no side
 * holds it), what an undo left apart or met (the bases take it for agreed on), nor that a difference is older than a backup. These get a row of their own, or go
 * into the one that was opened meanwhile, whose decision did not know them; those that ended stay as they are.
 */
export async function askAgain(db: Db, pair: string, linkIds: readonly string[], at: Date): Promise<void> {
  if (linkIds.length === 0) return;
  const now = sql`${at.toISOString()}::timestamptz`;
  // What was found only after an earlier link of one of the two had ended for good.
  const before = (side: SideName) => sql`select b.id, ${side}::text as side from udesk_sync.link b
    where b.pair = one.pair and b.state = 'broken' and b.decided_by not in ('flag', 'merged')
      and b.${linkColumn(side)} = one.${linkColumn(side)} and b.id <> one.id`;
  await db.execute(
    sql`update udesk_sync.conflict c set state = 'resolved', resolved_by = 'link ended', decision_id = null, changed_at = ${now}, closed_at = ${now}
        from udesk_sync.link one cross join lateral (${before('udesk')} union ${before('crm')}) ended
        where one.pair = ${pair} and one.id = any(${textArray(linkIds)}::bigint[])
          and c.pair = one.pair and c.link_id = ended.id and c.state in ('open', 'resolving')
          -- What was replaced in the other one of that link is asked about with that one.
          and c.overwritten @> jsonb_build_array(jsonb_build_object('side', ended.side))`,
  );
  const found = await rows<{ link_id: string }>(
    db,
    sql`with ended as (
          select c.id, c.pair, one.id as link_id, c.field, c.kind, c.base, c.udesk, c.crm, c.udesk_at, c.crm_at, c.reason,
            c.overwritten, c.undone, c.assignee, own.side
          from udesk_sync.link one
          -- Of an earlier link of one of the two, too, what a write of ours had replaced there.
          cross join lateral (
            select one.id, one.bases, null as side
            union all select b.id, b.bases, 'udesk' from udesk_sync.link b
            where b.pair = one.pair and b.state = 'broken' and b.udesk_id = one.udesk_id and b.id <> one.id
            union all select b.id, b.bases, 'crm' from udesk_sync.link b
            where b.pair = one.pair and b.state = 'broken' and b.crm_id = one.crm_id and b.id <> one.id) own
          -- A field that is mapped no more, or in another way, has no base any more: a row of it would stay for ever.
          join udesk_sync.conflict c on c.pair = one.pair and c.link_id = own.id and (c.field = '*' or own.bases ? c.field)
          where one.pair = ${pair} and one.id = any(${textArray(linkIds)}::bigint[]) and c.resolved_by = 'link ended'
            and (case when own.side is null then jsonb_array_length(c.overwritten) > 0
                else c.overwritten @> jsonb_build_array(jsonb_build_object('side', own.side)) end
              or own.side is null and (c.undone or c.kind in ('reverted', 'edited-since', 'restored')))
            and not exists (select 1 from udesk_sync.conflict later
              join udesk_sync.link k on k.pair = later.pair and k.id = later.link_id
                and (k.id = one.id or k.udesk_id = one.udesk_id or k.crm_id = one.crm_id)
              where later.pair = c.pair and later.field = c.field and later.id > c.id
                and later.state in ('resolved', 'converged') and later.resolved_by is distinct from 'link ended')),
        edit as (
          select e.link_id, e.field, o.value, min(e.id * 1000 + o.n) as n
          from ended e cross join jsonb_array_elements(e.overwritten) with ordinality as o(value, n)
          where e.side is null or e.side = o.value->>'side'
          group by e.link_id, e.field, o.value),
        again as (
          select distinct on (e.link_id, e.field) e.pair, e.link_id, e.field, e.kind, e.base, e.udesk, e.crm, e.udesk_at, e.crm_at, e.reason,
            coalesce((select jsonb_agg(edit.value order by edit.n) from edit where edit.link_id = e.link_id and edit.field = e.field
              and not exists (select 1 from udesk_sync.conflict t, jsonb_array_elements(t.overwritten) as known
                where t.pair = e.pair and t.link_id = e.link_id and t.field = e.field and t.state in ('open', 'resolving')
                  and known = edit.value)), '[]'::jsonb) as overwritten,
            bool_or(e.undone or e.kind = 'reverted') over (partition by e.link_id, e.field) as undone, e.assignee
          from ended e order by e.link_id, e.field, e.id desc)
        insert into udesk_sync.conflict as t
          (pair, link_id, field, kind, state, base, udesk, crm, udesk_at, crm_at, reason, overwritten, undone, opened_at, changed_at, assignee)
        select a.pair, a.link_id, a.field, a.kind, 'open', a.base, a.udesk, a.crm, a.udesk_at, a.crm_at, a.reason, a.overwritten, a.undone,
          ${now}, ${now}, a.assignee
        from again a
        on conflict (pair, link_id, field) where state in ('open', 'resolving') do update set
          overwritten = excluded.overwritten || t.overwritten, undone = t.undone or excluded.undone, changed_at = excluded.changed_at,
          state = 'open', decision_id = null, resolved_by = null, unclassified = true
          where excluded.overwritten <> '[]'::jsonb or excluded.undone and not t.undone
        returning link_id`,
  );
  const asked = new Set(found.map((row) => row.link_id));
  if (asked.size > 0) await fileConflicts(db, pair, [...asked]);
}
