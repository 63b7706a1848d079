/**
 * What says that this process lives, and keeps what it holds: on a connection that nothing else uses. In the pool a large
 * report or the rows of a sweep may have every connection for as long as a statement may take (120 s), and a daemon that is
 * well would lose its pairs.
 */
import { DatabaseFailure } from '../errors.ts';
import { settlesWithin } from '../lib/settles-within.ts';
import type { Pool } from './pool.ts';
import type { Db } from './tx.ts';

/** Of the time of a lease (engine/lease-keeper.ts) it leaves the most to a new connection. */
const PATIENCE_MS = 2_000;
/** So much longer for a connection that has not answered yet: one that is slow to be made would else never be. */
const NEW_FACTOR = 2.5;
/** What was given up here must not go on there for long. */
export const LIFELINE_STATEMENT_MS = PATIENCE_MS * NEW_FACTOR;

export interface Lifeline {
  /**
   * Short statements that wait for no lock. What has no answer within 2 s (5 s while the connection is new) is given up together
   * with the connection, and rejects; the next work gets a new connection.
   */
  run<T>(work: (db: Db) => Promise<T>): Promise<T>;
  end(): Promise<void>;
}

/** @param pool of one connection, which `db` uses */
export function createLifeline(
  { db, pool }: { readonly db: Db; readonly pool: Pick<Pool, 'replace' | 'end'> },
  patienceMs = PATIENCE_MS,
): Lifeline {
  let connection = 0;
  let isNew = true;
  return {
    async run(work) {
      const asked = connection;
      // drizzle's queries run anew for each `then`.
      const answer = Promise.resolve(work(db));
      answer.then(
        () => {
          if (asked === connection) isNew = false;
        },
        () => {
          isNew = true;
        },
      );
      if (await settlesWithin(answer, isNew ? patienceMs * NEW_FACTOR : patienceMs)) return await answer;
      // Whoever asked on the same connection beside it has given it up already, and what comes next is asked on another one.
      if (asked === connection) {
        connection += 1;
        isNew = true;
        void pool.replace().catch(() => {});
      }
      throw new DatabaseFailure('CONNECTION_DESTROYED', new Error('no answer in time'));
    },
    end: () => pool.end(1),
  };
}
