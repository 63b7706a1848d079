import { SIDES, type SideName } from '../core/record.ts';
import { activeBackfills, countWaiting, startBackfill } from '../store/backfill.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

/** Fewer creates than this go one by one: their answers tell at once what became of them. */
export const BACKFILL_FROM = 100;

/** Sides whose ordinary creates a backfill sends; one begins where many wait and the side takes batches. */
export async function backfilledSides(cycle: Cycle): Promise<SideName[]> {
  const { db, spec, sides } = cycle;
  const active = new Set((await activeBackfills(db, spec.name)).map(({ side }) => side));
  for (const side of SIDES) {
    if (sides[side].batchCreate === undefined || active.has(side)) continue;
    const waiting = await countWaiting(db, spec.name, side, cycle.clock());
    if (waiting.batchable < BACKFILL_FROM) continue;
    await fenced(db, cycle.fence, (tx) => startBackfill(tx, spec.name, side, cycle.clock()));
    active.add(side);
    cycle.log.info({ side, creates: waiting.due }, 'a backfill begins');
  }
  return [...active];
}
