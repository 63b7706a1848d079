/**
 * Promise P10: in every sliding 60 s window, calls (retries included) stay within the quota, as the remote counts them.
 *
 * The remote counts arrivals, we count departures, and several processes share one ledger. So a grant is good for a short
 * time only (`usableMs`), and the window is longer than 60 s by that time and by a margin for the jitter of the network.
 * With 60 calls per minute the window is 61.25 s: 2 % of the quota is the price of the promise.
 */
import { SyncError } from '../errors.ts';
import { decideReservation, type QuotaLedger } from '../lib/sliding-window.ts';
import type { Urgency } from '../lib/urgency.ts';
import { createOwnWindow } from './steady-ledger.ts';

const MINUTE_MS = 60_000;
/** How much longer one request may travel than another and still be counted in time. */
const MARGIN_MS = 1_000;
const USABLE_SINGLE_MS = 250;
const USABLE_BLOCK_MS = 1_000;
/** A ledger that answers later than a grant stays good, this often in a row, is out of order. */
export const STALE_GRANTS = 5;
/** A burst of "too many" answers halves the rate once, not once per answer. */
const SLOW_DOWN_ONCE_MS = 5_000;
/** How much of the quota may be used up, by all, before a call of this urgency waits: the rest is for what is more urgent. */
const SHARES: Readonly<Record<Urgency, number>> = { now: 1, soon: 0.9, background: 0.75 };
/** However much the others use, the background gets this much: nothing starves. */
const BACKGROUND_FLOOR = 0.1;
/**
 * The same for what is soon, and kept for it whether it waits or not, as long as somebody asks for it now and then: who
 * writes all day must not keep new customers and hints waiting. Four calls a minute, the head of the list every fifteen
 * seconds, as far as that is a quarter at most.
 */
const SOON_FLOOR = { share: 0.1, calls: 4, most: 0.25 };
const NOW_AND_THEN_MS = 120_000;
/** Failures that may have been the remote's way of saying "too many" slow us down to this and no further. */
const SUSPICION_FLOOR = 0.25;
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
   * Resolves when one call may be sent, at once; first come, first served per scope and urgency, `now` unless told.
   * Rejects with the signal's reason. Calls in the background are spread evenly over the minute, so that whoever is more
   * urgent finds room at any time, and never waits for the end of a burst.
   */
  take(endpoint: string, signal?: AbortSignal, urgency?: Urgency): Promise<void>;
  /** How long so many calls (one unless told) would wait now, in milliseconds, if nobody else came first; 0: not at all. */
  waitMs(endpoint: string, urgency: Urgency, calls?: number): Promise<number>;
  /**
   * The remote said "too many": halves the rate; a tenth of the full rate comes back per quiet minute. With `suspected`
   * it did not say so, but failed in a way that may mean it (udesk/api.md §6.4): only the second time within a minute
   * counts, and at least a quarter stays.
   */
  slowDown(suspected?: boolean): void;
}

interface Line {
  tail: Promise<unknown>;
  waiting: number;
  /** Size of the last block, and the calls left in it, good until `usableUntil`. */
  block: number;
  left: number;
  usableUntil: number;
}

/** What one urgency used of one scope, as far as this process knows. */
interface Due {
  readonly line: Line;
  /** Its grants of the last window, oldest first. */
  grants: { readonly at: number; readonly n: number }[];
  askedAt: number;
  /** Of the background: the next may not come before this, they are spread. */
  notBefore: number;
}

