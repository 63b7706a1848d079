/** Time that passes only when everybody waits: for tests of waiting, without waiting. */

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export interface VirtualClock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Lets time pass until `work` is done. */
  run<T>(work: Promise<T>): Promise<T>;
}

export function createVirtualClock(start = 0): VirtualClock {
  let now = start;
  const sleepers: Sleeper[] = [];
  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        sleepers.push({ at: now + ms, wake: resolve });
      }),
    async run(work) {
      let done = false;
      work.then(
        () => {
          done = true;
        },
        () => {
          done = true;
        },
      );
      for (;;) {
        // Everything that can happen now happens before time moves.
        await new Promise((resolve) => setImmediate(resolve));
        if (done) return await work;
        sleepers.sort((a, b) => a.at - b.at);
        const next = sleepers.shift();
        if (next === undefined) throw new Error('nobody sleeps and the work is not done');
        now = Math.max(now, next.at);
        next.wake();
      }
    },
  };
}
