/** `udesk-sync run`: the daemon. */
import type { Command } from 'commander';
import type { PairConfig } from '../config/schema.ts';
import { type Carrier, createCarrier } from '../daemon/carrier.ts';
import { createKeeper } from '../daemon/keeper.ts';
import { createLateWorker } from '../daemon/late-worker.ts';
import type { PairWorker } from '../daemon/pair-worker.ts';
import { createReplica } from '../daemon/replica.ts';
import { startSchedules } from '../daemon/scheduler.ts';
import { isSyncError, SyncError } from '../errors.ts';
import type { Logger } from '../lib/log.ts';
import { sleep } from '../lib/sleep.ts';
import { openJobs } from '../store/jobs.ts';
import { newsOf } from '../udesk/webhook.ts';
import { createWeb } from '../web/app.ts';
import { healthRoutes, serve } from '../web/health.ts';
import { createHooks, type Hooks, type HookTarget } from '../web/hooks.ts';
import { createAlerting, runConfiguredHeartbeats } from './alerting.ts';
import type { CliContext } from './context.ts';
import { createMonitoring, type Monitoring } from './monitoring.ts';
import { openWhenThere } from './patient-start.ts';
import { createReporting } from './reporting.ts';
import { keptMonths } from './retention.ts';
import { type OpenPair, openPair, type Runtime } from './runtime.ts';
import { webServices } from './web-services.ts';

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
  const runtime = await openWhenThere(context, {
    ...{ log, signal: context.signal, sleep, random: Math.random },
    monotonic: () => performance.now(),
  });
  if (runtime === null) {
    log.info('stopped before the database was there');
    return;
  }
  const pairs: OpenPair[] = [];
  try {
    const watched = createMonitoring(runtime);
    const open = async (config: PairConfig): Promise<OpenPair> => {
      const pair = await openPair(runtime, config, {}, watched.calls(config.name));
      pairs.push(pair);
      return pair;
    };
    const workers = await openWorkers(runtime, watched, open);
    await work(context, runtime, { pairs, workers, watched });
    log.info('stopped');
  } finally {
    for (const pair of pairs) await pair.close();
    await runtime.close();
  }
}

/**
 * One worker per pair. What stands in the file and cannot work ends the start; a side that is away, refuses us, or does not hold
 * what the file names, is a matter of its pair alone: the others begin, and this one when the side is as it should be (decision 0041).
 */
async function openWorkers(
  { config, engine }: Runtime,
  watched: Monitoring,
  open: (config: PairConfig) => Promise<OpenPair>,
): Promise<PairWorker[]> {
  const tried = await Promise.allSettled(config.pairs.map(open));
  const wrong = tried.find((one) => one.status === 'rejected' && standsInFile(one.reason));
  if (wrong?.status === 'rejected') throw wrong.reason;
  return config.pairs.map((pair, n) => {
    const one = tried[n];
    if (one?.status === 'fulfilled') return watched.worker(one.value);
    return createLateWorker(engine, pair.name, one?.reason, async (signal) => {
      const opened = await open(pair);
      const worker = watched.worker(opened);
      await watchCrm(engine.log, opened, worker, signal);
      return worker;
    });
  });
}

function standsInFile(error: unknown): boolean {
  return isSyncError(error, 'config') && error.details.inFile === true;
}

async function work(
  context: CliContext,
  runtime: Runtime,
  {
    pairs,
    workers,
    watched,
  }: {
    /** Those that are open, more of them later. */
    readonly pairs: readonly OpenPair[];
    readonly workers: readonly PairWorker[];
    readonly watched: Monitoring;
  },
): Promise<void> {
  const { config, engine } = runtime;
  const workerOf = (name: string) => workers.find((worker) => worker.name === name) ?? null;
  const replica = createReplica({
    context: engine,
    pairs: workers.map(({ name }) => name),
    breakers: watched.openBreakers,
    work: (name, signal) => workOn(workerOf(name), signal),
  });
  const here = (name: string) => (replica.holds(name) ? workerOf(name) : null);
  const carrier = createCarrier({
    context: engine,
    open: () => openJobs(runtime.database, engine.log),
    here,
  });
  const routes = healthRoutes({ readiness: () => watched.readiness(workers) });
  const hooks = hooksFor(runtime, here, carrier);
  watched.countHooks(hooks.counts);
  routes.route('/', hooks.routes);
  routes.route('/', watched.metrics.routes);
  const wake = (name: string) => carrier.decided(name);
  routes.route('/', createWeb(webServices({ context, runtime, pairs, wake })));
  const server = await serve(routes, config.http.host, config.http.port);
  const stopSchedules = startSchedules(
    config.pairs.map(({ name, schedule }) => ({
      pair: name,
      lanes: schedule,
      // Whoever works on a pair is who makes its lanes due.
      due: (lane) => {
        if (replica.holds(name)) carrier.due(name, lane);
      },
    })),
    config.timezone,
  );
  engine.log.info({ pairs: workers.map(({ name }) => name), url: server.url }, 'running');
  const over = new AbortController();
  const until = AbortSignal.any([context.signal, over.signal]);
  const saying = Promise.all([
    createAlerting(runtime, workers).run(until),
    runConfiguredHeartbeats(runtime, until),
    createReporting(context, runtime).run(until),
    createKeeper({ ...engine, months: keptMonths(config) }).run(until),
  ]);
  const carrying = carrier.run(over.signal);
  const stopping = () => engine.log.info('stopping: what is in flight is finished or released first');
  context.signal.addEventListener('abort', stopping, { once: true });
  try {
    await Promise.race([replica.run(context.signal), afterStop(context.signal, context.drainMs)]);
  } finally {
    over.abort();
    await saying;
    await stopSchedules();
    await server.close();
    await carrying;
  }

  async function workOn(worker: PairWorker | null, signal: AbortSignal): Promise<void> {
    if (worker === null) throw new SyncError('invariant', 'a pair without a worker');
    const ended = new AbortController();
    const until = AbortSignal.any([signal, ended.signal]);
    const open = pairs.find(({ spec }) => spec.name === worker.name);
    // The first cycle starts at once: what happened while nobody worked on the pair is read in full.
    worker.due('sweep');
    const running = worker.run(until);
    const serving = carrier.serve(worker, until);
    try {
      await watchCrm(engine.log, open, worker, until);
      await running;
    } finally {
      ended.abort();
      await Promise.allSettled([running, serving]);
      worker.forget();
    }
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

/** Callbacks of Udesk, for the pairs whose configuration has a secret for them; whichever replica they reach. */
function hooksFor(
  { config, engine }: Runtime,
  here: (pair: string) => PairWorker | null,
  carrier: Carrier,
): Hooks {
  const targets = new Map<string, HookTarget>();
  for (const { name, udesk } of config.pairs) {
    const secret = udesk.webhook?.secret;
    if (secret === undefined) continue;
    targets.set(name, {
      secret,
      // Elsewhere it is looked at in any case: what a push says that changed stays here.
      hint(id, changes) {
        const worker = here(name);
        if (worker === null) carrier.hint(name, id);
        else worker.hint(id, changes);
      },
      created: () => carrier.due(name, 'head'),
      batchResult: (result) => carrier.batchResult(name, result),
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
