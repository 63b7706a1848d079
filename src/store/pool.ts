/**
 * A pool of connections that is replaced as a whole once it has lost one of them. postgres.js 3.4.9 uses a connection again
 * that was lost inside a transaction, with its own `rollback` still in the buffer: the next statements on it wait ten seconds
 * each and fail (docs/gotchas.md). So what was lost is never used again; what is in flight on the others comes to its end.
 */
import type postgres from 'postgres';
import type { Sockets } from './sockets.ts';

/** One generation of connections. */
export interface Connections {
  readonly sql: postgres.Sql;
  readonly sockets: Sockets;
}

export interface Pool {
  /** Always the connections of now, also for who keeps it. */
  readonly sql: postgres.Sql;
  /** Gives every connection up: what is in flight ends with CONNECTION_DESTROYED, and what comes next gets new ones. */
  replace(): Promise<void>;
  /** Waits so long for what is in flight. May be called twice. */
  end(timeoutS: number): Promise<void>;
}

/** What is in flight in a pool that lost a connection is given up then: longer than any transaction of ours takes. */
const LEAVE_MS = 600_000;

/** @param open new connections; calls back when one of them was closed, by whomever */
export function createPool(open: (closed: () => void) => Connections): Pool {
  const left = new Map<Connections, NodeJS.Timeout>();
  let ending: Promise<void> | undefined;
  let current = next();

  function next(): Connections {
    const made: Connections = open(() => {
      // Who was never let in has lost nothing: a server that is away.
      if (made !== current || ending !== undefined || !made.sockets.heard()) return;
      current = next();
      // Each connection goes once it is idle, but for one that was lost inside a transaction.
      (made.sql as unknown as { close(): Promise<void> }).close().catch(() => {});
      const timer = setTimeout(() => void giveUp(made), LEAVE_MS);
      left.set(made, timer.unref());
    });
    return made;
  }

  async function giveUp(made: Connections, timeoutS = 0): Promise<void> {
    clearTimeout(left.get(made));
    left.delete(made);
    await made.sql.end({ timeout: timeoutS });
    made.sockets.cut();
  }

  const sql = new Proxy((() => {}) as unknown as postgres.Sql, {
    apply: (_target, _self, args) => Reflect.apply(current.sql as never, undefined, args) as unknown,
    get: (_target, key) => Reflect.get(current.sql, key) as unknown,
    has: (_target, key) => Reflect.has(current.sql, key),
  });
  return {
    sql,
    async replace() {
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
