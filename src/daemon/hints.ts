/**
 * Ids of Udesk customers that somebody should look at soon. A hint is never data and never owed: what is lost here (a full
 * set, a restart, an id that cannot be read) the next sweep finds.
 */

/** More than these at once means that a sweep is the better look. */
const MAX_HINTS = 1_000;
/** Point reads of one cycle: they must not keep the CRM waiting. */
export const HINTS_PER_CYCLE = 50;
/** A cycle that fails again and again may fail because of the hint. */
const MAX_TRIES = 3;

export interface Hints {
  readonly size: number;
  /** Hints for the same id fold into one. */
  add(id: string): void;
  /** Takes the oldest out. */
  take(): ReadonlyMap<string, number>;
  /** The cycle that had taken them failed. */
  giveBack(taken: ReadonlyMap<string, number>): void;
}

export function createHints(): Hints {
  /** Id → cycles that failed with it. */
  const waiting = new Map<string, number>();
  return {
    get size() {
      return waiting.size;
    },
    add(id) {
      if (waiting.size < MAX_HINTS && !waiting.has(id)) waiting.set(id, 0);
    },
    take() {
      const taken = new Map([...waiting].slice(0, HINTS_PER_CYCLE));
      for (const id of taken.keys()) waiting.delete(id);
      return taken;
    },
    giveBack(taken) {
      for (const [id, tries] of taken) {
        if (tries + 1 < MAX_TRIES && waiting.size < MAX_HINTS) waiting.set(id, tries + 1);
      }
    },
  };
}
