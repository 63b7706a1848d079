/** Reads: one record, and pages of records with the proof that none was skipped (promise P7). */
import type { SideRecord } from '../../core/record.ts';
import type { CallOptions, DroppedElement, EnumerationEnd, Page } from '../adapter.ts';
import { type Answer, type Api, nextUrl, recordPath } from './api.ts';
import type { FindConfig } from './config.ts';
import { decode, type Shape } from './decode.ts';
import { numberOf, textOf, valueAt } from './paths.ts';
import { ApiRefusal, isRefusal, notUnderstood } from './refusal.ts';
import { formatTime } from './times.ts';

export interface Reader extends Shape {
  readonly api: Api;
}

/** One record as the API shows it. */
export interface Fetched {
  readonly record: SideRecord;
  readonly raw: unknown;
  readonly etag: string | null;
}

/** Null when there is no such live record. */
export async function fetchRecord(
  reader: Reader,
  id: string,
  options: CallOptions = {},
): Promise<Fetched | null> {
  const { get } = reader.config;
  const path = recordPath(get.path, id);
  if (path === null) return null;
  let answer: Answer;
  try {
    answer = await reader.api.run({
      method: get.method,
      path,
      params: {
        ...get.params,
        ...(get.idIn === undefined ? {} : { [get.idIn]: idValue(reader, id, get.method) }),
      },
      write: false,
      signal: options.signal,
    });
  } catch (error) {
    if (isRefusal(error, 'not-found') || saysNotFound(get.notFound, error)) return null;
    throw error;
  }
  const raw = valueAt(answer.json, get.record ?? '');
  // Some say "no such record" with an empty answer.
  if (raw === null) return null;
  const decoded = decode(reader, raw);
  if (decoded.kind === 'dropped') throw notUnderstood(answer.context, decoded.dropped.reason);
  if (decoded.kind === 'deleted') return null;
  if (decoded.record.id !== id) throw notUnderstood(answer.context, 'the answer holds another record');
  return { record: decoded.record, raw, etag: answer.headers[get.etag.toLowerCase()] ?? null };
}

/** What the config says of `get` alone: elsewhere the same status means something else. */
function saysNotFound(rules: Shape['config']['get']['notFound'], error: unknown): boolean {
  if (!(error instanceof ApiRefusal)) return false;
  return rules.some(
    ({ status = error.status, code }) =>
      status === error.status && (code === undefined || String(code) === error.details.code),
  );
}

export function idValue({ config }: Shape, id: string, method: string): unknown {
  return config.idAs === 'number' && method !== 'GET' && /^\d{1,18}$/.test(id)
    ? numberOf(String(BigInt(id)))
    : id;
}

/** More passes would only chase a list that never rests. */
const MAX_PASSES = 3;
/** A search that goes on for longer is no search for one person. */
const MAX_SEARCH_PAGES = 20;

interface ListPage {
  readonly rows: readonly unknown[];
  readonly total: number | null;
  readonly answer: Answer;
  /** Asks for the next page; null at the end. */
  readonly next: ((skip: number) => Promise<ListPage>) | null;
}

export interface WalkOptions extends CallOptions {
  /** Only what changed since then: milliseconds by the server's clock. */
  readonly sinceMs?: number;
}

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
      for (const id of ids) if (id !== null) inPass.add(id);
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
    if (doubt === 'repeats') return 'the API gave the same page twice: check crm.list.paging';
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

interface ListRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly records: string | undefined;
}

export function firstPage(reader: Reader, { sinceMs, ...options }: WalkOptions): Promise<ListPage> {
  const { method, path, params, records, changedSince } = reader.config.list;
  const since =
    sinceMs === undefined || changedSince === undefined
      ? {}
      : { [changedSince.param]: formatTime(sinceMs, changedSince) };
  const request = { method, path, params: { ...params, ...since }, records };
  return askPage(reader, request, options, request.params, 0);
}

/** @param at how many records the pages before had shown */
async function askPage(
  reader: Reader,
  request: ListRequest,
  options: CallOptions,
  params: Readonly<Record<string, unknown>>,
  at: number,
  page = reader.config.list.paging.first ?? 1,
  url: URL | null = null,
): Promise<ListPage> {
  const { paging, pageSize, total: totalPath } = reader.config.list;
  const sizes = pageSize.param === undefined ? {} : { [pageSize.param]: pageSize.value };
  const place =
    paging.kind === 'offset'
      ? { [paging.param ?? '']: Math.max(0, at - 1) }
      : paging.kind === 'page'
        ? { [paging.param ?? '']: page }
        : {};
  const answer = await reader.api.run({
    method: request.method,
    path: url ?? request.path,
    ...(url === null ? { params: { ...params, ...sizes, ...place } } : {}),
    write: false,
    signal: options.signal,
  });
  const rows = valueAt(answer.json, request.records ?? '');
  if (!Array.isArray(rows))
    throw notUnderstood(answer.context, `"${request.records ?? '(the answer)'}" is not a list in the answer`);
  const count =
    totalPath === undefined ? null : Number(textOf(valueAt(answer.json, totalPath)) ?? Number.NaN);
  const total = count !== null && Number.isInteger(count) && count >= 0 ? count : null;
  const ask =
    (more: Readonly<Record<string, unknown>>, nextPage?: number, to: URL | null = null) =>
    (seen: number) =>
      askPage(reader, request, options, { ...params, ...more }, seen, nextPage, to);
  const nextOf = (): ListPage['next'] => {
    switch (paging.kind) {
      case 'offset': {
        // By the rows that were shown, which may be fewer than were asked for.
        const reached = Math.max(0, at - 1) + rows.length;
        return rows.length <= (at > 0 ? 1 : 0) || (total !== null && reached >= total) ? null : ask({});
      }
      case 'page': {
        const last = total !== null && at + rows.length >= total;
        return rows.length > 0 && !last ? ask({}, page + 1) : null;
      }
      case 'cursor': {
        const next = textOf(valueAt(answer.json, paging.next ?? ''));
        return next === null || next === '' ? null : ask({ [paging.param ?? '']: next });
      }
      case 'next':
      case 'link': {
        const told = valueAt(answer.json, paging.next ?? '');
        const text = paging.kind === 'link' ? linkNext(answer.headers.link) : textOf(told);
        return text === null || text === '' ? null : ask({}, undefined, nextUrl(text, answer));
      }
    }
  };
  return { rows, total, answer, next: nextOf() };
}

/** RFC 8288: `<https://…?page=2>; rel="next"`. */
export function linkNext(header: string | undefined): string | null {
  for (const [, address, parameters] of (header ?? '').matchAll(
    /<([^>]*)>((?:\s*;\s*[\w*]+=(?:"[^"]*"|[^\s;,]+))*)/g,
  )) {
    if (
      address !== undefined &&
      /;\s*rel="?([^";,]*\s)?next(\s[^";,]*)?"?(\s*;|\s*$)/i.test(parameters ?? '')
    )
      return address;
  }
  return null;
}
