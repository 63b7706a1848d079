/**
 * All records, or those that changed. Pages go by record and not by place: the next one begins after the last record that
 * was seen, so that nothing which lives through the walk is skipped (promise P7), however many share one second.
 */
import type { SideRecord } from '../../core/record.ts';
import { SyncError } from '../../errors.ts';
import type { CallOptions, DroppedElement, EnumerationEnd, Page } from '../adapter.ts';
import { bulkSets } from './bulk.ts';
import { type Decoded, decode } from './decode.ts';
import { countRecords, queryBatches, type Reader } from './query.ts';
import { hasCode } from './refusal.ts';
import { selectList } from './shape.ts';
import { literal, queryText, timeLiteral } from './soql.ts';

const ONLY_CHANGES = 'only what changed since the cursor';
/** The Recycle Bin shows a deletion for 15 days; a day is left for clocks and for the walk itself. */
const BIN_REACH_MS = 14 * 86_400_000;
/** A locator that Salesforce forgot, this often in one walk, is no accident. */
const MAX_RESTARTS = 3;

export async function* enumerate(reader: Reader, options: CallOptions = {}): AsyncGenerator<Page> {
  const { total, notBeforeMs } = await countRecords(reader, options);
  const cursor = new Date(notBeforeMs).toISOString();
  const pages = total > reader.config.bulkAbove ? bulkPages(reader, options) : idPages(reader, options);
  let unreadable = false;
  for await (const { end, ...page } of pages) {
    unreadable ||= page.dropped.length > 0;
    if (end === null) yield { ...page, total, end: null };
    else {
      const reason = end.reason ?? (unreadable ? 'a record of the list could not be read' : null);
      yield { ...page, total, end: { certified: reason === null, reason, cursor } };
    }
  }
}

/** @throws SyncError `cursor-expired` for what is no cursor of ours, or one from before the Recycle Bin's memory */
export async function* changes(
  reader: Reader,
  cursor: string,
  options: CallOptions = {},
): AsyncGenerator<Page> {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(cursor) ? Date.parse(cursor) : Number.NaN;
  if (Number.isNaN(at))
    throw new SyncError('cursor-expired', 'the stored position is not one of Salesforce', { side: 'crm' });
  const skewMs = reader.api.clockSkewMs() ?? 0;
  if (reader.clock() + skewMs - at > BIN_REACH_MS)
    throw new SyncError('cursor-expired', 'the stored position is older than the Recycle Bin reaches back', {
      side: 'crm',
    });
  const sinceMs = Math.floor((at - reader.config.overlapMs) / 1000) * 1000;
  let startedMs: number | null = null;
  let place: { readonly ms: number; readonly id: string } | null = null;
  const next = (): string[] =>
    place === null
      ? [`SystemModstamp >= ${timeLiteral(sinceMs)}`]
      : [
          `(SystemModstamp > ${timeLiteral(place.ms)} OR (SystemModstamp = ${timeLiteral(place.ms)} AND Id > ${literal(place.id)}))`,
        ];
  const walked = keyset(reader, next, 'SystemModstamp, Id', options, (decoded, notBeforeMs) => {
    startedMs ??= notBeforeMs;
    const id = decoded === null ? null : idOf(decoded);
    const ms = decoded?.facts?.systemModstampMs;
    if (id !== null && ms !== undefined) place = { ms, id };
  });
  for await (const page of walked) {
    const end: EnumerationEnd = {
      certified: false,
      reason: ONLY_CHANGES,
      cursor: startedMs === null ? cursor : new Date(startedMs).toISOString(),
    };
    yield { ...page, total: null, end: page.end === null ? null : end };
  }
}

function idPages(reader: Reader, options: CallOptions): AsyncGenerator<Page> {
  let lastId: string | null = null;
  const next = (): string[] => (lastId === null ? [] : [`Id > ${literal(lastId)}`]);
  return keyset(reader, next, 'Id', options, (decoded) => {
    lastId = (decoded === null ? null : idOf(decoded)) ?? lastId;
  });
}

function idOf(decoded: Decoded): string | null {
  if (decoded.kind === 'live') return decoded.record.id;
  return decoded.kind === 'deleted' ? decoded.id : decoded.dropped.id;
}

/** @param note is told of each row (null: an answer without rows) before the next query is made */
async function* keyset(
  reader: Reader,
  where: () => string[],
  orderBy: string,
  options: CallOptions,
  note: (decoded: Decoded | null, notBeforeMs: number) => void,
): AsyncGenerator<Page> {
  const { api, shape } = reader;
  const select = selectList(shape);
  let restarts = 0;
  let rest: Page | null = null;
  let before: string | null = null;
  for (;;) {
    const place = where();
    // A whole page of rows behind which nobody can go on would come again and again.
    if (place.join() === before)
      throw new SyncError('contract', 'a whole page of records tells neither ids nor times', { side: 'crm' });
    const soql = queryText({
      select,
      from: shape.object.name,
      where: place,
      orderBy,
      limit: api.pageRecords,
    });
    let rows = 0;
    try {
      for await (const batch of queryBatches(reader, soql, { ...options, deleted: true })) {
        rows += batch.rows.length;
        const decoded = batch.rows.map((row) => decode(shape, row));
        note(null, batch.answer.notBeforeMs);
        for (const one of decoded) note(one, batch.answer.notBeforeMs);
        if (rest !== null) yield rest;
        rest = pageOf(decoded);
      }
    } catch (error) {
      // The place in a result may be forgotten ("invalid query locator"): ours is the last record that was seen.
      if (!hasCode(error, 'INVALID_QUERY_LOCATOR') || ++restarts > MAX_RESTARTS) throw error;
      continue;
    }
    if (rows < api.pageRecords) break;
    before = place.join();
  }
  yield { ...(rest ?? pageOf([])), end: { certified: true, reason: null, cursor: null } };
}

async function* bulkPages(reader: Reader, options: CallOptions): AsyncGenerator<Page> {
  const { api, shape } = reader;
  const soql = queryText({ select: selectList(shape), from: shape.object.name });
  let rows = 0;
  for await (const set of bulkSets(api, soql, options)) {
    rows += set.rows.length;
    const page = pageOf(set.rows.map((row) => decode(shape, row)));
    if (!set.last) yield page;
    else {
      const missing = set.processed === null || set.processed === rows ? null : set.processed;
      const reason = missing === null ? null : `the bulk job found ${missing} records and gave ${rows}`;
      yield { ...page, end: { certified: reason === null, reason, cursor: null } };
    }
  }
}

function pageOf(decoded: readonly Decoded[]): Page {
  const records: SideRecord[] = [];
  const deletedIds: string[] = [];
  const dropped: DroppedElement[] = [];
  const mergedInto: Record<string, string> = {};
  for (const one of decoded) {
    if (one.kind === 'live') records.push(one.record);
    else if (one.kind === 'dropped') dropped.push(one.dropped);
    else {
      deletedIds.push(one.id);
      if (one.mergedInto !== null) mergedInto[one.id] = one.mergedInto;
    }
  }
  return { records, deletedIds, mergedInto, dropped, total: null, end: null };
}
