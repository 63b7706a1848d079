/** What a side's history tells of a write of ours, and how its words are compared with values. */
import { equalValues } from './equivalence.ts';
import type { FieldWrite, SideName } from './record.ts';
import type { FieldSpec } from './spec.ts';
import { isBlank, type Value } from './value.ts';

export interface ChangeAuthor {
  readonly id: string | null;
  readonly name: string | null;
}

/** One field of one change record, as the side tells it. Undefined: not told in the field's own values; null: nothing. */
export interface FieldChange {
  /** The side's own name of the field. For a set field, one element. */
  readonly field: string;
  readonly from?: string | null;
  readonly to?: string | null;
}

/** One change record of a record's history. */
export interface ChangeRecord {
  /** ISO 8601 UTC, by the side's own clock; null where it cannot be read. */
  readonly at: string | null;
  readonly author: ChangeAuthor | null;
  /** The side's own words. */
  readonly text: string | null;
  /** Null: the words cannot be read. Empty: they can, and no field is meant. */
  readonly changes: readonly FieldChange[] | null;
}

/** A value that a write of ours replaced without our having seen it. */
export interface Overwritten {
  readonly side: SideName;
  /** In the side's own values; left out where the history does not tell it. */
  readonly value?: Value;
  /** What the side held when our write was planned: what it was edited from. Left out in rows from before it was kept. */
  readonly before?: Value;
  readonly author: ChangeAuthor | null;
  readonly at: string | null;
  readonly text: string | null;
}

export type Verdict =
  | { readonly verdict: 'clean' }
  | { readonly verdict: 'overwritten'; readonly foreign: Overwritten }
  /** `reason`: why nothing can be said, in words. */
  | { readonly verdict: 'unclear'; readonly reason: string };

export interface WitnessInput {
  readonly side: SideName;
  readonly spec: FieldSpec;
  /** Default region of phone numbers. */
  readonly region: string;
  /** The side's own name of the field. */
  readonly name: string;
  /** `before` is the verified pre-image. */
  readonly write: FieldWrite;
  /** What the side told that it holds after the write. */
  readonly held: Value;
  /** Oldest first, without what was known before the pre-image was verified. */
  readonly records: readonly ChangeRecord[];
  /** Later writes of ours to this field: their records are ours, too. */
  readonly later: readonly FieldWrite[];
  readonly times: WriteTimes;
}

export interface WriteTimes {
  /** ISO 8601 UTC by our clock: when the pre-image was asked for, and when the answer of the write had come. */
  readonly verifiedAt: string;
  readonly answeredAt: string;
  /** The side's clock minus ours when the pre-image was asked for; null: unknown. */
  readonly skewMs: number | null;
  /** The same when the answer had come, where one of the clocks was set in between. */
  readonly answerSkewMs?: number;
  /** Where it is unknown: how far apart the two may be, if further than usual. */
  readonly apartMs?: number;
}

/** How far apart two clocks may be that we were never able to compare. */
const UNKNOWN_SKEW_MS = 300_000;
/** Whole seconds on either side, and a little for the way. */
const SLACK_MS = 3_000;

/**
 * How the two clocks stood when a write was made, from what was known before and from what the history's own answer told.
 * Where the two disagree, one of the clocks was set meanwhile (or long after the last comparison), and nobody knows when.
 */
export function skewAround(
  knownMs: number | null,
  toldMs: number | null,
): Pick<WriteTimes, 'skewMs' | 'apartMs'> {
  if (toldMs === null) return { skewMs: knownMs };
  if (knownMs === null) return { skewMs: null, apartMs: Math.abs(toldMs) + SLACK_MS };
  if (standAsBefore(knownMs, toldMs)) return { skewMs: toldMs };
  return { skewMs: null, apartMs: Math.max(Math.abs(knownMs), Math.abs(toldMs)) + SLACK_MS };
}

/**
 * The same where it was measured as the write left: whatever is set afterwards, its times are of the clocks of then. By those
 * of now is told when its answer had come, as far as `knownMs` and `toldMs` say.
 */
export function clocksOfWrite(
  sentMs: number | null,
  knownMs: number | null,
  toldMs: number | null,
): Pick<WriteTimes, 'skewMs' | 'answerSkewMs' | 'apartMs'> {
  if (sentMs === null) return skewAround(knownMs, toldMs);
  const nowMs = toldMs ?? knownMs ?? sentMs;
  return standAsBefore(sentMs, nowMs) ? { skewMs: sentMs } : { skewMs: sentMs, answerSkewMs: nowMs };
}

/** Whether two comparisons of the clocks say that neither was set between them. */
export function standAsBefore(skewMs: number, laterMs: number): boolean {
  return Math.abs(skewMs - laterMs) <= SLACK_MS;
}

/** How far a record's time may lie outside of what our clock says of the write. */
export function unknownSkewMs({ apartMs = 0 }: WriteTimes): number {
  return Math.max(UNKNOWN_SKEW_MS, apartMs);
}

/**
 * Of a history told newest first, what was not known before. Whatever is older than a record that was known happened before
 * it, also where our clock was set back since, so that it seems to have been seen only later.
 */
