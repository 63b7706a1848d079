/** Brings what is due to whoever works on the pair: by the job tables where they answer, else to the worker of this process. */
import type { BatchVerdict } from '../crm/adapter.ts';
import type { EngineContext } from '../engine/context.ts';
import { toError } from '../errors.ts';
import { sha256 } from '../lib/hash.ts';
import type { Due, Jobs } from '../store/jobs.ts';
import { LANES, type ScheduledLane } from './lanes.ts';
import type { PairWorker } from './pair-worker.ts';

/** The first cycle after a start goes before the job tables. */
const OPEN_AFTER_MS = 1_000;
const OPEN_AGAIN_MS = { first: 1_000, most: 60_000 };

export interface Carrier {
  /** The schedule, or whoever knows of news, makes a lane of the pair due. */
  due(pair: string, lane: ScheduledLane): void;
  hint(pair: string, id: string): void;
  decided(pair: string): void;
  batchResult(pair: string, verdict: BatchVerdict): void;
  /** Gives the worker the jobs of its pair until the signal is aborted. */
  serve(worker: PairWorker, signal: AbortSignal): Promise<void>;
  /** Opens the job tables, as often as it takes; resolves when the signal is aborted and they are closed. */
  run(signal: AbortSignal): Promise<void>;
}

export interface CarrierOptions {
  readonly context: Pick<EngineContext, 'log' | 'sleep'>;
  readonly open: () => Promise<Jobs>;
  /** The worker of the pair, where it runs in this process. */
  readonly here: (pair: string) => PairWorker | null;
}

export function createCarrier({ context, open, here }: CarrierOptions): Carrier {
  const { log, sleep } = context;
  let jobs: Jobs | null = null;
  const opened = Promise.withResolvers<Jobs>();

  function send(pair: string, due: Due): void {
    const locally = () => {
      const worker = here(pair);
      if (worker !== null) hand(worker, due);
    };
    if (jobs === null) locally();
    else
      jobs.send(pair, due).catch((error: unknown) => {
        log.debug({ pair, err: toError(error).message }, 'what is due is not carried by the job tables now');
        locally();
      });
  }

  /** What was asked for in this process, of a worker in this process, needs no carrying. */
  function ask(pair: string, due: Due): void {
    const worker = here(pair);
    if (worker === null) send(pair, due);
    else hand(worker, due);
  }

  return {
    due: (pair, lane) => send(pair, { lane }),
    hint: (pair, id) => ask(pair, { lane: 'hint', about: id }),
    decided: (pair) => ask(pair, { lane: 'decided' }),
    batchResult: (pair, verdict) =>
      ask(pair, { lane: 'batch', about: sha256(JSON.stringify(verdict)).slice(0, 16), more: verdict }),
    async serve(worker, signal) {
      const { promise: stopped, resolve } = Promise.withResolvers<null>();
      signal.addEventListener('abort', () => resolve(null), { once: true });
      if (signal.aborted) return;
      for (let delayMs = OPEN_AGAIN_MS.first; !signal.aborted; delayMs = longer(delayMs)) {
        const store = await Promise.race([opened.promise, stopped]);
        if (store === null) return;
        try {
          await store.take(worker.name, (due) => work(worker, due));
          await stopped;
          return await store.leave(worker.name);
        } catch (error) {
          log.debug(
            { pair: worker.name, err: toError(error).message },
            'the jobs of the pair cannot be had now',
          );
          await sleep(delayMs, signal).catch(() => {});
        }
      }
    },
    async run(signal) {
      await sleep(OPEN_AFTER_MS, signal).catch(() => {});
      for (let delayMs = OPEN_AGAIN_MS.first; !signal.aborted && jobs === null; delayMs = longer(delayMs)) {
        try {
          jobs = await open();
          opened.resolve(jobs);
        } catch (error) {
          log.warn(
            { err: toError(error).message, delayMs },
            'the job tables cannot be used: what is due is not shared with other daemons for now',
          );
          await sleep(delayMs, signal).catch(() => {});
        }
      }
      await untilAborted(signal);
      const closing = jobs;
      jobs = null;
      await closing?.close();
    },
  };
}

async function work(worker: PairWorker, due: readonly Due[]): Promise<void> {
  for (const each of due) hand(worker, each);
  await worker.serve(due.map(({ lane }) => lane).filter(isLane));
}

function hand(worker: PairWorker, { lane, about, more }: Due): void {
  if (isLane(lane)) worker.due(lane);
  else if (lane === 'hint' && about !== undefined) worker.hint(about);
  else if (lane === 'decided') worker.decided();
  else if (lane === 'batch') worker.batchResult(more as BatchVerdict);
}

function isLane(lane: string): lane is ScheduledLane {
  return (LANES as readonly string[]).includes(lane);
}

function longer(delayMs: number): number {
  return Math.min(OPEN_AGAIN_MS.most, 2 * delayMs);
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