export function createQuota(options: QuotaOptions): Quota {
  const { perMinute, ledger, clock, sleep, marginMs = MARGIN_MS } = options;
  if (!Number.isInteger(perMinute) || perMinute < 1) {
    throw new SyncError('config', `quota.perMinute must be a whole number of at least 1, not ${perMinute}`);
  }
  // From the full rate and not from the slowed one: all processes must ask for the same window.
  const usableMs = blockSize(perMinute) === 1 ? USABLE_SINGLE_MS : USABLE_BLOCK_MS;
  const windowMs = MINUTE_MS + marginMs + usableMs;
  const lines = new Map<string, Line>();
  const dues = new Map<string, Due>();
  let share = 1;
  let slowedAt = Number.NEGATIVE_INFINITY;
  let suspectedAt = Number.NEGATIVE_INFINITY;

  function currentLimit(): number {
    const recovered = (RECOVERY_PER_MINUTE * (clock() - slowedAt)) / MINUTE_MS;
    return Math.max(1, Math.floor(perMinute * Math.min(1, share + recovered)));
  }

  /** One alone within a minute is an accident of the network, and no reason to be slow for minutes. */
  function isRepeated(now: number): boolean {
    const repeated = now - suspectedAt < MINUTE_MS;
    suspectedAt = now;
    return repeated;
  }

  function portion(of: number): number {
    return Math.max(1, Math.floor(currentLimit() * of));
  }

  function lineOf(scopeKey: string, urgency: Urgency): Line {
    const key = `${urgency} ${scopeKey}`;
    const known = lines.get(key);
    if (known !== undefined) return known;
    const line: Line = { tail: Promise.resolve(), waiting: 0, block: 0, left: 0, usableUntil: 0 };
    lines.set(key, line);
    return line;
  }

  function dueOf(scopeKey: string, urgency: 'soon' | 'background'): Due {
    const key = `${urgency} ${scopeKey}`;
    const known = dues.get(key);
    if (known !== undefined) {
      const now = clock();
      known.grants = known.grants.filter(({ at }) => at + windowMs > now);
      return known;
    }
    const never = Number.NEGATIVE_INFINITY;
    const made: Due = { line: lineOf(scopeKey, urgency), grants: [], askedAt: never, notBefore: never };
    dues.set(key, made);
    return made;
  }

  /** What it has not had yet of its due. */
  function owed({ grants }: Due, due: number): number {
    return Math.max(
      0,
      grants.reduce((left, { n }) => left - n, due),
    );
  }

  function soonDue(): number {
    const limit = currentLimit();
    const { share: least, calls, most } = SOON_FLOOR;
    return Math.min(Math.max(Math.floor(limit * least), calls), Math.floor(limit * most));
  }

  /** Up to which use, by all, this call may go. */
  function limitOf(scopeKey: string, urgency: Urgency): number {
    const background = dueOf(scopeKey, 'background');
    const owedBackground = owed(background, portion(BACKGROUND_FLOOR));
    const soon = dueOf(scopeKey, 'soon');
    const isAsked = clock() - soon.askedAt <= NOW_AND_THEN_MS;
    const owedSoon = isAsked ? owed(soon, soonDue()) : 0;
    if (urgency === 'background') {
      return owedBackground > 0 ? Math.max(1, portion(1) - owedSoon) : portion(SHARES.background);
    }
    // Its due is kept for it while it waits.
    const kept = background.line.waiting > 0 ? owedBackground : 0;
    const most = urgency === 'soon' ? portion(owedSoon > 0 ? 1 : SHARES.soon) : portion(1) - owedSoon;
    return Math.max(1, most - kept);
  }

  /**
   * How many calls to ask for at once. What is granted counts, sent or not: so a line that did not use its last block asks
   * for as many as it used, and one that used it up for twice as many, up to a second's worth.
   */
  function blockOf({ block, left, waiting }: Line, limit: number, urgency: Urgency): number {
    const wanted = Math.max(waiting, left === 0 ? 2 * block : block - left, 1);
    return Math.min(limit, wanted, blockSize(portion(SHARES[urgency])));
  }

  async function acquire(
    scopeKey: string,
    line: Line,
    signal: AbortSignal | undefined,
    urgency: Urgency,
  ): Promise<void> {
    for (let stale = 0; ; ) {
      signal?.throwIfAborted();
      const askedAt = clock();
      if (line.left > 0 && askedAt < line.usableUntil) {
        line.left -= 1;
        return;
      }
      const paceMs = urgency === 'background' ? dueOf(scopeKey, urgency).notBefore - askedAt : 0;
      if (paceMs > 0) {
        await sleep(Math.ceil(paceMs), signal);
        continue;
      }
      const limit = limitOf(scopeKey, urgency);
      const block = blockOf(line, limit, urgency);
      const { granted, waitMs } = await ledger.reserve(scopeKey, limit, windowMs, block);
      if (!granted) {
        await sleep(Math.max(1, Math.ceil(waitMs)), signal);
        continue;
      }
      if (urgency !== 'now') {
        const due = dueOf(scopeKey, urgency);
        due.grants.push({ at: askedAt, n: block });
        if (urgency === 'background') {
          due.notBefore = askedAt + (windowMs * block) / portion(SHARES.background);
        }
      }
      // Counted from before the question: the ledger's own time of the grant lies after it.
      line.block = block;
      line.left = block;
      line.usableUntil = askedAt + usableMs;
      if (clock() >= line.usableUntil && ++stale >= STALE_GRANTS) {
        throw ledgerTooSlow();
      }
    }
  }

  function scopeKeyOf(endpoint: string): string {
    return options.scope === 'tenant' ? options.key : `${options.key} ${endpoint}`;
  }

  return {
    async take(endpoint, signal, urgency = 'now') {
      const scopeKey = scopeKeyOf(endpoint);
      // Lines of their own: what waits in the background stands in nobody's way.
      const line = lineOf(scopeKey, urgency);
      if (urgency !== 'now') dueOf(scopeKey, urgency).askedAt = clock();
      line.waiting += 1;
      const turn = line.tail
        .then(() => acquire(scopeKey, line, signal, urgency))
        .finally(() => {
          line.waiting -= 1;
        });
      line.tail = turn.catch(() => {});
      await (signal === undefined ? turn : orAborted(turn, signal));
    },
    async waitMs(endpoint, urgency, calls = 1) {
      const scopeKey = scopeKeyOf(endpoint);
      const line = lineOf(scopeKey, urgency);
      const now = clock();
      if (line.left >= calls && now < line.usableUntil) return 0;
      const limit = limitOf(scopeKey, urgency);
      const paceMs = urgency === 'background' ? dueOf(scopeKey, urgency).notBefore - now : 0;
      const wanted = Math.min(limit, Math.max(calls, blockOf(line, limit, urgency)));
      const { waitMs } = await ledger.peek(scopeKey, limit, windowMs, wanted);
      return Math.max(0, paceMs, waitMs);
    },
    slowDown(suspected = false) {
      const now = clock();
      if (suspected && !isRepeated(now)) return;
      if (now - slowedAt < SLOW_DOWN_ONCE_MS) return;
      const before = currentLimit() / perMinute;
      const half = Math.max(1 / perMinute, before / 2);
      share = suspected ? Math.max(half, Math.min(before, SUSPICION_FLOOR)) : half;
      slowedAt = now;
    },
  };
}

/** The most calls asked for at a time: a second's worth, so that a high quota costs the ledger about one question per second. */
function blockSize(limit: number): number {
  return Math.max(1, Math.floor(limit / 60));
}

export function ledgerTooSlow(): SyncError {
  return new SyncError('transient', 'the quota ledger answers too slowly to send anything in time', {
    code: 'quota-ledger-slow',
    advice: 'Look at the load of the Postgres database.',
  });
}

/** A waiter that gives up leaves at once; its place in the queue passes by itself. */
export async function orAborted(turn: Promise<void>, signal: AbortSignal): Promise<void> {
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
  const own = createOwnWindow(clock);
  return {
    async reserve(scopeKey, limit, windowMs, n) {
      const answer = decideReservation(own.grants(scopeKey, windowMs), limit, n);
      if (answer.granted) own.add(scopeKey, clock(), n);
      return answer;
    },
    peek: async (scopeKey, limit, windowMs, n) => decideReservation(own.grants(scopeKey, windowMs), limit, n),
  };
}