export function newsOf<T>(items: readonly T[], wasKnown: (item: T) => boolean): readonly T[] {
  const newest = items.findIndex(wasKnown);
  return newest < 0 ? items : items.slice(0, newest);
}

/** Records about which it cannot be said what they did to the field, from about the time of the write. */
export function opaqueRecords(input: WitnessInput): readonly ChangeRecord[] {
  return input.records.filter(
    ({ at, changes }) =>
      mayBeAround(at, input.times) &&
      (changes === null ||
        changes.some(
          ({ field, from, to }) => field === input.name && from === undefined && to === undefined,
        )),
  );
}

/**
 * The verdict when the records that can be read say nothing of our write: more records than our write can have made
 * mean that one of them is somebody else's.
 * @param ours how many records our write of this field can have made
 */
export function judgeOpaque(input: WitnessInput, ours: number): Verdict {
  const opaque = opaqueRecords(input);
  const [oldest] = opaque;
  if (oldest !== undefined && opaque.length > ours) return overwritten(input, oldest, undefined);
  return {
    verdict: 'unclear',
    reason:
      oldest === undefined
        ? `the history of ${input.side} shows no record of our write`
        : `the history of ${input.side} does not tell the values of ${input.name}`,
  };
}

export function overwritten(
  { side }: WitnessInput,
  by: Pick<ChangeRecord, 'author' | 'at' | 'text'> | null,
  value: Value | undefined,
): Verdict {
  const foreign = { side, author: by?.author ?? null, at: by?.at ?? null, text: by?.text ?? null };
  return { verdict: 'overwritten', foreign: value === undefined ? foreign : { ...foreign, value } };
}

/** Whether words of a history name this value. Nothing, in words, is every kind of blank. */
export function names(input: WitnessInput, told: string | null, value: Value): boolean {
  if (told === null || told.trim() === '') return isBlank(value);
  return !isBlank(value) && equalValues(input.spec, told, value, input.region);
}

/** Whether both may come from one call: no further apart than our write took. Unknown times may. */
export function sameMoment(input: WitnessInput, a: string | null, b: string | null): boolean {
  if (a === null || b === null) return true;
  const { verifiedAt, answeredAt } = input.times;
  const { fromMs, toMs } = spanOf(input.times);
  // Whichever clock was set in between, the way of a write is the shorter one of the two.
  const tookMs = Math.min(toMs - fromMs, Math.abs(Date.parse(answeredAt) - Date.parse(verifiedAt)));
  return Math.abs(Date.parse(a) - Date.parse(b)) <= tookMs + SLACK_MS;
}

/** Whether a record may be of the time of the write, whichever clock was set in between. */
export function mayBeAround(at: string | null, times: WriteTimes, slackMs = slackOf(times)): boolean {
  return isWithin(at, hullOf(times), slackMs);
}

/** Whether it may be of the time of the write, as exactly as the two clocks are known: only ours was set in between, if any. */
export function mayBeOfWrite(at: string | null, times: WriteTimes): boolean {
  return isWithin(at, spanOf(times), slackOf(times));
}

function slackOf(times: WriteTimes): number {
  return times.skewMs === null ? unknownSkewMs(times) : SLACK_MS;
}

function isWithin(at: string | null, { fromMs, toMs }: Span, slackMs: number): boolean {
  return at === null || (Date.parse(at) >= fromMs - slackMs && Date.parse(at) <= toMs + slackMs);
}

/** Milliseconds of the side's clock. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * From our look until the answer had come, by the side's clock as far as it is known. Where our clock was set in between and
 * nobody knows by how much, either end may be the earlier one.
 */
function spanOf({ verifiedAt, answeredAt, skewMs, answerSkewMs }: WriteTimes): Span {
  return around([
    Date.parse(verifiedAt) + (skewMs ?? 0),
    Date.parse(answeredAt) + (answerSkewMs ?? skewMs ?? 0),
  ]);
}

/** The same where it may have been the side's clock, too: either end may be of the clocks of then or of those of now. */
function hullOf({ verifiedAt, answeredAt, skewMs, answerSkewMs }: WriteTimes): Span {
  const skews = [skewMs ?? 0, answerSkewMs ?? skewMs ?? 0];
  return around([verifiedAt, answeredAt].flatMap((at) => skews.map((skew) => Date.parse(at) + skew)));
}

function around(ends: readonly number[]): Span {
  return { fromMs: Math.min(...ends), toMs: Math.max(...ends) };
}

/** Whether a record is of a time after our look at the pre-image, however the clocks are rounded. */
export function surelyAfterLook(at: string | null, { verifiedAt, skewMs }: WriteTimes): boolean {
  return at !== null && skewMs !== null && Date.parse(at) - skewMs > Date.parse(verifiedAt) + SLACK_MS;
}

/**
 * Whether a record that by our clock was seen before the look may have been. Where a clock was set since, that says nothing: a
 * record is older only where its own time says so.
 */
export function mayBeSeenBefore(at: string | null, times: WriteTimes): boolean {
  const { verifiedAt, skewMs, answerSkewMs } = times;
  if (at === null || skewMs === null) return true;
  if (answerSkewMs === undefined) return !surelyAfterLook(at, times);
  return Date.parse(at) - skewMs < Date.parse(verifiedAt) - SLACK_MS;
}
