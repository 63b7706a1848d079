/** Runs embedded-child.ts as a process of its own and reads what it prints, line by line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('embedded-child.ts', import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** All that it printed so far. */
  readonly lines: readonly string[];
  /** The first line, past or future, for which this holds. Rejects when the process ends without one. */
  line(matches: (line: string) => boolean): Promise<string>;
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>;
  /** Ends its stdin and waits for its exit code. */
  finish(): Promise<number | null>;
}

export function runChild(command: string, target: string, as: { uid?: number; gid?: number } = {}): Child {
  const child = spawn(process.execPath, [PROGRAM, command, target], {
    ...as,
    cwd: '/',
    env: { PATH: process.env.PATH ?? '', TMPDIR: tmpdir() },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  const ended = once(child, 'close');
  return {
    process: child,
    pid: child.pid ?? -1,
    lines,
    line(matches) {
      const known = lines.find(matches);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        reader.on('line', (line) => {
          if (matches(line)) resolve(line);
        });
        ended.then(() => reject(new Error(`it ended, saying: ${lines.slice(-3).join(' / ')}`)));
      });
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async finish() {
      child.stdin.end();
      await ended;
      return child.exitCode;
    },
  };
}

/** A folder that other accounts may enter: as root, the server runs as one. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-test-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** Asks again until it holds; gives up after a minute, which only a test that fails takes. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it never came true');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
