/** The yes or no to a plan: the pages and the API do the same. */
import type { VerdictResult } from '../../store/approvals.ts';
import type { AccountState } from '../../store/schema/plan.ts';
import { judgeFound } from '../../store/waiting-plans.ts';
import type { SignedVisit } from '../visit.ts';
import type { ShownPlan } from './load.ts';

/**
 * Stored, and carried out by a cycle that starts now.
 * @param shown of an account: the state that whoever answers was shown
 */
export async function answerPlan(
  { services, actor, now }: SignedVisit,
  { found }: ShownPlan,
  verdict: 'approve' | 'reject',
  shown?: AccountState,
): Promise<VerdictResult> {
  // Somebody decided about it once, and it waits no more.
  if (found === null) return 'late';
  const result = await judgeFound(services.db, found, { verdict, who: actor.name, at: now }, shown);
  if (result === 'stored') services.wake(found.pair);
  return result;
}
