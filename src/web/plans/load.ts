/** What waits, by its hash: the first plan of a pair, what a guard holds, or another account; and what people said about it. */
import { type PlanHead, planHeadOf } from '../../report/plan-list.ts';
import type { AccountChange } from '../../store/account-changes.ts';
import { type ApprovalRow, approvalsOf } from '../../store/approvals.ts';
import type { Tripped } from '../../store/guards.ts';
import type { WaitingFirstPlan } from '../../store/pairs.ts';
import { type FoundPlan, findPlan } from '../../store/waiting-plans.ts';
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
  readonly kind: FoundPlan['kind'];
  readonly state: PlanState;
  /** Newest first. */
  readonly said: readonly ApprovalRow[];
  /** ISO 8601: since when it waits. */
  readonly at: string | null;
  readonly first: WaitingFirstPlan | null;
  readonly account: AccountChange | null;
  readonly tripped: readonly Tripped[];
  /** What a yes covers: of a first plan all writes, of a guard those that it holds. */
  readonly writes: number;
  /** How many of them are kept to be looked at; null where none are any more. */
  readonly kept: number | null;
  /** Null: a first plan that was decided about, and waits no more. */
  readonly found: FoundPlan | null;
}

/** Null: no plan of this hash waits, nor did a person ever decide about one. */
export async function loadPlan({ services }: Visit, hash: string): Promise<ShownPlan | null> {
  const { db, config } = services;
  const pairs = config.pairs.map(({ name }) => name);
  const found = await findPlan(db, pairs, hash);
  if (found !== null) return shownAs(found, await approvalsOf(db, found.pair, hash));
  for (const pair of pairs) {
    const said = await approvalsOf(db, pair, hash);
    if (said[0] !== undefined)
      return {
        ...{ ...BARE, hash, pair, kind: 'first-plan', said, found },
        state: said[0].state === 'done' ? 'approved' : 'moved',
      };
  }
  return null;
}

/** What the list of its writes is read by; null where none are kept. */
export function planHead({ found }: ShownPlan): PlanHead | null {
  return found === null ? null : planHeadOf(found);
}

const BARE = { at: null, first: null, account: null, tripped: [], writes: 0, kept: null } as const;

function shownAs(found: FoundPlan, said: readonly ApprovalRow[]): ShownPlan {
  const { pair, hash, kind } = found;
  const bare = { ...BARE, pair, hash, kind, said, found };
  const asked = said[0]?.state === 'waiting';
  switch (found.kind) {
    case 'first-plan': {
      const { first } = found;
      const { at, writes, kept } = first;
      return { ...bare, state: asked ? 'approving' : 'waiting', at, first, writes, kept };
    }
    case 'account': {
      const { account } = found;
      return { ...bare, state: account.state, at: account.openedAt, account };
    }
    case 'guard': {
      const { state, openedAt: at, tripped, writes, kept } = found.guard;
      const now = state === 'superseded' ? 'moved' : state === 'waiting' && asked ? 'approving' : state;
      return { ...bare, state: now, at, tripped, writes, kept };
    }
  }
}
