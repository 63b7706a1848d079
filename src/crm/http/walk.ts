/** All records, or those that changed, with the proof that none was skipped (promise P7); and the records of a search. */
import type { SideRecord } from '../../core/record.ts';
import type { CallOptions, DroppedElement, EnumerationEnd, Page } from '../adapter.ts';
import type { FindConfig } from './config.ts';
import { decode, type Shape } from './decode.ts';
import { askPage, firstPage, type ListPage, type Reader, type WalkOptions } from './pages.ts';
import { textOf, valueAt } from './paths.ts';
import { notUnderstood } from './refusal.ts';

/** More passes would only chase a list that never rests. */
const MAX_PASSES = 3;
/** A list that shows nothing new for so many pages does not end by itself. */
const MAX_IDLE_PAGES = 20;
/** A search that goes on for longer is no search for one person. */
const MAX_SEARCH_PAGES = 20;

/** A page, and when the walk began by the server's clock. */
export interface Walked extends Page {
  readonly notBeforeMs: number;
  /** On the last page: nothing moved while the list was read, as far as it shows. */
  readonly calm: boolean;
}

/**
 * All records once each, in pages; the last page carries `end`.
 *
 * Pages by number or place move: a deletion in front of us hides a record. Against that each page by offset begins with
 * the last record of the one before, the total must stay, and as many records must be seen in one pass as the API says
 * that it holds. A pass that fails is walked again; what still moves after three is told, and certifies nothing. Pages by
 * record (a cursor) skip nothing that lives, but may end early: then the total tells.
 */
export async function* walk(reader: Reader, options: WalkOptions = {}): AsyncGenerator<Walked> {
  const { paging } = reader.config.list;
  const seen = new Set<string>();
  let unreadable = false;
  let notBeforeMs: number | null = null;
  let reason: string | null = null;
  for (let pass = 1; pass <= MAX_PASSES; pass += 1) {
    const inPass = new Set<string>();
    reason = null;
    let page: ListPage | null = await firstPage(reader, options);
    let total = page.total;
    notBeforeMs ??= page.answer.notBeforeMs;
    let lastId: string | null = null;
    let idle = 0;
    let rest: Omit<Page, 'end'> | null = null;
    while (page !== null) {
      const ids: (string | null)[] = page.rows.map((row) => textOf(valueAt(row, reader.config.id)));
      if (paging.kind === 'offset' && lastId !== null && ids[0] !== lastId) reason ??= 'moved';
      if (page.total !== total && !keepsPlace(reader)) reason ??= 'moved';
      total = page.total;
      const fresh = page.rows.filter((_, at) => !inPass.has(ids[at] ?? ''));
      const now = pageOf(reader, fresh, seen, total);
      if (now.dropped.length > 0) unreadable = true;
      // The record that each page by offset begins with says nothing.
      const overlap = paging.kind === 'offset' ? 1 : 0;
      if (inPass.size > 0 && page.rows.length > overlap && fresh.length === 0) reason = 'repeats';
      const known = inPass.size;
      for (const id of ids) if (id !== null) inPass.add(id);
      idle = inPass.size > known ? 0 : idle + 1;
      if (idle > MAX_IDLE_PAGES) reason = 'repeats';
      lastId = ids.at(-1) ?? null;
      if (rest !== null) yield { ...rest, end: null, notBeforeMs, calm: false };
      rest = now;
      page = page.next === null || reason === 'repeats' ? null : await page.next(inPass.size);
    }
    // Of a search by time some tell the total of everything.
    if (
      options.sinceMs === undefined &&
      total !== null &&
      (keepsPlace(reader) ? inPass.size < total : inPass.size !== total)
    )
      reason ??= 'short';
    const again = (reason === 'moved' || reason === 'short') && pass < MAX_PASSES;
    const end = again ? null : endOf(reader, options, reason, unreadable, inPass.size, total);
    if (rest !== null) yield { ...rest, end, notBeforeMs, calm: reason === null };
    if (!again) return;
  }
}

/** Whether the next page is found by a record, so that nothing which lives through the walk is skipped. */
export function keepsPlace({ config }: Shape): boolean {
  const { kind, keyset } = config.list.paging;
  return kind === 'cursor' || keyset === true;
}

function endOf(
  reader: Reader,
  { sinceMs }: WalkOptions,
  doubt: string | null,
  unreadable: boolean,
  listed: number,
  total: number | null,
): EnumerationEnd {
  const why = (): string | null => {
    const says = `${listed} were listed and the API says that it holds ${total}`;
    if (doubt === 'moved')
      return `records moved between the pages while the list was read (${reader.config.list.paging.kind} paging): ${says}`;
    if (doubt === 'short') return `the list is not whole: ${says}`;
    if (doubt === 'repeats')
      return 'the API gave the same page twice, or pages without end: check crm.list.paging';
    if (unreadable) return 'a record of the list could not be read';
    if (total === null && !keepsPlace(reader))
      return 'the API does not say how many records there are (crm.list.total), so a skipped one would not show';
    return sinceMs === undefined ? null : 'only what changed since the cursor';
  };
  const reason = why();
  return { certified: reason === null, reason, cursor: null };
}

function pageOf(
  reader: Reader,
  rows: readonly unknown[],
  seen: Set<string>,
  total: number | null,
): Omit<Page, 'end'> {
  const records: SideRecord[] = [];
  const deletedIds: string[] = [];
  const dropped: DroppedElement[] = [];
  for (const row of rows) {
    const decoded = decode(reader, row);
    if (decoded.kind === 'dropped') {
      dropped.push(decoded.dropped);
      continue;
    }
    const id = decoded.kind === 'live' ? decoded.record.id : decoded.id;
    if (seen.has(id)) continue;
    seen.add(id);
    if (decoded.kind === 'live') records.push(decoded.record);
    else if (reader.config.list.showsDeleted) deletedIds.push(id);
  }
  return { records, deletedIds, dropped, total };
}

/** Live records that a search shows; what they really hold is for the caller to look at. */
export async function search(
  reader: Reader,
  find: FindConfig,
  value: string,
  options: CallOptions = {},
): Promise<SideRecord[]> {
  const { list } = reader.config;
  const { param, method = list.method, path = list.path, params = list.params, records } = find;
  const seen = new Set<string>();
  const found: SideRecord[] = [];
  const request = { method, path, params: { ...params, [param]: value }, records: records ?? list.records };
  let page: ListPage | null = await askPage(reader, request, options, { ...params, [param]: value }, 0);
  for (let pages = 1; page !== null; pages += 1) {
    const now = pageOf(reader, page.rows, seen, null);
    const [bad] = now.dropped;
    if (bad !== undefined) throw notUnderstood(page.answer.context, bad.reason);
    found.push(...now.records);
    if (pages > 1 && now.records.length === 0) break;
    if (pages === MAX_SEARCH_PAGES)
      throw notUnderstood(page.answer.context, 'the search goes on and on: is its parameter the right one?');
    page = page.next === null ? null : await page.next(seen.size);
  }
  return found;
}
