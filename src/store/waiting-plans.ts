/** What a hash stands for that a person was asked about: the pages, the API and the command line ask here. */
import { type AccountChange, loadAccountChange } from './account-changes.ts';
import { accountKind, judgePlan, type PlanVerdict, type VerdictResult } from './approvals.ts';
import { type GuardedPlan, loadGuardedPlan } from './guards.ts';
import { loadFirstPlans, type WaitingFirstPlan } from './pairs.ts';
import type { AccountState } from './schema/plan.ts';
import type { Db } from './tx.ts';

/** `kind` is how the API calls it. */
export type FoundPlan = { readonly pair: string; readonly hash: string } & (
  | { readonly kind: 'first-plan'; readonly first: WaitingFirstPlan }
  | { readonly kind: 'account'; readonly account: AccountChange }
  | { readonly kind: 'guard'; readonly guard: GuardedPlan }
);

/** Null: in none of these pairs anybody was asked about it, or it is a first plan that does not wait any more. */
export async function findPlan(db: Db, pairs: readonly string[], hash: string): Promise<FoundPlan | null> {
  const first = (await loadFirstPlans(db, pairs)).find((one) => one.hash === hash);
  if (first !== undefined) return { kind: 'first-plan', pair: first.pair, hash, first };
  const account = await loadAccountChange(db, pairs, hash);
  if (account !== null) return { kind: 'account', pair: account.pair, hash, account };
  const guard = await loadGuardedPlan(db, pairs, hash);
  return guard === null ? null : { kind: 'guard', pair: guard.pair, hash, guard };
}

/**
 * Yes or no to what was found.
 * @param shown of an account: the state in which whoever answers was shown it, when not as it was found
 */
export async function judgeFound(
  db: Db,
  found: FoundPlan,
  said: Pick<PlanVerdict, 'verdict' | 'who' | 'at'>,
  shown?: AccountState,
): Promise<VerdictResult> {
  const { pair, hash } = found;
  if (found.kind !== 'account') return await judgePlan(db, { ...said, pair, hash, kind: found.kind });
  const { side, state } = found.account;
  return await judgePlan(db, { ...said, pair, hash, kind: accountKind(side), shown: shown ?? state });
}
