/** The memory adapter with one mistake each, of the kind that people make: the suite must notice every one of them. */
import type { SideRecord } from '../../src/core/record.ts';
import { isSet, type Value } from '../../src/core/value.ts';
import type { EnumerationEnd, Page, Side } from '../../src/crm/adapter.ts';
import { isSyncError, SyncError } from '../../src/errors.ts';

export interface BrokenAdapter {
  readonly mistake: string;
  breaks(side: Side): Partial<Side>;
  /** Part of the name of a test that must fail. */
  readonly caughtBy: RegExp;
}

type Pages = (pages: AsyncIterable<Page>) => AsyncIterable<Page>;

/** The same change of every page, whichever way it is asked for. */
function paged(change: (page: Page, at: number) => Page): Pages {
  return async function* (pages) {
    let at = 0;
    for await (const page of pages) yield change(page, at++);
  };
}

const inLists = (side: Side, change: Pages): Partial<Side> => ({
  enumerate: (options) => change(side.enumerate(options)),
  changes: (cursor, options) => change(side.changes(cursor, options)),
});

/** What every way of reading shows. */
function shown(side: Side, change: (record: SideRecord) => SideRecord): Partial<Side> {
  return {
    ...inLists(
      side,
      paged((page) => ({ ...page, records: page.records.map(change) })),
    ),
    read: async (id, options) => {
      const record = await side.read(id, options);
      return record === null ? null : change(record);
    },
    lookup: async (...args) => (await side.lookup(...args)).map(change),
    create: async (...args) => change(await side.create(...args)),
    update: async (...args) => change(await side.update(...args)),
  };
}

/** What is sent of a text. */
const texts =
  (change: (text: string) => Value) =>
  (side: Side): Partial<Side> => {
    const sent = <T extends { readonly patch: Parameters<Side['create']>[0]['patch'] }>(request: T): T => ({
      ...request,
      patch: Object.fromEntries(
        Object.entries(request.patch).map(([field, write]) => [
          field,
          typeof write.after === 'string' ? { ...write, after: change(write.after) } : write,
        ]),
      ),
    });
    return {
      create: (request, options) => side.create(sent(request), options),
      update: (request, options) => side.update(sent(request), options),
    };
  };

const note = (record: SideRecord, value: (note: Value) => Value): SideRecord =>
  record.fields.note === undefined
    ? record
    : { ...record, fields: { ...record.fields, note: value(record.fields.note) } };

/** Errors as another kind. */
function asKind(from: string, to: ConstructorParameters<typeof SyncError>[0]) {
  return (side: Side): Partial<Side> => {
    const turn = async <T>(work: Promise<T>): Promise<T> => {
      try {
        return await work;
      } catch (error) {
        if (isSyncError(error) && error.kind === from) throw new SyncError(to, error.message, error.details);
        throw error;
      }
    };
    return {
      read: (id, options) => turn(side.read(id, options)),
      create: (request, options) => turn(side.create(request, options)),
      update: (request, options) => turn(side.update(request, options)),
      delete: (id, options) => turn(side.delete(id, options)),
    };
  };
}

const freshly = async (side: Side, id: string, otherwise: SideRecord): Promise<SideRecord> =>
  (await side.read(id)) ?? otherwise;

const somebody = ({ lastEdit }: SideRecord) =>
  lastEdit == null ? null : { ...lastEdit, id: 'person', name: 'a person', own: false };

