/**
 * Promise P10 across processes and restarts: every process that talks to one tenant counts in one table,
 * by the database's clock, one at a time per scope. That clock may be set: back, and a call that is ahead of it counts as one
 * of now, for one window more and not until the clock has caught up; forward, and what was granted is forgotten here, not
 * by the process that was granted it (http/steady-ledger.ts).
 */
import type postgres from 'postgres';
import { decideReservation, type Grant, type QuotaLedger } from '../lib/sliding-window.ts';

/** Whoever shares a scope may ask for a window that is a second longer (http/quota.ts): what counts there is kept here. */
const KEPT = 1.05;

/** Ledger in `udesk_sync.quota_call(scope, at, n)`. Each question is one short transaction; rows that no longer count go with it. */
export function postgresLedger(sql: postgres.Sql): QuotaLedger {
  return {
    async reserve(scopeKey, limit, windowMs, n) {
      return await sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(hashtextextended(${`udesk_sync.quota_call ${scopeKey}`}, 0))`;
        // clock_timestamp(), not now(): the transaction may have waited for the lock since it began.
        await tx`
          with ahead as (
            update udesk_sync.quota_call set at = clock_timestamp()
            where scope = ${scopeKey} and at > clock_timestamp())
          delete from udesk_sync.quota_call
          where scope = ${scopeKey} and at <= clock_timestamp() - ${windowMs * KEPT} * interval '1 millisecond'`;
        const answer = decideReservation(await grants(tx, scopeKey, windowMs), limit, n);
        if (answer.granted) {
          await tx`insert into udesk_sync.quota_call (scope, at, n) values (${scopeKey}, clock_timestamp(), ${n})`;
        }
        return answer;
      });
    },
    peek: async (scopeKey, limit, windowMs, n) =>
      decideReservation(await grants(sql, scopeKey, windowMs), limit, n),
  };
}

async function grants(
  sql: postgres.Sql | postgres.TransactionSql,
  scopeKey: string,
  windowMs: number,
): Promise<Grant[]> {
  const rows = await sql<{ left_ms: number; n: number }[]>`
    select n, (extract(epoch from least(at - clock_timestamp(), interval '0')) * 1000)::float8 + ${windowMs}::float8 as left_ms
    from udesk_sync.quota_call where scope = ${scopeKey} order by at`;
  return rows.map((row) => ({ leftMs: row.left_ms, n: row.n }));
}
