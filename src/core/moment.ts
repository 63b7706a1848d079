/** When something happened, for us: in which run, and at what time. */
export interface Moment {
  /** Null: none, or none that is known. */
  readonly runId: string | null;
  /** ISO 8601, by our wall clock, which may have been set back since. */
  readonly at: string;
}

/** Runs are numbered in their order; times tell the order within one, and of what tells none. */
export function isAfter(a: Moment, b: Moment): boolean {
  if (a.runId !== null && b.runId !== null && a.runId !== b.runId) return Number(a.runId) > Number(b.runId);
  return a.at > b.at;
}
