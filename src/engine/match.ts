import { decideMatch, type MatchDecision, type MatchRecord } from '../core/match.ts';
import { SIDES, type SideName } from '../core/record.ts';
import { type FormerCounterpart, weighFormer } from '../core/returned.ts';
import type { MatchKeyKind } from '../core/spec.ts';
import { dissolveLinks, insertConfirmedLinks, type NewLink } from '../store/links.ts';
import { holdersOf, type KeyedRecord, keyedRecords, unlinkedIds } from '../store/records.ts';
import { askAgain, formerCounterparts, restoreReturned } from '../store/returned.ts';
import { type Review, rejectedPairs, replaceReviews } from '../store/reviews.ts';
import { type Db, fenced } from '../store/tx.ts';
import { movedUncertainCreates } from '../store/uncertain-creates.ts';
import type { Cycle } from './context.ts';

const CHUNK = 500;

export interface MatchReport {
  readonly linked: number;
  readonly reviews: number;
  /** Ids without a counterpart on the other side. */
  readonly unmatched: Readonly<Record<SideName, readonly string[]>>;
}

/**
 * Finds who is the same person, from the mirror alone. Links are sticky: only records without a link take part.
 * A question that a person must answer becomes a review; a guess is never made (sync design §6).
 */
export async function matchRecords(cycle: Cycle): Promise<MatchReport> {
  const { db, fence, spec } = cycle;
  const rejected = await rejectedPairs(db, spec.name);
  await fenced(db, fence, (tx) => restoreReturned(tx, spec.name, cycle.clock(), rejected));
  const reviews: Review[] = [];
  const unmatched: Record<SideName, string[]> = { udesk: [], crm: [] };
  let linked = 0;
  for (const side of ['udesk', 'crm'] as const) {
    for (let after = ''; ; ) {
      const ids = await unlinkedIds(db, spec.name, side, after, CHUNK);
      const last = ids.at(-1);
      if (last === undefined) break;
      after = last;
      cycle.signal.throwIfAborted();
      const links: NewLink[] = [];
      const matched = await decide(cycle, side, ids);
      for (const [id, decision] of await decideReturned(cycle, side, matched, rejected)) {
        if (decision.kind === 'unmatched') unmatched[side].push(id);
        else if (decision.kind === 'review') reviews.push(decision);
        else links.push({ ...decision, decidedBy: 'match' });
      }
      if (links.length > 0) await fenced(db, fence, (tx) => linkMatched(tx, spec.name, links, cycle.clock()));
      linked += links.length;
      cycle.progress('matching', unmatched.udesk.length + unmatched.crm.length + linked, null);
      if (ids.length < CHUNK) break;
    }
  }
  await fenced(db, fence, (tx) => replaceReviews(tx, spec.name, reviews, cycle.clock()));
  const asked = new Set(reviews.map((review) => JSON.stringify([review.udeskIds, review.crmIds])));
  return { linked, reviews: asked.size, unmatched };
}

/**
 * A create that may have happened is taken up again once its source moved and matching finds exactly one whom it may have
 * made. Until then its link stays, and a person is asked: matched with anybody else, or left in a question with others, it
 * would be forgotten, and sent a second time when that question goes away (P5).
 */
export async function matchUncertainCreates({ db, fence, spec, clock }: Cycle): Promise<void> {
  await fenced(db, fence, async (tx) => {
    const open = await movedUncertainCreates(tx, spec.name);
    if (open.length === 0) return;
    const rejected = await rejectedPairs(tx, spec.name);
    const freed = new Set(open.map(({ linkId }) => linkId));
    for (const side of SIDES) {
      const ofSide = open.filter((one) => one.side === side);
      const decisions = await decide(
        { db: tx, spec },
        side,
        ofSide.map(({ id }) => id),
        freed,
      );
      for (const { linkId, id, suspects } of ofSide) {
        const decision = decisions.get(id);
        if (decision?.kind !== 'link' || isRejected(side, id, decision, rejected)) continue;
        if (!suspects.includes(side === 'udesk' ? decision.crmId : decision.udeskId)) continue;
        await dissolveLinks(tx, spec.name, [linkId], clock());
        await linkMatched(tx, spec.name, [{ ...decision, decidedBy: 'match' }], clock());
      }
    }
  });
}

/** Whoever was linked before is asked again about what the end of that link closed. */
async function linkMatched(tx: Db, pair: string, links: readonly NewLink[], at: Date): Promise<void> {
  const ids = await insertConfirmedLinks(tx, pair, links, at);
  await askAgain(
    tx,
    pair,
    ids.flatMap((id) => id ?? []),
    at,
  );
}

