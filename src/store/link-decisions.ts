/**
 * What people say about identity (sync design §6). Each decision is one transaction on locked rows: of two people who
 * decide at once one wins and the other is told, and a cycle that runs meanwhile cannot link or create against it.
 * Decisions are kept in the link's evidence, with name and time.
 */
import { sql } from 'drizzle-orm';
import { idOn, otherSide, SIDES, type SideName } from '../core/record.ts';
import { logDecision } from './decision-log.ts';
import { lockOutCycle } from './lease.ts';
import { endConflicts, type LinkRow, loadLink, loadLinkOf } from './links.ts';
import { askAgain } from './returned.ts';
import { endReverts } from './reverts.ts';
import { retryAsked } from './reviews.ts';
import { type Db, jsonParam, rows, textArray } from './tx.ts';

export interface LinkDecision {
  readonly linkId: string;
  readonly who: string;
  readonly at: Date;
}

export type ConfirmResult =
  | { readonly outcome: 'confirmed'; readonly udeskId: string; readonly crmId: string }
  | { readonly outcome: 'not-found' }
  /** Somebody was faster, or it never was a question. */
  | { readonly outcome: 'wrong-state'; readonly link: LinkRow }
  /** The ids leave a choice, or are not among the candidates. */
  | { readonly outcome: 'choose'; readonly link: LinkRow }
  | { readonly outcome: 'not-live'; readonly side: SideName; readonly id: string }
  | { readonly outcome: 'linked'; readonly side: SideName; readonly id: string; readonly by: LinkRow }
  /** The link that would end has writes whose outcome must be known first. */
  | { readonly outcome: 'in-flight'; readonly link: LinkRow; readonly intents: number };

/**
 * "These two are the same person." A candidate becomes the confirmed link itself; a rejected or unlinked one may be
 * taken up again, with the bases that it had, and asks again what its end had closed. `udeskId` and `crmId` choose among several candidates.
 * A survivor whose counterpart was deleted is taken over from its flagged link, which ends: the person was entered anew. So
 * is a record whose counterpart was not created, or may have been: the person says who it is.
 */
export async function confirmLink(
  db: Db,
  decision: LinkDecision & { readonly udeskId?: string | undefined; readonly crmId?: string | undefined },
): Promise<ConfirmResult> {
  return await db.transaction(async (tx): Promise<ConfirmResult> => {
    const link = await lockLink(tx, decision.linkId);
    if (link === null) return { outcome: 'not-found' };
    if (!isConfirmable(link)) return { outcome: 'wrong-state', link };
    const udeskId = choose(candidatesOf(link, 'udesk'), decision.udeskId);
    const crmId = choose(candidatesOf(link, 'crm'), decision.crmId);
    if (udeskId === null || crmId === null) return { outcome: 'choose', link };
    const ids = { udesk: udeskId, crm: crmId };
    const ended: { left: LinkRow; gone: SideName | null }[] = [];
    for (const side of SIDES) {
      const record = await lockRecord(tx, link, side, ids[side]);
      if (record === null || record.state !== 'live') return { outcome: 'not-live', side, id: ids[side] };
      if (record.holder === null) continue;
      const gone = (await isLeftAlone(tx, record.holder, side)) ? otherSide(side) : null;
      if (!isFlagged(record.holder) && !isUncreated(record.holder) && gone === null)
        return { outcome: 'linked', side, id: ids[side], by: record.holder };
      const intents = await inFlight(tx, record.holder);
      if (intents > 0) return { outcome: 'in-flight', link: record.holder, intents };
      ended.push({ left: record.holder, gone });
    }
    // Nobody says that the deleted one is somebody else: it may come back, and is asked about then.
    for (const { left, gone: side } of ended)
      await endLink(tx, left, decision, side === null ? undefined : `deleted on ${side}`);
    const note = {
      ...(await logged(tx, link, decision, 'confirm')),
      // The link may go over to another record later: this was said of these two.
      ...ids,
    };
    const among = link.candidates === null ? {} : { among: link.candidates };
    await tx.execute(
      sql`update udesk_sync.link set state = 'confirmed', udesk_id = ${udeskId}, crm_id = ${crmId},
            candidates = null, candidate_key = null, decided_by = ${byPerson(decision.who)}, dirty = true,
            reason = case when state = 'candidate' then reason end,
            evidence = evidence || ${jsonParam([{ ...note, ...among }])},
            changed_at = ${decision.at.toISOString()}::timestamptz
          where pair = ${link.pair} and id = ${link.id}::bigint`,
    );
    // A no that is taken back so does not keep a question away that comes up later.
    await tx.execute(
      sql`update udesk_sync.link set candidate_key = null where pair = ${link.pair} and state = 'rejected' and candidate_key is not null
          and candidates -> 'udesk' ? ${udeskId}::text and candidates -> 'crm' ? ${crmId}::text`,
    );
    for (const side of SIDES) {
      await tx.execute(
        sql`update udesk_sync.record set link_id = ${link.id}::bigint, dirty = true
            where pair = ${link.pair} and side = ${side} and remote_id = ${ids[side]}`,
      );
    }
    await askAgain(tx, link.pair, [link.id], decision.at);
    return { outcome: 'confirmed', udeskId, crmId };
  });
}

