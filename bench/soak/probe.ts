/**
 * Loaded into the daemon before its program, which does not know of it: when its parent asks, it collects garbage and
 * tells what is left. It keeps the process no longer alive than the program does.
 */
import { collectGarbage } from '../timed.ts';

export interface Alive {
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** What keeps the loop alive, by kind: sockets, servers, timers. */
  readonly resources: Readonly<Record<string, number>>;
}

process.on('message', () => {
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  process.send?.({ heapBytes: heapUsed, rssBytes: rss, resources } satisfies Alive);
});
process.channel?.unref();
