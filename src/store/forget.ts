/**
 * Erases all that is kept of one person. What stays is that something was: ids of staff, counts, the chain of decisions
 * without its values (docs/decisions/0021-forgetting-a-person.md).
 */
import { type SQL, sql } from 'drizzle-orm';
import { SIDES, type SideName } from '../core/record.ts';
import { growPerson, holdsPerson, type LinkTrace, type PersonIds } from '../core/same-person.ts';
import { hasJobs } from './dead-letters.ts';
import { leaveOthers } from './forget-others.ts';
import { fromJsonb } from './jsonb.ts';
import { rejectedPairs } from './reviews.ts';
import { type Db, rows, textArray } from './tx.ts';

export interface Person {
  readonly ids: PersonIds;
  readonly linkIds: readonly string[];
}

export interface PersonState extends Person {
  /** Sides on which the mirror last saw the person alive. */
  readonly alive: readonly SideName[];
  /** Writes that are on their way, or of unknown outcome. */
  readonly inFlight: number;
}

const none: PersonIds = { udesk: [], crm: [] };

/**
 * Everything that was ever linked with this record, whatever became of the link; but nobody of whom a person said that they are
 * somebody else (P2, P6: their edits would be kept out, and nobody would know). Null: no such record is known.
 */
export async function findPerson(
  db: Db,
  pair: string,
  side: SideName,
  id: string,
): Promise<PersonState | null> {
  const rejected = await rejectedPairs(db, pair);
  const areApart = (udeskId: string, crmId: string) => rejected.has(`${udeskId}\n${crmId}`);
  let ids: PersonIds = { ...none, [side]: [id] };
  let linkIds: string[] = [];
  for (;;) {
    const links = await linksAbout(db, pair, ids);
    const next = growPerson(ids, links, areApart);
    // What is kept of a question, or of the time when two were taken for one, names them, too.
    linkIds = links.filter((link) => holdsPerson(link, ids)).map((link) => link.id);
    const grown = SIDES.some((each) => next[each].length > ids[each].length);
    ids = next;
    if (!grown) break;
  }
  const known = await rows<{ side: SideName; state: string }>(
    db,
    sql`select side, state from udesk_sync.record where pair = ${pair} and ${ofPerson(ids)}`,
  );
  if (known.length === 0 && linkIds.length === 0) return null;
  const [flying] = await rows<{ n: string }>(
    db,
    // Whom a create of unknown outcome has made would come back as somebody new: who that is, a person is asked.
    sql`select count(*) as n from udesk_sync.intent i where i.pair = ${pair} and i.link_id = any(${textArray(linkIds)}::bigint[])
        and (i.state in ('pending', 'sending', 'unknown') or exists (
          select 1 from udesk_sync.parked p where p.pair = i.pair and p.intent_id = i.id
            and p.state = 'parked' and p.kind = 'uncertain-create'))`,
  );
  const alive = SIDES.filter((each) => known.some((row) => row.side === each && row.state === 'live'));
  return { ids, linkIds, alive, inFlight: Number(flying?.n ?? 0) };
}

/** Links that hold one of these records, or held it before. */
async function linksAbout(db: Db, pair: string, ids: PersonIds): Promise<LinkTrace[]> {
  const found = await rows<{
    id: string;
    udesk_id: string | null;
    crm_id: string | null;
    before: string;
  }>(
    db,
    sql`select id, udesk_id, crm_id, jsonb_path_query_array(evidence, '$[*] ? (exists(@.from))')::text as before
        from udesk_sync.link where pair = ${pair} and state <> 'candidate'
          and (udesk_id = any(${textArray(ids.udesk)}) or crm_id = any(${textArray(ids.crm)}) or ${heldBefore(ids)})`,
  );
  return found.map((row) => ({
    id: row.id,
    udeskId: row.udesk_id,
    crmId: row.crm_id,
    before: fromJsonb(row.before),
  }));
}

