import type { SideName } from '../core/record.ts';
import { liveReach, saveListed, saveSwept, saveUnlisted } from '../store/reach.ts';
import { countLive } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import type { Observed } from './observe.ts';

/** The database compares nothing: sets of this size against each other are a matter of the planner's luck. */
const CHUNK = 5_000;

/**
 * What the list of Udesk reached, certified or not: who is known and was not shown is asked for one by one from now on
 * (revisit.ts). An enumeration that shows nothing at all is an alarm, and says nothing about anybody.
 */
export async function noteReach(
  cycle: Cycle,
  side: SideName,
  observed: Observed,
  startedAt: Date,
): Promise<void> {
  const { end, seen, total } = observed;
  if (side !== 'udesk' || end === null) return;
  const pair = cycle.spec.name;
  if (seen.size === 0 && (await countLive(cycle.db, pair, side)) > 0) return;
  const cap = cycle.sides[side].manifest.enumerationCap ?? Number.POSITIVE_INFINITY;
  // More customers than there are said to be: the total stops at a cap, too.
  const capped = !end.certified && total !== null && (total >= cap || seen.size > total);
  for (let after = ''; ; ) {
    const known = await liveReach(cycle.db, pair, after, CHUNK);
    const lost = known.filter(({ id, unlisted }) => !unlisted && !seen.has(id)).map(({ id }) => id);
    const back = known.filter(({ id, unlisted }) => unlisted && seen.has(id)).map(({ id }) => id);
    if (lost.length + back.length > 0) {
      await fenced(cycle.db, cycle.fence, async (tx) => {
        await saveUnlisted(tx, pair, lost, startedAt, cycle.clock());
        await saveListed(tx, pair, back);
      });
    }
    const last = known.at(-1);
    if (last === undefined || known.length < CHUNK) break;
    after = last.id;
  }
  // Last: the time of the pair must not stand for anybody whom the list did not show (P9).
  await fenced(cycle.db, cycle.fence, (tx) => saveSwept(tx, pair, { startedAt, listed: seen.size, capped }));
}
