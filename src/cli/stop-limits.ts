/** How long a stop takes at most. */
export interface StopLimits {
  /** The daemon waits so long for what is in flight, and leaves the rest to the next start. */
  readonly drainMs: number;
  /** The process ends within so long, whatever does not answer. */
  readonly withinMs: number;
}

/** Less than what Docker (`stop_grace_period`) and systemd (`TimeoutStopSec`) wait before they kill. */
export const STOP_LIMITS: StopLimits = { drainMs: 30_000, withinMs: 40_000 };
