/** `udesk-sync run`: the daemon. */
import type { Command } from 'commander';
import type { PairWorker } from '../daemon/pair-worker.ts';
import { startSchedules } from '../daemon/scheduler.ts';
import { isSyncError, SyncError } from '../errors.ts';
import type { Logger } from '../lib/log.ts';
import { newsOf } from '../udesk/webhook.ts';
import { createWeb } from '../web/app.ts';
import { healthRoutes, serve } from '../web/health.ts';
import { createHooks, type Hooks, type HookTarget } from '../web/hooks.ts';
import { createAlerting } from './alerting.ts';
import type { CliContext } from './context.ts';
import { createMonitoring, type Monitoring } from './monitoring.ts';
import { type OpenPair, openPair, openRuntime, type Runtime } from './runtime.ts';
import { webServices } from './web-services.ts';

/** How long a stop waits for the writes that are on their way before it leaves them to the next start. */
const DRAIN_MS = 30_000;

export function registerRun(program: Command, context: CliContext): void {
  program
    .command('run')
    .description(
      'the daemon: keeps all pairs in step until it is stopped (SIGTERM finishes what is in flight)',
    )
    .action(() => runDaemon(context));
}

async function runDaemon(context: CliContext): Promise<void> {
  const log = context.logger('info');
  const runtime = await openRuntime(context, 'run');
  const pairs: OpenPair[] = [];
  try {
    const watched = createMonitoring(runtime);
    for (const config of runtime.config.pairs) {
      pairs.push(
        await openPair(runtime, config, { onAttempt: (call) => watched.metrics.called(config.name, call) }),
      );
    }
    await work(context, runtime, pairs, watched);
    log.info('stopped');
  } finally {
    for (const pair of pairs) await pair.close();
    await runtime.close();
  }
}

async function work(
  context: CliContext,
  runtime: Runtime,
  pairs: readonly OpenPair[],
  watched: Monitoring,
): Promise<void> {
  const { config, engine } = runtime;
  const workers = pairs.map((pair) => watched.worker(pair));
  const routes = healthRoutes({ readiness: () => watched.readiness(workers) });
  const hooks = hooksFor(runtime, workers);
  watched.countHooks(hooks.counts);
  routes.route('/', hooks.routes);
  routes.route('/', watched.metrics.routes);
  routes.route('/', createWeb(webServices({ context, runtime, pairs, workers })));
  const server = await serve(routes, config.http.host, config.http.port);
  const stopSchedules = startSchedules(
    workers.map((worker, n) => {
      const schedule = config.pairs[n]?.schedule;
      if (schedule === undefined) throw new SyncError('invariant', `no schedule for ${worker.name}`);
      return { pair: worker.name, lanes: schedule, due: (lane) => worker.due(lane) };
    }),
    config.timezone,
  );
  engine.log.info({ pairs: workers.map(({ name }) => name), url: server.url }, 'running');
  for (const [n, worker] of workers.entries()) await watchCrm(engine.log, pairs[n], worker, context.signal);
  // The first cycle starts at once: what happened while the daemon was down is read in full.
  for (const worker of workers) worker.due('sweep');
  const over = new AbortController();
  const alerts = createAlerting(runtime, workers).run(AbortSignal.any([context.signal, over.signal]));
  try {
    const all = Promise.all(workers.map((worker) => worker.run(context.signal)));
    await Promise.race([all, afterStop(context.signal, DRAIN_MS)]);
  } finally {
    over.abort();
    await alerts;
    await stopSchedules();
    await server.close();
  }
}

/** What the CRM tells of its own accord; without it, or when it is lost, the schedule finds the same a little later. */
async function watchCrm(
  log: Logger,
  pair: OpenPair | undefined,
  worker: PairWorker,
  signal: AbortSignal,
): Promise<void> {
  try {
    await pair?.sides.crm.watch?.((id) => (id === null ? worker.due('crm') : worker.crmHint(id)), signal);
  } catch (error) {
    const kind = isSyncError(error) ? error.kind : 'transient';
    log.warn(
      { pair: worker.name, side: 'crm', kind },
      'the CRM cannot be listened to: it is asked by the schedule',
    );
  }
}

/** Callbacks of Udesk, for the pairs whose configuration has a secret for them. */
function hooksFor({ config, engine }: Runtime, workers: readonly PairWorker[]): Hooks {
  const targets = new Map<string, HookTarget>();
  for (const [n, worker] of workers.entries()) {
    const secret = config.pairs[n]?.udesk.webhook?.secret;
    if (secret === undefined) continue;
    targets.set(worker.name, {
      secret,
      hint: (id, changes) => worker.hint(id, changes),
      created: () => worker.due('head'),
      batchResult: (result) => worker.batchResult(result),
    });
  }
  return createHooks({ targets, newsOf, log: engine.log, clock: engine.clock });
}

/** Resolves a bounded time after the stop was asked for. */
async function afterStop(signal: AbortSignal, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const start = () => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
    };
    if (signal.aborted) start();
    else signal.addEventListener('abort', start, { once: true });
  });
}
