/**
 * Point reads of customers that a hint named (sync design §7). The read alone is data. One that is not there proves no
 * deletion (P7): it is remembered as a suspect, and the next certified sweep asks for it first.
 */
import { isSyncError } from '../errors.ts';
import { markFeedsDue } from '../store/feeds.ts';
import { saveChecked } from '../store/reach.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { knownEchoes, type Told } from './echoes.ts';
import { storeOne } from './observe.ts';
import { fits } from './room.ts';

export interface Points {
  readonly ids: readonly string[];
  /** What the hints say that changed: who is only named by our own writes coming back is not read. */
  readonly told?: Told;
  /** Who was not found is added here. */
  readonly suspects: Set<string>;
  /** With it, what does not fit because of the quota is left to a later cycle: nobody's write waits longer. */
  readonly budgetMs?: number;
}

export interface PointsReport {
  readonly read: number;
  /** Not asked for: only our own writes came back. */
  readonly echoes: number;
  readonly dropped: number;
  /** Not asked for: the budget was used up. */
  readonly left: readonly string[];
}

/** Above this the suspects are not remembered one by one: the sweep finds them all. */
const MAX_SUSPECTS = 1_000;

export async function observePoints(cycle: Cycle, points: Points): Promise<PointsReport> {
  const { suspects, told, budgetMs = Number.POSITIVE_INFINITY } = points;
  const own = told === undefined ? new Set<string>() : await knownEchoes(cycle, told);
  const ids = points.ids.filter((id) => !own.has(id));
  const echoes = own.size;
  if (echoes > 0)
    cycle.log.debug({ side: 'udesk', echoes }, 'writes of ours came back: nobody is read for them');
  const until = cycle.clock().getTime() + budgetMs;
  let read = 0;
  let dropped = 0;
  for (const [n, id] of ids.entries()) {
    cycle.signal.throwIfAborted();
    // The first is read in any case: hints must come to an end, too.
    if (n > 0 && !(await fits(cycle, 'udesk', 'read', until, 'soon'))) {
      return { read, echoes, dropped, left: ids.slice(n) };
    }
    const at = cycle.clock();
    try {
      const found = await cycle.sides.udesk.read(id, { signal: cycle.signal, urgency: 'soon' });
      if (found === null) {
        if (suspects.size < MAX_SUSPECTS) suspects.add(id);
        continue;
      }
      await fenced(cycle.db, cycle.fence, async (tx) => {
        await storeOne(cycle, tx, 'udesk', 'hint', found);
        await saveChecked(tx, cycle.spec.name, found.id, at, true);
        await markFeedsDue(tx, cycle.spec.name, [found.id]);
      });
      suspects.delete(id);
      read += 1;
    } catch (error) {
      // A matter of this one record: the others, and the pair, go on.
      if (!isSyncError(error, 'contract') && !isSyncError(error, 'rejected')) throw error;
      dropped += 1;
      cycle.log.warn(
        { side: 'udesk', remoteId: id, kind: error.kind },
        'a record that a hint named could not be read',
      );
    }
  }
  return { read, echoes, dropped, left: [] };
}