export const BROKEN: readonly BrokenAdapter[] = [
  {
    mistake: 'loses the last row of a page',
    breaks: (side) =>
      inLists(
        side,
        paged((page) => ({ ...page, records: page.records.slice(0, 99) })),
      ),
    caughtBy: /2,500 rows is complete/,
  },
  {
    mistake: 'shows the first row of a page twice',
    breaks: (side) =>
      inLists(
        side,
        paged((page) => ({ ...page, records: [...page.records.slice(0, 1), ...page.records] })),
      ),
    caughtBy: /without a double/,
  },
  {
    mistake: 'certifies a list whose pages moved under it',
    breaks: (side) => ({
      async *enumerate() {
        const size = 100;
        let end: EnumerationEnd | null = null;
        for (let offset = 0; end === null; offset += size) {
          const all: SideRecord[] = [];
          for await (const page of side.enumerate()) all.push(...page.records);
          if (offset + size >= all.length)
            end = { certified: true, reason: null, cursor: String(Date.now()) };
          const records = all.slice(offset, offset + size);
          yield { records, deletedIds: [], dropped: [], total: all.length, end };
        }
      },
    }),
    caughtBy: /P7: an insert and a delete during a certified enumeration/,
  },
  {
    mistake: 'never certifies anything',
    breaks: (side) =>
      inLists(
        side,
        paged((page) => ({ ...page, end: page.end && { ...page.end, certified: false, reason: 'no' } })),
      ),
    caughtBy: /certified as empty/,
  },
  {
    mistake: 'forgets the overlap, and with it commits that come late',
    breaks: (side) => ({
      changes: (cursor, options) => side.changes(String(Number(cursor) + 60_000), options),
    }),
    caughtBy: /committed after it is not lost/,
  },
  {
    mistake: 'takes any text for a cursor',
    breaks: (side) => ({
      changes: (cursor, options) => side.changes(/^\d+$/.test(cursor) ? cursor : '0', options),
    }),
    caughtBy: /cursor-expired/,
  },
  {
    mistake: 'shows nothing of deletions that it declares as visible',
    breaks: (side) =>
      inLists(
        side,
        paged((page) => ({ ...page, deletedIds: [] })),
      ),
    caughtBy: /shown where deletes are visible/,
  },
  {
    mistake: 'shows a hidden record as deleted',
    breaks: (side) => {
      const known = new Set<string>();
      return inLists(side, async function* (pages) {
        const now = new Set<string>();
        for await (const page of pages) {
          for (const { id } of page.records) now.add(id);
          const gone = page.end === null ? [] : [...known].filter((id) => !now.has(id));
          for (const id of now) known.add(id);
          yield { ...page, deletedIds: [...page.deletedIds, ...gone] };
        }
      });
    },
    caughtBy: /out of sight is not there, and is not shown as deleted/,
  },
  {
    mistake: 'writes whatever the record holds by now',
    breaks: (side) => ({
      async update({ patch, ...request }, options) {
        const current = await freshly(side, request.id, request.current);
        const moved = Object.entries(patch).map(([field, write]) => {
          const before = current.fields[field] ?? null;
          return [field, { ...write, before, ops: isSet(before) ? null : write.ops }] as const;
        });
        return side.update({ ...request, current, patch: Object.fromEntries(moved) }, options);
      },
    }),
    caughtBy: /planned on a value that moved is refused as stale/,
  },
  {
    mistake: 'looks at the written fields alone',
    breaks: (side) => ({
      update: ({ beside: _, ...request }, options) => side.update(request, options),
    }),
    caughtBy: /beside a field that moved/,
  },
  {
    mistake: 'sends the whole record, as it was read, with the change in it',
    breaks: (side) => ({
      async update({ current, patch, ...request }, options) {
        const now = await freshly(side, request.id, current);
        const whole = Object.entries(current.fields).map(([field, after]) => {
          const before = now.fields[field] ?? null;
          return [field, patch[field] ?? { field, before, after, ops: null }] as const;
        });
        return side.update({ ...request, current, patch: Object.fromEntries(whole) }, options);
      },
    }),
    caughtBy: /leaves what a person did to the others/,
  },
  {
    mistake: 'deletes what was edited since it was looked at',
    breaks: (side) => ({ delete: (id) => side.delete(id) }),
    caughtBy: /edited since it was looked at is not deleted/,
  },
  {
    mistake: 'fails when it deletes what is gone',
    breaks: (side) => ({
      async delete(id, options) {
        if ((await side.read(id)) === null) throw new SyncError('rejected', 'there is no such record');
        await side.delete(id, options);
      },
    }),
    caughtBy: /deleting it again is done already/,
  },
  {
    mistake: 'makes null of the empty text',
    breaks: (side) => shown(side, (record) => note(record, (text) => (text === '' ? null : text))),
    caughtBy: /null and the empty text stay two values/,
  },
  {
    mistake: 'leaves a field out that is null',
    breaks: (side) =>
      shown(side, (record) => {
        const { note: text, ...fields } = record.fields;
        return text === null || text === undefined ? { ...record, fields } : record;
      }),
    caughtBy: /null and the empty text stay two values/,
  },
  {
    mistake: 'trims texts',
    breaks: texts((text) => text.trim()),
    caughtBy: /null, empty and text are written/,
  },
  {
    mistake: 'replaces characters beyond the basic plane',
    breaks: texts((text) => text.replace(/[\u{10000}-\u{10ffff}]/gu, '?')),
    caughtBy: /texts of every kind/,
  },
  {
    mistake: 'cuts what is too long',
    breaks: texts((text) => text.slice(0, 65_535)),
    caughtBy: /too long is refused by name/,
  },
  {
    mistake: 'answers with what was sent, and not with what is kept',
    breaks: (side) => ({
      create: async (request, options) =>
        note(await side.create(request, options), (text) => `${text ?? ''}!`),
    }),
    caughtBy: /a created record holds what was sent/,
  },
  {
    mistake: 'takes throttling for a passing failure',
    breaks: asKind('throttled', 'transient'),
    caughtBy: /throttled read is throttled/,
  },
  {
    mistake: 'takes a lost answer for a write that was not done',
    breaks: asKind('ambiguous', 'transient'),
    caughtBy: /lost after the commit is ambiguous/,
  },
  {
    mistake: 'takes a write that never left for one that may be done',
    breaks: asKind('transient', 'ambiguous'),
    caughtBy: /lost before the commit is transient/,
  },
  {
    mistake: 'finds people by the e-mail as it is written only',
    breaks: (side) => ({
      lookup: async (kind, value, options) =>
        (await side.lookup(kind, value, options)).filter(
          ({ fields }) => kind !== 'email' || JSON.stringify(fields.emails).includes(`"${value}"`),
        ),
    }),
    caughtBy: /found by e-mail in any case/,
  },
  {
    mistake: 'finds the first of several',
    breaks: (side) => ({ lookup: async (...args) => (await side.lookup(...args)).slice(0, 1) }),
    caughtBy: /every record that holds a key is found/,
  },
  {
    mistake: 'declares a search by the external id, and finds nobody by it',
    breaks: (side) => ({
      lookup: async (kind, ...rest) => (kind === 'token' ? [] : side.lookup(kind, ...rest)),
    }),
    caughtBy: /promises no more than is kept: lookups/,
  },
  {
    mistake: 'creates anew whatever the marker is',
    breaks: (side) => {
      let count = 0;
      return {
        create: async ({ patch, marker }, options) => {
          const made = await side.create({ patch, marker: `${marker}-${count++}` }, options);
          return { ...made, externalId: marker };
        },
      };
    },
    caughtBy: /sent twice with one marker makes one record/,
  },
  {
    mistake: 'declares ids of elements, and gives new ones at every edit',
    breaks: (side) => {
      let count = 0;
      return {
        update: async (request, options) => {
          const record = await side.update(request, options);
          const emails = record.fields.emails ?? null;
          if (!isSet(emails)) return record;
          const renewed = emails.map(({ value }) => ({ id: `n${count++}`, value }));
          return { ...record, fields: { ...record.fields, emails: renewed } };
        },
      };
    },
    caughtBy: /not touched keep their ids/,
  },
  {
    mistake: 'drops what a set has no room for',
    breaks: (side) => ({
      update: async (request, options) => {
        try {
          return await side.update(request, options);
        } catch (error) {
          if (!isSyncError(error, 'rejected')) throw error;
          return freshly(side, request.id, request.current);
        }
      },
    }),
    caughtBy: /without room refuses by name/,
  },
  {
    mistake: 'takes an update of nothing for done',
    breaks: (side) => ({
      update: async (request, options) =>
        Object.keys(request.patch).length === 0 && request.externalId === undefined
          ? request.current
          : side.update(request, options),
    }),
    caughtBy: /without a change is a mistake/,
  },
  {
    mistake: 'is another account at every look',
    breaks: (side) => {
      let looks = 0;
      return { check: async (options) => ({ ...(await side.check(options)), fingerprint: `f${looks++}` }) };
    },
    caughtBy: /keeps its fingerprint/,
  },
  {
    mistake: 'says that it deleted, and did not',
    breaks: () => ({ delete: async () => {} }),
    caughtBy: /a delete removes the record/,
  },
  {
    mistake: 'names the author of the edit before as that of a write of ours',
    breaks: (side) => shown(side, (record) => ({ ...record, lastEdit: somebody(record) })),
    caughtBy: /after a write of ours we are its author/,
  },
  {
    mistake: 'names its own login as the author of what a person did',
    breaks: (side) =>
      shown(side, (record) => ({
        ...record,
        lastEdit: { id: 'sync', name: null, at: record.updatedAt, own: true },
      })),
    caughtBy: /after the edit of a person that person is its author/,
  },
  {
    mistake: 'names authors in lists, and not where one record is read',
    breaks: (side) => ({
      read: async (...args) => {
        const record = await side.read(...args);
        return record === null ? null : { ...record, lastEdit: null };
      },
    }),
    caughtBy: /whichever way the record is read/,
  },
];
