/**
 * Udesk with its references in the words of the mapping: the owner's e-mail, the names of group and organization. Udesk
 * stores ids, so a record also keeps the id as it came (`owner_id`), for reports and for what is sent back.
 */
import { createNameBook, type NameBook, type NamedEntry, nameTrouble } from '../core/names.ts';
import type { FieldWrite, Patch, SideRecord } from '../core/record.ts';
import { isBlank, isSet, type Value } from '../core/value.ts';
import type { Page, Side } from '../crm/adapter.ts';
import { SyncError } from '../errors.ts';
import { translatedBatch } from './batch-create.ts';
import type { DirectoryEntry } from './directory.ts';

export const KIND_OF: Readonly<Record<string, DirectoryEntry['kind']>> = {
  owner: 'agent',
  owner_group: 'group',
  organization: 'organization',
};

export type NameBooks = Readonly<Partial<Record<DirectoryEntry['kind'], NameBook>>>;

/** Where the names come from, kept fresh. */
export interface Directory {
  /** @throws SyncError when Udesk does not tell and nothing is known from before */
  current(signal?: AbortSignal): Promise<NameBooks>;
  /** Ids that are not known: asked for one by one, as far as that is not too many. Resolves when there is an answer. */
  learn(kind: DirectoryEntry['kind'], ids: readonly string[], signal?: AbortSignal): Promise<void>;
}

export function bookOf(kind: DirectoryEntry['kind'], entries: readonly NamedEntry[]): NameBook {
  return createNameBook(entries, kind === 'agent' ? 'email' : 'text');
}

/** The id beside the name, as Udesk calls it. */
const idField = (field: string) => `${field}_id`;

/** @param fields mapped by name: owner, owner_group, organization */
export function named(side: Side, directory: Directory, fields: readonly string[]): Side {
  const bookFor = (books: NameBooks, field: string): NameBook | undefined => {
    const kind = KIND_OF[field];
    return kind === undefined ? undefined : books[kind];
  };

  async function booksFor(records: readonly SideRecord[], signal?: AbortSignal): Promise<NameBooks> {
    const books = await directory.current(signal);
    let asked = false;
    for (const field of fields) {
      const kind = KIND_OF[field];
      const unknown = new Set<string>();
      for (const record of records) {
        const id = record.fields[field];
        if (typeof id === 'string' && id !== '' && bookFor(books, field)?.entry(id) === undefined)
          unknown.add(id);
      }
      if (kind === undefined || unknown.size === 0) continue;
      await directory.learn(kind, [...unknown], signal);
      asked = true;
    }
    return asked ? await directory.current(signal) : books;
  }

  const shown = (record: SideRecord, books: NameBooks): SideRecord => {
    const values: Record<string, Value> = { ...record.fields };
    for (const field of fields) {
      const id = values[field];
      if (id === undefined) continue;
      values[idField(field)] = id;
      const word = wordOf(id, bookFor(books, field));
      // Without a name it is NOT-RETURNED: nothing on the other side may follow from it.
      if (word === undefined) delete values[field];
      else values[field] = word;
    }
    return { ...record, fields: values };
  };
  const pageOf = async (page: Page, signal?: AbortSignal): Promise<Page> => {
    const books = await booksFor(page.records, signal);
    return { ...page, records: page.records.map((record) => shown(record, books)) };
  };
  const shownPage =
    (read: NonNullable<Side['page']>): NonNullable<Side['page']> =>
    async (page, call) =>
      await pageOf(await read(page, call), call?.signal);
  const showOne = async (record: SideRecord, signal?: AbortSignal) =>
    shown(record, await booksFor([record], signal));

  const sent = (patch: Patch, books: NameBooks, current: SideRecord | null): Patch =>
    Object.fromEntries(
      Object.entries(patch).map(([field, write]): [string, FieldWrite] => {
        if (!fields.includes(field)) return [field, write];
        const before = current?.fields[idField(field)] ?? write.before;
        return [field, { ...write, before, after: idOf(field, write.after, bookFor(books, field)) }];
      }),
    );
  const asHeld = (record: SideRecord): SideRecord => {
    const values: Record<string, Value> = { ...record.fields };
    for (const field of fields) {
      const id = values[idField(field)];
      if (id === undefined) continue;
      values[field] = id;
      delete values[idField(field)];
    }
    return { ...record, fields: values };
  };

  return {
    ...side,
    ...translatedBatch(side, async (request, signal) => ({
      ...request,
      patch: sent(request.patch, await directory.current(signal), null),
    })),
    async names(call) {
      const books = await directory.current(call?.signal);
      return Object.fromEntries(
        fields.flatMap((field) => {
          const book = bookFor(books, field);
          return book === undefined ? [] : [[field, book] as const];
        }),
      );
    },
    async *enumerate(call) {
      for await (const page of side.enumerate(call)) yield await pageOf(page, call?.signal);
    },
    ...(side.page === undefined ? {} : { page: shownPage(side.page) }),
    async read(id, call) {
      const record = await side.read(id, call);
      return record === null ? null : await showOne(record, call?.signal);
    },
    async lookup(kind, value, call) {
      const records = await side.lookup(kind, value, call);
      const books = await booksFor(records, call?.signal);
      return records.map((record) => shown(record, books));
    },
    async create(request, call) {
      const books = await directory.current(call?.signal);
      const created = await side.create({ ...request, patch: sent(request.patch, books, null) }, call);
      return shown(created, books);
    },
    async update(request, call) {
      const books = await directory.current(call?.signal);
      const patch = sent(request.patch, books, request.current);
      return shown(await side.update({ ...request, patch, current: asHeld(request.current) }, call), books);
    },
  };
}

/** Undefined: it has no name that is known. */
function wordOf(id: Value, book: NameBook | undefined): Value | undefined {
  if (isBlank(id) || isSet(id) || typeof id !== 'string') return null;
  return book?.entry(id)?.word ?? undefined;
}

function idOf(field: string, word: Value, book: NameBook | undefined): Value {
  if (isBlank(word)) return null;
  const found = book?.find(isSet(word) ? '' : String(word)) ?? { kind: 'unknown' };
  const trouble = nameTrouble(found);
  if (trouble === null && found.kind === 'one') return found.id;
  throw new SyncError('rejected', `${field} ${trouble}`, {
    side: 'udesk',
    field,
    code: 'reference',
    advice: 'Correct the value in the CRM, or the names in Udesk.',
  });
}
