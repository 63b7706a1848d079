/**
 * P12: every current value has a chain back to an observation or a decision. From what is stored about a customer, and
 * from nothing else: a value is followed from the mirror to the observation that showed it, from there to the write of
 * ours that put it there, if one did, and from that to the other side's value or the person's choice that it carried.
 */
import {
  type CustomerHistory,
  currentOf,
  type HistoryIntent,
  type HistoryObservation,
  type HistoryRecord,
  lostObservations,
} from './history.ts';
import { isAfter, type Moment } from './moment.ts';
import { sameContent } from './observation.ts';
import { otherSide, SIDES, type SideName } from './record.ts';
import { type FieldSpec, sideField } from './spec.ts';
import type { Value } from './value.ts';

/** Where a chain ends: somebody outside gave the side this value, or a person decided here. */
export type Origin =
  | {
      readonly kind: 'observation';
      readonly side: SideName;
      readonly at: string;
      /** Null: the value was there when the record was first seen. */
      readonly observationId: string | null;
    }
  | { readonly kind: 'revert'; readonly revertId: string; readonly who: string; readonly at: string }
  | { readonly kind: 'decision'; readonly decisionId: string; readonly who: string; readonly at: string };

export interface Trace {
  readonly side: SideName;
  /** The pair's field name. */
  readonly field: string;
  readonly value: Value;
  /** Writes of ours on the way, newest first. */
  readonly intents: readonly string[];
  readonly origin: Origin | null;
  /** Why the chain breaks off; null where it reaches its origin. */
  readonly gap: string | null;
}

/** The chain of what `side` holds now; null where there is no live record, or it never told the field. */
export function traceValue(history: CustomerHistory, spec: FieldSpec, side: SideName): Trace | null {
  const record = currentOf(history, side);
  const value = record?.fields[sideField(spec, side)];
  if (record === null || record.state !== 'live' || value === undefined) return null;
  const intents: string[] = [];
  const end = follow(history, spec, { side, value, until: null, linkId: null }, intents);
  const reached = typeof end !== 'string';
  return {
    side,
    field: spec.udesk,
    value,
    intents,
    origin: reached ? end : null,
    gap: reached ? null : end,
  };
}

/** All mapped fields of both sides. */
export function traceAll(history: CustomerHistory, fields: readonly FieldSpec[]): Trace[] {
  return fields.flatMap((spec) => SIDES.flatMap((side) => traceValue(history, spec, side) ?? []));
}

interface Held {
  readonly side: SideName;
  readonly value: Value;
  /** As it stood then; null: now. */
  readonly until: Moment | null;
  /** The link whose write carried it, which tells of whom; null: of whoever is meant now. */
  readonly linkId: string | null;
}

/** Both are told by our clock, one right after the other. */
const SETTLING_MS = 10_000;

/** A state of one field of one record: since when, and the observation that showed it (null: the first sight). */
interface Sight {
  readonly record: HistoryRecord;
  readonly at: string;
  readonly value: Value;
  readonly observation: HistoryObservation | null;
}

/** @returns the origin, or in words why the chain breaks off. */
function follow(history: CustomerHistory, spec: FieldSpec, start: Held, passed: string[]): Origin | string {
  let held = start;
  // Each step goes back in time, and no history is longer than its intents.
  for (let step = 0; step <= history.intents.length; step += 1) {
    const sight = sightOf(history, spec, held);
    if (sight === null) {
      return gapOf(history, held, null, `no observation shows what ${held.side} held in ${spec.udesk}`);
    }
    const writer = writerOf(history, spec, held, sight);
    if (writer === null) {
      const lost = sight.observation === null ? lostObservations(history, held.side, sight.record) : 0;
      // What looks like the first sight may be a later state.
      if (lost > 0) {
        const what = `${lost} observations of ${held.side} ${sight.record.id} are not on record`;
        return gapOf(history, held, sight.record, what);
      }
      const observationId = sight.observation?.id ?? null;
      return { kind: 'observation', side: held.side, at: sight.at, observationId };
    }
    passed.push(writer.id);
    const cause = causeOf(history, spec, writer);
    if (typeof cause === 'string' || 'kind' in cause) return cause;
    held = cause;
  }
  return `the writes of ${spec.udesk} name each other as their reason`;
}

/** What showed the value: for now the last sight of all, which must show it; for then the last one that did. */
function sightOf(history: CustomerHistory, spec: FieldSpec, held: Held): Sight | null {
  const { until } = held;
  const records =
    until === null
      ? [currentOf(history, held.side)].filter((one) => one !== null)
      : history.records[held.side].filter(({ id }) => isJoined(history, held, id));
  const sights = records.flatMap((record) =>
    sightsOf(history, sideField(spec, held.side), held.side, record),
  );
  const shows = ({ value }: Sight) => sameContent(value, held.value);
  if (until === null) {
    const last = sights.at(-1);
    return last !== undefined && shows(last) ? last : null;
  }
  const shown = sights.filter(shows);
  const then = shown.filter((sight) => !isAfter(momentOf(sight), until));
  if (then.length > 0)
    return then.reduce((last, one) => (isAfter(momentOf(last), momentOf(one)) ? last : one));
  // The clock was set back within that run, and the first sight of a record comes before all else that we know of it. A
  // later record of the customer was first seen later yet.
  const first = shown.filter(({ observation }) => observation === null);
  return first.reduce<Sight | null>(
    (soonest, one) => (soonest !== null && isAfter(momentOf(one), momentOf(soonest)) ? soonest : one),
    null,
  );
}

