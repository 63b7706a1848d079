/**
 * A sweep of the customer list, and the proof that it was complete (sync design §7; promise P7).
 *
 * Pages are newest first and move: an insert repeats a row, a delete in front of us hides one. Certified means:
 * every page in one pass, nothing dropped, no total that falls, then the head read again to a known customer, and
 * `total at the end = total at the start + customers created meanwhile = distinct customers seen`.
 * A deletion makes the totals differ, so that a sweep during which one happened is never certified.
 */
import type { SideRecord } from '../core/record.ts';
import type { DroppedElement, Page } from '../crm/adapter.ts';
import type { RawPage, UdeskClient } from './client.ts';
import { decodeCustomer } from './decode-customer.ts';

/** Rows that the list reaches at most (api.md §2.5). */
export const LIST_CAP = 10_000;

export interface SweepOptions {
  readonly client: Pick<UdeskClient, 'listCustomers'>;
  /** At most 100. */
  readonly pageSize: number;
  readonly customFields: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** What a sweep knows so far. */
export interface Sweep {
  /** Ids yielded so far. */
  readonly seen: Set<string>;
  /** Why the sweep proves nothing; the first is told. */
  readonly doubts: string[];
  /** Of the page before. */
  lastTotal: number | null;
}

/** Yields each customer once, in pages; the last page carries `end`. A page may be empty. */
export async function* sweep(options: SweepOptions): AsyncGenerator<Page> {
  const state: Sweep = { seen: new Set(), doubts: [], lastTotal: null };
  const first = await read(options, 1);
  // By what is served, which may be less than what was asked for.
  const lastReachable = Math.max(1, Math.floor(LIST_CAP / Math.max(1, first.rows.length)));
  let raw = first;
  for (let page = 1; ; page += 1) {
    if (page > 1) raw = await read(options, page);
    watchTotal(raw, state);
    yield placed(decodePage(raw, options, state).page, page, raw);
    if (raw.rows.length === 0 || isLast(raw, page, options.pageSize)) break;
    if (page >= lastReachable) break;
  }
  yield await certify(first, options, state);
}

/** By the count of pages that Udesk tells (it may serve smaller pages than asked for), else by the rows. */
export function isLast(raw: RawPage, page: number, pageSize: number): boolean {
  return raw.totalPages === null ? raw.rows.length < pageSize : page >= raw.totalPages;
}

/** One page on its own: what it shows is right, and it proves nothing about any other. */
export async function onePage(options: SweepOptions, page: number): Promise<Page> {
  const raw = await read(options, page);
  return placed(decodePage(raw, options, { seen: new Set(), doubts: [], lastTotal: null }).page, page, raw);
}

function placed(shown: Page, page: number, raw: RawPage): Page {
  const repeats = shown.records.length + shown.dropped.length < raw.rows.length;
  return { ...shown, place: { page, repeats } };
}

/**
 * Reads the head again, and weighs the totals. What decides is one answer: a first page that meets a customer known
 * before its round, with its own total. Between two answers the list may have moved: who is met again within a round
 * was pushed back by newer ones, and says nothing of who lies behind.
 */
async function certify(first: RawPage, options: SweepOptions, state: Sweep): Promise<Page> {
  const { seen, doubts } = state;
  const records: SideRecord[] = [];
  const dropped: DroppedElement[] = [];
  const seenBefore = seen.size;
  let total: number | null = null;
  let ofThisRound = new Set<string>();
  /** True when the page met a customer known before this round, or nothing lies behind it. */
  const readHead = async (page: number): Promise<boolean> => {
    const raw = await read(options, page);
    watchTotal(raw, state);
    const head = decodePage(raw, options, state);
    records.push(...head.page.records);
    dropped.push(...head.page.dropped);
    total = raw.total;
    const metKnown = head.known.some((id) => !ofThisRound.has(id));
    for (const record of head.page.records) ofThisRound.add(record.id);
    return metKnown || raw.rows.length === 0 || isLast(raw, page, options.pageSize);
  };
  for (let round = 1; !(await readHead(1)); round += 1) {
    // More than a page of new ones: tell them, then look at the first page again.
    if (round === MAX_HEAD_ROUNDS || !(await reachesKnown(readHead))) {
      doubts.push(TOO_MANY_CREATED);
      break;
    }
    ofThisRound = new Set();
  }
  const created = seen.size - seenBefore;
  if (first.total === null || total === null) doubts.push('Udesk did not say how many customers there are');
  else if (Math.max(first.total, total) >= LIST_CAP) {
    // Listed first: it is the reason that stays. A list that stops counting at its cap says exactly the cap.
    doubts.unshift(`the list reaches ${LIST_CAP} customers and Udesk says that it holds ${total}`);
  } else if (total !== first.total + created) {
    doubts.push(`customers were deleted while the list was read (${first.total} before, ${total} after)`);
  } else if (seen.size !== total) {
    doubts.push(`${seen.size} customers were listed and Udesk says that it holds ${total}`);
  }
  const reason = doubts[0] ?? null;
  return {
    records,
    deletedIds: [],
    dropped,
    total,
    end: { certified: reason === null, reason, cursor: null },
  };
}

/** A total that falls is a deletion, or with a filter a customer that left it. */
export function watchTotal(
  raw: RawPage,
  state: Sweep,
  doubt = 'customers were deleted while the list was read',
): void {
  const { lastTotal } = state;
  state.lastTotal = raw.total;
  if (raw.total === null || lastTotal === null || raw.total >= lastTotal) return;
  state.doubts.push(doubt);
}

export const MAX_HEAD_ROUNDS = 3;
const MAX_HEAD_PAGES = 10;
export const TOO_MANY_CREATED = 'too many customers were created while the list was read';

/** Reads the pages behind the first until one is the last of its round; false where none of them was. */
export async function reachesKnown(readHead: (page: number) => Promise<boolean>): Promise<boolean> {
  for (let page = 2; page <= MAX_HEAD_PAGES; page += 1) if (await readHead(page)) return true;
  return false;
}

/** @param filterId the whole list where it is left out */
export function read(options: SweepOptions, page: number, filterId?: string): Promise<RawPage> {
  const filter = filterId === undefined ? {} : { filterId };
  return options.client.listCustomers({ page, pageSize: options.pageSize, ...filter }, options.signal);
}

/** Decodes a page without the customers that were yielded before: those are told as `known`. */
export function decodePage(
  raw: RawPage,
  options: SweepOptions,
  state: Sweep,
): { page: Page; known: readonly string[] } {
  const records: SideRecord[] = [];
  const dropped: DroppedElement[] = [];
  const known: string[] = [];
  for (const row of raw.rows) {
    const decoded = decodeCustomer(row, options.customFields);
    if (!decoded.ok) {
      dropped.push(decoded.dropped);
    } else if (state.seen.has(decoded.record.id)) {
      known.push(decoded.record.id);
    } else {
      state.seen.add(decoded.record.id);
      records.push(decoded.record);
    }
  }
  if (dropped.length > 0) state.doubts.push('a customer of the list could not be read');
  return { page: { records, deletedIds: [], dropped, total: raw.total, end: null }, known };
}
