/**
 * The calls that an org has in 24 hours, by all its programs together, as the header Sforce-Limit-Info of each answer tells
 * them. Past the configured share we wait, so that the others still get their work done. Pure.
 */
import { SyncError } from '../../errors.ts';

export interface DailyUsage {
  readonly used: number;
  readonly limit: number;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** The count falls as hours leave the window: one call after so long tells. */
const LOOK_AGAIN_MS = 900_000;

/** `api-usage=10018/100000`, and more after a semicolon; null for anything else. */
export function readLimitInfo(header: string | undefined, at: number): DailyUsage | null {
  const match = /(?:^|[;,]\s*)api-usage=(\d+)\/(\d+)/.exec(header ?? '');
  return match === null ? null : { used: Number(match[1]), limit: Number(match[2]), at };
}

/** @throws SyncError `throttled` while the share is used up and the news of it are fresh */
export function refuseBeyondShare(usage: DailyUsage | null, share: number, now: number): void {
  if (usage === null || usage.limit === 0 || usage.used < usage.limit * share) return;
  const waitMs = usage.at + LOOK_AGAIN_MS - now;
  if (waitMs <= 0) return;
  throw new SyncError(
    'throttled',
    `the org has used ${usage.used} of its ${usage.limit} API calls of 24 hours: no more are made beyond ${Math.round(share * 100)} %`,
    {
      side: 'crm',
      code: 'daily-share',
      retryAfterMs: Math.ceil(waitMs),
      advice:
        'Raise crm.limits.dailyShare, look less often (schedule.crm, schedule.sweep), or buy more calls.',
    },
  );
}