/** What a write carried was held by the record that its link joined, and not by one that another link did. */
function isJoined({ joined }: CustomerHistory, { linkId, side }: Held, id: string): boolean {
  const own = linkId === null ? undefined : joined?.[linkId];
  return own === undefined || own[side].includes(id);
}

function momentOf({ record, at, observation }: Sight): Moment {
  return { runId: observation === null ? record.firstSeenRunId : observation.runId, at };
}

function sightsOf(
  history: CustomerHistory,
  name: string,
  side: SideName,
  record: HistoryRecord,
): readonly Sight[] {
  const seen = history.observations.filter(
    (one) => one.side === side && one.recordId === record.id && one.delta[name] !== undefined,
  );
  const [oldest] = seen;
  const first = oldest === undefined ? (record.fields[name] ?? null) : (oldest.delta[name]?.[0] ?? null);
  return [
    { record, at: record.firstSeenAt, value: first, observation: null },
    ...seen.map((observation): Sight => {
      const value = observation.delta[name]?.[1] ?? null;
      return { record, at: observation.at, value, observation };
    }),
  ];
}

/** Why no more is known: what is that old is not kept, or it was lost. */
function gapOf(
  { keptSince }: CustomerHistory,
  { side, until }: Held,
  record: HistoryRecord | null,
  lost: string,
): string {
  const isOld = keptSince !== null && (record?.firstSeenAt ?? until?.at ?? keptSince) < keptSince;
  return isOld
    ? `what ${side}${record === null ? '' : ` ${record.id}`} held before ${keptSince.slice(0, 10)} is not known any more: older observations are not kept (retention.observations)`
    : lost;
}

/** The write of ours that this sight shows; null: somebody else gave the side this value. */
function writerOf(history: CustomerHistory, spec: FieldSpec, held: Held, sight: Sight): HistoryIntent | null {
  const wrote = history.intents.filter((intent) => {
    const { result, sentAt, settledAt } = intent;
    if (intent.side !== held.side || intent.state !== 'settled' || intent.op === 'delete') return false;
    if (!(spec.udesk in intent.reasons) || result === null || sentAt === null || settledAt === null)
      return false;
    if (intent.recordId !== null && intent.recordId !== sight.record.id) return false;
    const after = result[spec.udesk];
    if (after === undefined || !sameContent(after, held.value)) return false;
    const sentRunId = intent.sentRunId ?? intent.runId;
    if (isAfter({ runId: sentRunId, at: sentAt }, momentOf(sight))) return false;
    // A first sight of a record that we created is the answer to that create, and to none that left later.
    if (sight.observation === null) return intent.op === 'create';
    const { lane, runId } = sight.observation;
    // Another lane may have seen our write before its outcome was known.
    if (lane !== 'write') return sight.at <= settledAt;
    return runId === sentRunId || runId === intent.runId || isSettling(settledAt, sight.at);
  });
  return wrote.at(-1) ?? null;
}

/** What a write left is stored as it settles: the run that sent it, or found out what became of it, may be a later one than planned it. */
function isSettling(settledAt: string, seenAt: string): boolean {
  const laterMs = Date.parse(seenAt) - Date.parse(settledAt);
  return laterMs >= 0 && laterMs <= SETTLING_MS;
}

/** Why we wrote it: the other side's value as it was then, or a person. */
function causeOf(history: CustomerHistory, spec: FieldSpec, writer: HistoryIntent): Held | Origin | string {
  if (writer.reasons[spec.udesk] === 'decision') {
    const id = writer.decisions[spec.udesk] ?? writer.decisions['*'];
    const decision = history.decisions.find((one) => one.id === id);
    if (decision === undefined) return `the decision behind write ${writer.id} is not on record`;
    return { kind: 'decision', decisionId: decision.id, who: decision.who, at: decision.at };
  }
  if (writer.reasons[spec.udesk] === 'revert') {
    const wishes = history.reverts.filter((one) => one.field === spec.udesk);
    // None before it by the clock: the clock was set back.
    const wish = wishes.filter((one) => one.at <= writer.createdAt).at(-1) ?? wishes.at(0);
    if (wish === undefined) return `the wish behind write ${writer.id} is not on record`;
    return { kind: 'revert', revertId: wish.revertId, who: wish.who, at: wish.at };
  }
  // A value that was carried may be null: an emptied field.
  const source = spec.udesk in writer.source ? writer.source[spec.udesk] : writer.halves[spec.udesk]?.other;
  if (source === undefined) return `write ${writer.id} does not say which value it carried`;
  return {
    side: otherSide(writer.side),
    value: source,
    until: { runId: writer.runId, at: writer.createdAt },
    linkId: writer.linkId,
  };
}