export type RejectResult =
  | { readonly outcome: 'rejected'; readonly link: LinkRow }
  | { readonly outcome: 'not-found' }
  | { readonly outcome: 'wrong-state'; readonly link: LinkRow };

/** "Nobody among these is the same person": the question is not asked again. */
export async function rejectLink(db: Db, decision: LinkDecision): Promise<RejectResult> {
  return await db.transaction(async (tx): Promise<RejectResult> => {
    const link = await lockLink(tx, decision.linkId);
    if (link === null) return { outcome: 'not-found' };
    if (link.state !== 'candidate') return { outcome: 'wrong-state', link };
    await decide(tx, link, decision, {
      state: 'rejected',
      take: 'reject',
      decidedBy: byPerson(decision.who),
    });
    await retryAsked(tx, link.pair, [link.id]);
    return { outcome: 'rejected', link };
  });
}

export type UnlinkResult =
  | { readonly outcome: 'unlinked'; readonly link: LinkRow; readonly closedConflicts: number }
  | { readonly outcome: 'not-found' }
  | { readonly outcome: 'wrong-state'; readonly link: LinkRow }
  /** Writes that were sent, or are about to be: what they did must be known first. */
  | { readonly outcome: 'in-flight'; readonly link: LinkRow; readonly intents: number };

/**
 * "These two are not the same person after all", or of a flagged link: "this deletion is settled". No record is touched
 * on either side; the two are never linked again by themselves, nor created anew. The bases stay in the row, for the
 * case that the link is confirmed again.
 */
export async function unlink(
  db: Db,
  decision: LinkDecision & { readonly shown?: string | undefined },
): Promise<UnlinkResult> {
  return await db.transaction(async (tx): Promise<UnlinkResult> => {
    const link = await lockLink(tx, decision.linkId);
    if (link === null) return { outcome: 'not-found' };
    if (decision.shown !== undefined && decision.shown !== shownAs(link))
      return { outcome: 'wrong-state', link };
    if (!isEndable(link)) return { outcome: 'wrong-state', link };
    const intents = await inFlight(tx, link);
    if (intents > 0) return { outcome: 'in-flight', link, intents };
    return { outcome: 'unlinked', link, closedConflicts: await endLink(tx, link, decision) };
  });
}

/** What a person sees of a link whom it joins: "not the same" is about these two, and "settled" about this deletion. */
export function shownAs({ state, udeskId, crmId }: LinkRow): string {
  return [state, udeskId ?? '', crmId ?? ''].join('/');
}

/** How many writes of the link were sent, or are about to be; they stay so until the transaction ends. */
async function inFlight(tx: Db, link: LinkRow): Promise<number> {
  const found = await rows(
    tx,
    sql`select 1 from udesk_sync.intent
        where pair = ${link.pair} and link_id = ${link.id}::bigint and state in ('pending', 'sending', 'unknown') for update`,
  );
  return found.length;
}

/** Frees the records of a link and closes all that is open about it. @returns how many conflicts that were. */
async function endLink(tx: Db, link: LinkRow, decision: LinkDecision, reason?: string): Promise<number> {
  await decide(tx, link, decision, { state: 'broken', take: 'unlink', decidedBy: 'unlink', reason });
  const at = sql`${decision.at.toISOString()}::timestamptz`;
  const closed = await endConflicts(tx, link.pair, link.id, decision.at);
  await endReverts(tx, link.pair, link.id, decision.at);
  await tx.execute(
    sql`update udesk_sync.intent set state = 'dropped', error = 'the link was ended by a person'
        where pair = ${link.pair} and link_id = ${link.id}::bigint and state in ('planned', 'held', 'parked')`,
  );
  await tx.execute(
    sql`update udesk_sync.parked set state = 'dropped', closed_at = ${at}
        where pair = ${link.pair} and link_id = ${link.id}::bigint and state = 'parked'`,
  );
  await tx.execute(
    sql`delete from udesk_sync.claim where pair = ${link.pair} and link_id = ${link.id}::bigint`,
  );
  await tx.execute(
    sql`update udesk_sync.record set link_id = null, dirty = true
        where pair = ${link.pair} and link_id = ${link.id}::bigint`,
  );
  return closed;
}

/** Who might be meant on one side. */
export function candidatesOf(link: LinkRow, side: SideName): readonly string[] {
  if (link.candidates !== null) return link.candidates[side];
  const id = idOn(link, side);
  return id === null ? [] : [id];
}

/** A question, or one that a person answered with no. A link that a deletion ended is for the engine to take up again. */
export function isConfirmable(link: LinkRow): boolean {
  return (
    link.state === 'candidate' ||
    link.state === 'rejected' ||
    (link.state === 'broken' && link.decidedBy === 'unlink')
  );
}

