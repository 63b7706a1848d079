/**
 * Virtual time for the whole program over real HTTP and a real database: it moves only while the worker waits for work or
 * sleeps, so that a day passes in as long as its work takes.
 */
import { setImmediate as soon } from 'node:timers/promises';
import type { Time } from '../../src/cli/runtime.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export interface Day {
  readonly time: Time;
  /** The engine's clock; whoever asks for the time is at work. */
  readonly clock: () => Date;
  /** A cycle ended well. */
  readonly ended: () => void;
  /** Lets everything happen until then. */
  passUntil(at: number): Promise<void>;
}

export function createDay(start: number): Day {
  let now = start;
  let atWork = false;
  let sleepers: Sleeper[] = [];
  let changed = () => {};

  const sleep: Time['sleep'] = async (ms, signal) => {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const sleeper = { at: now + ms, wake: resolve };
      sleepers.push(sleeper);
      signal?.addEventListener(
        'abort',
        () => {
          sleepers = sleepers.filter((other) => other !== sleeper);
          reject(signal.reason);
        },
        { once: true },
      );
      changed();
    });
  };

  /** Resolves when the worker waits for work, or sleeps. */
  async function quiet(): Promise<void> {
    for (;;) {
      const next = new Promise<void>((resolve) => {
        changed = resolve;
      });
      // What was just woken, or made due, begins before anybody looks.
      await soon();
      await soon();
      if (!atWork || sleepers.length > 0) return;
      await next;
    }
  }

  return {
    time: { now: () => now, monotonic: () => now - start, sleep },
    clock: () => {
      atWork = true;
      return new Date(now);
    },
    ended: () => {
      atWork = false;
      changed();
    },
    async passUntil(at) {
      for (;;) {
        await quiet();
        const next = Math.min(...sleepers.map((sleeper) => sleeper.at));
        if (next > at) break;
        now = Math.max(now, next);
        const due = sleepers.filter((sleeper) => sleeper.at <= now);
        sleepers = sleepers.filter((sleeper) => sleeper.at > now);
        for (const { wake } of due) wake();
      }
      now = at;
    },
  };
}
