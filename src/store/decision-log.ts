/** The chain of decisions in the database (src/core/decision-chain.ts says what it proves). */
import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import {
  CHAIN_START,
  type ChainLink,
  type DecisionEntry,
  type LogEntry,
  linkTo,
  type OtherEntry,
  salted,
  valueDigest,
} from '../core/decision-chain.ts';
import type { Value } from '../core/value.ts';
import { fromJsonb } from './jsonb.ts';
import { type Db, rows } from './tx.ts';

/** Any number that nobody else locks: entries are written one after the other, across all pairs and processes. */
const CHAIN_LOCK = 7_420_311;

/**
 * In the transaction of the decision itself: neither is there without the other. Digests of values come as they are, and
 * are salted here.
 * @returns the entry's number: of two decisions the later one has the higher, whatever the clock said
 */
export async function logDecision(
  tx: Db,
  entry: Omit<DecisionEntry, 'seq'> | Omit<OtherEntry, 'seq'>,
): Promise<number> {
  await tx.execute(sql`select pg_advisory_xact_lock(${CHAIN_LOCK})`);
  const [last] = await rows<{ seq: string; hash: string }>(
    tx,
    sql`select seq, hash from udesk_sync.decision_log order by seq desc limit 1`,
  );
  const salt = 'decisionId' in entry ? randomBytes(32).toString('base64url') : null;
  const link = linkTo(last?.hash ?? CHAIN_START, {
    seq: Number(last?.seq ?? 0) + 1,
    ...entry,
    ...('decisionId' in entry ? { value: salted(salt, entry.value), shown: salted(salt, entry.shown) } : {}),
  } as LogEntry);
  await tx.execute(
    sql`insert into udesk_sync.decision_log (seq, decision_id, entry, salt, previous_hash, hash)
        values (${link.seq}::bigint, ${'decisionId' in entry ? entry.decisionId : null}::bigint, ${link.entry}, ${salt}, ${link.previousHash}, ${link.hash})`,
  );
  return link.seq;
}

/** After `afterSeq`, in order. */
export async function readChain(db: Db, afterSeq: number, limit: number): Promise<ChainLink[]> {
  const found = await rows<{
    seq: string;
    entry: string;
    salt: string | null;
    previous_hash: string;
    hash: string;
  }>(
    db,
    sql`select seq, entry, salt, previous_hash, hash from udesk_sync.decision_log
        where seq > ${afterSeq}::bigint order by seq limit ${limit}`,
  );
  return found.map((row) => ({
    seq: Number(row.seq),
    entry: row.entry,
    salt: row.salt,
    previousHash: row.previous_hash,
    hash: row.hash,
  }));
}

export interface StoredDecision {
  readonly id: string;
  readonly conflictId: string;
  readonly who: string;
  readonly take: string;
  readonly value: string;
  readonly at: string;
  readonly erased: boolean;
}

/** The decisions with these ids, as the table has them now; `value` is its digest. */
export async function storedDecisions(db: Db, fromId: string, toId: string): Promise<StoredDecision[]> {
  const found = await rows<{
    id: string;
    conflict_id: string;
    who: string;
    take: string;
    value: string | null;
    at: string;
    erased: boolean;
  }>(
    db,
    sql`select id, conflict_id, who, take, value::text as value, erased,
          to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
        from udesk_sync.decision where id >= ${fromId}::bigint and id <= ${toId}::bigint order by id`,
  );
  return found.map((row) => ({
    id: row.id,
    conflictId: row.conflict_id,
    who: row.who,
    take: row.take,
    value: valueDigest(row.value === null ? null : fromJsonb<Value | null>(row.value)),
    at: row.at,
    erased: row.erased,
  }));
}

/** Newest decision, null when there is none. */
export async function lastDecisionId(db: Db): Promise<string | null> {
  const [row] = await rows<{ id: string | null }>(db, sql`select max(id) as id from udesk_sync.decision`);
  return row?.id ?? null;
}
