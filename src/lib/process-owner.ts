import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { startTime } from './process-info.ts';

/**
 * Names this process so that another one can tell whether it still lives: host, pid namespace, pid, start time and a
 * word that makes it unique within the process. Stored with leases; it holds nothing secret.
 */
export function processOwner(unique: string): string {
  return [hostname(), pidNamespace(), process.pid, startTime(process.pid) ?? '', unique].join('|');
}

/**
 * True only when the owner provably ended: it ran on this boot of this machine, in our pid namespace, and its pid is
 * gone or somebody else's. Anything that cannot be proven counts as alive.
 */
export function ownerIsDead(owner: string): boolean {
  const [, namespace, pid, started] = owner.split('|');
  const own = startTime(process.pid);
  if (!namespace || namespace !== pidNamespace() || !started || own === null) return false;
  const bootOf = (text: string) => text.slice(0, text.lastIndexOf('-'));
  return bootOf(started) === bootOf(own) && startTime(Number(pid)) !== started;
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
