/**
 * A few connections to the CRM's database, each used by one caller at a time.
 *
 * Each is a postgres.js client of its own with `max: 1`, and transactions are spelled out here. Two reasons, both
 * measured with 3.4.9: `sql.begin` answers a connection that dies inside a transaction by sending `rollback` down
 * the dead one, which throws outside of every promise and would end the daemon; and only who sends COMMIT himself
 * can tell "never committed" (transient) from "may have committed" (ambiguous, promise P5).
 * A client of one connection reconnects by itself, so every statement first checks that it is still in the
 * session that its transaction was begun in.
 */
import pRetry from 'p-retry';
import postgres from 'postgres';
import { isSyncError, SyncError } from '../../errors.ts';
import type { AttemptMade } from '../../http/retry.ts';
import { driverOptions, type PostgresTarget, postgresTarget } from '../../lib/postgres-driver.ts';
import { type Connections, createSockets, endConnections } from '../../lib/postgres-sockets.ts';
import { describePostgresTarget, PostgresUrlError } from '../../lib/postgres-url.ts';
import { isConnectionFailure, toFailure } from './failures.ts';
import { raw, render, type Sql } from './sql.ts';

export type Row = Readonly<Record<string, string | null>>;

export interface Session {
  /** All columns must be of type text. */
  query(statement: Sql): Promise<readonly Row[]>;
  begin(mode?: 'read-write' | 'snapshot'): Promise<void>;
  /** Throws `ambiguous` when the server may have committed although it did not say so. */
  commit(): Promise<void>;
  /** Rolls back what is open and gives the connection back. Never throws. */
  release(): Promise<void>;
}

export interface Pool {
  acquire(): Promise<Session>;
  /** Runs one or more reads, again after a transient failure (two more times at most). */
  read<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Runs `work` in a transaction and commits. Never repeated. */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly url: string;
  readonly pair: string;
  readonly size?: number;
  readonly connectTimeoutMs?: number;
  /** Server side: one statement. */
  readonly statementTimeoutMs?: number;
  /** Our side: how long a statement may stay unanswered (the network ate it) before its connection is given up. */
  readonly answerTimeoutMs?: number;
  /** Told of every try of a read, for counting. */
  readonly onAttempt?: ((made: AttemptMade) => void) | undefined;
}

const END = { timeout: 5 };

const modes = {
  'read-write': raw('begin isolation level read committed read write'),
  snapshot: raw('begin isolation level repeatable read read only'),
};

export function readUrl(options: Pick<PoolOptions, 'url' | 'pair'>): PostgresTarget {
  try {
    return postgresTarget(options.url);
  } catch (error) {
    if (!(error instanceof PostgresUrlError)) throw error;
    throw new SyncError('config', `crm.url: ${error.message}`, {
      pair: options.pair,
      advice: error.advice,
      inFile: true,
    });
  }
}

