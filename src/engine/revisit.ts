/**
 * Customers that are known and that the list does not reach (sync design §7): each is read on its own, the longest unread
 * first, at most once between two sweeps. What such a read shows is an observation like any other. One that is not found
 * is a suspicion and nothing more (P7): without a certified sweep no absence is proven, so it stays, is counted as missing
 * and is asked for again with the others.
 */
import { isSyncError } from '../errors.ts';
import { dueForRevisit, saveChecked } from '../store/reach.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { storeOne } from './observe.ts';
import { fits } from './room.ts';

const BATCH = 100;

export interface RevisitReport {
  readonly read: number;
  readonly changed: number;
  /** Not found, or not readable. */
  readonly missing: number;
  /** More are due: the budget was used up. */
  readonly left: boolean;
}

/** Goes on for `budgetMs`, and gives way to everything that is more urgent. */
export async function revisitUnlisted(cycle: Cycle, budgetMs: number): Promise<RevisitReport> {
  const until = cycle.clock().getTime() + budgetMs;
  let read = 0;
  let changed = 0;
  let missing = 0;
  for (;;) {
    const ids = await dueForRevisit(cycle.db, cycle.spec.name, BATCH, cycle.clock());
    for (const id of ids) {
      cycle.signal.throwIfAborted();
      if (!(await fits(cycle, 'udesk', 'read', until))) return { read, changed, missing, left: true };
      const outcome = await revisit(cycle, id);
      read += 1;
      if (outcome === 'changed') changed += 1;
      if (outcome === 'missing') missing += 1;
    }
    if (ids.length < BATCH) return { read, changed, missing, left: false };
  }
}

async function revisit(cycle: Cycle, id: string): Promise<'same' | 'changed' | 'missing'> {
  const pair = cycle.spec.name;
  // Before the answer: the customer was right then, and may have changed since.
  const at = cycle.clock();
  try {
    const found = await cycle.sides.udesk.read(id, { signal: cycle.signal, urgency: 'background' });
    return await fenced(cycle.db, cycle.fence, async (tx) => {
      const changed = found !== null && (await storeOne(cycle, tx, 'udesk', 'point', found));
      await saveChecked(tx, pair, id, at, found !== null);
      return found === null ? 'missing' : changed ? 'changed' : 'same';
    });
  } catch (error) {
    // A matter of this one record: the others, and the pair, go on.
    if (!isSyncError(error, 'contract') && !isSyncError(error, 'rejected')) throw error;
    await fenced(cycle.db, cycle.fence, (tx) => saveChecked(tx, pair, id, at, false));
    cycle.log.warn(
      { side: 'udesk', remoteId: id, kind: error.kind },
      'a customer beyond the list could not be read',
    );
    return 'missing';
  }
}
