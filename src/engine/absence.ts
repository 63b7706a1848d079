import type { SideName, SideRecord } from '../core/record.ts';
import { isSyncError } from '../errors.ts';
import { saveChecked } from '../store/reach.ts';
import { countKeptOut, countLive, liveIdsObservedBefore, markDeleted } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { followMerges } from './merge.ts';
import { type Observed, storeOne, target } from './observe.ts';
import { noteReach } from './reach.ts';
import { fits } from './room.ts';

/** Point reads that one cycle spends on suspects; the rest waits for the next certified enumeration. */
const PROOFS_PER_CYCLE = 200;
/** And how long it goes on with them: nobody's write waits longer. */
const PROOFS_BUDGET_MS = 20_000;
const CHUNK = 5000;
/** Of those whom the list showed, so many are asked for at the most. */
const CANARIES = 5;

export interface AbsenceReport {
  readonly suspects: number;
  readonly deleted: number;
  /** The enumeration showed nothing although the mirror knows live records (guard: empty side). */
  readonly empty: boolean;
}

const NOBODY: AbsenceReport = { suspects: 0, deleted: 0, empty: false };

/**
 * P7 absence safety: a record becomes a tombstone only after a certified enumeration did not show it, a point read
 * says that it is not there, and another record (the canary) is still readable. Anything less is a suspicion,
 * which this function reports: such a record stays, and is asked for one by one (revisit.ts). Who vanished may have been
 * merged: that is looked up first.
 */
export async function proveAbsences(
  cycle: Cycle,
  side: SideName,
  observed: Observed,
  startedAt: Date,
  askFirst: ReadonlySet<string> = new Set(),
): Promise<AbsenceReport> {
  const pair = cycle.spec.name;
  await noteReach(cycle, side, observed, startedAt);
  if (observed.end?.certified !== true) return NOBODY;
  const live = await countLive(cycle.db, pair, side);
  if (observed.seen.size === 0) return { suspects: live, deleted: 0, empty: live > 0 };
  // Who is kept out is shown and not held: each would stand in for one who is gone.
  if (live <= observed.seen.size - (await countKeptOut(cycle.db, pair, side))) return NOBODY;
  // Out of sight is not gone: such a side tells of deletions itself, or nobody knows of them.
  if (cycle.sides[side].manifest.mayHide)
    return { ...NOBODY, suspects: Math.max(0, live - observed.seen.size) };

  const suspects: string[] = [];
  for (let after = ''; ; ) {
    const times = { before: startedAt, now: cycle.clock() };
    const ids = await liveIdsObservedBefore(cycle.db, pair, side, times, after, CHUNK);
    for (const id of ids) if (!observed.seen.has(id)) suspects.push(id);
    const last = ids.at(-1);
    if (last === undefined || ids.length < CHUNK) break;
    after = last;
  }
  suspects.sort((a, b) => Number(askFirst.has(b)) - Number(askFirst.has(a)));
  const gone: string[] = [];
  const until = cycle.clock().getTime() + PROOFS_BUDGET_MS;
  for (const id of suspects.slice(0, PROOFS_PER_CYCLE)) {
    if (!(await fits(cycle, side, 'read', until, 'soon'))) break;
    const shown = await lookFor(cycle, side, id);
    if (shown === null) gone.push(id);
    else if (shown !== 'unsaid') {
      await fenced(cycle.db, cycle.fence, async (tx) => {
        await storeOne(cycle, tx, side, 'point', shown);
        if (side === 'udesk') await saveChecked(tx, pair, id, cycle.clock(), true);
      });
    }
  }
  const left = { suspects: suspects.length, deleted: 0, empty: false };
  if (gone.length === 0) return left;
  if (!(await isCanaryReadable(cycle, side, observed.seen))) {
    cycle.log.warn(
      { side, suspects: suspects.length },
      'the canary record is not readable: nothing is taken as deleted',
    );
    return left;
  }
  const unsaid = await followMerges(cycle, side, gone);
  const proven = gone.filter((id) => !unsaid.has(id));
  await fenced(cycle.db, cycle.fence, (tx) => markDeleted(tx, target(cycle, side, 'sweep'), proven));
  return { ...left, deleted: proven.length };
}

/** Somebody whom the list showed is found. Who is refused says nothing, and must not stop the pair: the next one is asked for. */
async function isCanaryReadable(cycle: Cycle, side: SideName, seen: ReadonlySet<string>): Promise<boolean> {
  let asked = 0;
  for (const id of seen) {
    if (asked === CANARIES) break;
    asked += 1;
    const shown = await lookFor(cycle, side, id);
    if (shown !== 'unsaid') return shown !== null;
  }
  return false;
}

/** A refusal to show a record (it is hidden from our login, or cannot be read) is no answer to whether it lives. */
async function lookFor(cycle: Cycle, side: SideName, id: string): Promise<SideRecord | null | 'unsaid'> {
  try {
    return await cycle.sides[side].read(id, { signal: cycle.signal, urgency: 'soon' });
  } catch (error) {
    if (!isSyncError(error, 'rejected') && !isSyncError(error, 'contract')) throw error;
    cycle.log.warn({ side, remoteId: id, kind: error.kind, code: error.details.code }, error.message);
    return 'unsaid';
  }
}
