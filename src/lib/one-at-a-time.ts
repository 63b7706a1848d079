import { withTimeout } from './with-timeout.ts';

/**
 * Does the work for whoever asks, and shares it among those who ask meanwhile. It is waited for so long only; once it took
 * longer, asking rejects at once until it is over, so that slow work is never done twice at a time.
 */
export function oneAtATime<T>(work: () => Promise<T>, patienceMs: number): () => Promise<T> {
  let running: Promise<T> | null = null;
  let late = false;
  return async () => {
    if (late) throw new Error(`what was asked before still takes longer than ${patienceMs} ms`);
    running ??= work().finally(() => {
      running = null;
      late = false;
    });
    const mine = running;
    try {
      return await withTimeout(mine, patienceMs);
    } catch (error) {
      if (running === mine) late = true;
      throw error;
    }
  };
}
