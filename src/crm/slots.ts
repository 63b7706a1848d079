/** Sets that stand in fixed slots: which slot each value goes to. Pure. */
import { SyncError } from '../errors.ts';
import type { SetEdit } from './set-edit.ts';

/**
 * What becomes of the slots, by their position; null empties one.
 * @param empty for each slot, whether it holds nothing now
 * @param advice what to do when there is no room
 * @throws SyncError `rejected` with code `capacity`
 */
export function fillSlots(
  field: string,
  empty: readonly boolean[],
  edit: SetEdit & { ok: true },
  advice: string,
): ReadonlyMap<number, string | null> {
  const after = new Map<number, string | null>(edit.changed);
  for (const value of edit.added) {
    // A slot that was free before comes first: one that is emptied by this write keeps its meaning a little longer.
    const free = empty.findIndex((isFree, at) => isFree && !after.has(at));
    const at = free >= 0 ? free : empty.findIndex((_, index) => after.get(index) === null);
    if (at < 0)
      throw new SyncError('rejected', `"${field}" has room for ${empty.length}, and all are taken`, {
        side: 'crm',
        field,
        code: 'capacity',
        advice,
      });
    after.set(at, value);
  }
  return after;
}
