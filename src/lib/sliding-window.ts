/** The arithmetic of a sliding-window limit, shared by every ledger (promise P10). Pure. */

/** One grant that still counts. */
export interface Grant {
  /** Milliseconds until it leaves the window. */
  readonly leftMs: number;
  readonly n: number;
}

export interface Reservation {
  readonly granted: boolean;
  /** 0 when granted; else how long until it can be, when nobody else takes the room first. */
  readonly waitMs: number;
}

/** Where grants are written down. Whoever shares a ledger and a scope key shares the limit. */
export interface QuotaLedger {
  /**
   * Grants `n` calls at once, or none. At most `limit` calls are granted in any `windowMs`, by the ledger's own clock.
   * @param scopeKey what the remote counts under: tenant, or tenant and endpoint
   */
  reserve(scopeKey: string, limit: number, windowMs: number, n: number): Promise<Reservation>;
  /** What `reserve` would answer now; grants nothing. */
  peek(scopeKey: string, limit: number, windowMs: number, n: number): Promise<Reservation>;
}

/**
 * Whether `n` more calls fit beside the grants that still count.
 * @param grants oldest first; a `leftMs` of 0 or less no longer counts
 */
export function decideReservation(grants: readonly Grant[], limit: number, n: number): Reservation {
  let used = 0;
  for (const grant of grants) if (grant.leftMs > 0) used += grant.n;
  if (used + n <= limit) return { granted: true, waitMs: 0 };
  for (const grant of grants) {
    if (grant.leftMs <= 0) continue;
    used -= grant.n;
    if (used + n <= limit) return { granted: false, waitMs: grant.leftMs };
  }
  throw new RangeError(`${n} calls can never fit a limit of ${limit}`);
}

/** The most calls in any sliding 60 s. @param times milliseconds, ascending */
export function busiestMinute(times: readonly number[]): number {
  let first = 0;
  let most = 0;
  for (const [index, at] of times.entries()) {
    while (at - (times[first] ?? at) >= 60_000) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
