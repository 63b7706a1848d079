/**
 * A clock for long runs over real HTTP and real databases: it runs as in life, and leaps over the times in which everybody
 * only waits. So nothing is ever earlier than it was, two moments are never the same, and a week takes as long as its work.
 */
import { setImmediate as soon, setTimeout as wait } from 'node:timers/promises';
import type { Time } from '../../../src/cli/runtime.ts';

/** How often a sleeper is looked for while there is work: time passes then, too. */
const LOOK_MS = 10;

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
  /** Somebody's work goes on when it wakes up, and not only a timer. */
  readonly works: boolean;
}

export interface LeapingTime extends Time {
  /** True time, whatever the clock of our machine shows. */
  readonly trueNow: () => number;
  /** The clock of our machine is ahead of true time by this. */
  setAhead(ms: number): void;
  /** Calls back once, and returns what takes it back. */
  after(ms: number, work: () => void): () => void;
  /** Lets everything happen until then. */
  passUntil(atMs: number): Promise<void>;
  /** Puts this clock in the place of the process' own, until it is taken back. */
  install(): () => void;
}

export interface LeapingOptions {
  readonly start: number;
  /** Nobody is at work: whoever is not done only waits for time to pass. `asleep`: how many do so by `sleep`. */
  readonly isQuiet: (asleep: number) => boolean;
  /** Told before anybody wakes up: how much later it is than the machine's own clock says. */
  readonly onLeap: (aheadMs: number) => Promise<void>;
}

export function createLeapingTime({ start, isQuiet, onLeap }: LeapingOptions): LeapingTime {
  const { now: machineNow } = Date;
  let ahead = start - machineNow();
  let wrong = 0;
  let sleepers: Sleeper[] = [];
  const trueNow = () => machineNow() + ahead;
  const now = () => trueNow() + wrong;

  function add(ms: number, wake: () => void, works: boolean): () => void {
    const sleeper = { atMs: trueNow() + ms, wake, works };
    sleepers.push(sleeper);
    return () => {
      sleepers = sleepers.filter((other) => other !== sleeper);
    };
  }

  function wakeDue(): boolean {
    const due = sleepers.filter(({ atMs }) => atMs <= trueNow());
    if (due.length === 0) return false;
    sleepers = sleepers.filter((sleeper) => !due.includes(sleeper));
    for (const { wake } of due) wake();
    return true;
  }

  async function leapTo(atMs: number): Promise<void> {
    const byMs = atMs - trueNow();
    if (byMs > 0) ahead += byMs;
    await onLeap(ahead);
  }

  /** What was just woken, or made due, begins before anybody looks. */
  async function quiet(): Promise<boolean> {
    for (let turn = 0; turn < 3; turn += 1) {
      await soon();
      if (!isQuiet(sleepers.filter(({ works }) => works).length)) return false;
    }
    return true;
  }

  return {
    now,
    trueNow,
    monotonic: () => trueNow() - start,
    setAhead(ms) {
      wrong = ms;
    },
    after: (ms, work) => add(ms, work, false),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        const abort = () => {
          forget();
          reject(signal?.reason);
        };
        const awake = () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        };
        const forget = add(ms, awake, true);
        signal?.addEventListener('abort', abort, { once: true });
      }),
    async passUntil(atMs) {
      while (trueNow() < atMs) {
        if (!(await quiet())) {
          if (!wakeDue()) await wait(LOOK_MS);
          continue;
        }
        await leapTo(Math.min(atMs, ...sleepers.map((sleeper) => sleeper.atMs)));
        wakeDue();
      }
      while (!(await quiet())) if (!wakeDue()) await wait(LOOK_MS);
    },
    install() {
      const { Date: Own, setTimeout: later } = globalThis;
      globalThis.Date = class extends Own {
        constructor(...given: []) {
          if (given.length === 0) super(now());
          else super(...given);
        }
        static override now(): number {
          return now();
        }
      } as DateConstructor;
      // The pauses before postgres.js connects again, up to 20 s, are no work: they are over at once.
      const connectAtOnce = (work: () => void, ms?: number, ...given: []) =>
        later(work, work.name === 'connect' ? 0 : ms, ...given);
      globalThis.setTimeout = Object.assign(connectAtOnce, later);
      return () => {
        globalThis.Date = Own;
        globalThis.setTimeout = later;
      };
    },
  };
}
