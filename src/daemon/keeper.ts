/** Looks after the partitions of the history, once a day, whichever daemon comes first (src/store/retention.ts). */
import { DatabaseFailure, toError } from '../errors.ts';
import type { Logger } from '../lib/log.ts';
import { type Kept, type KeptMonths, lookAfterHistory } from '../store/retention.ts';
import type { Db } from '../store/tx.ts';

/** Whether a look is due is asked so often: cheap, and what a long query kept waiting is tried again. */
const TICK_MS = 3_600_000;

export interface KeeperSource {
  readonly db: Db;
  readonly log: Logger;
  readonly clock: () => Date;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly months: KeptMonths;
}

export interface Keeper {
  /** Until the signal is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** One look, where it is due. Never rejects. */
  tick(signal: AbortSignal): Promise<void>;
}

export function createKeeper({ db, log, clock, sleep, months }: KeeperSource): Keeper {
  async function tick(signal: AbortSignal): Promise<void> {
    try {
      for (const kept of await lookAfterHistory(db, months, { now: clock(), signal })) tell(log, kept);
    } catch (error) {
      if (signal.aborted) return;
      const failure = toError(error);
      const code = (failure instanceof DatabaseFailure ? failure.code : null) ?? 'retention';
      log.warn(
        { code, delayMs: TICK_MS },
        'the partitions of the history could not be looked after; it is tried again',
      );
    }
  }

  return {
    tick,
    async run(signal) {
      while (!signal.aborted) {
        await tick(signal);
        await sleep(TICK_MS, signal).catch(() => {});
      }
    },
  };
}

function tell(log: Logger, { kind, created, dropped, moved, deleted, held }: Kept): void {
  if (created.length + dropped.length + moved + deleted > 0) {
    log.info({ kind, created, dropped, moved, deleted }, 'the history was looked after');
  }
  if (held > 0) {
    log.warn(
      { kind, held },
      'more months of history are due to go than go by themselves: `udesk-sync retention` shows them, `--apply` lets them go',
    );
  }
}
