import { backoffMs } from '../core/retry.ts';
import { type EngineContext, monotonicOf } from '../engine/context.ts';
import { isSyncError, toError } from '../errors.ts';
import { finishRun, startRun } from '../store/pairs.ts';
import { createFailureLines } from './failure-lines.ts';
import type { PairHealth, PairWorker } from './pair-worker.ts';

/** A side that could not be opened when the daemon started is asked this often, and never given up. */
const OPEN_AGAIN = { baseMs: 2_000, maxMs: 60_000 };
/** How often the same reason is written down among the pair's cycles: as often as one that goes on failing. */
const RECORD_AGAIN_MS = 300_000;

/**
 * The worker of a pair of which a side could not be opened when the daemon started: the other pairs work meanwhile, and
 * this one as soon as the side answers, and holds what the configuration names. What is due before is made good by the first
 * cycle, which reads in full. Until then the reason stands where that of a failing cycle stands.
 * @param reason why it could not be opened at first
 */
export function createLateWorker(
  context: EngineContext,
  name: string,
  reason: unknown,
  open: (signal: AbortSignal) => Promise<PairWorker>,
): PairWorker {
  const log = context.log.child({ pair: name });
  const monotonic = monotonicOf(context);
  const lines = createFailureLines();
  const waiting: PairHealth = blank();
  let worker: PairWorker | null = null;
  let told = '';
  let recorded: { readonly error: string; readonly atMs: number } | null = null;
  tell(reason, 1);

  function tell(thrown: unknown, failures: number): { readonly error: Error; readonly delayMs: number } {
    const error = toError(thrown);
    const known = isSyncError(error);
    const kind = known ? error.kind : 'unexpected';
    const delayMs = backoffMs(failures, context.random, OPEN_AGAIN);
    if (error.message !== told) lines.over();
    told = error.message;
    log[lines.levelOf(kind, failures)](
      {
        ...{ kind, failures, delayMs, err: error.message },
        ...(known
          ? { side: error.details.side, code: error.details.code, advice: error.details.advice }
          : {}),
      },
      'the pair cannot be opened: tried again',
    );
    return { error, delayMs };
  }

  async function failed(thrown: unknown): Promise<number> {
    const { error, delayMs } = tell(thrown, waiting.failures + 1);
    waiting.failures += 1;
    waiting.lastError = error.message;
    waiting.lastKind = isSyncError(error) ? error.kind : 'unexpected';
    waiting.lastSide = isSyncError(error) ? (error.details.side ?? null) : null;
    // What cannot be written down is in the log, and told by the health of the pair.
    await record(error.message).catch(() => {});
    return delayMs;
  }

  async function record(error: string): Promise<void> {
    const atMs = monotonic();
    if (recorded?.error === error && atMs - recorded.atMs < RECORD_AGAIN_MS) return;
    const at = context.clock();
    const id = await startRun(context.db, name, 'run', at);
    await finishRun(context.db, name, id, { at, outcome: 'failed', stats: {}, error });
    recorded = { error, atMs };
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
    forget() {
      if (worker === null) Object.assign(waiting, blank());
      else worker.forget();
    },
    async run(signal) {
      while (worker === null && !signal.aborted) {
        try {
          worker = await open(signal);
          log.info({ failures: waiting.failures }, 'the sides of the pair are open now');
          worker.due('sweep');
        } catch (error) {
          if (signal.aborted) return;
          await context.sleep(await failed(error), signal).catch(() => {});
        }
      }
      if (!signal.aborted) await worker?.run(signal);
    },
  };
}

/** Nothing is known here of a pair that another daemon works on, or that nobody has begun with. */
function blank(): PairHealth {
  return { lastGoodAtMs: null, failures: 0, lastError: null, lastKind: null, lastSide: null };
}
