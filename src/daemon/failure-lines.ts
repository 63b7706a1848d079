/**
 * How loudly a failed cycle is told: one line when a trouble begins, one when it lasts, and silence until it is over. A
 * line per try would hide the next trouble, and would wake somebody for the same one again and again.
 */
import type { ErrorKind } from '../errors.ts';

export type FailureKind = ErrorKind | 'unexpected';

/** From here on it does not pass by itself within a minute. */
const LASTING_FAILURES = 5;
/** Waiting does not mend these. */
const URGENT: ReadonlySet<FailureKind> = new Set(['auth', 'config', 'guard', 'unexpected']);

export interface FailureLines {
  /** @param failures cycles that failed in a row, this one included */
  levelOf(kind: FailureKind, failures: number): 'error' | 'warn' | 'debug';
  /** A cycle ended well: the next trouble is a new one. */
  over(): void;
}

export function createFailureLines(): FailureLines {
  const told = new Set<string>();
  return {
    levelOf(kind, failures) {
      const level = URGENT.has(kind) || failures > LASTING_FAILURES ? 'error' : 'warn';
      if (told.has(`error ${kind}`) || told.has(`${level} ${kind}`)) return 'debug';
      told.add(`${level} ${kind}`);
      return level;
    },
    over: () => told.clear(),
  };
}
