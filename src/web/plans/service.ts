/** The yes or no to a plan: the pages and the API do the same. */
import { judgePlan, type VerdictResult } from '../../store/approvals.ts';
import type { SignedVisit } from '../visit.ts';
import type { ShownPlan } from './load.ts';

/** Stored, and carried out by a cycle that starts now. */
export async function answerPlan(
  { services, actor, now }: SignedVisit,
  { pair, kind, hash }: ShownPlan,
  verdict: 'approve' | 'reject',
): Promise<VerdictResult> {
  const result = await judgePlan(services.db, { pair, kind, hash, verdict, who: actor.name, at: now });
  if (result === 'stored') services.wake(pair);
  return result;
}
