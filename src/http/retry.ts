/**
 * The only place where a call is sent again (sync design §8 "Retries": one layer, capped, jittered).
 * Each attempt builds its request anew: new nonce, timestamp and signature.
 */
import pRetry, { AbortError } from 'p-retry';
import { type ErrorKind, isSyncError } from '../errors.ts';
import { BREAKER_OPEN } from './breakers.ts';
import { HttpFailure } from './classify.ts';

export interface RetryPolicy {
  /** Attempts after the first. */
  readonly retries: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** When the remote asks for a longer pause than this, we stop waiting and say so. */
  readonly maxRetryAfterMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  retries: 4,
  minDelayMs: 1_000,
  maxDelayMs: 30_000,
  maxRetryAfterMs: 60_000,
};

/** One attempt that was made, for counting. */
export interface AttemptMade {
  readonly outcome: 'done' | ErrorKind | 'unexpected';
  /** From 1; above it, the call was sent again. */
  readonly attempt: number;
}

export interface RetryOptions {
  /** A read. A write is sent again only after a failure that proves that nothing was done. */
  readonly safe: boolean;
  readonly policy?: RetryPolicy;
  readonly signal?: AbortSignal | undefined;
  /** Rejects with the signal's reason when aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Told of every attempt that was `tried`. Must not throw. */
  readonly onAttempt?: ((made: AttemptMade) => void) | undefined;
  /** Right before it is sent once more: what it throws ends it. Of a write, whether the look that it follows from still holds. */
  readonly again?: (() => Promise<unknown>) | undefined;
  /** Told before each pause. */
  readonly onRetry?: (failure: { error: Error; attempt: number }) => void;
}

/** How a call of an API is retried: a write only after what proves that nothing was done. */
export function retriesOf(
  call: { readonly write: boolean } & Pick<RetryOptions, 'signal' | 'again'>,
  how: Pick<RetryOptions, 'policy' | 'sleep' | 'onAttempt'>,
): RetryOptions {
  return { safe: !call.write, signal: call.signal, again: call.again, ...how };
}

/**
 * @param attempt sends once; is given 1 for the first try, and what it has to call when something of it left the house: not
 * while a breaker is open, nor where it was aborted while it waited for the quota or a connection
 * @throws what the last attempt threw; or the signal's reason when it was aborted between attempts
 */
export async function withRetry<T>(
  attempt: (n: number, tried: () => void) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const { policy = DEFAULT_RETRY, signal, sleep } = options;
  // p-retry puts an abort above the outcome of the attempt that was running. Of a write the outcome must be kept.
  let outcome: { value: T } | { error: unknown } | null = null;
  try {
    return await pRetry(
      async (n) => {
        outcome = null;
        let left = false;
        const tried = (): void => {
          left = true;
        };
        try {
          if (n > 1) await lookAgain(options);
          const value = await attempt(n, tried);
          outcome = { value };
          if (left) options.onAttempt?.({ outcome: 'done', attempt: n });
          return value;
        } catch (error) {
          outcome = { error: error instanceof AbortError ? error.originalError : error };
          if (left)
            options.onAttempt?.({ outcome: isSyncError(error) ? error.kind : 'unexpected', attempt: n });
          throw error;
        }
      },
      {
        retries: policy.retries,
        minTimeout: policy.minDelayMs,
        maxTimeout: policy.maxDelayMs,
        randomize: true,
        signal,
        shouldRetry: ({ error }) => mayRetry(error, options.safe, policy),
        onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
          if (retriesLeft === 0 || !mayRetry(error, options.safe, policy)) return;
          options.onRetry?.({ error, attempt: attemptNumber });
          const asked = isSyncError(error) ? (error.details.retryAfterMs ?? 0) : 0;
          if (asked > 0) await sleep(asked, signal);
        },
      },
    );
  } catch (error) {
    const last = outcome as { value: T } | { error: unknown } | null;
    if (last !== null && 'value' in last) return last.value;
    if (last !== null && !mayRetry(last.error, options.safe, policy)) throw last.error;
    throw error;
  }
}

/** The look is retried as a read is; what it throws after that would be retried twice over, once per try of the write. */
async function lookAgain({ again }: RetryOptions): Promise<void> {
  try {
    await again?.();
  } catch (error) {
    throw error instanceof Error ? new AbortError(error) : error;
  }
}

/** Whether this failure may be followed by the same call again. */
export function mayRetry(error: unknown, safe: boolean, policy: RetryPolicy = DEFAULT_RETRY): boolean {
  if (!isSyncError(error) || (error.kind !== 'transient' && error.kind !== 'throttled')) return false;
  // Whoever called decides when to come again: the endpoint is left alone until then.
  if (error.details.code === BREAKER_OPEN) return false;
  if ((error.details.retryAfterMs ?? 0) > policy.maxRetryAfterMs) return false;
  return safe || (error instanceof HttpFailure && error.undone);
}
