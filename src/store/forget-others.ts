/** What is left of others who were taken for a person that is forgotten, or asked about along with them. */
import { type SQL, sql } from 'drizzle-orm';
import { describeOverwritten } from '../core/reconcile-overwritten.ts';
import { SIDES, type SideName } from '../core/record.ts';
import type { Overwritten } from '../core/witness-records.ts';
import type { Person } from './forget.ts';
import { fromJsonb } from './jsonb.ts';
import { isLastLink, linkColumn } from './links.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

/**
 * What a person said of others along with them holds on, without their ids and values: whoever was parted from them, and linked with
 * nobody since, is not created anew, and is asked about the edits that a write of ours had replaced there (P2); and who was named in
 * the same question stays apart from the others in it. Before their links and conflicts are erased.
 * @returns how many closed conflicts were made of theirs
 */
export async function leaveOthers(tx: Db, pair: string, person: Person): Promise<number> {
  // A question about who is who names others as well; what is left of it is asked anew.
  await tx.execute(
    sql`delete from udesk_sync.link where pair = ${pair} and state = 'candidate' and candidates is not null
        and ${isNamed(sql`candidates`, person)}`,
  );
  await leaveAnswers(tx, pair, person);
  return await leaveParted(tx, pair, person);
}

const SAID_ALONE = sql`jsonb_path_query_array(evidence, '$[*] ? (@.kind == "decision" && !exists(@.udesk) && !exists(@.among))')`;

/** Whoever a person parted from them. */
async function leaveParted(tx: Db, pair: string, { ids, linkIds }: Person): Promise<number> {
  const column = (side: SideName) => sql`l.${linkColumn(side)}`;
  const isOther = (side: SideName) =>
    sql`(${column(side)} is not null and ${column(side)} <> all(${textArray(ids[side])}))`;
  const without = (side: SideName) => sql`case when ${isOther(side)} then ${column(side)} end`;
  const parted = await rows<{ id: string; udesk: string | null; crm: string | null; moved: boolean }>(
    tx,
    sql`select l.id, ${without('udesk')} as udesk, ${without('crm')} as crm, jsonb_path_exists(l.evidence, '$[*].from') as moved
        from udesk_sync.link l
        where l.pair = ${pair} and l.id = any(${textArray(linkIds)}::bigint[]) and l.state = 'broken' and l.decided_by = 'unlink'
          and (${isOther('udesk')} and ${isLastLink('udesk')} or ${isOther('crm')} and ${isLastLink('crm')})
        order by l.id`,
  );
  let left = 0;
  for (const { id, udesk, crm, moved } of parted) {
    const [side] = SIDES.filter((each) => (each === 'udesk' ? crm : udesk) === null);
    // Of a link that went over to another record, nobody can tell whose edit it was.
    const replaced = side === undefined || moved ? [] : await replacedOn(tx, pair, id, side);
    // A field without a base is mapped no more, and not asked about.
    const bases = Object.fromEntries(
      replaced.map(({ field }) => [field, { udesk: null, crm: null, accepted: true }]),
    );
    const [link] = await rows<{ id: string }>(
      tx,
      sql`insert into udesk_sync.link (pair, udesk_id, crm_id, state, evidence, bases, reason, dirty, decided_by, created_at, changed_at)
          select pair, ${udesk}, ${crm}, state, ${SAID_ALONE}, ${jsonParam(bases)}, reason, false, decided_by, created_at, changed_at
          from udesk_sync.link where pair = ${pair} and id = ${id}::bigint returning id`,
    );
    for (const row of replaced) {
      const reason = row.overwritten.map(describeOverwritten).join('; ');
      await tx.execute(
        sql`insert into udesk_sync.conflict
              (pair, link_id, field, kind, state, resolved_by, udesk, crm, reason, overwritten, unclassified, opened_at, changed_at, closed_at)
            select pair, ${link?.id}::bigint, field, 'overwritten-in-window', state, resolved_by,
              case ${side} when 'udesk' then udesk end, case ${side} when 'crm' then crm end, ${reason}, ${jsonParam(row.overwritten)},
              false, opened_at, changed_at, closed_at
            from udesk_sync.conflict where pair = ${pair} and id = ${row.id}::bigint`,
      );
    }
    left += replaced.length;
  }
  return left;
}

