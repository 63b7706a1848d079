/**
 * What the database says of the pairs, for whoever asks over HTTP. `/metrics` and `/readyz` are open to everybody who
 * reaches them: however many ask, the database is asked one question at a time, and no more often than every ten seconds.
 */
import { withTimeout } from '../lib/with-timeout.ts';
import type { DeadLetters } from '../store/dead-letters.ts';
import type { PairGauges } from '../store/gauges.ts';

/** As old as this at most. */
const CACHE_MS = 10_000;
/** A question on a connection that is dead is asked again on another. */
const GIVE_UP_MS = 30_000;

export interface QuotaGauge {
  readonly pair: string;
  /** Calls of the last minute, of the busiest endpoint where each has a quota of its own. */
  readonly used: number;
  readonly perMinute: number;
}

/** What is kept for a number of months only (src/store/retention.ts). */
export interface HistoryGauge {
  readonly kind: string;
  readonly held: number;
  /** Since partitions were last made ahead, and old months let go; null: never. */
  readonly lookAgeMs: number | null;
}

export interface Figures {
  readonly pairs: readonly PairGauges[];
  readonly quota: readonly QuotaGauge[];
  /** Lanes whose jobs failed too often in a row. */
  readonly deadLetters: readonly DeadLetters[];
  readonly history: readonly HistoryGauge[];
}

/** Rejects when the database has not answered within `patienceMs`; the next who asks goes on waiting for the same answer. */
export type ReadFigures = (patienceMs: number) => Promise<Figures>;

export function shareFigures(ask: () => Promise<Figures>, clock: () => Date): ReadFigures {
  let known: { readonly figures: Figures; readonly at: number } | null = null;
  let asking: Promise<Figures> | null = null;
  function askOnce(): Promise<Figures> {
    asking ??= withTimeout(ask(), GIVE_UP_MS)
      .then((figures) => {
        known = { figures, at: clock().getTime() };
        return figures;
      })
      .finally(() => {
        asking = null;
      });
    return asking;
  }
  return async (patienceMs) => {
    const ageMs = known === null ? null : clock().getTime() - known.at;
    // A clock that was set back makes nothing young.
    if (known !== null && ageMs !== null && ageMs >= 0 && ageMs < CACHE_MS) return known.figures;
    return await withTimeout(askOnce(), patienceMs);
  };
}
