/** The yes or no to a plan: the pages and the API do the same. */
import { accountKind, judgePlan, type VerdictResult } from '../../store/approvals.ts';
import type { AccountState } from '../../store/schema.ts';
import type { SignedVisit } from '../visit.ts';
import type { ShownPlan } from './load.ts';

/**
 * Stored, and carried out by a cycle that starts now.
 * @param shown of an account: the state that whoever answers was shown
 */
export async function answerPlan(
  { services, actor, now }: SignedVisit,
  plan: ShownPlan,
  verdict: 'approve' | 'reject',
  shown?: AccountState,
): Promise<VerdictResult> {
  const { pair, hash, account } = plan;
  const kind = account !== null ? accountKind(account.side) : plan.kind === 'guard' ? 'guard' : 'first-plan';
  const said = { pair, kind, hash, verdict, who: actor.name, at: now } as const;
  const seen = account === null ? {} : { shown: shown ?? account.state };
  const result = await judgePlan(services.db, { ...said, ...seen });
  if (result === 'stored') services.wake(pair);
  return result;
}