/** The link was theirs before it went over to another record; asked as the index `link_moved` has it. */
function heldBefore(ids: Person['ids']): SQL {
  return sql`(jsonb_path_exists(evidence, '$[*].from') and exists (
    select 1 from jsonb_array_elements(evidence) as note
    where note->>'side' = 'udesk' and note->>'from' = any(${textArray(ids.udesk)})
      or note->>'side' = 'crm' and note->>'from' = any(${textArray(ids.crm)})))`;
}

function ofPerson(ids: Person['ids']): SQL {
  return sql`((side = 'udesk' and remote_id = any(${textArray(ids.udesk)})) or (side = 'crm' and remote_id = any(${textArray(ids.crm)})))`;
}

export interface Erased {
  readonly records: number;
  readonly observations: number;
  readonly conflicts: number;
  readonly writes: number;
  readonly histories: number;
  /** Ids of decisions whose values are gone. */
  readonly decisions: readonly string[];
}

/** In one transaction, under the pair's lease. The chain of decisions is told by the caller. */
export async function erasePerson(tx: Db, pair: string, { ids, linkIds }: Person): Promise<Erased> {
  const links = sql`${textArray(linkIds)}::bigint[]`;
  const count = async (query: SQL) => (await rows(tx, query)).length;
  const decisions = await rows<{ id: string }>(
    tx,
    sql`update udesk_sync.decision set value = null, erased = true
        where pair = ${pair} and not erased
          and conflict_id in (select id from udesk_sync.conflict where pair = ${pair} and link_id = any(${links}))
        returning id`,
  );
  const decided = sql`${textArray(decisions.map(({ id }) => id))}::bigint[]`;
  await tx.execute(sql`update udesk_sync.decision_log set salt = null where decision_id = any(${decided})`);
  // Answers of the API hold conflicts as they were shown.
  await tx.execute(
    sql`delete from udesk_sync.idempotency i using udesk_sync.conflict c
        where c.pair = ${pair} and c.link_id = any(${links}) and position('"' || c.id::text || '"' in i.body) > 0`,
  );
  await forgetSearches(tx, pair, { ids, linkIds });
  const left = await leaveOthers(tx, pair, { ids, linkIds });
  const conflicts = await eraseConflicts(tx, pair, links, left);
  const writes = await count(
    sql`delete from udesk_sync.intent where pair = ${pair} and link_id = any(${links}) returning 1`,
  );
  await tx.execute(
    sql`delete from udesk_sync.parked where pair = ${pair} and (link_id = any(${links}) or ${ofPerson(ids)})`,
  );
  await tx.execute(sql`delete from udesk_sync.revert_field where pair = ${pair} and link_id = any(${links})`);
  await tx.execute(sql`delete from udesk_sync.claim where pair = ${pair} and link_id = any(${links})`);
  const observations = await count(
    sql`delete from udesk_sync.observation where pair = ${pair} and ${ofPerson(ids)} returning 1`,
  );
  const histories = await count(
    sql`delete from udesk_sync.feed where pair = ${pair} and udesk_id = any(${textArray(ids.udesk)}) returning 1`,
  );
  await tx.execute(sql`delete from udesk_sync.link where pair = ${pair} and id = any(${links})`);
  const records = await count(
    sql`delete from udesk_sync.record where pair = ${pair} and ${ofPerson(ids)} returning 1`,
  );
  await tx.execute(
    sql`update udesk_sync.listing_page set low_id = null where pair = ${pair} and low_id = any(${textArray(ids.udesk)})`,
  );
  await forgetHints(tx, pair, ids);
  // Samples of plans are for looking at, and made anew; which of them show the person is not worth finding out.
  await tx.execute(sql`update udesk_sync.guard set sample = null where pair = ${pair}`);
  await tx.execute(
    sql`update udesk_sync.pair set first_plan = null where name = ${pair} and first_plan is not null`,
  );
  return {
    ...{ records, observations, conflicts, writes, histories },
    decisions: decisions.map(({ id }) => id),
  };
}

