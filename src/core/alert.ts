/**
 * Which alerts to say, from what holds now and what was said before. Pure.
 *
 * Promises: what goes on is said once, then reminded (a notice is not) at a bounded rate, and its end is said, too. One thing is never
 * said more often than once per `quietMs`, however often it comes and goes. What is not known changes nothing.
 */
import { shift } from './report-period.ts';

/** `rule`: one of the review that turned itself off · `report`: a scheduled report (report-period.ts), which is no condition. */
export type AlertEvent = 'guard' | 'auth' | 'stalled' | 'rule' | 'conflict-digest' | 'report';

/** One thing that may need a person. */
export interface Condition {
  /** The same thing has the same key; names of pairs and sides only. */
  readonly key: string;
  readonly event: AlertEvent;
  readonly pair: string;
  /** What of the pair it is about: a side, `account-SIDE`, `partial-SIDE`, the id of a rule; empty when it is the whole pair. */
  readonly subject: string;
  /** `unknown`: nothing is known of it now. It neither begins nor ends by that. */
  readonly state: 'on' | 'off' | 'unknown';
  /** A figure for the text: writes held, minutes without a cycle, hours without a full reading. */
  readonly count: number | null;
  /** A notice: nothing is wrong, and it is never reminded of. Left out: an alarm. */
  readonly notice?: true;
  /** Where it is looked at, below the address of the pages; left out: the overview. */
  readonly path?: string;
}

/** What was said of a thing on one channel; kept until it is over and quiet again. */
export interface SaidAlert {
  readonly key: string;
  readonly state: 'open' | 'closed';
  /** When it was first said. Milliseconds since 1970, like all times here. */
  readonly openedAt: number;
  readonly saidAt: number;
}

export interface AlertPolicy {
  readonly quietMs: number;
  /** Not below `quietMs`. */
  readonly remindMs: number;
}

export interface Saying {
  readonly kind: 'raised' | 'reminder' | 'recovered';
  readonly condition: Condition;
  readonly openedAt: number;
  /** To be kept once it was delivered, and not before: then a kill in between says it again, and never not at all. */
  readonly said: SaidAlert;
}

export interface AlertDecision {
  readonly say: readonly Saying[];
  /** Keys of which nothing needs to be remembered any more. */
  readonly forget: readonly string[];
}

export function decideAlerts(
  conditions: readonly Condition[],
  said: readonly SaidAlert[],
  now: number,
  policy: AlertPolicy,
): AlertDecision {
  const before = new Map(said.map((row) => [row.key, row]));
  const say = conditions.flatMap((condition) => {
    const next = sayingOf(condition, before.get(condition.key), now, policy);
    return next === null ? [] : [next];
  });
  const byKey = new Map(conditions.map((condition) => [condition.key, condition]));
  const forget = said.filter((row) => {
    const condition = byKey.get(row.key);
    // Nobody asks for it any more: the pair or the event left the configuration.
    if (condition === undefined) return true;
    return row.state === 'closed' && condition.state === 'off' && !isWithin(row, now, policy.quietMs);
  });
  return { say, forget: forget.map(({ key }) => key) };
}

function sayingOf(
  condition: Condition,
  row: SaidAlert | undefined,
  now: number,
  policy: AlertPolicy,
): Saying | null {
  const { key, state } = condition;
  if (state === 'unknown' || (row !== undefined && isWithin(row, now, policy.quietMs))) return null;
  if (state === 'off') {
    if (row?.state !== 'open') return null;
    const { openedAt } = row;
    return { kind: 'recovered', condition, openedAt, said: { key, state: 'closed', openedAt, saidAt: now } };
  }
  if (row?.state !== 'open') {
    return {
      kind: 'raised',
      condition,
      openedAt: now,
      said: { key, state: 'open', openedAt: now, saidAt: now },
    };
  }
  if (condition.notice === true || isWithin(row, now, policy.remindMs)) return null;
  return { kind: 'reminder', condition, openedAt: row.openedAt, said: { ...row, saidAt: now } };
}

/** A time in the future comes from a clock that was set back: it silences nothing. */
function isWithin(row: SaidAlert, now: number, ms: number): boolean {
  return row.saidAt <= now && now - row.saidAt < ms;
}

/**
 * The daily digest is due once per day, from `at` on; a daemon that was down then is late, not silent. The first day
 * counts as said: who starts in the afternoon wants no digest of the morning. So does the day on which a clock that was days
 * ahead has been set right: nobody waits for the day that it showed.
 * @param lastDay the day of the last digest, null before the first
 * @param today day and time of day where the digest is read
 * @returns the day that the digest is of, null when none is due
 */
export function digestDay(
  lastDay: string | null,
  today: { readonly day: string; readonly yesterday: string; readonly time: string },
  at: string,
): { readonly day: string; readonly say: boolean } | null {
  const day = today.time >= at ? today.day : today.yesterday;
  if (lastDay === null || lastDay > shift(today.day, 1)) return { day, say: false };
  return day > lastDay ? { day, say: true } : null;
}
