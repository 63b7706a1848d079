/** Reads postmaster.pid and postmaster.opts: what the running server (or a dead one) says about itself. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  /** The eighth line: the server accepts connections. `starting` and `stopping` are not ready. */
  readonly ready: boolean;
}

/** Null when there is none. A file that is still being written gives `ready: false`. */
export function readPostmasterFile(file: string): PostmasterFile | null {
  if (!existsSync(file)) return null;
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').split('\n');
  } catch {
    return null; // removed in between
  }
  return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/** Whether the server in this cluster was started by exactly this command. */
export function startedBy(clusterDir: string, program: string, args: readonly string[]): boolean {
  const file = join(clusterDir, 'postmaster.opts');
  if (!existsSync(file)) return false;
  const command = [program, ...args.map((arg) => `"${arg}"`)].join(' ');
  return readFileSync(file, 'utf8').trim() === command;
}
