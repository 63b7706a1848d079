import { matchKeysOf } from '../core/match.ts';
import { contentHash, deltaOf, mergeObserved } from '../core/observation.ts';
import type { SideName, SideRecord } from '../core/record.ts';
import type { EnumerationEnd, Page } from '../crm/adapter.ts';
import { knownHashes, loadRecords, markDeleted, type RecordUpsert, upsertRecords } from '../store/records.ts';
import { type Db, fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

/** How many records go to the database in one statement. */
const BATCH_RECORDS = 1000;

export type Lane = 'sweep' | 'head' | 'changes' | 'point' | 'write' | 'verify';

export interface Observed {
  readonly pages: number;
  readonly changed: number;
  readonly dropped: number;
  readonly total: number | null;
  readonly end: EnumerationEnd | null;
  /** Every id that the enumeration showed. */
  readonly seen: ReadonlySet<string>;
}

/**
 * Reads pages into the mirror. Only records whose content changed are written (and marked for planning);
 * an element that could not be read is counted and reported, and the page goes on.
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
  let waiting: SideRecord[] = [];
  let pageCount = 0;
  let changed = 0;
  let dropped = 0;
  let total: number | null = null;
  let end: EnumerationEnd | null = null;
  const flush = async () => {
    const stored = await storeSeen(cycle, side, lane, waiting);
    waiting = [];
    changed += stored.changed;
    return stored;
  };
  for await (const page of pages) {
    cycle.signal.throwIfAborted();
    pageCount += 1;
    for (const record of page.records) {
      seen.add(record.id);
      waiting.push(record);
    }
    for (const element of page.dropped) {
      dropped += 1;
      cycle.log.warn(
        { side, remoteId: element.id, kind: 'contract', sample: element.sample },
        `a record could not be read and was left out: ${element.reason}`,
      );
    }
    if (page.deletedIds.length > 0) {
      await fenced(cycle.db, cycle.fence, (tx) =>
        markDeleted(tx, target(cycle, side, lane), page.deletedIds),
      );
      changed += page.deletedIds.length;
    }
    total = page.total ?? total;
    end = page.end ?? end;
    if (stopAtKnown) {
      const stored = await flush();
      if (stored.fresh === 0) break;
    } else if (waiting.length >= BATCH_RECORDS) {
      await flush();
    }
    cycle.progress(`reading ${side}`, seen.size, total);
  }
  await flush();
  return { pages: pageCount, changed, dropped, total, end, seen };
}

/** Stores one record as just read (verify, point read, answer of a write), inside the caller's transaction. */
export async function storeOne(
  cycle: Cycle,
  tx: Db,
  side: SideName,
  lane: Lane,
  record: SideRecord,
): Promise<void> {
  const { upserts } = await compare(cycle, tx, side, [record]);
  await upsertRecords(tx, target(cycle, side, lane), upserts);
}

export function target(cycle: Cycle, side: SideName, lane: Lane) {
  return { pair: cycle.spec.name, side, lane, runId: cycle.runId, at: cycle.clock() };
}

async function storeSeen(
  cycle: Cycle,
  side: SideName,
  lane: Lane,
  records: readonly SideRecord[],
): Promise<{ changed: number; fresh: number }> {
  if (records.length === 0) return { changed: 0, fresh: 0 };
  const { upserts, fresh } = await compare(cycle, cycle.db, side, records);
  if (upserts.length > 0) {
    await fenced(cycle.db, cycle.fence, (tx) => upsertRecords(tx, target(cycle, side, lane), upserts));
  }
  return { changed: upserts.length, fresh };
}

async function compare(
  cycle: Cycle,
  db: Db,
  side: SideName,
  records: readonly SideRecord[],
): Promise<{ upserts: RecordUpsert[]; fresh: number }> {
  const pair = cycle.spec.name;
  // A moving list may show a record twice: the last sight counts.
  const latest = new Map(records.map((record) => [record.id, record]));
  const known = await knownHashes(db, pair, side, [...latest.keys()]);
  const candidates: SideRecord[] = [];
  for (const record of latest.values()) {
    const before = known.get(record.id);
    if (before === undefined || before.state === 'deleted' || before.hash !== contentHash(record)) {
      candidates.push(record);
    }
  }
  const before = await loadRecords(
    db,
    pair,
    side,
    candidates.map((record) => record.id).filter((id) => known.has(id)),
  );
  const upserts: RecordUpsert[] = [];
  for (const seen of candidates) {
    const old = before.get(seen.id) ?? null;
    const record = mergeObserved(old?.record ?? null, seen);
    const hash = contentHash(record);
    // The hash of a poorer response shape differs although nothing changed: only the merged record tells.
    if (old !== null && old.state === 'live' && old.hash === hash) continue;
    const keys = matchKeysOf(cycle.spec, side, record).map((key) => `${key.kind}:${key.value}`);
    upserts.push({ record, hash, keys, delta: old === null ? null : deltaOf(old.record, record) });
  }
  return { upserts, fresh: latest.size - known.size };
}
