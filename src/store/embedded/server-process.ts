/**
 * The server as a process: started so that it cannot outlive its parent, and stopped within a bound.
 * A pipe that only the parent holds ends when the parent dies, even by SIGKILL; a tiny shell that reads it then asks
 * the server for a fast shutdown.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SyncError } from '../../errors.ts';
import { isAlive } from '../../lib/process-info.ts';
import { type Account, spawnAs } from './account.ts';
import { serverEnv } from './binaries.ts';

const RUN_TIED =
  '"$@" </dev/null 3<&- & p=$!; { read _ <&3; kill -INT $p; } & r=$!; wait $p; s=$?; kill $r; exit $s';
const TIE_TO_PIPE = 'read _ <&3; kill -INT "$1"';

export interface StartingServer {
  /** Why the process ended; null while it runs. */
  ended(): string | null;
  /** Lets this process exit without waiting for the server. */
  release(): void;
  /** Gives up: the server is asked to stop. */
  abandon(): void;
}

export function spawnServer(
  program: string,
  args: readonly string[],
  account: Account | undefined,
  logFile: string,
): StartingServer {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn('/bin/sh', ['-c', RUN_TIED, 'sh', program, ...args], {
    ...spawnAs(account),
    env: serverEnv,
    cwd: '/',
    detached: true, // Ctrl-C in the terminal reaches us first, and we stop the server in order
    stdio: ['ignore', log, log, 'pipe'],
  });
  closeSync(log);
  let ended: string | null = null;
  child.once('exit', (code, signal) => {
    ended = `it ended by ${signal ?? `exit code ${code}`}`;
  });
  child.once('error', (error) => {
    ended = error.message;
  });
  return {
    ended: () => ended,
    release: () => detach(child),
    abandon: () => (child.stdio[3] as Socket | null)?.destroy(),
  };
}

/** Ties a server that is running already to the life of this process. */
export function tieToThisProcess(pid: number, account: Account | undefined): void {
  const child = spawn('/bin/sh', ['-c', TIE_TO_PIPE, 'sh', String(pid)], {
    ...spawnAs(account),
    env: serverEnv,
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  child.once('error', () => {}); // without the tie the next start adopts it again
  detach(child);
}

/**
 * Fast shutdown (SIGINT), and when that takes longer than `timeoutMs`, an immediate one (SIGQUIT), after which the
 * next start recovers from the log: no committed row is lost either way. Throws when the process stays all the same.
 */
export async function stopServer(pid: number, timeoutMs: number): Promise<void> {
  if (signal(pid, 'SIGINT') && (await gone(pid, timeoutMs))) return;
  if (!isAlive(pid)) return;
  signal(pid, 'SIGQUIT');
  if (await gone(pid, 5_000)) return;
  throw new SyncError('transient', `the embedded Postgres (process ${pid}) did not stop`, {
    advice: `look at it, then: kill -QUIT ${pid}`,
  });
}

/** The end of the server's log on one line, for an error message. Holds no rows: see QUIET in run-server.ts. */
export function logTail(logFile: string, lines = 3): string {
  if (!existsSync(logFile)) return '';
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join(' | ');
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function gone(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await sleep(10);
  }
  return true;
}

function detach(child: ChildProcess): void {
  child.unref();
  (child.stdio[3] as Socket | null)?.unref();
}
