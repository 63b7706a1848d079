/**
 * Accounts and tables that answer in the place of the one that a pair was made with, and wait for a person. At most one
 * of each side is open: what answers now.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { SideName } from '../core/record.ts';
import { accountKind, closeApproval, waitingApproval } from './approvals.ts';
import { fromJsonb } from './jsonb.ts';
import type { AccountFacts, AccountState } from './schema/plan.ts';
import { type Db, isoText, jsonParam, rows, textArray } from './tx.ts';

export interface AccountChange {
  readonly pair: string;
  readonly hash: string;
  readonly side: SideName;
  readonly state: AccountState;
  /** Of the one that the pair was made with; `records`: those of the mirror. */
  readonly before: AccountFacts;
  readonly now: AccountFacts;
  /** ISO 8601: since when it answers. */
  readonly openedAt: string;
}

/** Of rows that still ask, or are being carried out. */
export const ASKING = sql`state in ('waiting', 'approving', 'rejected')`;

/**
 * This one answers, and nobody said yes to it. Another one that waited is overtaken, with the yes to it; one that a
 * person said no to stays rejected for as long as it answers.
 */
export async function askAboutAccount(
  tx: Db,
  { pair, hash, side, before, now }: Omit<AccountChange, 'state' | 'openedAt'>,
  at: Date,
): Promise<void> {
  await closeAccountChange(tx, pair, side, 'moved', at, hash);
  await tx.execute(
    sql`insert into udesk_sync.account_change as a (pair, hash, side, state, before, now, opened_at)
        values (${pair}, ${hash}, ${side}, 'waiting', ${jsonParam(before)}, ${jsonParam(now)}, ${at.toISOString()}::timestamptz)
        on conflict (pair, hash) do update set
          state = case when a.state = 'rejected' then 'rejected' else 'waiting' end,
          opened_at = case when a.closed_at is null then a.opened_at else excluded.opened_at end,
          before = excluded.before, now = excluded.now, closed_at = null`,
  );
}

/**
 * What answers on this side is no question any more: it was approved, or (`moved`) another one answers. A yes that waits
 * is closed with it.
 * @param exceptHash stays open
 */
export async function closeAccountChange(
  tx: Db,
  pair: string,
  side: SideName,
  state: 'approved' | 'moved',
  at: Date,
  exceptHash: string | null = null,
): Promise<void> {
  await tx.execute(
    sql`update udesk_sync.account_change set state = ${state}, closed_at = ${at.toISOString()}::timestamptz
        where pair = ${pair} and side = ${side} and ${ASKING} and hash is distinct from ${exceptHash}::text`,
  );
  const said = await waitingApproval(tx, pair, accountKind(side));
  if (said !== null && said.hash !== exceptHash)
    await closeApproval(tx, pair, said, state === 'approved' ? 'done' : 'moved', at);
}

/** What answers now in the place of what these pairs were made with. */
export async function openAccountChanges(db: Db, pairs: readonly string[]): Promise<AccountChange[]> {
  return await changes(db, sql`pair = any(${textArray(pairs)}) and ${ASKING}`);
}

/** Whatever became of it; one hash belongs to one pair and side. */
export async function loadAccountChange(
  db: Db,
  pairs: readonly string[],
  hash: string,
): Promise<AccountChange | null> {
  return (await changes(db, sql`hash = ${hash} and pair = any(${textArray(pairs)})`))[0] ?? null;
}

async function changes(db: Db, where: SQL): Promise<AccountChange[]> {
  const found = await rows<{
    pair: string;
    hash: string;
    side: SideName;
    state: AccountState;
    before: string;
    now: string;
    opened_at: string;
  }>(
    db,
    sql`select pair, hash, side, state, before::text as before, now::text as now, ${isoText(sql`opened_at`)} as opened_at
        from udesk_sync.account_change where ${where} order by side desc`,
  );
  return found.map(({ opened_at, ...row }) => ({
    ...row,
    before: fromJsonb<AccountFacts>(row.before),
    now: fromJsonb<AccountFacts>(row.now),
    openedAt: opened_at,
  }));
}
