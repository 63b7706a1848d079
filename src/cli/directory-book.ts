/**
 * Agents, groups and organizations of a pair: read from Udesk slowly, kept in our database, and asked for one by one when
 * a customer names somebody who is not known yet. A large directory must not use up the quota of the synchronisation.
 */
import { isNamed, type PairConfig } from '../config/schema.ts';
import { isSyncError, SyncError, toError } from '../errors.ts';
import type { Logger } from '../lib/log.ts';
import {
  type DirectoryKind,
  directoryReadAt,
  type KnownEntry,
  loadDirectory,
  saveDirectory,
  waitingNames,
} from '../store/directory.ts';
import type { Db } from '../store/tx.ts';
import { allPages, type DecodedPage } from '../udesk/calls.ts';
import type { DirectoryEntry } from '../udesk/directory.ts';
import type { DirectoryCalls } from '../udesk/directory-client.ts';
import { bookOf, type Directory, KIND_OF, type NameBooks } from '../udesk/named-side.ts';

/** Between two readings of a list, and while a name of the CRM waits for somebody to be there. */
const FRESH_MS = 3_600_000;
const WAITING_FRESH_MS = 300_000;
/** A reading of many pages is repeated more rarely: at most a sixth of 60 calls a minute goes into it. */
const PER_CALL_MS = 6_000;
/** Until what other processes stored (an accepted name, a reading) is seen. */
const RELOAD_MS = 60_000;
const AGAIN_MS = 60_000;
const PAGE_SIZE = 100;
/** Ids asked for one by one within a minute. */
const POINTS_PER_MINUTE = 20;

export interface DirectoryBookOptions {
  readonly pair: Pick<PairConfig, 'name' | 'fields'>;
  /** In the background of the quota. */
  readonly lists: Pick<DirectoryCalls, 'agents' | 'userGroups' | 'organizations'>;
  readonly points: Pick<DirectoryCalls, 'getAgent' | 'getOrganization'>;
  readonly db: Db;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

export interface DirectoryBook extends Directory {
  /** Ends a reading that is under way. */
  close(): void;
}

/** Names of the fields that travel by name. */
export function namedFields(pair: Pick<PairConfig, 'fields'>): string[] {
  return pair.fields.filter(isNamed).map(({ udesk }) => udesk);
}

export function kindsOf(pair: Pick<PairConfig, 'fields'>): DirectoryKind[] {
  return namedFields(pair).flatMap((field) => KIND_OF[field] ?? []);
}

export function createDirectoryBook(options: DirectoryBookOptions): DirectoryBook {
  const { pair, db, log, clock } = options;
  const kinds = kindsOf(pair);
  const stop = new AbortController();
  const readAt = new Map<DirectoryKind, number>();
  const calls = new Map<DirectoryKind, number>();
  const failed = new Map<DirectoryKind, { readonly error: unknown; readonly retryAt: number }>();
  const reading = new Map<DirectoryKind, Promise<void>>();
  /** Ids that Udesk did not know when asked, and until when they are not asked for again. */
  const unknown = new Map<string, number>();
  let asked: number[] = [];
  let books: NameBooks = {};
  let loadedAt: number | null = null;
  let loading: Promise<void> | null = null;
  let waiting = false;

  async function load(): Promise<void> {
    const entries = await loadDirectory(db, pair.name, kinds);
    books = Object.fromEntries(
      kinds.map((kind) => [
        kind,
        bookOf(
          kind,
          entries.filter((entry) => entry.kind === kind),
        ),
      ]),
    );
    for (const kind of kinds) {
      const at = await directoryReadAt(db, pair.name, kind);
      if (at !== null) readAt.set(kind, Math.max(at, readAt.get(kind) ?? 0));
    }
    waiting = (await waitingNames(db, pair.name, namedFields(pair), 1)).length > 0;
    loadedAt = clock();
  }

  function isDue(kind: DirectoryKind): boolean {
    const now = clock();
    if (now < (failed.get(kind)?.retryAt ?? 0)) return false;
    const fresh = Math.max(waiting ? WAITING_FRESH_MS : FRESH_MS, (calls.get(kind) ?? 1) * PER_CALL_MS);
    return now >= (readAt.get(kind) ?? Number.NEGATIVE_INFINITY) + fresh;
  }

  async function read(kind: DirectoryKind): Promise<void> {
    const at = clock();
    try {
      calls.set(kind, await readDirectory({ ...options, at: new Date(at) }, kind, stop.signal));
      readAt.set(kind, at);
      failed.delete(kind);
      await load();
    } catch (error) {
      failed.set(kind, { error, retryAt: clock() + AGAIN_MS });
      throw error;
    }
  }

  const readOnce = (kind: DirectoryKind): Promise<void> => {
    const under = reading.get(kind);
    if (under !== undefined) return under;
    const started = read(kind).finally(() => reading.delete(kind));
    reading.set(kind, started);
    return started;
  };

  const tell = (kind: DirectoryKind) => (thrown: unknown) => {
    if (stop.signal.aborted) return;
    const error = toError(thrown);
    log.warn(
      {
        pair: pair.name,
        side: 'udesk',
        kind: isSyncError(error) ? error.kind : 'unexpected',
        directory: kind,
      },
      'the directory of Udesk could not be read; the names of before are used',
    );
  };

  /** The first time a process waits for what is old; later readings go on beside the work. */
  async function refresh(first: boolean): Promise<void> {
    for (const kind of kinds.filter(isDue)) {
      const known = readAt.has(kind);
      if (!first && known) void readOnce(kind).catch(tell(kind));
      else if (known) await readOnce(kind).catch(tell(kind));
      else await readOnce(kind);
    }
  }

  return {
    async current(signal) {
      signal?.throwIfAborted();
      const first = loadedAt === null;
      if (loadedAt === null || clock() >= loadedAt + RELOAD_MS) {
        loading ??= load()
          .then(() => refresh(first))
          .finally(() => {
            loading = null;
          });
        await orAborted(loading, signal);
      }
      // Without a list every name would look unknown: nothing goes on before it was read once.
      for (const kind of kinds.filter((one) => !readAt.has(one))) {
        const before = failed.get(kind);
        if (before !== undefined && !isDue(kind)) throw before.error;
        await orAborted(readOnce(kind), signal);
      }
      return books;
    },
    async learn(kind, ids, signal) {
      const now = clock();
      asked = asked.filter((at) => at > now - 60_000);
      const wanted = ids
        .filter((id) => now >= (unknown.get(`${kind} ${id}`) ?? Number.NEGATIVE_INFINITY))
        .slice(0, Math.max(0, POINTS_PER_MINUTE - asked.length));
      if (wanted.length === 0) return;
      if (kind === 'group') {
        // There is no call for one group; the list is short.
        asked.push(now);
        for (const id of wanted) unknown.set(`${kind} ${id}`, now + FRESH_MS);
        await readOnce(kind).catch(tell(kind));
        return;
      }
      const { getAgent, getOrganization } = options.points;
      const found: DirectoryEntry[] = [];
      for (const id of wanted) {
        asked.push(now);
        unknown.set(`${kind} ${id}`, now + FRESH_MS);
        try {
          const entry = await (kind === 'agent'
            ? getAgent('id', id, signal)
            : getOrganization('id', id, signal));
          if (entry !== null && entry.id === id) found.push(entry);
        } catch (error) {
          signal?.throwIfAborted();
          tell(kind)(error);
        }
      }
      if (found.length === 0) return;
      await saveDirectory(
        db,
        pair.name,
        kind,
        { entries: found.map(seenEntry), complete: false },
        new Date(now),
      );
      await load();
    },
    close: () => stop.abort(new SyncError('transient', 'the pair is being closed')),
  };
}

/** The work goes on when its waiter leaves. */
async function orAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = () => reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', leave);
    work.catch(() => {}); // told to whoever waits, or to the next who asks
  }
}

