import { SyncError, toError } from '../errors.ts';
import { acquireLease, releaseLease, renewLease, takeOverLease } from '../store/lease.ts';
import type { Fence } from '../store/tx.ts';
import type { EngineContext } from './context.ts';

/** Short, so that the pairs of a killed process have moved within 15 s (docs/decisions/0033-*); renewed three times in that time. */
export const LEASE_TTL_MS = 10_000;

export interface HeldLease {
  readonly fence: Fence;
  /** Aborted when the lease could not be renewed: whoever works under it must leave. */
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
    const taken = await acquireLease(context.db, pair, context.owner, LEASE_TTL_MS);
    if (taken.ok) return keep(context, taken.fence);
    if (context.ownerIsDead?.(taken.owner) === true) {
      const fence = await takeOverLease(context.db, pair, taken.owner, context.owner, LEASE_TTL_MS);
      if (fence !== null) return keep(context, fence);
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

function keep(context: EngineContext, fence: Fence): HeldLease {
  const lost = new AbortController();
  const leave = () =>
    lost.abort(
      new SyncError('lease-lost', `the lease of the pair ${fence.pair} was lost`, { pair: fence.pair }),
    );
  let released = false;
  const timer = setInterval(() => {
    renewLease(context.db, fence, LEASE_TTL_MS)
      .then((held) => {
        if (!held && !released) leave();
      })
      // A database that does not answer: the fence check of the next transaction decides.
      .catch((error: unknown) =>
        context.log.warn({ pair: fence.pair, err: toError(error).message }, 'the lease was not renewed'),
      );
  }, LEASE_TTL_MS / 3);
  timer.unref();
  return {
    fence,
    signal: lost.signal,
    async release() {
      released = true;
      clearInterval(timer);
      await releaseLease(context.db, fence);
    },
  };
}
