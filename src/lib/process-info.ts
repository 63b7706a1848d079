/**
 * What the operating system says about another process: alive or not, since when, where it stands.
 * A pid alone names nobody for long (it is given out again); pid and start time together do.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const hasProc = existsSync('/proc/self/stat');

/** A process that is running. A zombie counts as gone: it holds no file and answers nobody. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (hasProc) {
    const state = statFields(pid)?.[0];
    return state !== undefined && state !== 'Z' && state !== 'X';
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * When a live process started, as an opaque word fit for a file name; null when the process is gone.
 * On Linux field 22 of /proc/<pid>/stat with the boot it counts from, elsewhere what `ps` prints.
 */
export function startTime(pid: number): string | null {
  if (!isAlive(pid)) return null;
  if (hasProc) {
    const ticks = statFields(pid)?.[19];
    return ticks === undefined ? null : `${bootId()}-${ticks}`;
  }
  const ps = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { LC_ALL: 'C' },
  });
  const text = ps.stdout?.trim() ?? '';
  return text === '' ? null : text.replace(/[^0-9A-Za-z]+/g, '-');
}

/** The working directory of a process; undefined where it cannot be known (no /proc, or not ours to read). */
export function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

/** Pids of the live processes that stand in this directory; empty where it cannot be known. */
export function processesIn(directory: string): number[] {
  if (!hasProc) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => workingDirectory(pid) === directory && isAlive(pid));
}

/** Fields of /proc/<pid>/stat from the third (state) on: the second may hold blanks and brackets. */
function statFields(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
  } catch {
    return 'boot';
  }
}