/** A link that a person can end: a live one, or one that waits for its deleted record to come back. */
export function isEndable(link: LinkRow): boolean {
  return link.state === 'confirmed' || isFlagged(link);
}

function isFlagged(link: LinkRow): boolean {
  return link.state === 'broken' && (link.decidedBy === 'flag' || link.decidedBy === 'merged');
}

/** Its counterpart was not created, or nobody knows whether it was: whoever says who it is answers that. */
function isUncreated(link: LinkRow): boolean {
  return link.state === 'confirmed' && (link.udeskId === null || link.crmId === null);
}

/** Its other record is deleted, and a person is asked what becomes of this one: whoever says who it is answers that, too. */
async function isLeftAlone(tx: Db, link: LinkRow, side: SideName): Promise<boolean> {
  const there = otherSide(side);
  const found = await rows(
    tx,
    sql`select 1 from udesk_sync.record where pair = ${link.pair} and side = ${there} and remote_id = ${idOn(link, there)} and state = 'deleted'`,
  );
  return link.state === 'confirmed' && found.length > 0;
}

function choose(candidates: readonly string[], wanted: string | undefined): string | null {
  if (wanted !== undefined) return candidates.includes(wanted) ? wanted : null;
  return candidates.length === 1 ? (candidates[0] ?? null) : null;
}

/** Of any pair: people name a link by its id alone. */
async function lockLink(tx: Db, id: string): Promise<LinkRow | null> {
  const link = await loadLink(tx, id);
  if (link === null) return null;
  await lockOutCycle(tx, link.pair);
  await tx.execute(
    sql`select 1 from udesk_sync.link where pair = ${link.pair} and id = ${id}::bigint for update`,
  );
  return await loadLinkOf(tx, link.pair, id);
}

/** The record with the link that holds it (null: free, or ours); it stays so until the transaction ends. */
async function lockRecord(
  tx: Db,
  link: LinkRow,
  side: SideName,
  id: string,
): Promise<{ state: string; holder: LinkRow | null } | null> {
  const [record] = await rows<{ state: string; link_id: string | null }>(
    tx,
    sql`select state, link_id from udesk_sync.record
        where pair = ${link.pair} and side = ${side} and remote_id = ${id} for update`,
  );
  if (record === undefined) return null;
  const free = record.link_id === null || record.link_id === link.id;
  return { state: record.state, holder: free ? null : await loadLinkOf(tx, link.pair, record.link_id ?? '') };
}

async function decide(
  tx: Db,
  link: LinkRow,
  decision: LinkDecision,
  to: {
    state: 'rejected' | 'broken';
    take: 'reject' | 'unlink';
    decidedBy: string;
    reason?: string | undefined;
  },
): Promise<void> {
  const { who, at } = decision;
  const note = await logged(tx, link, decision, to.take);
  await tx.execute(
    // Why a link had ended once says nothing about the end of one that was taken up again.
    sql`update udesk_sync.link set state = ${to.state}, decided_by = ${to.decidedBy},
          reason = coalesce(case when state <> 'confirmed' then reason end, ${to.reason ?? `${to.take} by ${who}`}),
          evidence = evidence || ${jsonParam([note])}, dirty = false, changed_at = ${at.toISOString()}::timestamptz
        where pair = ${link.pair} and id = ${link.id}::bigint`,
  );
}

/** The decision is in the log. @returns what the link's evidence says of it */
async function logged(
  tx: Db,
  { id, pair }: LinkRow,
  { who, at }: LinkDecision,
  take: 'confirm' | 'reject' | 'unlink',
): Promise<Readonly<Record<string, unknown>>> {
  const said = { at: at.toISOString(), who };
  const seq = await logDecision(tx, { ...said, action: take, pair, subject: `link ${id}` });
  return { kind: 'decision', take, seq, by: who, at: said.at };
}

/** Never one of the engine's own words (`match`, `flag`, `unlink`, …), whatever the person is called. */
function byPerson(who: string): string {
  return `person:${who}`;
}

/**
 * Of links that were just planned, those whose plan must not be stored: a person has ended the link, or decided
 * one of its conflicts, since it was loaded. They stay dirty, and are planned anew.
 */
export async function decidedSincePlanned(
  tx: Db,
  pair: string,
  planned: readonly { readonly id: string; readonly decisions: readonly string[] }[],
): Promise<Set<string>> {
  if (planned.length === 0) return new Set();
  const found = await rows<{ id: string }>(
    tx,
    sql`select l.id from udesk_sync.link l
        where l.pair = ${pair} and l.id = any(${textArray(planned.map(({ id }) => id))}::bigint[])
          and (l.state <> 'confirmed' or exists (
            select 1 from udesk_sync.conflict c
            where c.pair = l.pair and c.link_id = l.id and c.state = 'resolving' and c.decision_id is not null
              and not c.decision_id = any(${textArray(planned.flatMap(({ decisions }) => decisions))}::bigint[])))`,
  );
  return new Set(found.map(({ id }) => id));
}
