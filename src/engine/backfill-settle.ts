import { isAfter, type Moment } from '../core/moment.ts';
import type { SideName, SideRecord } from '../core/record.ts';
import { type BatchRow, firstSights, unknownRows } from '../store/backfill.ts';
import type { IntentRow } from '../store/intents.ts';
import { holdersOf, type KeyedRecord, loadRecords } from '../store/records.ts';
import { contactKeys, sentKeys } from './backfill-rows.ts';
import type { Cycle } from './context.ts';
import { sentRun } from './recover.ts';
import { settleCreated } from './settle-created.ts';

/** More than any pair has on its way. */
const ROWS = 2_000;

/**
 * Settles the rows of batches that have appeared in the mirror: no call is made. A row is the one record without a link
 * that was first seen after the batch was sent and holds all of its e-mails and phones, which nobody held before. What
 * else the record holds may already be somebody's edit: it is compared as after any look, and never overwritten (P2).
 * Anything less clear is left for a look at that row alone (backfill-recover.ts).
 * @returns how many were settled, and the rows that are still unknown
 */
export async function settleSeen(
  cycle: Cycle,
  side: SideName,
): Promise<{ settled: number; left: BatchRow[] }> {
  const { db, spec } = cycle;
  const unknown = await unknownRows(db, spec.name, side, ROWS);
  if (unknown.length === 0) return { settled: 0, left: [] };
  const keysOf = new Map(unknown.map((row) => [row.id, sentKeys(cycle, row)]));
  const holders = new Map<string, Map<string, KeyedRecord>>();
  for (const record of await holdersOf(db, spec.name, [...new Set([...keysOf.values()].flat())])) {
    if (record.side !== side) continue;
    for (const key of record.keys) {
      const ofKey = holders.get(key) ?? new Map<string, KeyedRecord>();
      holders.set(key, ofKey.set(record.id, record));
    }
  }
  const candidates = unknown.flatMap((row) => {
    const keys = keysOf.get(row.id) ?? [];
    const found = new Map(keys.flatMap((key) => [...(holders.get(key) ?? [])]));
    const [only] = found.values();
    return only !== undefined && found.size === 1 && only.linkId === null ? [{ row, keys, id: only.id }] : [];
  });
  const ids = candidates.map(({ id }) => id);
  const firstSeen = await firstSights(db, spec.name, side, ids);
  const records = await loadRecords(db, spec.name, side, ids);
  const seen = candidates.flatMap(({ row, keys, id }) => {
    const record = records.get(id)?.record;
    if (record === undefined || !isNew(row, firstSeen.get(id))) return [];
    const held = new Set(contactKeys(cycle, side, record));
    return keys.every((key) => held.has(key)) ? [{ intent: asShown(row, record), record }] : [];
  });
  const settled = await settleCreated(cycle, side, seen);
  return { settled: settled.size, left: unknown.filter((row) => !settled.has(row.id)) };
}

/** First seen after the batch was sent, or never before this look. */
export function isNew(row: IntentRow, first: Moment | undefined): boolean {
  if (first === undefined) return true;
  return row.sentAt !== null && !isAfter({ runId: sentRun(row), at: row.sentAt }, first);
}

/**
 * The write as far as the record shows it. Fields that this answer leaves out say nothing of how they were stored: they
 * get no base, and are compared once they are shown.
 */
export function asShown(row: IntentRow, record: SideRecord): IntentRow {
  const shown = Object.entries(row.patch).filter(([name]) => name in record.fields);
  return { ...row, patch: Object.fromEntries(shown) };
}
