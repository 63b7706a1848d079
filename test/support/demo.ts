/** Starts the demo as a program of its own, as `npm run demo` does, in a folder that nobody else uses. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../src/demo/bin.mjs', import.meta.url));

export interface DemoRun {
  readonly process: ChildProcess;
  /** All that it printed so far, on both streams. */
  readonly lines: readonly string[];
  /** The first line, past or future, that matches. Rejects when the program ends without one. */
  line(pattern: RegExp): Promise<string>;
  /** Its exit code, once it has ended. */
  ended(): Promise<number | null>;
}

export function startDemo(dir: string, ...options: string[]): DemoRun {
  const child = spawn(process.execPath, [PROGRAM, '--dir', dir, ...options], {
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const look of watchers) look();
    });
  }
  const closed = once(child, 'close');
  return {
    process: child,
    lines,
    async line(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const look = () => {
        const found = lines.find((line) => pattern.test(line));
        if (found !== undefined) resolve(found);
      };
      watchers.add(look);
      look();
      closed.then(() => reject(new Error(`no line like ${pattern}; it said:\n${lines.join('\n')}`)));
      try {
        return await promise;
      } finally {
        watchers.delete(look);
      }
    },
    async ended() {
      await closed;
      return child.exitCode;
    },
  };
}
