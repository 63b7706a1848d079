/**
 * What people say about plans that wait: yes or no to exactly the plan with this hash. It is stored, and the next cycle
 * carries it out: a cycle that finds another plan releases nothing, and says so here.
 */
import { sql } from 'drizzle-orm';
import type { SideName } from '../core/record.ts';
import { logDecision } from './decision-log.ts';
import { lockOutCycle } from './lease.ts';
import type { AccountKind, AccountState, ApprovalKind, ApprovalState } from './schema/plan.ts';
import { type Db, isoText, rows } from './tx.ts';

export interface PlanVerdict {
  readonly pair: string;
  readonly kind: ApprovalKind;
  readonly hash: string;
  readonly verdict: 'approve' | 'reject';
  readonly who: string;
  readonly at: Date;
  /** Of an account: the state in which it was shown to whoever answers. */
  readonly shown?: AccountState;
}

export type VerdictResult =
  | 'stored'
  /** Of an account: somebody else answered first, and that stands. */
  | 'answered'
  /** No such plan waits any more: it was carried out, or the world moved. */
  | 'late';

/** A later word about the same pair replaces an earlier one that was not carried out yet. */
export async function judgePlan(db: Db, verdict: PlanVerdict): Promise<VerdictResult> {
  const { pair, kind, hash, who } = verdict;
  return await db.transaction(async (tx): Promise<VerdictResult> => {
    await lockOutCycle(tx, pair);
    const found = isAccount(kind) ? await asks(tx, verdict) : await waits(tx, verdict);
    if (found !== 'waits') return found;
    const at = sql`${verdict.at.toISOString()}::timestamptz`;
    await tx.execute(
      sql`update udesk_sync.approval set state = 'replaced', closed_at = ${at}
          where pair = ${pair} and kind = ${kind} and state = 'waiting'`,
    );
    // A no is carried out by being said.
    const state = verdict.verdict === 'approve' ? 'waiting' : 'done';
    await tx.execute(
      sql`insert into udesk_sync.approval (pair, kind, hash, verdict, who, at, state, closed_at)
          values (${pair}, ${kind}, ${hash}, ${verdict.verdict}, ${who}, ${at}, ${state},
            case when ${state} = 'done' then ${at} end)`,
    );
    if (kind === 'guard') {
      await tx.execute(
        sql`update udesk_sync.guard set state = ${verdict.verdict === 'approve' ? 'waiting' : 'rejected'}
            where pair = ${pair} and hash = ${hash}`,
      );
    }
    if (isAccount(kind)) {
      await tx.execute(
        sql`update udesk_sync.account_change set state = ${verdict.verdict === 'approve' ? 'approving' : 'rejected'}
            where pair = ${pair} and hash = ${hash}`,
      );
    }
    await logWord(tx, verdict);
    return 'stored';
  });
}

/** A yes that the transaction which says it carries out: of whoever accepts what a cycle is about to do. */
export async function keepYes(tx: Db, said: Omit<PlanVerdict, 'verdict' | 'shown'>): Promise<void> {
  const at = sql`${said.at.toISOString()}::timestamptz`;
  await tx.execute(
    sql`insert into udesk_sync.approval (pair, kind, hash, verdict, who, at, state, closed_at)
        values (${said.pair}, ${said.kind}, ${said.hash}, 'approve', ${said.who}, ${at}, 'done', ${at})`,
  );
  await logWord(tx, { ...said, verdict: 'approve' });
}

async function logWord(tx: Db, { pair, kind, hash, verdict, who, at }: PlanVerdict): Promise<void> {
  const subject = `${isAccount(kind) ? 'account' : kind === 'guard' ? 'plan' : 'first-plan'} ${hash}`;
  await logDecision(tx, { at: at.toISOString(), who, action: verdict, pair, subject });
}

export function accountKind(side: SideName): AccountKind {
  return `account-${side}`;
}

function isAccount(kind: ApprovalKind): kind is AccountKind {
  return kind.startsWith('account-');
}

/** A no may be thought better of; a yes is carried out by the next cycle, and by nobody taken back. */
async function asks(
  tx: Db,
  { pair, hash, verdict, shown }: PlanVerdict,
): Promise<'waits' | 'answered' | 'late'> {
  const [row] = await rows<{ state: AccountState }>(
    tx,
    sql`select state from udesk_sync.account_change where pair = ${pair} and hash = ${hash} for update`,
  );
  if (row === undefined || row.state === 'moved' || row.state === 'approved') return 'late';
  const answerable = row.state === 'waiting' || (row.state === 'rejected' && verdict === 'approve');
  return answerable && (shown === undefined || shown === row.state) ? 'waits' : 'answered';
}

async function waits(tx: Db, { pair, kind, hash, verdict }: PlanVerdict): Promise<'waits' | 'late'> {
  const query =
    kind === 'guard'
      ? sql`select 1 from udesk_sync.guard
            where pair = ${pair} and hash = ${hash} and state in ('waiting', 'rejected') for update`
      : sql`select 1 from udesk_sync.pair
            where name = ${pair} and first_plan_hash = ${hash} and first_run = 'pending' for update`;
  // The first plan is only accepted: what is not accepted is not carried out anyway.
  const answerable = kind === 'guard' || verdict === 'approve';
  return answerable && (await rows(tx, query)).length > 0 ? 'waits' : 'late';
}

export interface ApprovalRow {
  readonly id: string;
  readonly hash: string;
  readonly verdict: 'approve' | 'reject';
  readonly who: string;
  readonly at: string;
  readonly state: ApprovalState;
}

/** The yes that the next cycle has to carry out, if the plan is still that one. */
export async function waitingApproval(db: Db, pair: string, kind: ApprovalKind): Promise<ApprovalRow | null> {
  const [row] = await rows<Record<string, string>>(
    db,
    sql`select id, hash, verdict, who, ${isoText(sql`at`)} as at, state from udesk_sync.approval
        where pair = ${pair} and kind = ${kind} and state = 'waiting'`,
  );
  return row === undefined ? null : (row as unknown as ApprovalRow);
}

/** In the transaction that releases the plan, or finds another one. */
export async function closeApproval(
  tx: Db,
  pair: string,
  approval: ApprovalRow,
  state: 'done' | 'moved' | 'replaced',
  at: Date,
): Promise<void> {
  await tx.execute(
    sql`update udesk_sync.approval set state = ${state}, closed_at = ${at.toISOString()}::timestamptz
        where pair = ${pair} and id = ${approval.id}::bigint and state = 'waiting'`,
  );
}

/** A yes that was taken for carried out: its plan was interrupted before anything of it was released, and moved. */
export async function voidYes(tx: Db, pair: string, kind: ApprovalKind, hash: string): Promise<void> {
  await tx.execute(
    sql`update udesk_sync.approval set state = 'moved'
        where pair = ${pair} and kind = ${kind} and hash = ${hash} and verdict = 'approve' and state = 'done'`,
  );
}

/** All that was said about this plan, newest first. */
export async function approvalsOf(db: Db, pair: string, hash: string): Promise<ApprovalRow[]> {
  return (await rows<Record<string, string>>(
    db,
    sql`select id, hash, verdict, who, ${isoText(sql`at`)} as at, state from udesk_sync.approval
        where pair = ${pair} and hash = ${hash} order by id desc`,
  )) as unknown as ApprovalRow[];
}
