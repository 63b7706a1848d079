/**
 * What people say about plans that wait: yes or no to exactly the plan with this hash. It is stored, and the next cycle
 * carries it out: a cycle that finds another plan releases nothing, and says so here.
 */
import { sql } from 'drizzle-orm';
import { logDecision } from './decision-log.ts';
import { lockOutCycle } from './lease.ts';
import type { ApprovalKind, ApprovalState } from './schema.ts';
import { type Db, isoText, rows } from './tx.ts';

export interface PlanVerdict {
  readonly pair: string;
  readonly kind: ApprovalKind;
  readonly hash: string;
  readonly verdict: 'approve' | 'reject';
  readonly who: string;
  readonly at: Date;
}

export type VerdictResult =
  | 'stored'
  /** No such plan waits any more: it was carried out, or the world moved. */
  | 'late';

/** A later word about the same pair replaces an earlier one that was not carried out yet. */
export async function judgePlan(db: Db, verdict: PlanVerdict): Promise<VerdictResult> {
  const { pair, kind, hash, who } = verdict;
  return await db.transaction(async (tx): Promise<VerdictResult> => {
    await lockOutCycle(tx, pair);
    if (!(await waits(tx, verdict))) return 'late';
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
    const subject = `${kind === 'guard' ? 'plan' : 'first-plan'} ${hash}`;
    await logDecision(tx, { at: verdict.at.toISOString(), who, action: verdict.verdict, pair, subject });
    return 'stored';
  });
}

async function waits(tx: Db, { pair, kind, hash, verdict }: PlanVerdict): Promise<boolean> {
  const query =
    kind === 'guard'
      ? sql`select 1 from udesk_sync.guard
            where pair = ${pair} and hash = ${hash} and state in ('waiting', 'rejected') for update`
      : sql`select 1 from udesk_sync.pair
            where name = ${pair} and first_plan_hash = ${hash} and first_run = 'pending' for update`;
  // The first plan is only accepted: what is not accepted is not carried out anyway.
  return (kind === 'guard' || verdict === 'approve') && (await rows(tx, query)).length > 0;
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
  approval: ApprovalRow,
  state: 'done' | 'moved' | 'replaced',
  at: Date,
): Promise<void> {
  await tx.execute(
    sql`update udesk_sync.approval set state = ${state}, closed_at = ${at.toISOString()}::timestamptz
        where id = ${approval.id}::bigint and state = 'waiting'`,
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
