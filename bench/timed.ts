/** Wall clock and this process's own CPU of one piece of work, begun with a clean heap. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Cost {
  readonly wallMs: number;
  /** Of all threads of this process; nothing of Postgres or of the simulator. */
  readonly cpuMs: number;
}

export async function timed(work: () => Promise<unknown>): Promise<Cost> {
  collectGarbage();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1_000 };
}

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

export function collectGarbage(): void {
  gc();
}