/**
 * They stay in the counts of conflicts ever opened and closed (src/store/gauges.ts): a count that falls is read as a restart.
 * @param left closed rows that stand for some of them, and count as well
 */
async function eraseConflicts(tx: Db, pair: string, links: SQL, left: number): Promise<number> {
  const [gone] = await rows<{ n: number; closed: number }>(
    tx,
    sql`with gone as (delete from udesk_sync.conflict where pair = ${pair} and link_id = any(${links}) returning closed_at),
          counted as (select count(*)::int as n, count(closed_at)::int as closed from gone),
          kept as (update udesk_sync.pair p set conflicts_forgotten = p.conflicts_forgotten + counted.n - ${left},
            closed_forgotten = p.closed_forgotten + counted.closed - ${left} from counted where p.name = ${pair})
        select n, closed from counted`,
  );
  return gone?.n ?? 0;
}

/** What a callback asked to look at, waiting or put aside; none where no daemon has made the job tables yet. */
async function forgetHints(tx: Db, pair: string, ids: Person['ids']): Promise<void> {
  if (!(await hasJobs(tx))) return;
  await tx.execute(
    sql`delete from udesk_sync_jobs.job where data ->> 'pair' = ${pair}
        and data ->> 'about' = any(${textArray(SIDES.flatMap((side) => ids[side]))})`,
  );
}

/** Views of the inbox that search for what the person is called by: for all of it, or for a good part of it. */
async function forgetSearches(tx: Db, pair: string, { ids, linkIds }: Person): Promise<void> {
  await tx.execute(
    sql`delete from udesk_sync.inbox_view v using (
          select unnest(string_to_array(s.words, E'\n')) as word
          from udesk_sync.conflict c join udesk_sync.conflict_search s on s.pair = c.pair and s.conflict_id = c.id
          where c.pair = ${pair} and c.link_id = any(${textArray(linkIds)}::bigint[])
          union
          select lower(unnest(keys || remote_id || udesk_sync.plain_text(fields -> 'nick_name')))
          from udesk_sync.record where pair = ${pair} and ${ofPerson(ids)}) known
        where lower(v.words) = known.word
          or (char_length(v.words) >= 5 and strpos(known.word, lower(v.words)) > 0)`,
  );
}

/** Records that are not to be taken up again. */
export async function keepOut(tx: Db, pair: string, ids: Person['ids'], at: Date): Promise<void> {
  for (const side of SIDES) {
    await tx.execute(
      sql`insert into udesk_sync.kept_out (pair, side, remote_id, at)
          select ${pair}, ${side}, id, ${at.toISOString()}::timestamptz from unnest(${textArray(ids[side])}) as id
          on conflict do nothing`,
    );
  }
}

/** In what a person is told of whoever waits because of such a record (engine/kept-out.ts). */
const KEPT_OUT = 'is kept out since a person was forgotten';

/** Those of the records that are not to be taken up again. */
export async function keptOutAmong(
  db: Db,
  pair: string,
  side: SideName,
  ids: readonly string[],
): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const found = await rows<{ id: string }>(
    db,
    sql`select remote_id as id from udesk_sync.kept_out
        where pair = ${pair} and side = ${side} and remote_id = any(${textArray(ids)}) order by 1`,
  );
  return found.map(({ id }) => id);
}

/** P6: whoever waited for it is planned again. @returns whether the record had been kept out */
export async function letIn(db: Db, pair: string, side: SideName, id: string): Promise<boolean> {
  const gone = await rows(
    db,
    sql`delete from udesk_sync.kept_out where pair = ${pair} and side = ${side} and remote_id = ${id} returning 1`,
  );
  if (gone.length === 0) return false;
  await db.execute(
    sql`update udesk_sync.record r set dirty = true from udesk_sync.parked p
        where p.pair = ${pair} and p.state = 'parked' and p.side = ${side} and position(${KEPT_OUT} in p.message) > 0
          and r.pair = p.pair and r.link_id = p.link_id and r.side <> p.side and r.state = 'live'`,
  );
  return true;
}
