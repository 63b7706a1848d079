import { matchKeysOf } from '../core/match.ts';
import { contentHash, deltaOf, mergeObserved } from '../core/observation.ts';
import type { SideName, SideRecord } from '../core/record.ts';
import { storableRecord, UNSTORABLE_ID } from '../core/storable.ts';
import type { EnumerationEnd, Page } from '../crm/adapter.ts';
import { SyncError } from '../errors.ts';
import { liveAmong, markDeleted, notAsKnown, type RecordUpsert, upsertRecords } from '../store/records.ts';
import { type Db, fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

/** How many records go to the database in one statement. */
const BATCH_RECORDS = 1000;

export type Lane = 'sweep' | 'head' | 'changes' | 'point' | 'hint' | 'write' | 'verify' | 'audit';

export interface Observed {
  readonly pages: number;
  readonly changed: number;
  readonly dropped: number;
  readonly total: number | null;
  readonly end: EnumerationEnd | null;
  /** Every id that the enumeration showed. */
  readonly seen: ReadonlySet<string>;
}

/** A record with the hash of its content: hashed while the batch before it is on its way to the database. */
interface Sighting {
  readonly record: SideRecord;
  readonly hash: string;
}

/**
 * Reads pages into the mirror. Only records whose content changed are written (and marked for planning);
 * an element that could not be read is counted and reported, and the page goes on. The next pages are read while one
 * batch is being stored, so that at most two batches are in memory.
 * With `stopAtKnown` it ends after the first page that shows nothing new (the head lane).
 */
export async function observePages(
  cycle: Cycle,
  side: SideName,
  lane: Lane,
  pages: AsyncIterable<Page>,
  stopAtKnown = false,
): Promise<Observed> {
  const seen = new Set<string>();
  let waiting: Sighting[] = [];
  let storing: Promise<{ changed: number; fresh: number }> | null = null;
  let pageCount = 0;
  let changed = 0;
  let dropped = 0;
  let total: number | null = null;
  let end: EnumerationEnd | null = null;
  const stored = async () => {
    const result = (await storing) ?? { changed: 0, fresh: 0 };
    storing = null;
    changed += result.changed;
    return result;
  };
  const startStoring = async () => {
    await stored();
    storing = storeSeen(cycle, side, lane, waiting);
    // Its failure is met where it is awaited; until then it must not count as unhandled.
    storing.catch(() => {});
    waiting = [];
  };
  try {
    for await (const page of pages) {
      cycle.signal.throwIfAborted();
      pageCount += 1;
      const unreadable = [...page.dropped];
      for (const shown of page.records) {
        const record = storableRecord(shown);
        if (record === null) {
          unreadable.push({ id: null, reason: UNSTORABLE_ID, sample: '' });
          continue;
        }
        seen.add(record.id);
        waiting.push({ record, hash: contentHash(record) });
      }
      for (const element of unreadable) {
        dropped += 1;
        cycle.log.warn(
          { side, remoteId: element.id, kind: 'contract', sample: element.sample },
          `a record could not be read and was left out: ${element.reason}`,
        );
      }
      const gone = await goneSince(cycle, side, page.deletedIds, seen);
      if (gone.length > 0) {
        // In the order of the pages: what was shown before its deletion must not be stored after it.
        await startStoring();
        await stored();
        await fenced(cycle.db, cycle.fence, (tx) => markDeleted(tx, target(cycle, side, lane), gone));
        changed += gone.length;
      }
      total = page.total ?? total;
      end = page.end ?? end;
      if (stopAtKnown) {
        await startStoring();
        if ((await stored()).fresh === 0) break;
      } else if (waiting.length >= BATCH_RECORDS) {
        await startStoring();
      }
      cycle.progress(`reading ${side}`, seen.size, total);
    }
    await startStoring();
    await stored();
  } finally {
    // Nothing of ours is under way when this returns, whatever went wrong.
    await Promise.allSettled([storing]);
  }
  return { pages: pageCount, changed, dropped, total, end, seen };
}

/** Without those that the mirror knows to be deleted: a side may tell of every deletion it remembers, in every list. */
async function goneSince(
  { db, spec }: Cycle,
  side: SideName,
  deletedIds: readonly string[],
  seen: ReadonlySet<string>,
): Promise<readonly string[]> {
  if (deletedIds.length === 0) return [];
  const live = await liveAmong(db, spec.name, side, deletedIds);
  // Who was shown before in this very list may not be stored yet.
  return deletedIds.filter((id) => live.has(id) || seen.has(id));
}

/** Who looks: a cycle, or a person's single look, which belongs to no run. */
export type Observer = Pick<Cycle, 'spec' | 'clock'> & { readonly runId: number | null };

/**
 * Stores one record as just read (verify, point read, answer of a write), inside the caller's transaction.
 * @returns whether it was not as the mirror held it
 */
export async function storeOne(
  cycle: Observer,
  tx: Db,
  side: SideName,
  lane: Lane,
  shown: SideRecord,
): Promise<boolean> {
  const record = storableRecord(shown);
  if (record === null) throw new SyncError('contract', `a record of ${side}: ${UNSTORABLE_ID}`, { side });
  const { upserts } = await compare(cycle, tx, side, [{ record, hash: contentHash(record) }]);
  await upsertRecords(tx, target(cycle, side, lane), upserts);
  return upserts.length > 0;
}

export function target(cycle: Observer, side: SideName, lane: Lane) {
  return { pair: cycle.spec.name, side, lane, runId: cycle.runId, at: cycle.clock() };
}

async function storeSeen(
  cycle: Cycle,
  side: SideName,
  lane: Lane,
  sightings: readonly Sighting[],
): Promise<{ changed: number; fresh: number }> {
  if (sightings.length === 0) return { changed: 0, fresh: 0 };
  const { upserts, fresh } = await compare(cycle, cycle.db, side, sightings);
  if (upserts.length > 0) {
    await fenced(cycle.db, cycle.fence, (tx) => upsertRecords(tx, target(cycle, side, lane), upserts));
  }
  return { changed: upserts.length, fresh };
}

async function compare(
  cycle: Pick<Cycle, 'spec'>,
  db: Db,
  side: SideName,
  sightings: readonly Sighting[],
): Promise<{ upserts: RecordUpsert[]; fresh: number }> {
  const pair = cycle.spec.name;
  // A moving list may show a record twice: the last sight counts.
  const latest = [...new Map(sightings.map((sighting) => [sighting.record.id, sighting])).values()];
  const hashes = latest.map(({ record, hash }) => ({ id: record.id, hash }));
  const candidates = (await notAsKnown(db, pair, side, hashes)).flatMap(({ at, known }) => {
    const sighting = latest[at];
    return sighting === undefined ? [] : [{ ...sighting, known }];
  });
  const upserts: RecordUpsert[] = [];
  for (const { known: old, ...seen } of candidates) {
    const record = old === null ? seen.record : mergeObserved(old.record, seen.record);
    const hash = old === null ? seen.hash : contentHash(record);
    // The hash of a poorer response shape differs although nothing changed: only the merged record tells.
    if (old !== null && old.state === 'live' && old.hash === hash) continue;
    const keys = matchKeysOf(cycle.spec, side, record).map((key) => `${key.kind}:${key.value}`);
    upserts.push({ record, hash, keys, delta: old === null ? null : deltaOf(old.record, record) });
  }
  return { upserts, fresh: candidates.filter(({ known }) => known === null).length };
}
