/** All contacts, live and archived, and those that changed. */
import type { CallOptions, DroppedElement, EnumerationEnd, Page } from '../adapter.ts';
import { notUnderstood } from '../calls.ts';
import { isObject, textOf } from '../http/paths.ts';
import type { HubspotAnswer } from './api.ts';
import { searchChanged } from './changed.ts';
import { CONTACTS, isMerged, type Reader, readEach, resultsOf } from './contacts.ts';
import { type Contact, decode, mergedIdsIn } from './decode.ts';

/** Most contacts of one page of the list ("Contacts", retrieve contacts). */
const PAGE_ROWS = 100;
/** Most pages of archived contacts in a look at the changes: they come in no order of time. The full look reads all. */
const ARCHIVED_PAGES = 5;

/** What one adapter remembers between its looks. */
export interface Seen {
  /** Contacts that were merged into others: gone, and yet nobody deleted them. */
  readonly merged: Set<string>;
  /** Archived ones that were asked for, and are no such, with the time at which they were archived. */
  readonly archived: Set<string>;
}

/**
 * P7: every contact that lives through the walk is shown. The cursor of the list is the last contact that was read ("the
 * paging cursor token of the last successfully read resource"), so that nothing which goes or comes moves a page.
 */
export async function* enumerate(
  reader: Reader,
  seen: Seen,
  options: CallOptions = {},
): AsyncGenerator<Page> {
  let unreadable = false;
  let notBeforeMs: number | null = null;
  for await (const { contacts, mergedIds, dropped, answer } of list(reader, false, options)) {
    notBeforeMs ??= answer.notBeforeMs;
    unreadable ||= dropped.length > 0;
    noteMerged(seen, mergedIds);
    yield page({ records: liveOf(contacts), dropped });
  }
  for await (const { contacts, dropped } of list(reader, true, options)) {
    unreadable ||= dropped.length > 0;
    // Who was merged since we began may have been read under neither id.
    const deletedIds = await withoutMerged(reader, seen, contacts, notBeforeMs ?? 0, options);
    yield page({ deletedIds: [...archivedBefore(seen, contacts, notBeforeMs ?? 0), ...deletedIds], dropped });
  }
  const reason = unreadable ? 'a contact of the list could not be read' : null;
  yield page({
    end: { certified: reason === null, reason, cursor: new Date(notBeforeMs ?? 0).toISOString() },
  });
}

/**
 * Contacts changed since then, and those archived since then. The search says who; what they hold is read from the record
 * store, because what the search shows may be older than what this side was last seen to hold (P4).
 */
export async function* changed(
  reader: Reader,
  seen: Seen,
  sinceMs: number,
  options: CallOptions = {},
): AsyncGenerator<Page> {
  let notBeforeMs: number | null = null;
  for await (const found of searchChanged(reader, sinceMs, options)) {
    notBeforeMs ??= found.notBeforeMs;
    const { contacts, dropped } = await readEach(reader, found.ids, options);
    for (const { mergedIds } of contacts) noteMerged(seen, mergedIds);
    yield page({ records: liveOf(contacts), dropped });
  }
  let pages = 0;
  for await (const { contacts, dropped } of list(reader, true, options)) {
    yield page({ deletedIds: await withoutMerged(reader, seen, contacts, sinceMs, options), dropped });
    pages += 1;
    if (pages === ARCHIVED_PAGES) break;
  }
  yield page({
    end: {
      certified: false,
      reason: 'only what changed since the cursor',
      cursor: new Date(notBeforeMs ?? sinceMs).toISOString(),
    },
  });
}

interface ListPage {
  readonly contacts: readonly Contact[];
  /** Also of those that cannot be read: whoever they were merged from is no deletion. */
  readonly mergedIds: readonly string[];
  readonly dropped: readonly DroppedElement[];
  readonly answer: HubspotAnswer;
}

async function* list(reader: Reader, archived: boolean, options: CallOptions): AsyncGenerator<ListPage> {
  let after: string | null = null;
  do {
    const answer: HubspotAnswer = await reader.api.run({
      method: 'GET',
      path: CONTACTS,
      query: {
        limit: String(PAGE_ROWS),
        archived: String(archived),
        properties: reader.properties.join(','),
        ...(after === null ? {} : { after }),
      },
      write: false,
      signal: options.signal,
    });
    const rows = resultsOf(answer);
    const decoded = rows.map((row) => decode(reader, row));
    yield {
      mergedIds: rows.flatMap(mergedIdsIn),
      contacts: decoded.flatMap((one) => (one.ok ? [one.contact] : [])),
      dropped: decoded.flatMap((one) => (one.ok ? [] : [one.dropped])),
      answer,
    };
    after = nextOf(answer, after);
  } while (after !== null);
}

/**
 * Null: this page is the last one, whose answer has no `paging`, or none with a `next`. What cannot be followed is no end:
 * whoever stands behind it would look deleted.
 */
function nextOf({ json, context }: HubspotAnswer, after: string | null): string | null {
  const paging = isObject(json) ? (json.paging ?? null) : null;
  const next = isObject(paging) ? (paging.next ?? null) : paging;
  if (next === null) return null;
  const told = isObject(next) ? textOf(next.after) || null : null;
  if (told !== null && told !== after) return told;
  throw notUnderstood(context, 'the list names no next page that could be asked for');
}

function noteMerged({ merged }: Seen, ids: readonly string[]): void {
  for (const id of ids) merged.add(id);
}

function liveOf(contacts: readonly Contact[]): Page['records'] {
  return contacts.flatMap(({ archived, record }) => (archived ? [] : [record]));
}

/** A merged contact is no deletion: that it is not in the list has the engine look for the one that it became. */
function archivedBefore(seen: Seen, contacts: readonly Contact[], beforeMs: number): string[] {
  const all = archivedOf(seen, contacts);
  return all.flatMap(({ archivedAtMs, record }) =>
    (archivedAtMs ?? beforeMs) < beforeMs ? [record.id] : [],
  );
}

function archivedSince(seen: Seen, contacts: readonly Contact[], sinceMs: number): Contact[] {
  return archivedOf(seen, contacts).filter(({ archivedAtMs }) => (archivedAtMs ?? sinceMs) >= sinceMs);
}

function archivedOf({ merged }: Seen, contacts: readonly Contact[]): Contact[] {
  return contacts.filter(({ archived, record }) => archived && !merged.has(record.id));
}

/** P7: what a merge made may be shown later than in this list, so the record store is asked for each, once. */
async function withoutMerged(
  reader: Reader,
  seen: Seen,
  contacts: readonly Contact[],
  sinceMs: number,
  options: CallOptions,
): Promise<string[]> {
  const gone: string[] = [];
  for (const { record, archivedAtMs } of archivedSince(seen, contacts, sinceMs)) {
    const key = `${record.id} ${archivedAtMs}`;
    if (!seen.archived.has(key) && (await isMerged(reader, record.id, options))) {
      seen.merged.add(record.id);
      continue;
    }
    seen.archived.add(key);
    gone.push(record.id);
  }
  return gone;
}

function page(part: Partial<Page> & { readonly end?: EnumerationEnd }): Page {
  return { records: [], deletedIds: [], dropped: [], total: null, end: null, ...part };
}