/** What the end of this link closed of edits on this side that a write of ours had replaced, and nobody decided. */
async function replacedOn(
  tx: Db,
  pair: string,
  linkId: string,
  side: SideName,
): Promise<{ id: string; field: string; overwritten: Overwritten[] }[]> {
  const found = await rows<{ id: string; field: string; overwritten: string }>(
    tx,
    sql`select c.id, c.field, c.overwritten::text as overwritten from udesk_sync.conflict c
        join udesk_sync.link l on l.pair = c.pair and l.id = c.link_id and l.bases ? c.field
        where c.pair = ${pair} and c.link_id = ${linkId}::bigint and c.resolved_by = 'link ended' order by c.id`,
  );
  return found.flatMap(({ id, field, overwritten }) => {
    const own = fromJsonb<Overwritten[]>(overwritten).filter((edit) => edit.side === side);
    return own.length > 0 ? [{ id, field, overwritten: own }] : [];
  });
}

const NOTE = sql`note`;
/** What both had in common, with the ids of all who have it. */
const IS_MARK = sql`coalesce(jsonb_typeof(note -> 'udesk') = 'array', false)`;

function isNamed(lists: SQL, { ids }: Person): SQL {
  return sql`(${lists} -> 'udesk' ?| ${textArray(ids.udesk)} or ${lists} -> 'crm' ?| ${textArray(ids.crm)})`;
}

/** The others in the answers to questions about several. */
async function leaveAnswers(tx: Db, pair: string, person: Person): Promise<void> {
  const { ids, linkIds } = person;
  const left = (from: SQL, side: SideName) => sql`(${from} -> ${side}::text) - ${textArray(ids[side])}`;
  const candidates = sql`jsonb_build_object('udesk', ${left(sql`candidates`, 'udesk')}, 'crm', ${left(sql`candidates`, 'crm')})`;
  await tx.execute(
    sql`update udesk_sync.link set candidates = ${candidates}, candidate_key = null, evidence = ${SAID_ALONE}
        where pair = ${pair} and state = 'rejected' and ${isNamed(sql`candidates`, person)}`,
  );
  await tx.execute(
    sql`delete from udesk_sync.link where pair = ${pair} and state = 'rejected'
        and (candidates -> 'udesk' = '[]'::jsonb or candidates -> 'crm' = '[]'::jsonb)`,
  );
  // A yes about two others keeps the question, and the marks by which it was asked.
  const among = sql`(note -> 'among')`;
  await tx.execute(
    sql`update udesk_sync.link set evidence = (
          select coalesce(jsonb_agg(case
              when ${isNamed(among, person)} then jsonb_set(jsonb_set(note,
                '{among,udesk}', ${left(among, 'udesk')}), '{among,crm}', ${left(among, 'crm')})
              when ${IS_MARK} then note || jsonb_build_object('udesk', ${left(NOTE, 'udesk')}, 'crm', ${left(NOTE, 'crm')})
              else note end order by n), '[]'::jsonb)
          from jsonb_array_elements(evidence) with ordinality as e(note, n)
          -- A mark that no two others share goes.
          where not ${IS_MARK} or ${left(NOTE, 'udesk')} <> '[]'::jsonb and ${left(NOTE, 'crm')} <> '[]'::jsonb)
        where pair = ${pair} and id <> all(${textArray(linkIds)}::bigint[]) and state in ('confirmed', 'broken')
          and exists (select 1 from jsonb_array_elements(evidence) note
            where ${isNamed(among, person)} or ${IS_MARK} and ${isNamed(NOTE, person)})`,
  );
}