/** The same decisions, after what people rejected, and with whom they were linked with before a deletion. */
async function decideReturned(
  { db, spec }: Cycle,
  side: SideName,
  decisions: ReadonlyMap<string, MatchDecision>,
  rejected: ReadonlySet<string>,
): Promise<[string, MatchDecision][]> {
  const left = [...decisions].map(([id, decision]): [string, MatchDecision] => {
    const isOver = decision.kind !== 'unmatched' && isRejected(side, id, decision, rejected);
    return [id, isOver ? { kind: 'unmatched' } : decision];
  });
  const former = new Map<string, FormerCounterpart[]>();
  const open = left.flatMap(([id, { kind }]) => (kind === 'review' ? [] : [id]));
  for (const one of await formerCounterparts(db, spec.name, side, open)) {
    former.set(one.id, [...(former.get(one.id) ?? []), one]);
  }
  return left.map(([id, decision]) => {
    const isApart = (other: string) => areApart(rejected, side, id, other);
    return [id, weighFormer(side, id, decision, former.get(id) ?? [], isApart)];
  });
}

/** @param freed links that are taken as if they were not there */
async function decide(
  { db, spec }: Pick<Cycle, 'db' | 'spec'>,
  side: SideName,
  ids: readonly string[],
  freed: ReadonlySet<string> = new Set(),
): Promise<Map<string, MatchDecision>> {
  const subjects = await keyedRecords(db, spec.name, side, ids);
  const near = await holdersOf(db, spec.name, distinctKeys(subjects));
  const few = heldByFew(distinctKeys(subjects), near, spec.match.stopAfter);
  // Those who share more with a subject than a stop-listed value (an office line has thousands of neighbours).
  const meaningful = near.filter((record) => record.keys.some((key) => few.has(key)));
  const far = await holdersOf(db, spec.name, distinctKeys(meaningful));
  const known = new Map<string, KeyedRecord>();
  for (const record of [...subjects, ...near, ...far]) known.set(`${record.side}\n${record.id}`, record);
  const holders = new Map<string, KeyedRecord[]>();
  for (const record of known.values()) {
    for (const key of record.keys) holders.set(key, [...(holders.get(key) ?? []), record]);
  }
  const decisions = new Map<string, MatchDecision>();
  for (const subject of subjects) {
    const around = new Map<KeyedRecord, MatchRecord>();
    for (const first of neighbours(subject, holders)) {
      around.set(first, toMatchRecord(first, freed));
      for (const second of neighbours(first, holders)) around.set(second, toMatchRecord(second, freed));
    }
    const sideOf = (wanted: SideName) => [...around].filter(([r]) => r.side === wanted).map(([, m]) => m);
    decisions.set(
      subject.id,
      decideMatch(spec.match, side, toMatchRecord(subject, freed), {
        udesk: sideOf('udesk'),
        crm: sideOf('crm'),
      }),
    );
  }
  return decisions;
}

/**
 * Of these keys those that a match may rest on: no side has one on more than `stopAfter` records (sync design §6).
 * @param holders all who hold one of them
 */
export function heldByFew(
  keys: readonly string[],
  holders: readonly KeyedRecord[],
  stopAfter: number,
): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const record of holders) {
    for (const key of record.keys) {
      const counted = `${record.side}\n${key}`;
      counts.set(counted, (counts.get(counted) ?? 0) + 1);
    }
  }
  const isFew = (side: SideName, key: string) => (counts.get(`${side}\n${key}`) ?? 0) <= stopAfter;
  return new Set(keys.filter((key) => SIDES.every((side) => isFew(side, key))));
}

function distinctKeys(records: readonly KeyedRecord[]): string[] {
  return [...new Set(records.flatMap((record) => record.keys))];
}

function neighbours(
  record: KeyedRecord,
  holders: ReadonlyMap<string, readonly KeyedRecord[]>,
): Set<KeyedRecord> {
  return new Set(record.keys.flatMap((key) => holders.get(key) ?? []));
}

function toMatchRecord(record: KeyedRecord, freed: ReadonlySet<string>): MatchRecord {
  return {
    id: record.id,
    keys: record.keys.map((key) => {
      const colon = key.indexOf(':');
      return { kind: key.slice(0, colon) as MatchKeyKind, value: key.slice(colon + 1) };
    }),
    linkedTo: record.linkId !== null && freed.has(record.linkId) ? null : record.linkId,
  };
}

/** Everybody on the other side who might be this record was rejected by a person before. */
function isRejected(
  side: SideName,
  id: string,
  decision: Exclude<MatchDecision, { kind: 'unmatched' }>,
  rejected: ReadonlySet<string>,
): boolean {
  if (rejected.size === 0) return false;
  const { udeskIds, crmIds } =
    decision.kind === 'link' ? { udeskIds: [decision.udeskId], crmIds: [decision.crmId] } : decision;
  const others = side === 'udesk' ? crmIds : udeskIds;
  return others.length > 0 && others.every((other) => areApart(rejected, side, id, other));
}

/** @param other a record of the other side */
function areApart(rejected: ReadonlySet<string>, side: SideName, id: string, other: string): boolean {
  return rejected.has(side === 'udesk' ? `${id}\n${other}` : `${other}\n${id}`);
}
