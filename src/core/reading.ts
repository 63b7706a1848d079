/** Whether a side is read completely often enough: one verdict for alerts, the heartbeat and `/readyz` (the rules of Prometheus say the same). Pure. */

export interface SideReading {
  /** Since the begin of the last enumeration that was proven complete; null: never. Below 0: the clock was set back since. */
  readonly certifiedAgeMs: number | null;
  /** Why the last full enumeration proved nothing; null when it did, and before the first. */
  readonly uncertified: string | null;
}

/**
 * `partial`: it goes on being read, and cannot be read completely as it is (Udesk's list ends at 10,000 customers, for one).
 * A person may change that, and nothing is wrong meanwhile: it is said once, and alarms nobody day after day.
 * `late`: whatever should read it completely does not.
 */
export type Reading = 'complete' | 'partial' | 'late';

/** @param sinceMs how long it has had the time to be read, where it never was */
export function readingOf(side: SideReading, limitMs: number, sinceMs: number): Reading {
  if ((side.certifiedAgeMs ?? sinceMs) <= limitMs) return 'complete';
  return side.uncertified === null ? 'late' : 'partial';
}
