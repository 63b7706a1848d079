/** Worlds side by side: each process has a database of its own, and takes one world after the other. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Done } from './soak-worker.ts';

const HERE = fileURLToPath(new URL('../..', import.meta.url));

export interface Worlds {
  readonly urlOf: (database: string) => string;
  readonly workers: number;
  /** Of each world. */
  readonly steps: number;
  /** Another checkout whose engine is to be run. */
  readonly dir?: string;
  /** The next world; null: there is none. */
  readonly next: () => { readonly key: number; readonly seed: string } | null;
  readonly finished: (key: number, done: Done) => void;
}

/** Resolves when `next` gives nothing more and every process has ended. */
export async function runWorlds(worlds: Worlds): Promise<void> {
  await Promise.all(Array.from({ length: worlds.workers }, (_, turn) => oneProcess(worlds, turn)));
}

/** A process that somebody killed is replaced, and its world begins anew. */
function oneProcess(worlds: Worlds, turn: number, first: ReturnType<Worlds['next']> = null): Promise<void> {
  const { urlOf, steps, dir = HERE, next, finished } = worlds;
  return new Promise((resolve, reject) => {
    const child = fork(join(dir, 'test/simulation/soak-worker.ts'), [
      urlOf('postgres'),
      urlOf('WORLD'),
      String(steps),
      String(turn),
    ]);
    let at = first;
    let ended = false;
    child.on('message', (done: Done | 'ready') => {
      if (done !== 'ready' && at !== null) finished(at.key, done);
      if (done !== 'ready' || at === null) at = next();
      ended = at === null;
      child.send({ seed: at?.seed ?? null });
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (ended) resolve();
      else if (signal !== null) oneProcess(worlds, turn, at).then(resolve, reject);
      else reject(new Error(`a process ended with ${code}, in world ${at?.seed}`));
    });
  });
}
