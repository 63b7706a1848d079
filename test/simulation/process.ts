/** One process of the daemon: the real worker over the real store, which can be killed at any moment. */
import { pino } from 'pino';
import type { ScheduledLane } from '../../src/daemon/lanes.ts';
import { createPairWorker, type PairWorker } from '../../src/daemon/pair-worker.ts';
import type { EngineContext } from '../../src/engine/context.ts';
import { type CycleReport, runCycle } from '../../src/engine/cycle.ts';
import { type Random, seededRandom } from '../../src/simulator/random.ts';
import type { Db } from '../../src/store/tx.ts';
import type { Callback, World } from './world.ts';

/** Nobody catches this on purpose: a process that is dead does nothing any more. */
export class Killed extends Error {
  constructor() {
    super('the process was killed');
    this.name = 'Killed';
  }
}

/** `call`: before a request leaves; `answer`: as it arrives; `db`, `commit`, `stored`: around our own database. */
export type Moment = 'call' | 'answer' | 'db' | 'commit' | 'stored';

export class EngineProcess {
  readonly name: string;
  readonly context: EngineContext;
  dead = false;
  lastReport: CycleReport | null = null;
  readonly #world: World;
  readonly #worker: PairWorker;
  readonly #random: Random;
  #stop: AbortController | null = null;

  constructor(world: World, n: number) {
    this.#world = world;
    this.name = `daemon ${n}`;
    this.#random = seededRandom(`${world.script.seed}:${n}`);
    this.context = {
      db: this.#guarded(world.db),
      log: pino({ level: 'warn', base: null, timestamp: false }, { write: (line) => this.#heard(line) }),
      clock: () => new Date(world.now),
      monotonic: () => world.trueTime,
      sleep: (ms, signal) => this.#sleep(ms, signal),
      random: () => this.#random.next(),
      owner: this.name,
      // One write at a time: between several, the database's answers would decide who is next, and not the seed.
      width: 1,
      // Whoever else holds the lease has ended, or stands still.
      ownerIsDead: (owner) => owner !== this.name,
    };
    this.#worker = createPairWorker(this.context, world.pairOf(this), (report) => {
      this.lastReport = report;
      this.#stop?.abort();
    });
  }

  hint(...told: Callback): void {
    if (!this.dead) this.#worker.hint(...told);
  }

  /** One cycle of the worker with these lanes due, well or badly. */
  async cycle(lanes: readonly ScheduledLane[]): Promise<void> {
    this.lastReport = null;
    const stop = new AbortController();
    this.#stop = stop;
    for (const lane of lanes) this.#worker.due(lane);
    try {
      await this.#worker.run(stop.signal);
    } catch (error) {
      // A broken assertion ends the process.
      if (!this.dead) this.#world.failed(error);
      this.dead = true;
    }
  }

  /** As the command `sync` does. Null when it failed. */
  async sync(approve?: string): Promise<CycleReport | null> {
    try {
      return await runCycle(this.context, this.#world.pairOf(this), {
        trigger: 'sync',
        observe: { udesk: 'full', crm: 'full' },
        readFeeds: true,
        ...(approve === undefined ? {} : { approve }),
      });
    } catch (error) {
      if (!this.dead) this.#world.failed(error);
      return null;
    }
  }

  alive(): void {
    if (this.dead) throw new Killed();
  }

  async #moment(moment: Moment, name: string): Promise<void> {
    this.alive();
    await this.#world.meet(this, moment, name);
    this.alive();
  }

  async #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.#world.pass(ms);
    // The worker backs off after a failure: this cycle is over.
    if (signal !== undefined && signal === this.#stop?.signal) this.#stop.abort();
    else signal?.throwIfAborted();
  }

  #heard(line: string): void {
    const { kind, err, msg } = JSON.parse(line) as { kind?: string; err?: string; msg: string };
    if (kind === 'unexpected' && !this.dead) this.#world.violation('P9', `the cycle failed: ${err}`);
    this.#world.tell(`  ${this.name}: ${msg}${kind === undefined ? '' : ` (${kind})`}`);
  }

  #guarded(db: Db): Db {
    const process = this;
    return new Proxy(db, {
      get(target, key, receiver) {
        if (key === 'execute') {
          return async (query: Parameters<Db['execute']>[0]) => {
            await process.#moment('db', 'query');
            const found = await target.execute(query);
            await process.#moment('stored', 'query');
            return found;
          };
        }
        if (key === 'transaction') {
          return async (work: (tx: Db) => Promise<unknown>) => {
            await process.#moment('db', 'transaction');
            const result = await target.transaction(async (tx) => {
              const done = await work(process.#inside(tx));
              await process.#moment('commit', 'transaction');
              return done;
            });
            await process.#moment('stored', 'transaction');
            return result;
          };
        }
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
  }

  #inside(tx: Db): Db {
    const process = this;
    return new Proxy(tx, {
      get(target, key, receiver) {
        if (key !== 'execute') return Reflect.get(target, key, receiver) as unknown;
        return async (query: Parameters<Db['execute']>[0]) => {
          process.alive();
          return await target.execute(query);
        };
      },
    });
  }
}
