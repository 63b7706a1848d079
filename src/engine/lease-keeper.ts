import { SyncError, toError } from '../errors.ts';
import { acquireLease, releaseLease, renewLease, takeOverLease } from '../store/lease.ts';
import type { Fence } from '../store/tx.ts';
import { type EngineContext, onLifeline } from './context.ts';

/** Short, so that the pairs of a killed process have moved within 15 s (docs/decisions/0033-*); renewed three times in that time. */
export const LEASE_TTL_MS = 10_000;
const RENEW_EVERY_MS = LEASE_TTL_MS / 3;
/** A renewal that failed, or found the lease locked, is tried again. */
const AGAIN_MS = 250;
/** Who cannot renew it leaves so long before it runs out. */
const MARGIN_MS = 1_000;

export interface HeldLease {
  readonly fence: Fence;
  /** Aborted when the lease was lost, or could not be renewed in its time: whoever works under it must leave. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

/** Takes the pair's lease, waiting up to `waitMs` for another owner to leave. Rejects with the reason of `stop`. */
export async function holdLease(
  context: EngineContext,
  pair: string,
  waitMs: number,
  stop?: AbortSignal,
): Promise<HeldLease> {
  const deadline = context.clock().getTime() + waitMs;
  for (;;) {
    stop?.throwIfAborted();
    const askedAt = performance.now();
    const taken = await acquireLease(context.db, pair, context.owner, LEASE_TTL_MS);
    if (taken.ok) return keep(context, taken.fence, askedAt);
    if (context.ownerIsDead?.(taken.owner) === true) {
      const fence = await takeOverLease(context.db, pair, taken.owner, context.owner, LEASE_TTL_MS);
      if (fence !== null) return keep(context, fence, askedAt);
    }
    if (context.clock().getTime() >= deadline) {
      throw new SyncError('lease-lost', `another process (${taken.owner}) is working on the pair ${pair}`, {
        pair,
        advice: `Wait for it to finish, or stop it; if it was killed, its lease runs out in ${Math.ceil(taken.remainingMs / 1000)} s.`,
      });
    }
    await context.sleep(Math.min(500, Math.max(50, taken.remainingMs)), stop);
  }
}

/** @param takenAt when it was asked for: the lease lasts from then on at least */
function keep(context: EngineContext, fence: Fence, takenAt: number): HeldLease {
  const { pair } = fence;
  const lost = new AbortController();
  let released = false;
  /** When the renewal that succeeded last was asked for; never later than the database's own count begins. */
  let renewedAt = takenAt;
  let next: NodeJS.Timeout | undefined;
  let leaving: NodeJS.Timeout | undefined;

  /** @returns when to renew it next, by the clock of `performance`; null for never */
  async function renew(): Promise<number | null> {
    const askedAt = performance.now();
    try {
      const renewal = await onLifeline(context, (db) => renewLease(db, fence, LEASE_TTL_MS));
      // Nobody else can take it while it is locked.
      if (renewal === 'locked') return performance.now() + AGAIN_MS;
      renewedAt = askedAt;
      clearTimeout(leaving);
      leaving = undefined;
      if (renewal === 'renewed') return askedAt + RENEW_EVERY_MS;
      if (!released)
        lost.abort(new SyncError('lease-lost', `the lease of the pair ${pair} was lost`, { pair }));
      return null;
    } catch (thrown) {
      if (!released) failed(toError(thrown));
      return performance.now() + AGAIN_MS;
    }
  }

  /** Nothing is written any more once somebody else may have it, unless another try comes first. */
  function failed(error: Error): void {
    if (leaving !== undefined) return;
    context.log.warn({ pair, err: error.message }, 'the lease was not renewed, and is tried again');
    const leftMs = renewedAt + LEASE_TTL_MS - MARGIN_MS - performance.now();
    leaving = setTimeout(() => lost.abort(error), Math.max(0, leftMs)).unref();
  }

  function renewAt(at: number): void {
    const renewing = async () => {
      const again = await renew();
      if (again !== null && !released) renewAt(again);
    };
    next = setTimeout(() => void renewing(), Math.max(0, at - performance.now())).unref();
  }

  renewAt(takenAt + RENEW_EVERY_MS);
  return {
    fence,
    signal: lost.signal,
    async release() {
      released = true;
      clearTimeout(next);
      clearTimeout(leaving);
      await releaseLease(context.db, fence);
    },
  };
}
