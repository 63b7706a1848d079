/**
 * How often somebody may try to sign in. Tries count before the password is looked at, so that a thousand at once are no
 * way around it. In memory: a restart forgets it, which costs an attacker more than it gives.
 */

export interface Limit {
  readonly tries: number;
  readonly windowMs: number;
}

export interface Throttle {
  /** Counts a try under each key. @returns 0 when it may go on, else how long to wait. */
  attempt(limits: ReadonlyMap<string, Limit>): number;
  /** The try was a good one: what it counted under these keys is forgotten. */
  forget(keys: Iterable<string>): void;
}

/** More keys than that are kept by nobody but a flood; the oldest go first. */
const MAX_KEYS = 10_000;

export function createThrottle(now: () => number): Throttle {
  const tries = new Map<string, number[]>();

  function recent(key: string, windowMs: number): number[] {
    const since = now() - windowMs;
    return (tries.get(key) ?? []).filter((at) => at > since);
  }

  return {
    attempt(limits) {
      let waitMs = 0;
      for (const [key, { tries: most, windowMs }] of limits) {
        const seen = recent(key, windowMs);
        const first = seen.at(-most);
        if (first !== undefined) waitMs = Math.max(waitMs, first + windowMs - now());
      }
      if (waitMs > 0) return waitMs;
      for (const [key, { windowMs }] of limits) {
        const seen = recent(key, windowMs);
        tries.delete(key);
        tries.set(key, [...seen, now()]);
      }
      for (const key of tries.keys()) {
        if (tries.size <= MAX_KEYS) break;
        tries.delete(key);
      }
      return 0;
    },
    forget(keys) {
      for (const key of keys) tries.delete(key);
    },
  };
}

const MINUTE_MS = 60_000;

/** One name from one place, one place, and one name from anywhere; the last is wide, or anybody could lock a colleague out. */
export function signInLimits(name: string, address: string): ReadonlyMap<string, Limit> {
  const who = name.trim().toLowerCase();
  return new Map([
    [`both ${who} ${address}`, { tries: 5, windowMs: 15 * MINUTE_MS }],
    [`address ${address}`, { tries: 30, windowMs: 15 * MINUTE_MS }],
    [`name ${who}`, { tries: 60, windowMs: 60 * MINUTE_MS }],
  ]);
}
