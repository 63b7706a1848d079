import { databaseHome, saveHome } from '../store/home.ts';
import { loadPair, type PairRow } from '../store/pairs.ts';
import { rebaseline } from '../store/restore.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import type { ObserveScope } from './observe-sides.ts';

/**
 * A database that was restored from a backup knows nothing of what we wrote since. Noticed here, before anything is
 * sent: from then on the pair is read in full, nothing that the backup intended is carried out, and what the old bases
 * would say alone is not believed (P2, P5, P8).
 */
export async function noticeRestore(cycle: Cycle, known: PairRow): Promise<PairRow> {
  const { db, fence, spec } = cycle;
  const home = await databaseHome(db);
  if (known.home === home) return known;
  if (known.home === null) {
    await fenced(db, fence, (tx) => saveHome(tx, spec.name, home));
    return { ...known, home };
  }
  const { links, dropped } = await fenced(db, fence, (tx) => rebaseline(tx, spec.name, home, cycle.clock()));
  cycle.log.warn(
    { links, dropped },
    'the database was restored from a backup, or moved: both sides are read in full before anything is written',
  );
  return await loadPair(db, spec.name);
}

/** A sweep that began before the restore was stored in the database that is gone: it proves nothing about this one. */
export function withoutOldSweep(scope: ObserveScope): ObserveScope {
  const { sweep, ...rest } = scope;
  if (sweep === undefined) return scope;
  sweep.holder.current = null;
  return rest;
}