/**
 * Reads one list whole and stores it.
 * @returns how many calls that took
 */
export async function readDirectory(
  { pair, lists, db, at }: Pick<DirectoryBookOptions, 'pair' | 'lists' | 'db'> & { readonly at: Date },
  kind: DirectoryKind,
  signal?: AbortSignal,
): Promise<number> {
  let pages = 0;
  let total: number | null = null;
  const { items, dropped, complete } = await allPages(async (page) => {
    const found = await pageOf(lists, kind, page, signal);
    pages += 1;
    total = found.total ?? total;
    return found;
  });
  const ids = new Set(items.map(({ id }) => id));
  // A page may have moved while it was read: whoever is missing then may be there.
  const whole = complete && dropped.length === 0 && (total === null || ids.size >= total);
  await saveDirectory(db, pair.name, kind, { entries: items.map(seenEntry), complete: whole }, at);
  return pages;
}

async function pageOf(
  lists: DirectoryBookOptions['lists'],
  kind: DirectoryKind,
  page: number,
  signal: AbortSignal | undefined,
): Promise<DecodedPage<DirectoryEntry>> {
  const query = { page, pageSize: PAGE_SIZE };
  switch (kind) {
    case 'agent':
      return await lists.agents({ ...query, withDisabled: true }, signal);
    case 'group':
      return await lists.userGroups(query, signal);
    case 'organization':
      return await lists.organizations(query, signal);
  }
}

function seenEntry({ kind, id, name, email, data }: DirectoryEntry) {
  const today = (kind === 'agent' ? email : name)?.trim() ?? '';
  return { id, name, email, today: today === '' ? null : today, data };
}

/** Names that need a person: shared by several, or changed in Udesk since they were accepted. Pure. */
export interface DirectoryTrouble {
  readonly shared: readonly { readonly kind: DirectoryKind; readonly ids: readonly string[] }[];
  readonly renamed: readonly KnownEntry[];
  readonly nameless: readonly KnownEntry[];
}

export function troubleOf(entries: readonly KnownEntry[]): DirectoryTrouble {
  const here = entries.filter(({ gone }) => !gone);
  const shared = (['agent', 'group', 'organization'] as const).flatMap((kind) => {
    const mine = here.filter((entry) => entry.kind === kind);
    const book = bookOf(kind, mine);
    const groups = new Map<string, string[]>();
    for (const { id, word } of mine) {
      if (word === null || !book.isShared(word)) continue;
      const key = kind === 'agent' ? word.toLowerCase() : word;
      groups.set(key, [...(groups.get(key) ?? []), id]);
    }
    return [...groups.values()].map((ids) => ({ kind, ids }));
  });
  return {
    shared,
    renamed: here.filter(({ word, today }) => word !== null && today !== null && word !== today),
    nameless: here.filter(({ word }) => word === null),
  };
}
