/**
 * A pool of connections that is replaced as a whole once it has lost one of them. postgres.js 3.4.9 uses a connection again
 * that was lost inside a transaction, with its own `rollback` still in the buffer: the next statements on it wait ten seconds
 * each and fail (docs/gotchas.md). So what was lost is never used again; what is in flight on the others comes to its end.
 * A connection that was never let in (too many of them, a server that starts or is away) has lost nothing, and costs no other.
 */
import type postgres from 'postgres';
import { type Connections, endConnections } from '../lib/postgres-sockets.ts';
import { tellRefusals } from './refusals.ts';

export interface Pool {
  /** Always the connections of now, also for who keeps it. */
  readonly sql: postgres.Sql;
  /**
   * Gives every connection up: what is in flight ends with CONNECTION_DESTROYED, and what comes next gets new ones. Once
   * `end` was called nothing is opened any more, and it only waits for that end.
   */
  replace(): Promise<void>;
  /** Waits so long for what is in flight. May be called twice. */
  end(timeoutS: number): Promise<void>;
}

/** What is in flight in a pool that lost a connection is given up then: longer than any transaction of ours takes. */
const LEAVE_MS = 600_000;
/** So long after the last work of such a pool nothing is on its way in it: longer than the driver waits before it connects again. */
const REST_MS = 30_000;

/** @param open one generation of connections; calls back when one of them was closed, by whomever */
export function createPool(open: (closed: () => void) => Connections, restMs = REST_MS): Pool {
  const left = new Map<Connections, NodeJS.Timeout>();
  let ending: Promise<void> | undefined;
  let current = next();

  function next(): Connections {
    /** Connections that were not let in, and whose end was not told yet. */
    let refused = 0;
    const { sql: client, sockets } = open(() => {
      if (refused > 0) refused -= 1;
      else if (made === current && ending === undefined) leave(made);
    });
    const sql = tellRefusals(client, () => {
      refused += 1;
    });
    const made = { sql, sockets };
    return made;
  }

  function leave(made: Connections): void {
    current = next();
    left.set(made, setTimeout(() => void giveUp(made), LEAVE_MS).unref());
    // Each connection goes once it is idle, but for one that was lost inside a transaction.
    const { close } = made.sql as unknown as { close(): Promise<void> };
    const rested = () => {
      // One that took over what had waited for another may still be at it.
      if (left.has(made) && !made.sockets.any()) void giveUp(made);
    };
    close().then(
      () => setTimeout(rested, restMs).unref(),
      () => {},
    );
  }

  async function giveUp(made: Connections, timeoutS = 0): Promise<void> {
    clearTimeout(left.get(made));
    left.delete(made);
    await endConnections(made, { timeout: timeoutS });
  }

  const sql = new Proxy((() => {}) as unknown as postgres.Sql, {
    apply: (_target, _self, args) => Reflect.apply(current.sql as never, undefined, args) as unknown,
    get: (_target, key) => Reflect.get(current.sql, key) as unknown,
    has: (_target, key) => Reflect.has(current.sql, key),
  });
  return {
    sql,
    async replace() {
      // Nobody would end those that it opened.
      if (ending !== undefined) return await ending;
      const old = current;
      current = next();
      await Promise.all([old, ...left.keys()].map((made) => giveUp(made)));
    },
    end(timeoutS) {
      ending ??= Promise.all([
        giveUp(current, timeoutS),
        ...[...left.keys()].map((made) => giveUp(made, Math.min(timeoutS, 1))),
      ]).then(() => {});
      return ending;
    },
  };
}
