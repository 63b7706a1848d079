/**
 * A server of ours that ends although nobody stopped it (killed for want of memory, given up over a full disk) is started
 * again, for as long as this program lives: a daemon that stays without its database until a person comes is no daemon.
 */
import { isServerOf, type RunningServer } from './run-server.ts';

const LOOK_EVERY_MS = 1_000;
/** Between two starts that fail; what is committed is safe meanwhile, and Postgres recovers by itself. */
const RETRY_AFTER_MS = 5_000;

export interface KeptServer {
  /** As last started; its port never changes. */
  readonly current: RunningServer;
  /** No start begins any more; resolves when one under way has ended. */
  release(): Promise<void>;
}

/** `start` must bring it up on the same cluster and port, and may fail. */
export function keepRunning(
  clusterDir: string,
  first: RunningServer,
  start: () => Promise<RunningServer>,
): KeptServer {
  let current = first;
  let starting: Promise<void> | null = null;
  let notBefore = 0;
  const look = () => {
    if (starting !== null || performance.now() < notBefore || isServerOf(clusterDir, current.pid)) return;
    starting = start()
      .then((server) => {
        current = server;
      })
      // Why it did not start stands in the server's own log; who uses the database says that it is away.
      .catch(() => {
        notBefore = performance.now() + RETRY_AFTER_MS;
      })
      .finally(() => {
        starting = null;
      });
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return {
    get current() {
      return current;
    },
    async release() {
      clearInterval(timer);
      await starting;
    },
  };
}
