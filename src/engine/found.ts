/**
 * Whom a search found, on their way into the mirror. Writes of other links go on meanwhile, and a search may lag: an answer that
 * is older than what the mirror holds by then would look like an edit which takes our write back (P2, P4).
 */
import { contentHash, mergeObserved } from '../core/observation.ts';
import type { SideName, SideRecord } from '../core/record.ts';
import { isSyncError } from '../errors.ts';
import { type KnownRecord, loadRecords, lockSightings } from '../store/records.ts';
import type { Db } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { storeOne } from './observe.ts';

export interface Found {
  /** Who is there: as the mirror holds them, or else as they are when each is read on its own. */
  readonly shown: readonly SideRecord[];
  /** The search shows them, and they are not found by their ids, although the mirror does not know that they were deleted. */
  readonly contradicted: readonly string[];
  /** The mirror holds every one of them live and just so. */
  readonly areAsHeld: boolean;
  /** Stores, inside the caller's transaction, those of whom the mirror was told nothing since before they were read. */
  readonly store: (tx: Db) => Promise<void>;
}

export async function readFound(cycle: Cycle, side: SideName, found: readonly SideRecord[]): Promise<Found> {
  const pair = cycle.spec.name;
  const ids = found.map(({ id }) => id);
  const before = await loadRecords(cycle.db, pair, side, ids);
  const isAsBefore = (record: SideRecord) => isAsHeld(before.get(record.id), record);
  const shown: SideRecord[] = [];
  const contradicted: string[] = [];
  for (const record of found) {
    const now = isAsBefore(record) ? record : await readAgain(cycle, side, record, before.has(record.id));
    if (now !== null) shown.push(now);
    else if (before.get(record.id)?.state !== 'deleted') contradicted.push(record.id);
  }
  const store = async (tx: Db): Promise<void> => {
    const held = await lockSightings(tx, pair, side, ids);
    for (const record of shown) {
      if (held.get(record.id) === before.get(record.id)?.obsSeq)
        await storeOne(cycle, tx, side, 'verify', record);
    }
  };
  return { shown, contradicted, areAsHeld: shown.every(isAsBefore), store };
}

function isAsHeld(held: KnownRecord | undefined, record: SideRecord): boolean {
  return held?.state === 'live' && contentHash(mergeObserved(held.record, record)) === held.hash;
}

/**
 * Who is not found by their id is not there, whatever a search still shows (P6, P7: matched with them, somebody would be taken
 * for deleted). Of somebody new whom the side refuses to show, the search says all that there is to know; of who is known a refusal
 * is passed on, as it says nothing about them.
 */
async function readAgain(
  cycle: Cycle,
  side: SideName,
  found: SideRecord,
  isKnown: boolean,
): Promise<SideRecord | null> {
  try {
    return await cycle.sides[side].read(found.id, { signal: cycle.signal });
  } catch (error) {
    if (isKnown || !(isSyncError(error, 'rejected') || isSyncError(error, 'contract'))) throw error;
    return found;
  }
}
