/**
 * P7, P8: what an earlier process left in the outbox, and what a cycle writes that reads nothing, goes only to the account
 * or table that the mirror was made of (sync design §10).
 */
import { SIDES, type SideName } from '../core/record.ts';
import { isSyncError } from '../errors.ts';
import { loadPair } from '../store/pairs.ts';
import type { Cycle } from './context.ts';

/** Within a process an account hardly changes: it is looked at again after this long, and by every lane that reads. */
const LOOK_AGAIN_MS = 300_000;

/** When a side of this process was last seen to be the one that we know. */
const seenAt = new WeakMap<object, number>();

export function noteAccount({ sides, clock }: Pick<Cycle, 'sides' | 'clock'>, side: SideName): void {
  seenAt.set(sides[side], clock().getTime());
}

/**
 * Sides to which nothing may be sent for now: another account answers there, or none says which it is. A lane that reads
 * refuses another account with its hash for a person; here its writes wait.
 */
export async function strangeSides(cycle: Cycle): Promise<SideName[]> {
  const nowMs = cycle.clock().getTime();
  const isDue = (side: SideName) => {
    const ageMs = nowMs - (seenAt.get(cycle.sides[side]) ?? Number.NEGATIVE_INFINITY);
    return ageMs < 0 || ageMs > LOOK_AGAIN_MS;
  };
  const due = SIDES.filter(isDue);
  if (due.length === 0) return [];
  const { fingerprint } = await loadPair(cycle.db, cycle.spec.name);
  const strange: SideName[] = [];
  for (const side of due) {
    if (await answersAs(cycle, side, fingerprint[side])) noteAccount(cycle, side);
    else strange.push(side);
  }
  return strange;
}

async function answersAs(cycle: Cycle, side: SideName, known: string | null): Promise<boolean> {
  try {
    const same = (await cycle.sides[side].fingerprint({ signal: cycle.signal })) === known;
    if (!same)
      cycle.log.debug({ side }, 'another account or table answers: what is to be written there waits');
    return same;
  } catch (error) {
    cycle.signal.throwIfAborted();
    if (!isSyncError(error)) throw error;
    cycle.log.debug(
      { side, kind: error.kind },
      'the account did not answer: what is to be written there waits',
    );
    return false;
  }
}
