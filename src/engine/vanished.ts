/** The target of a write is not found: what its side says once is no proof (P7), and what it held may have gone with it (P2). */
import { dropIntent, type IntentRow, moveIntent } from '../store/intents.ts';
import { loadRecords } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { isWitnessed } from './history.ts';

const MISSING_RETRY_MS = 60_000;

/**
 * Where the deletion of the target is proven, the link is planned again; until then the write waits in the outbox as it is,
 * and is tried again from time to time: the side may have been wrong. An update whose outcome is not known may have replaced
 * an edit that nobody saw, and the history that would tell went with the record: it counts as a write that cannot be
 * witnessed.
 */
export async function waitForProof(cycle: Cycle, intent: IntentRow, id: string): Promise<'missing'> {
  const known = await loadRecords(cycle.db, cycle.spec.name, intent.side, [id]);
  const reason = 'the record is not there any more';
  const at = cycle.clock();
  const isUnknown = intent.state === 'unknown';
  await fenced(cycle.db, cycle.fence, async (tx) => {
    if (known.get(id)?.state !== 'live')
      return await dropIntent(tx, intent, reason, at, isUnknown ? unwitnessed(cycle, intent) : null);
    const notBefore = new Date(at.getTime() + MISSING_RETRY_MS);
    await moveIntent(tx, intent, isUnknown ? ['unknown'] : ['pending', 'sending'], {
      state: isUnknown ? 'unknown' : 'pending',
      at,
      error: reason,
      notBefore,
    });
  });
  return 'missing';
}

/**
 * After a deletion of ours its record is expected to be gone, so that no complete list has to prove it. Yet one answer may be
 * wrong for a moment, and a deletion that did not happen must not be settled: a second look, a while later, has to find the
 * same, unless the mirror has the proof by then.
 * @returns whether the second look is still to come
 */
export async function awaitsSecondLook(cycle: Cycle, intent: IntentRow): Promise<boolean> {
  const id = intent.remoteId ?? '';
  const known = await loadRecords(cycle.db, cycle.spec.name, intent.side, [id]);
  if (intent.looks > 0 || known.get(id)?.state !== 'live') return false;
  const at = cycle.clock();
  await fenced(cycle.db, cycle.fence, (tx) =>
    moveIntent(tx, intent, ['unknown'], {
      state: 'unknown',
      at,
      error: intent.error,
      looked: true,
      notBefore: new Date(at.getTime() + MISSING_RETRY_MS),
    }),
  );
  return true;
}

/**
 * How a write counts that may have happened, and of which nobody can tell what it replaced. What compares and sets replaces
 * nothing unseen.
 */
export function unwitnessed(cycle: Cycle, { side, op }: IntentRow): 'unclear' | 'none' | null {
  if (op !== 'update' || cycle.sides[side].manifest.compareAndSet) return null;
  return isWitnessed(cycle, side) ? 'unclear' : 'none';
}
