/**
 * Point reads of records of the CRM that a hint named. As with Udesk's (points.ts) the read alone is data, and one that is
 * not there proves no deletion (P7): the next look at the CRM is told to see to it.
 */
import { isSyncError } from '../errors.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { storeOne } from './observe.ts';

/** @returns how many were not there */
export async function observeCrmPoints(cycle: Cycle, ids: readonly string[]): Promise<number> {
  let missing = 0;
  for (const id of ids) {
    cycle.signal.throwIfAborted();
    try {
      const found = await cycle.sides.crm.read(id, { signal: cycle.signal });
      if (found === null) missing += 1;
      else await fenced(cycle.db, cycle.fence, (tx) => storeOne(cycle, tx, 'crm', 'hint', found));
    } catch (error) {
      // A matter of this one record: the others, and the pair, go on.
      if (!isSyncError(error, 'contract') && !isSyncError(error, 'rejected')) throw error;
      cycle.log.warn(
        { side: 'crm', remoteId: id, kind: error.kind },
        'a record that a hint named could not be read',
      );
    }
  }
  return missing;
}
