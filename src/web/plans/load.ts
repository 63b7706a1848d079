/** What waits, by its hash: the first plan of a pair, what a guard holds, or another account; and what people said about it. */
import type { PlanSample } from '../../core/plan-sample.ts';
import { type AccountChange, loadAccountChange } from '../../store/account-changes.ts';
import { type ApprovalRow, approvalsOf } from '../../store/approvals.ts';
import { loadGuardedPlan, type Tripped } from '../../store/guards.ts';
import { loadFirstPlan } from '../../store/pairs.ts';
import type { FirstPlan } from '../../store/schema.ts';
import type { Visit } from '../visit.ts';

export type PlanState =
  | 'waiting'
  /** A person said yes, and the next cycle looks whether it still is that plan. */
  | 'approving'
  | 'approved'
  | 'rejected'
  /** Another plan took its place, or nothing is held any more. */
  | 'moved';

export interface ShownPlan {
  readonly hash: string;
  readonly pair: string;
  readonly kind: 'first-plan' | 'guard' | 'account';
  readonly state: PlanState;
  /** Newest first. */
  readonly said: readonly ApprovalRow[];
  /** ISO 8601: since when it waits. */
  readonly at: string | null;
  readonly first: FirstPlan | null;
  readonly account: AccountChange | null;
  readonly tripped: readonly Tripped[];
  /** How many writes the guard holds. */
  readonly writes: number;
  readonly sample: PlanSample | null;
}

/** Null: no plan of this hash waits, nor did a person ever decide about one. */
export async function loadPlan(visit: Visit, hash: string): Promise<ShownPlan | null> {
  const { db, config } = visit.services;
  for (const { name: pair } of config.pairs) {
    const first = await loadFirstPlan(db, pair);
    if (first?.hash !== hash) continue;
    const said = await approvalsOf(db, pair, hash);
    const state = said[0]?.state === 'waiting' ? 'approving' : 'waiting';
    const { plan } = first;
    return { ...bare('first-plan', hash, pair, state, said), at: plan.at, first: plan, sample: plan.sample };
  }
  const account = await loadAccountChange(db, hash);
  if (account !== null && config.pairs.some(({ name }) => name === account.pair)) {
    const { pair, state, openedAt } = account;
    return {
      ...bare('account', hash, pair, state, await approvalsOf(db, pair, hash)),
      at: openedAt,
      account,
    };
  }
  const guard = await loadGuardedPlan(db, hash);
  if (guard !== null && config.pairs.some(({ name }) => name === guard.pair)) {
    const said = await approvalsOf(db, guard.pair, hash);
    const asked = guard.state === 'waiting' && said[0]?.state === 'waiting';
    const state = asked ? 'approving' : guard.state === 'superseded' ? 'moved' : guard.state;
    const { pair, tripped, writes, sample, openedAt } = guard;
    return { ...bare('guard', hash, pair, state, said), at: openedAt, tripped, writes, sample };
  }
  for (const { name: pair } of config.pairs) {
    const said = await approvalsOf(db, pair, hash);
    if (said[0] !== undefined)
      return bare('first-plan', hash, pair, said[0].state === 'done' ? 'approved' : 'moved', said);
  }
  return null;
}

function bare(
  kind: ShownPlan['kind'],
  hash: string,
  pair: string,
  state: PlanState,
  said: readonly ApprovalRow[],
): ShownPlan {
  return {
    ...{ hash, pair, kind, state, said },
    ...{ at: null, first: null, account: null, tripped: [], writes: 0, sample: null },
  };
}
