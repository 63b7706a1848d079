import { SyncError, toError } from '../errors.ts';
import { acquireLease, releaseLease, renewLease, takeOverLease } from '../store/lease.ts';
import type { Fence } from '../store/tx.ts';
import type { EngineContext } from './context.ts';

/** Short, so that the pairs of a killed process have moved within 15 s (docs/decisions/0033-*); renewed three times in that time. */
export const LEASE_TTL_MS = 10_000;
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
  const lost = new AbortController();
  let released = false;
  /** When the renewal that succeeded last was asked for; never later than the database's own count begins. */
  let renewedAt = takenAt;
  let leaving: NodeJS.Timeout | undefined;

  async function renew(): Promise<void> {
    const askedAt = performance.now();
    try {
      const held = await renewLease(context.db, fence, LEASE_TTL_MS);
      renewedAt = Math.max(renewedAt, askedAt);
      clearTimeout(leaving);
      leaving = undefined;
      if (held || released) return;
      lost.abort(
        new SyncError('lease-lost', `the lease of the pair ${fence.pair} was lost`, { pair: fence.pair }),
      );
    } catch (thrown) {
      const error = toError(thrown);
      context.log.warn({ pair: fence.pair, err: error.message }, 'the lease was not renewed');
      // Nothing is written any more once somebody else may have it, unless another try comes first. A renewal that only
      // waits (for a long transaction of ours, which keeps everybody out) fails of nothing.
      const leftMs = renewedAt + LEASE_TTL_MS - MARGIN_MS - performance.now();
      leaving ??= setTimeout(() => lost.abort(error), Math.max(0, leftMs)).unref();
    }
  }

  const timer = setInterval(() => void renew(), LEASE_TTL_MS / 3);
  timer.unref();
  return {
    fence,
    signal: lost.signal,
    async release() {
      released = true;
      clearInterval(timer);
      clearTimeout(leaving);
      await releaseLease(context.db, fence);
    },
  };
}
