/**
 * The daemon of the week: its real loop, lanes, schedules, breakers, alerts and quota, put together as `udesk-sync run`
 * does it, with a clock that is passed in. What a test of virtual time cannot have, since it counts real seconds, is left
 * out: the tables of jobs, the share of other daemons and the pages; `npm run bench:soak` runs the program as it is.
 *
 * A process cannot be killed here, for everybody lives in one. `kill` is as near to it as can be: whatever the daemon is
 * doing, all its connections are cut within one turn of the event loop and never let in again (daemons.ts), it calls and logs
 * nothing any more, its schedules end, and its lease is left as it is. What a request that was sent does at the other end
 * goes on, an answer that is on its way is not heard, and an open transaction is rolled back by its server. The work is
 * aborted only after that, so that what is left of it in memory ends: what it says on leaving reaches nobody. Not
 * simulated are a statement that is half sent, a process that is found dead by its id (its machine is another one, so the
 * lease has to run out), and a start from nothing: compiled code, and what modules keep, stay. `kill -9` on the real
 * program is in test/integration/crash and test/integration/daemon/replicas.test.ts.
 */
import { pino } from 'pino';
import { createAlerting } from '../../../src/cli/alerting.ts';
import { openPair } from '../../../src/cli/runtime.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { createPairWorker, type PairWorker } from '../../../src/daemon/pair-worker.ts';
import { startSchedules } from '../../../src/daemon/scheduler.ts';
import type { EngineContext } from '../../../src/engine/context.ts';
import { type Breakers, createBreakers } from '../../../src/http/breakers.ts';
import { steadyLedger } from '../../../src/http/steady-ledger.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import type { LeapingTime } from './leaping-time.ts';

/** One line of its log, with the true time. */
export interface Line {
  readonly at: number;
  readonly level: number;
  readonly msg: string;
  readonly kind?: string;
  readonly err?: string;
}

export interface WeekDaemon {
  readonly worker: PairWorker;
  /** A cycle is under way. */
  readonly atWork: boolean;
  /** Calls of Udesk that have not come back. */
  readonly calling: number;
  /** One look at what must be said. */
  alert(): Promise<void>;
  /** Starts to work. Rejects when the work ends before it shall. */
  run(): Promise<void>;
  stop(): Promise<void>;
  /** Its connections are cut already. Resolves when nothing is left of it. */
  kill(): Promise<void>;
}

export interface WeekDaemonOptions {
  /** Whom its lease belongs to. */
  readonly owner: string;
  readonly configText: string;
  readonly databaseUrl: string;
  readonly time: LeapingTime;
  readonly random: () => number;
  /** Where its log goes. */
  readonly lines: Line[];
  /** Told of each cycle that ended well. */
  readonly onGood: () => void;
}

export async function startWeekDaemon(options: WeekDaemonOptions): Promise<WeekDaemon> {
  const { owner, configText, databaseUrl, time, random, lines, onGood } = options;
  let dead = false;
  const log = pino(
    { level: 'info' },
    {
      write(text: string) {
        const line = JSON.parse(text) as Line;
        // A week of stories of cycles is not kept: what went wrong, and that it is over, is.
        if (dead) return;
        if (line.level > 30 || line.msg === 'the pair is well again')
          lines.push({ ...line, at: time.trueNow() });
      },
    },
  );
  const config = loadConfig({ env: {}, readFile: () => configText, adapters: crmAdapters });
  const database = await openDatabase({
    url: databaseUrl,
    dataDir: '',
    max: 4,
    applicationName: 'udesk-sync run',
    log,
  });
  const engine: EngineContext = {
    db: database.db,
    log,
    clock: () => new Date(),
    monotonic: time.monotonic,
    sleep: time.sleep,
    random,
    owner,
  };
  const ledger = steadyLedger(postgresLedger(database.sql), time.monotonic);
  const runtime = { config, database, engine, ledger, close: async () => {} };
  const [pairConfig] = config.pairs;
  if (pairConfig === undefined) throw new Error('the week has no pair');
  let calling = 0;
  const counted = (breakers: Breakers): Breakers => ({
    ...breakers,
    async guard(call, send) {
      if (dead) throw new Error('the dead do not call');
      calling += 1;
      try {
        return await breakers.guard(call, send);
      } finally {
        calling -= 1;
      }
    },
  });
  const breakers = () => counted(createBreakers({ monotonic: time.monotonic, now: time.now }));
  const pair = await openPair(
    runtime,
    pairConfig,
    // The pauses of p-retry are real time.
    { time, retry: { retries: 2, minDelayMs: 0, maxDelayMs: 0, maxRetryAfterMs: 60_000 } },
    { udesk: { breakers: breakers() }, crm: { breakers: breakers() } },
  );
  let atWork = false;
  const clock = () => {
    atWork = true;
    return new Date();
  };
  const ended = () => {
    atWork = false;
  };
  const worker = createPairWorker({ ...engine, clock }, pair, onGood, ended);
  const alerts = createAlerting(runtime, [worker]);
  const stop = new AbortController();
  const stopSchedules = startSchedules(
    [{ pair: worker.name, lanes: pairConfig.schedule, due: (lane) => worker.due(lane) }],
    config.timezone,
    { after: time.after, lookMs: 60_000 },
  );
  let running: Promise<void> = Promise.resolve();
  const close = async () => {
    await pair.close();
    await database.close();
  };
  return {
    worker,
    get atWork() {
      return atWork;
    },
    get calling() {
      return calling;
    },
    alert: () => alerts.tick(stop.signal),
    async run() {
      worker.due('sweep');
      running = worker.run(stop.signal);
      await running;
      if (!stop.signal.aborted) throw new Error('the work on the pair ended');
    },
    async stop() {
      await stopSchedules();
      stop.abort();
      await running;
      await close();
    },
    async kill() {
      dead = true;
      void stopSchedules();
      stop.abort();
      await running.catch(() => {});
      await close();
    },
  };
}
