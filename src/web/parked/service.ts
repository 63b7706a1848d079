/** What people say about records that were set aside: the pages and the API do the same. */
import { isRowId } from '../../lib/row-id.ts';
import { dropParked, type ParkedResult, retryParked } from '../../store/parked-decisions.ts';
import type { SignedVisit } from '../visit.ts';

const ways = { retry: retryParked, drop: dropParked } as const;

/** One that took effect is carried on by a cycle that starts now. An id that is none is `not-found`. */
export async function answerParked(
  { services, actor, now }: SignedVisit,
  id: string,
  decision: keyof typeof ways,
): Promise<ParkedResult> {
  if (!isRowId(id)) return { outcome: 'not-found' };
  const result = await ways[decision](services.db, { parkedId: id, who: actor.name, at: now });
  if (result.outcome === 'done') services.wake(result.pair);
  return result;
}
