/**
 * The daemons of the week, one after the other on the same database, each under a name of its own. Each has doors of its own
 * before our database and the CRM, which stay shut once it is dead. Udesk is known by its address, which must stay what it
 * is: that door is opened again when nothing is left of the dead one, and a dead one calls nobody (daemon.ts).
 */
import { collectGarbage } from '../../../bench/timed.ts';
import { type Line, startWeekDaemon, type WeekDaemon } from './daemon.ts';
import { createGate, type Gate, type Place } from './gate.ts';
import type { LeapingTime } from './leaping-time.ts';

export type Gates = Readonly<Record<'udesk' | 'crm' | 'ours', Gate>>;

/** How one went on where another was killed, in true time. */
export interface Takeover {
  readonly killedAt: number;
  readonly startedAt: number;
  /** When its first cycle ended well; null: never. */
  readonly goodAt: number | null;
}

export interface Daemons {
  /** Null while none is there. */
  readonly current: WeekDaemon | null;
  /** Those of the one that lives, or lived last. */
  readonly gates: Gates;
  readonly takeovers: readonly Takeover[];
  /** What ended the work of one that shall work. */
  readonly ended: readonly unknown[];
  start(): Promise<void>;
  /** At once, whatever it is doing. */
  kill(): void;
  /** How many of the dead stay in memory, whatever turns of the event loop and collections come. */
  kept(): Promise<number>;
  stop(): Promise<void>;
}

export interface DaemonsOptions {
  readonly places: Readonly<Record<keyof Gates, Place>>;
  readonly configOf: (gates: Gates) => string;
  readonly databaseUrlOf: (gates: Gates) => string;
  readonly time: LeapingTime;
  readonly random: () => number;
  readonly lines: Line[];
}

interface Life {
  readonly daemon: WeakRef<WeekDaemon>;
  readonly startedAt: number;
  goodAt: number | null;
  killedAt: number | null;
}

export async function createDaemons(options: DaemonsOptions): Promise<Daemons> {
  const { places, configOf, databaseUrlOf, time, random, lines } = options;
  const lives: Life[] = [];
  const ended: unknown[] = [];
  let current: WeekDaemon | null = null;
  let gates: Gates = {
    udesk: await createGate(places.udesk),
    crm: await createGate(places.crm),
    ours: await createGate(places.ours),
  };
  let dying: Promise<unknown> = Promise.resolve();

  async function shut(): Promise<void> {
    await Promise.all(Object.values(gates).map((gate) => gate.shut()));
  }

  return {
    get current() {
      return current;
    },
    get gates() {
      return gates;
    },
    get takeovers() {
      return lives.flatMap(({ startedAt, goodAt }, n) => {
        const killedAt = lives[n - 1]?.killedAt ?? null;
        return killedAt === null ? [] : [{ killedAt, startedAt, goodAt }];
      });
    },
    ended,
    async start() {
      if (lives.length > 0) {
        await dying;
        const [crm, ours] = [await createGate(places.crm), await createGate(places.ours)];
        gates = { udesk: gates.udesk, crm, ours };
        await gates.udesk.open();
      }
      const daemon = await startWeekDaemon({
        owner: `week ${lives.length + 1}`,
        configText: configOf(gates),
        databaseUrl: databaseUrlOf(gates),
        time,
        random,
        lines,
        onGood() {
          life.goodAt ??= time.trueNow();
        },
      });
      const life: Life = {
        daemon: new WeakRef(daemon),
        startedAt: time.trueNow(),
        goodAt: null,
        killedAt: null,
      };
      lives.push(life);
      current = daemon;
      // Asked after each minute: a promise that is raced once a minute keeps all those races until it ends.
      daemon.run().catch((error: unknown) => {
        ended.push(error);
      });
    },
    kill() {
      const [daemon, life] = [current, lives.at(-1)];
      if (daemon === null || life === undefined) throw new Error('no daemon is there');
      life.killedAt = time.trueNow();
      current = null;
      // All within this turn of the event loop, the connections first: what it does from now on reaches nobody.
      dying = Promise.all([shut(), daemon.kill()]);
    },
    async kept() {
      for (let n = 0; n < 3; n += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        collectGarbage();
      }
      return lives.filter(({ killedAt, daemon }) => killedAt !== null && daemon.deref() !== undefined).length;
    },
    async stop() {
      await dying;
      await current?.stop();
      await shut();
    },
  };
}
