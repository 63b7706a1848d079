import type { ToldChange } from '../core/own-echo.ts';

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

/** So many callbacks of one customer are compared one by one with what we wrote; more of them are looked at. */
const MAX_TOLD = 20;

export interface Hint {
  /** Cycles that failed with it. */
  readonly tries: number;
  /** What each callback says that changed; null when the customer has to be looked at whatever they say. */
  readonly told: readonly (readonly ToldChange[])[] | null;
}

export interface Hints {
  readonly size: number;
  /**
   * Hints for the same id fold into one.
   * @param changes what it says that changed, where that is told
   */
  add(id: string, changes?: readonly ToldChange[] | null): void;
  /** Takes the oldest out. */
  take(): ReadonlyMap<string, Hint>;
  /** These were taken, and there was no time for them. */
  putBack(taken: ReadonlyMap<string, Hint>, ids: readonly string[]): void;
  /** The cycle that had taken them failed. */
  giveBack(taken: ReadonlyMap<string, Hint>): void;
}

export function createHints(): Hints {
  const waiting = new Map<string, Hint>();
  function put(id: string, tries: number, told: Hint['told']): void {
    const known = waiting.get(id);
    if (known === undefined && waiting.size >= MAX_HINTS) return;
    const both = known === undefined ? told : together(known.told, told);
    waiting.set(id, { tries: Math.max(tries, known?.tries ?? 0), told: both });
  }
  return {
    get size() {
      return waiting.size;
    },
    add(id, changes = null) {
      put(id, 0, changes === null ? null : [changes]);
    },
    take() {
      const taken = new Map([...waiting].slice(0, HINTS_PER_CYCLE));
      for (const id of taken.keys()) waiting.delete(id);
      return taken;
    },
    putBack(taken, ids) {
      for (const id of ids) put(id, taken.get(id)?.tries ?? 0, taken.get(id)?.told ?? null);
    },
    giveBack(taken) {
      for (const [id, { tries, told }] of taken) if (tries + 1 < MAX_TRIES) put(id, tries + 1, told);
    },
  };
}

function together(a: Hint['told'], b: Hint['told']): Hint['told'] {
  if (a === null || b === null || a.length + b.length > MAX_TOLD) return null;
  return [...a, ...b];
}
