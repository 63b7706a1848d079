import type { Logger } from 'pino';
import type { SideName } from '../core/record.ts';
import type { PairSpec } from '../core/spec.ts';
import type { Side } from '../crm/adapter.ts';
import type { Lifeline } from '../store/lifeline.ts';
import type { Db, Fence } from '../store/tx.ts';
import type { PushBudget } from './push-budget.ts';

/** The world, as the engine gets it. */
export interface EngineContext {
  readonly db: Db;
  /** On what leases are renewed and the process says that it lives; left out: on `db`, as everything else. */
  readonly lifeline?: Pick<Lifeline, 'run'>;
  readonly log: Logger;
  readonly clock: () => Date;
  /** Milliseconds that never jump; left out: those of this process. */
  readonly monotonic?: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly random: () => number;
  /** How many links are written at a time; left out: the engine's own choice. */
  readonly width?: number;
  /** Who we are in leases (src/lib/process-owner.ts). */
  readonly owner: string;
  /** True only when that owner of a lease provably ended, so that its lease need not be waited out. */
  readonly ownerIsDead?: (owner: string) => boolean;
}

export function monotonicOf({ monotonic }: Pick<EngineContext, 'monotonic'>): () => number {
  return monotonic ?? (() => performance.now());
}

/** Does what must not wait for other work of this process. */
export async function onLifeline<T>(
  { db, lifeline }: Pick<EngineContext, 'db' | 'lifeline'>,
  work: (db: Db) => Promise<T>,
): Promise<T> {
  return lifeline === undefined ? await work(db) : await lifeline.run(work);
}

export interface PairRuntime {
  readonly spec: PairSpec;
  readonly sides: Readonly<Record<SideName, Side>>;
}

/** One cycle of one pair, under its lease. */
export interface Cycle extends EngineContext, PairRuntime {
  readonly fence: Fence;
  readonly runId: number;
  readonly signal: AbortSignal;
  /** Aborted when the lease was lost: no write is begun any more. A stop alone lets writes that were begun come to their end. */
  readonly held: AbortSignal;
  /** Edits of records that changed after this wait for a later cycle (src/core/quiet.ts); none does where it is left out. */
  readonly quietSince?: Date | null;
  /** How much may still be written in this cycle; left out: everything. */
  readonly pushBudget?: PushBudget;
  /** `leftMs`: how long it may still take, where that is known. */
  readonly progress: (text: string, done: number, total: number | null, leftMs?: number | null) => void;
}