export function createPool(options: PoolOptions): Pool {
  const target = readUrl(options);
  const describe = describePostgresTarget(target);
  const { connectTimeoutMs = 10_000, statementTimeoutMs = 30_000 } = options;
  const answerTimeoutMs = options.answerTimeoutMs ?? statementTimeoutMs + 15_000;
  const idle: Lane[] = Array.from({ length: options.size ?? 3 }, () => createLane());
  const waiting: { resolve(lane: Lane): void; reject(error: SyncError): void }[] = [];
  let closed = false;

  interface Lane {
    /** One. */
    connection: Connections;
    /** Raised whenever the connection is lost: what was begun before is gone. */
    session: number;
  }

  function createLane(): Lane {
    const lane = { session: 0 } as Lane;
    lane.connection = connect(lane);
    return lane;
  }

  function connect(lane: Lane): Connections {
    const sockets = createSockets();
    const sql = postgres({
      ...driverOptions(target),
      max: 1,
      // Both would close the connection under an open transaction, and the next statement would run outside of it.
      idle_timeout: undefined,
      max_lifetime: null,
      connect_timeout: connectTimeoutMs / 1000,
      fetch_types: false,
      onnotice: () => {},
      onclose: () => {
        if (lane.connection === connection) lane.session++;
      },
      ...{ socket: sockets.open }, // the driver's types leave it out
      connection: {
        application_name: 'udesk-sync',
        ...target.connection,
        statement_timeout: statementTimeoutMs,
        lock_timeout: Math.ceil(statementTimeoutMs / 3),
        idle_in_transaction_session_timeout: 600_000,
      },
    });
    const connection = { sql, sockets };
    return connection;
  }

  function failure(error: unknown, values: Sql['values'] = []): unknown {
    const { host, ssl } = target;
    return toFailure(error, { pair: options.pair, target: describe, host, ssl, values });
  }

  /** Rejects when no answer comes, and gives the connection up so that the next statement gets a new one. */
  async function send(lane: Lane, statement: Sql): Promise<{ rows: readonly Row[]; command: string }> {
    const { promise: silence, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(Object.assign(new Error('no answer'), { code: 'CONNECTION_SILENT' }));
      const silent = lane.connection;
      lane.session++;
      lane.connection = connect(lane);
      void endConnections(silent, { timeout: 0 });
    }, answerTimeoutMs);
    try {
      const query = lane.connection.sql.unsafe<Record<string, string | null>[]>(render(statement), [
        ...statement.values,
      ]);
      const result = await Promise.race([query, silence]);
      return { rows: result, command: result.command };
    } finally {
      clearTimeout(timer);
    }
  }

  function lost(): SyncError {
    return failure({ code: 'CONNECTION_CLOSED' }) as SyncError;
  }

  async function acquire(): Promise<Session> {
    if (closed) throw new SyncError('transient', "the CRM's connection was closed", { pair: options.pair });
    const lane =
      idle.pop() ??
      (await new Promise<Lane>((resolve, reject) => {
        waiting.push({ resolve, reject });
      }));
    /** The session that the transaction was begun in; null outside of one. */
    let begun: number | null = null;
    let released = false;

    return {
      async query(statement) {
        if (begun !== null && begun !== lane.session) throw lost();
        try {
          return (await send(lane, statement)).rows;
        } catch (error) {
          throw failure(error, statement.values);
        }
      },
      async begin(mode = 'read-write') {
        const before = lane.session;
        try {
          await send(lane, modes[mode]);
        } catch (error) {
          throw failure(error);
        }
        begun = before;
      },
      async commit() {
        if (begun !== lane.session) throw lost();
        begun = null;
        try {
          const { command } = await send(lane, raw('commit'));
          if (command !== 'COMMIT') throw Object.assign(new Error('rolled back'), { code: '40000' });
        } catch (error) {
          throw isConnectionFailure(error) || (error as { code?: unknown }).code === '40003'
            ? uncertain(error)
            : failure(error);
        }
      },
      async release() {
        if (released) return;
        released = true;
        if (begun !== null && begun === lane.session) {
          // A rollback that fails did so because the connection is gone, and the transaction with it.
          await send(lane, raw('rollback')).catch(() => {});
        }
        const next = waiting.shift();
        if (closed) await endConnections(lane.connection, END);
        else if (next === undefined) idle.push(lane);
        else next.resolve(lane);
      },
    };
  }

  function uncertain(error: unknown): SyncError {
    return new SyncError(
      'ambiguous',
      "the connection to the CRM's database broke while COMMIT was under way",
      {
        pair: options.pair,
        side: 'crm',
        code: String((error as { code?: unknown }).code),
        advice: 'nothing to do: the record is read back before anything is sent again',
      },
    );
  }

  async function withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await acquire();
    try {
      return await work(session);
    } finally {
      await session.release();
    }
  }

  async function counted<T>(attempt: number, read: () => Promise<T>): Promise<T> {
    try {
      const result = await read();
      options.onAttempt?.({ outcome: 'done', attempt });
      return result;
    } catch (error) {
      options.onAttempt?.({ outcome: isSyncError(error) ? error.kind : 'unexpected', attempt });
      throw error;
    }
  }

  return {
    acquire,
    read: (work) =>
      pRetry((n) => counted(n, () => withSession(work)), {
        retries: 2,
        minTimeout: 100,
        maxTimeout: 1_000,
        randomize: true,
        shouldRetry: ({ error }) => isSyncError(error, 'transient') && !closed,
      }),
    transaction: (work) =>
      withSession(async (session) => {
        await session.begin();
        const result = await work(session);
        await session.commit();
        return result;
      }),
    async close() {
      closed = true;
      for (const { reject } of waiting.splice(0)) reject(lost());
      // One that is in use ends with that.
      await Promise.all(idle.splice(0).map((lane) => endConnections(lane.connection, END)));
    },
  };
}
