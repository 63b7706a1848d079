/** The daemon of the demo: the worker, timetable and pages of `udesk-sync run`, in this process. */

import { createMonitoring } from '../cli/monitoring.ts';
import { webServices } from '../cli/web-services.ts';
import type { PairHealth } from '../daemon/pair-worker.ts';
import { startSchedules } from '../daemon/scheduler.ts';
import type { CycleReport } from '../engine/cycle.ts';
import { SyncError } from '../errors.ts';
import { createWeb } from '../web/app.ts';
import { healthRoutes, serve } from '../web/health.ts';
import type { Stage } from './stage.ts';

export interface Daemon {
  /** Where the pages are. */
  readonly url: string;
  readonly health: Readonly<PairHealth>;
  /** Both sides are read in full as soon as the cycle under way has ended, whatever the timetable says. */
  lookNow(): void;
  /** Called for every cycle from now on. @returns the function that ends it */
  onCycle(listener: (report: CycleReport) => void): () => void;
  /** Rejects when the worker cannot go on at all. */
  readonly running: Promise<void>;
  stop(): Promise<void>;
}

export async function startDaemon(stage: Stage): Promise<Daemon> {
  const { runtime, pair, context } = stage;
  const { config } = runtime;
  const [pairConfig] = config.pairs;
  if (pairConfig === undefined) throw new SyncError('invariant', 'the demo has no pair');
  const listeners = new Set<(report: CycleReport) => void>();
  const watched = createMonitoring(runtime);
  const worker = watched.worker(pair, (report) => {
    for (const listener of listeners) listener(report);
  });
  const routes = healthRoutes({ readiness: () => watched.readiness([worker]) });
  routes.route('/', watched.metrics.routes);
  routes.route(
    '/',
    createWeb(webServices({ context, runtime, pairs: [pair], wake: () => worker.decided() })),
  );
  const server = await serve(routes, config.http.host, config.http.port);
  const stopped = new AbortController();
  const stopSchedules = startSchedules(
    [{ pair: worker.name, lanes: pairConfig.schedule, due: (lane) => worker.due(lane) }],
    config.timezone,
  );
  const running = worker.run(AbortSignal.any([stopped.signal, context.signal]));
  running.catch(() => {}); // whoever waits for it is told; until then it must not end the process
  return {
    url: server.url,
    health: worker.health,
    running,
    lookNow: () => worker.due('audit'),
    onCycle(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stop() {
      stopped.abort();
      await stopSchedules();
      await running.catch(() => {});
      await server.close();
    },
  };
}

/** Resolves after the next `count` cycles that began later than this call and read both sides. */
export async function wholeCycles(daemon: Daemon, count: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // The one that is under way began before.
  let left = count + 1;
  const end = daemon.onCycle(({ observed }) => {
    if (observed.udesk.lane === 'full' && --left === 0) resolve();
    else daemon.lookNow();
  });
  daemon.lookNow();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  daemon.running.catch(reject);
  try {
    signal.throwIfAborted();
    await promise;
  } finally {
    end();
    signal.removeEventListener('abort', abort);
  }
}
