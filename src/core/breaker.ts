/**
 * When an endpoint that fails is left alone, and how it is tried again: closed (calls go), open (they do not, for a
 * while), half-open (exactly one goes, and what becomes of it decides). It never stays open: every pause ends. Pure;
 * times are milliseconds of a clock that never jumps.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly strain: number }
  /** `times`: how often in a row it was opened. */
  | { readonly state: 'open'; readonly untilMs: number; readonly times: number }
  | { readonly state: 'half-open'; readonly times: number };

/** A call that may go. Of a probe the outcome, or that there is none, must be told. */
export type Leave = 'call' | 'probe';

/** No connection, or none that held, weighs more than an answer that says no: that may be about one record alone. */
export const STRAIN = { unreachable: 2, refused: 1 } as const;
/** Five lost connections in a row, or ten answers: more than one record with all of its retries can cause. */
export const TRIPS_AT = 10;
export const OPEN_MS = { first: 5_000, most: 60_000 };
/** However long a remote asks for: once an hour it is tried. */
export const MOST_ASKED_MS = 3_600_000;

export const CLOSED: Breaker = { state: 'closed', strain: 0 };

/** Whether a call may go now; else for how long it may not (0: a probe is on its way). */
export function askBreaker(
  breaker: Breaker,
  nowMs: number,
): { readonly breaker: Breaker; readonly leave: Leave | null; readonly waitMs: number } {
  if (breaker.state === 'closed') return { breaker, leave: 'call', waitMs: 0 };
  if (breaker.state === 'half-open') return { breaker, leave: null, waitMs: 0 };
  if (nowMs < breaker.untilMs) return { breaker, leave: null, waitMs: breaker.untilMs - nowMs };
  return { breaker: { state: 'half-open', times: breaker.times }, leave: 'probe', waitMs: 0 };
}

/** It works: whoever found that out, and however long ago the call left. */
export function succeeded(): Breaker {
  return CLOSED;
}

export interface Failure {
  readonly leave: Leave;
  readonly strain: number;
  readonly nowMs: number;
  /** How long the remote asked to be left alone. */
  readonly retryAfterMs?: number;
}

export function failed(breaker: Breaker, { leave, strain, nowMs, retryAfterMs = 0 }: Failure): Breaker {
  const open = (times: number): Breaker => ({
    state: 'open',
    times,
    untilMs: nowMs + Math.max(pauseMs(times), Math.min(retryAfterMs, MOST_ASKED_MS)),
  });
  switch (breaker.state) {
    case 'closed': {
      const sum = breaker.strain + strain;
      return sum >= TRIPS_AT ? open(1) : { state: 'closed', strain: sum };
    }
    case 'open': {
      // A call that left before it was opened: what the remote asks for counts all the same.
      const asked = nowMs + Math.min(retryAfterMs, MOST_ASKED_MS);
      return retryAfterMs > 0 && asked > breaker.untilMs ? { ...breaker, untilMs: asked } : breaker;
    }
    case 'half-open':
      return leave === 'probe' ? open(breaker.times + 1) : breaker;
  }
}

/** A call that was given up before it had an outcome: of a probe the next one may go at once. */
export function abandoned(breaker: Breaker, leave: Leave, nowMs: number): Breaker {
  if (leave !== 'probe' || breaker.state !== 'half-open') return breaker;
  return { state: 'open', untilMs: nowMs, times: breaker.times };
}

function pauseMs(times: number): number {
  return Math.min(OPEN_MS.most, OPEN_MS.first * 2 ** Math.min(times - 1, 10));
}
