/** What may be tried again, and when (sync design §8, §9). One layer only decides by it. */
import type { ErrorKind } from '../errors.ts';

/**
 * Whether the same call may be sent again without anything else having been done. An `ambiguous` write is not: it is
 * read back first. A `stale` one is not: it is planned again.
 */
export function retryable(kind: ErrorKind): boolean {
  return RETRYABLE[kind];
}

const RETRYABLE: Record<ErrorKind, boolean> = {
  config: false,
  transient: true,
  throttled: true,
  ambiguous: false,
  stale: false,
  rejected: false,
  auth: false,
  'cursor-expired': false,
  contract: false,
  guard: false,
  'lease-lost': false,
  invariant: false,
};

export interface BackoffOptions {
  readonly baseMs?: number;
  readonly maxMs?: number;
}

/** Longer than this nothing is put off, whatever a side asks for: the store takes more for a clock that was wrong. */
const MAX_WAIT_MS = 24 * 3_600_000;

/** How long a write waits: as long as the side asks for, up to a day, or else by `backoffMs`. */
export function waitMsOf(retryAfterMs: number | undefined, attempt: number, random: () => number): number {
  return Math.min(retryAfterMs ?? backoffMs(attempt, random), MAX_WAIT_MS);
}

/**
 * How long to wait before attempt `attempt + 1`, in milliseconds: doubling, capped, and spread evenly over the upper
 * half, so that many who failed together do not come back together.
 * @param attempt attempts made so far, from 1
 * @param random in [0, 1)
 */
export function backoffMs(attempt: number, random: () => number, options: BackoffOptions = {}): number {
  const { baseMs = 1_000, maxMs = 5 * 60_000 } = options;
  const doublings = Math.min(Math.max(0, Math.floor(attempt) - 1), 40);
  const ceiling = Math.min(maxMs, baseMs * 2 ** doublings);
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
