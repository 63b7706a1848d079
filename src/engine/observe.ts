import { editAuthor } from '../core/edit-author.ts';
import type { PageLook } from '../core/freshness/pages.ts';
import { matchKeysOf } from '../core/match.ts';
import { contentHash, type Delta, deltaOf, mergeObserved } from '../core/observation.ts';
import type { SideName, SideRecord } from '../core/record.ts';
import { type PairSpec, sideField } from '../core/spec.ts';
import { storableRecord, UNSTORABLE_ID } from '../core/storable.ts';
import type { EnumerationEnd, Page, PagePlace } from '../crm/adapter.ts';
import { SyncError } from '../errors.ts';
import { crmLookedAt } from '../store/pairs.ts';
import { liveAmong, markDeleted, notAsKnown, type RecordUpsert, upsertRecords } from '../store/records.ts';
import { type Db, fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

/** How many records go to the database in one statement. */
const BATCH_RECORDS = 1000;

export type Lane = 'sweep' | 'head' | 'changes' | 'point' | 'hint' | 'write' | 'verify' | 'audit' | 'visit';

export interface Observed {
  readonly pages: number;
  readonly changed: number;
  readonly dropped: number;
  readonly total: number | null;
  readonly end: EnumerationEnd | null;
  /** Every id that the enumeration showed. */
  readonly seen: ReadonlySet<string>;
  /** What its pages told, where the list has an order that is known; in the order in which they were read. */
  readonly looks: readonly PageLook[];
}

/** A record with the hash of its content: hashed while the batch before it is on its way to the database. */
interface Sighting {
  readonly record: SideRecord;
  readonly hash: string;
  /** Of the list, where that is known. */
  readonly page?: number;
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
  let storing: Promise<Stored> | null = null;
  let pageCount = 0;
  let changed = 0;
  let dropped = 0;
  let total: number | null = null;
  let end: EnumerationEnd | null = null;
  const looks: PageLook[] = [];
  const moved = new Map<number, Moved>();
  const stored = async () => {
    const result = (await storing) ?? NOTHING_STORED;
    storing = null;
    changed += result.changed;
    for (const [page, one] of result.byPage) moved.set(page, one);
    return result;
  };
  const startStoring = async () => {
    await stored();
    storing = storeSeen(cycle, side, lane, waiting);
    // Its failure is met where it is awaited; until then it must not count as unhandled.
    storing.catch(() => {});
    waiting = [];
  };
  // Of a page: before it was asked for. What it shows may have changed since.
  let askedAt = cycle.clock().getTime();
  try {
    for await (const page of pages) {
      cycle.signal.throwIfAborted();
      pageCount += 1;
      const unreadable = [...page.dropped];
      const { place } = page;
      if (place !== undefined) looks.push(lookAt(page, place, askedAt, lane));
      for (const shown of page.records) {
        const record = storableRecord(shown);
        if (record === null) {
          unreadable.push({ id: null, reason: UNSTORABLE_ID, sample: '' });
          continue;
        }
        seen.add(record.id);
        waiting.push({
          record,
          hash: contentHash(record),
          ...(place === undefined ? {} : { page: place.page }),
        });
      }
      for (const element of unreadable) {
        dropped += 1;
        // A page that is looked at every minute need not say it every minute: the sweep does.
        cycle.log[lane === 'visit' ? 'debug' : 'warn'](
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
      askedAt = cycle.clock().getTime();
    }
    await startStoring();
    await stored();
  } finally {
    // Nothing of ours is under way when this returns, whatever went wrong.
    await Promise.allSettled([storing]);
  }
  const told = looks.map((look) => ({ ...look, ...moved.get(look.page) }));
  return {
    pages: pageCount,
    changed,
    dropped,
    total,
    end,
    seen,
    looks: told,
  };
}

interface Moved {
  readonly changed: number;
  readonly fresh: number;
}

interface Stored extends Moved {
  readonly byPage: ReadonlyMap<number, Moved>;
}

const NOTHING_STORED: Stored = { changed: 0, fresh: 0, byPage: new Map() };

function lookAt({ records, dropped, total }: Page, place: PagePlace, at: number, lane: Lane): PageLook {
  const numbers = records.flatMap(({ id }) => (/^\d{1,20}$/.test(id) ? [BigInt(id)] : []));
  const least = numbers.reduce<bigint | null>((low, id) => (low === null || id < low ? id : low), null);
  return {
    ...place,
    at,
    total,
    records: records.length + dropped.length,
    changed: 0,
    fresh: 0,
    lowId: least === null ? null : String(least),
    free: lane === 'head',
  };
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
  const { upserts } = await compare(cycle, tx, side, lane, [{ record, hash: contentHash(record) }]);
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
): Promise<Stored> {
  if (sightings.length === 0) return NOTHING_STORED;
  const { upserts, fresh } = await compare(cycle, cycle.db, side, lane, sightings);
  if (upserts.length > 0) {
    await fenced(cycle.db, cycle.fence, (tx) => upsertRecords(tx, target(cycle, side, lane), upserts));
  }
  const isNew = new Map(upserts.map(({ record, delta }) => [record.id, delta === null]));
  const byPage = new Map<number, Moved>();
  for (const { record, page } of sightings) {
    const first = isNew.get(record.id);
    if (page === undefined || first === undefined) continue;
    const known = byPage.get(page) ?? { changed: 0, fresh: 0 };
    byPage.set(page, first ? { ...known, fresh: known.fresh + 1 } : { ...known, changed: known.changed + 1 });
  }
  return { changed: upserts.length, fresh, byPage };
}

async function compare(
  cycle: Pick<Cycle, 'spec' | 'clock'>,
  db: Db,
  side: SideName,
  lane: Lane,
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
  const tells = candidates.some(({ known, record }) => known !== null && record.lastEdit);
  const seenAt = cycle.clock().toISOString();
  const ownWrite = lane === 'write';
  const lookedAt = tells && side === 'crm' && !ownWrite ? await crmLookedAt(db, pair) : null;
  for (const { known: old, ...seen } of candidates) {
    const record = old === null ? seen.record : mergeObserved(old.record, seen.record);
    const hash = old === null ? seen.hash : contentHash(record);
    // The hash of a poorer response shape differs although nothing changed: only the merged record tells.
    if (old !== null && old.state === 'live' && old.hash === hash) continue;
    const keys = matchKeysOf(cycle.spec, side, record).map((key) => `${key.kind}:${key.value}`);
    if (old === null) {
      upserts.push({ record, hash, keys, delta: null });
      continue;
    }
    const delta = deltaOf(old.record, record);
    const author = editAuthor({
      lastEdit: record.lastEdit,
      before: old.record.lastEdit,
      fields: mappedFields(cycle.spec, side, delta),
      ownWrite,
      lookedAt,
      seenAt,
    });
    upserts.push({ record, hash, keys, delta, author });
  }
  return { upserts, fresh: candidates.filter(({ known }) => known === null).length };
}

/** How many fields of the pair changed: what a rule of the mapping makes of others is one, whatever it is made of. */
function mappedFields(spec: PairSpec, side: SideName, delta: Delta): number {
  return spec.fields.filter((field) => delta[sideField(field, side)] !== undefined).length;
}
