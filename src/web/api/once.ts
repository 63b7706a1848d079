/** What changes something is done once per `Idempotency-Key`; whoever sends the same again is given the same answer. */
import { canonicalJson } from '../../lib/hash.ts';
import { claimRequest, forgetRequest, saveAnswer } from '../../store/idempotency.ts';
import { digest } from '../auth/secret.ts';
import { Refusal } from '../refusal.ts';
import type { SignedVisit } from '../visit.ts';
import { answer } from './answer.ts';

const LONGEST_KEY = 200;

export async function once(
  visit: SignedVisit,
  request: unknown,
  work: () => Promise<unknown>,
): Promise<Response> {
  const key = visit.c.req.header('idempotency-key');
  if (key === undefined) return answer(visit, await work());
  if (key === '' || key.length > LONGEST_KEY) {
    const detail = visit.t('api.key-length', { n: LONGEST_KEY });
    throw new Refusal('bad-request', { faults: [{ header: 'Idempotency-Key', detail }] });
  }
  const { services, actor, now } = visit;
  const { method } = visit.c.req;
  const keyHash = digest(`${actor.by} ${actor.name}\n${key}`);
  const requestHash = digest(canonicalJson({ method, path: visit.url.pathname, request }));
  const claim = await claimRequest(services.db, { keyHash, requestHash, at: now });
  if (claim.outcome === 'other') throw new Refusal('key-reused');
  if (claim.outcome === 'busy') throw new Refusal('key-busy', { headers: { 'retry-after': '1' } });
  if (claim.outcome === 'answered') return answer(visit, JSON.parse(claim.body) as unknown);
  try {
    const result = await work();
    await saveAnswer(services.db, keyHash, 200, JSON.stringify(result));
    return answer(visit, result);
  } catch (thrown) {
    // A refusal did nothing, and may be otherwise the next time.
    await forgetRequest(services.db, keyHash);
    throw thrown;
  }
}
