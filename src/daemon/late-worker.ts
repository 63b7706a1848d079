import { backoffMs } from '../core/retry.ts';
import type { EngineContext } from '../engine/context.ts';
import { isSyncError, toError } from '../errors.ts';
import type { PairHealth, PairWorker } from './pair-worker.ts';

/** A side that was away when the daemon started is asked this often, and never given up. */
const OPEN_AGAIN = { baseMs: 2_000, maxMs: 60_000 };

/**
 * The worker of a pair of which a side could not be opened when the daemon started: the other pairs work meanwhile, and
 * this one as soon as the side answers. What is due before is made good by the first cycle, which reads in full.
 * @param reason why it could not be opened at first
 */
export function createLateWorker(
  context: EngineContext,
  name: string,
  reason: unknown,
  open: (signal: AbortSignal) => Promise<PairWorker>,
): PairWorker {
  const log = context.log.child({ pair: name });
  const waiting: PairHealth = {
    lastGoodAtMs: null,
    failures: 0,
    lastError: null,
    lastKind: null,
    lastSide: null,
  };
  let worker: PairWorker | null = null;
  failed(reason);

  function failed(thrown: unknown): number {
    const error = toError(thrown);
    waiting.failures += 1;
    waiting.lastError = error.message;
    waiting.lastKind = isSyncError(error) ? error.kind : 'unexpected';
    waiting.lastSide = isSyncError(error) ? (error.details.side ?? null) : null;
    const delayMs = backoffMs(waiting.failures, context.random, OPEN_AGAIN);
    const told = { kind: waiting.lastKind, failures: waiting.failures, delayMs, err: error.message };
    log.warn(told, 'a side of the pair cannot be opened: tried again');
    return delayMs;
  }

  return {
    name,
    get health() {
      return worker?.health ?? waiting;
    },
    due: (lane) => worker?.due(lane),
    serve: async (lanes) => await worker?.serve(lanes),
    hint: (id, changes) => worker?.hint(id, changes),
    crmHint: (id) => worker?.crmHint(id),
    decided: () => worker?.decided(),
    batchResult: (verdict) => worker?.batchResult(verdict),
    forget: () => worker?.forget(),
    async run(signal) {
      while (worker === null && !signal.aborted) {
        try {
          worker = await open(signal);
          log.info({ failures: waiting.failures }, 'the sides of the pair are open now');
          worker.due('sweep');
        } catch (error) {
          await context.sleep(failed(error), signal).catch(() => {});
        }
      }
      if (!signal.aborted) await worker?.run(signal);
    },
  };
}
