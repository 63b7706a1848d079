/**
 * Promise P10: in every sliding 60 s window, calls (retries included) stay within the quota, as the remote counts them.
 *
 * The remote counts arrivals, we count departures, and several processes share one ledger. So a grant is good for a short
 * time only (`usableMs`), and the window is longer than 60 s by that time and by a margin for the jitter of the network.
 * With 60 calls per minute the window is 61.25 s: 2 % of the quota is the price of the promise.
 */
import { SyncError } from '../errors.ts';
import { decideReservation, type QuotaLedger } from '../lib/sliding-window.ts';

const MINUTE_MS = 60_000;
/** How much longer one request may travel than another and still be counted in time. */
const MARGIN_MS = 1_000;
const USABLE_SINGLE_MS = 250;
const USABLE_BLOCK_MS = 1_000;
/** A ledger that answers later than a grant stays good, this often in a row, is out of order. */
const STALE_GRANTS = 5;
/** A burst of "too many" answers halves the rate once, not once per answer. */
const SLOW_DOWN_ONCE_MS = 5_000;
/** What background calls may use of the quota. */
const BACKGROUND_SHARE = 0.75;
/** Share of the full rate that comes back per quiet minute. */
const RECOVERY_PER_MINUTE = 0.1;

export interface QuotaOptions {
  /** What the remote counts under, e.g. the tenant's origin. Never a secret: it is stored. */
  readonly key: string;
  readonly perMinute: number;
  readonly scope: 'tenant' | 'endpoint';
  readonly ledger: QuotaLedger;
  /** Monotonic milliseconds: a jump of the wall clock must not open or shut the window. */
  readonly clock: () => number;
  /** Rejects with the signal's reason when aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly marginMs?: number;
}

export interface Quota {
  /**
   * Resolves when one call may be sent, at once; first come, first served per scope. Rejects with the signal's reason.
   * A background call (a sweep) leaves a quarter of the quota free, so that people and writes never wait behind it.
   */
  take(endpoint: string, signal?: AbortSignal, options?: { readonly background?: boolean }): Promise<void>;
  /** The remote said "too many": halves the rate; a tenth of it comes back per quiet minute. */
  slowDown(): void;
}

interface Lane {
  tail: Promise<unknown>;
  /** Calls left in the block, good until `usableUntil`. */
  left: number;
  usableUntil: number;
}

export function createQuota(options: QuotaOptions): Quota {
  const { perMinute, ledger, clock, sleep, marginMs = MARGIN_MS } = options;
  if (!Number.isInteger(perMinute) || perMinute < 1) {
    throw new SyncError('config', `quota.perMinute must be a whole number of at least 1, not ${perMinute}`);
  }
  // From the full rate and not from the slowed one: all processes must ask for the same window.
  const usableMs = blockSize(perMinute) === 1 ? USABLE_SINGLE_MS : USABLE_BLOCK_MS;
  const windowMs = MINUTE_MS + marginMs + usableMs;
  const lanes = new Map<string, Lane>();
  let share = 1;
  let slowedAt = Number.NEGATIVE_INFINITY;

  function currentLimit(): number {
    const recovered = (RECOVERY_PER_MINUTE * (clock() - slowedAt)) / MINUTE_MS;
    return Math.max(1, Math.floor(perMinute * Math.min(1, share + recovered)));
  }

  async function acquire(
    scopeKey: string,
    lane: Lane,
    signal: AbortSignal | undefined,
    background: boolean,
  ): Promise<void> {
    for (let stale = 0; ; ) {
      signal?.throwIfAborted();
      const askedAt = clock();
      if (lane.left > 0 && askedAt < lane.usableUntil) {
        lane.left -= 1;
        return;
      }
      const limit = background ? Math.max(1, Math.floor(currentLimit() * BACKGROUND_SHARE)) : currentLimit();
      const block = blockSize(limit);
      const { granted, waitMs } = await ledger.reserve(scopeKey, limit, windowMs, block);
      if (!granted) {
        await sleep(Math.max(1, Math.ceil(waitMs)), signal);
        continue;
      }
      // Counted from before the question: the ledger's own time of the grant lies after it.
      lane.left = block;
      lane.usableUntil = askedAt + usableMs;
      if (clock() >= lane.usableUntil && ++stale >= STALE_GRANTS) {
        throw new SyncError('transient', 'the quota ledger answers too slowly to send anything in time', {
          code: 'quota-ledger-slow',
          advice: 'Look at the load of the Postgres database.',
        });
      }
    }
  }

  return {
    async take(endpoint, signal, { background = false } = {}) {
      const scopeKey = options.scope === 'tenant' ? options.key : `${options.key} ${endpoint}`;
      // Lines of their own: what waits in the background stands in nobody's way.
      const line = background ? `${scopeKey} background` : scopeKey;
      let lane = lanes.get(line);
      if (lane === undefined) {
        lane = { tail: Promise.resolve(), left: 0, usableUntil: 0 };
        lanes.set(line, lane);
      }
      const mine = lane;
      const turn = mine.tail.then(() => acquire(scopeKey, mine, signal, background));
      mine.tail = turn.catch(() => {});
      await (signal === undefined ? turn : orAborted(turn, signal));
    },
    slowDown() {
      const now = clock();
      if (now - slowedAt < SLOW_DOWN_ONCE_MS) return;
      share = Math.max(1 / perMinute, currentLimit() / perMinute / 2);
      slowedAt = now;
    },
  };
}

/** Calls asked for at a time: a second's worth, so that a high quota costs the ledger about one question per second. */
function blockSize(limit: number): number {
  return Math.max(1, Math.floor(limit / 60));
}

/** A waiter that gives up leaves at once; its place in the queue passes by itself. */
async function orAborted(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([turn, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** A ledger for one process, forgotten when it ends. `clock`: monotonic milliseconds. */
export function memoryLedger(clock: () => number): QuotaLedger {
  const scopes = new Map<string, { at: number; n: number }[]>();
  return {
    async reserve(scopeKey, limit, windowMs, n) {
      const now = clock();
      const kept = (scopes.get(scopeKey) ?? []).filter((grant) => grant.at + windowMs > now);
      scopes.set(scopeKey, kept);
      const answer = decideReservation(
        kept.map((grant) => ({ leftMs: grant.at + windowMs - now, n: grant.n })),
        limit,
        n,
      );
      if (answer.granted) kept.push({ at: now, n });
      return answer;
    },
  };
}
