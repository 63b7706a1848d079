/** Whether the pairs really work, for `/readyz`. Pure: what is known comes in. */
import { readingOf } from '../core/reading.ts';
import { SIDES } from '../core/record.ts';
import type { PairGauges } from '../store/gauges.ts';

/** An enumeration that was proven complete is older than this: something keeps it from happening. */
const STALE_SWEEP_MS = 24 * 3_600_000;

/** What this process knows of its own cycles. */
export interface WorkerState {
  readonly lastGoodAtMs: number | null;
  readonly failures: number;
  readonly lastKind: string | null;
}

export interface PairReadiness {
  readonly pair: string;
  /** Who works on it: this process, another one, or nobody at the moment. */
  readonly lease: 'here' | 'elsewhere' | 'free';
  readonly lastGoodCycleMs: number | null;
  /** Since the begin of the last certified enumeration of each side; null: never. */
  readonly certifiedAgeMs: { readonly udesk: number | null; readonly crm: number | null };
  /** Null when it is well; otherwise why not, in one sentence without customer data. */
  readonly reason: string | null;
}

/**
 * A pair is ready when somebody brings it forward and each side was read in full, or is known not to be readable in full
 * (Udesk above its 10,000 rows): that is told by `status`, and does not make the daemon unfit.
 */
export function readinessOf(health: WorkerState, row: PairGauges): PairReadiness {
  const here = health.lastGoodAtMs !== null && health.failures === 0;
  const elsewhere = !here && row.leased && health.failures === 0;
  return {
    pair: row.pair,
    lease: !row.leased ? 'free' : elsewhere ? 'elsewhere' : 'here',
    lastGoodCycleMs: row.lastGoodMs === null ? null : Math.round(row.lastGoodMs),
    certifiedAgeMs: {
      udesk: rounded(row.sides.udesk.certifiedAgeMs),
      crm: rounded(row.sides.crm.certifiedAgeMs),
    },
    reason: reasonOf(health, row),
  };
}

function reasonOf(health: WorkerState, row: PairGauges): string | null {
  if (health.failures > 0) return `its cycles fail (${health.lastKind ?? 'unexpected'})`;
  if (health.lastGoodAtMs === null && row.lastGoodMs === null) return 'no cycle has ended well yet';
  // Without a good cycle of our own another process must be at work.
  if (health.lastGoodAtMs === null && !row.leased) return 'no cycle of this process has ended well yet';
  for (const side of SIDES) {
    const now = row.sides[side];
    // Before the first it is not ready, however new the pair is.
    if (readingOf(now, STALE_SWEEP_MS, Number.POSITIVE_INFINITY) !== 'late') continue;
    return `${side} has not been read in full ${now.certifiedAgeMs === null ? 'yet' : 'for a day'}`;
  }
  return null;
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}
