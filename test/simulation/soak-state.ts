/** What a soak has done so far, in a file of JSON: an interrupted one goes on from there. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** What one commit ran without a violation. */
export interface Ran {
  readonly commit: string;
  /** The same for all commits that hold the same engine and the same simulation. */
  readonly code: string;
  seeds: number;
  steps: number;
  calls: number;
  /** What people did and what failed in the middle of cycles; none of it counts as a step. */
  inside: number;
  seconds: number;
}

/** A world that broke a promise. It stays open, so that the next soak runs it again: with a commit that mends it, it counts. */
export interface Broken {
  readonly seed: string;
  readonly commit: string;
  /** The promise, and what was seen. */
  readonly violation: string;
}

export interface SoakState {
  /** World n has the seed `seed-n`. */
  readonly seed: string;
  /** Of each world. */
  readonly steps: number;
  /** The first world that nobody began. */
  next: number;
  /** Begun, and not finished without a violation. */
  readonly open: readonly number[];
  readonly ran: readonly Ran[];
  /** Of all commits, in the order in which they were found. */
  readonly broken: readonly Broken[];
}

export function loadSoak(file: string | undefined, fresh: Pick<SoakState, 'seed' | 'steps'>): SoakState {
  if (file === undefined || !existsSync(file)) return { ...fresh, next: 0, open: [], ran: [], broken: [] };
  return { broken: [], ...(JSON.parse(readFileSync(file, 'utf8')) as Omit<SoakState, 'broken'>) };
}

export function saveSoak(file: string | undefined, state: SoakState): void {
  if (file === undefined) return;
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
