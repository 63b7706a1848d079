/**
 * A world waits for its own Postgres backend, and the backend for the world: never both at once. On two processors each of
 * their many short turns wakes an idle one up, which costs more than the turn itself; on the same processor it is a mere
 * switch. So a process and its backend share one.
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** Where the system has no `taskset` (other than Linux), or refuses, everything stays where it was. */
export function pinTogether(turn: number, pids: readonly number[]): void {
  const cpu = String(turn % cpus().length);
  for (const pid of pids) spawnSync('taskset', ['-a', '-c', '-p', cpu, String(pid)], { stdio: 'ignore' });
}
