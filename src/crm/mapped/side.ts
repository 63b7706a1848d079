/**
 * A side with the fields of the mapping beside its own: whatever the adapter is, several fields are shown as one, and a
 * place inside a document as a field. Everything behind the port sees the pair's fields alone.
 */
import type { FieldWrite, Manifest, Patch, SideName, SideRecord } from '../../core/record.ts';
import type { FieldSpec } from '../../core/spec.ts';
import { ABSENT, type Value } from '../../core/value.ts';
import { isSyncError, SyncError } from '../../errors.ts';
import type { Page, Side } from '../adapter.ts';
import { tellsAll, withPlaces } from './history.ts';
import { type Place, placesOf } from './places.ts';

export function mapped(side: Side, name: SideName, specs: readonly FieldSpec[]): Side {
  const places = placesOf(specs, name);
  if (places.length === 0) return side;
  const byField = new Map(places.map((place) => [place.field, place]));

  const shown = (record: SideRecord): SideRecord => {
    const fields: Record<string, Value> = { ...record.fields };
    for (const place of places) {
      const value = place.read(record.fields);
      if (value !== undefined) fields[place.field] = value;
    }
    const reread = record.reread === undefined ? {} : { reread: renamedAll(record.reread, places) };
    return { ...record, fields, ...reread };
  };
  const own = (record: SideRecord): SideRecord => ({
    ...record,
    fields: Object.fromEntries(Object.entries(record.fields).filter(([field]) => !byField.has(field))),
  });
  const pageOf = (page: Page): Page => ({ ...page, records: page.records.map(shown) });

  const shownPage =
    (read: NonNullable<Side['page']>): NonNullable<Side['page']> =>
    async (page, call) =>
      pageOf(await read(page, call));

  /** With the places in what its records of changes say, from what they say of the parts. */
  const shownHistory =
    (history: NonNullable<Side['history']>): NonNullable<Side['history']> =>
    async (id, page, call) => {
      const told = await history(id, page, call);
      const isWhole = page === 1 && tellsAll(told.items, places);
      const now = page > 1 || isWhole ? null : await side.read(id, call);
      return { ...told, items: withPlaces(told.items, places, now?.fields ?? {}) };
    };

  /** The patch in the side's own fields. Two places of one document make one write of it. */
  const sent = (patch: Patch, now: Readonly<Record<string, Value>>): Patch => {
    const plain = Object.entries(patch).filter(([field]) => !byField.has(field));
    const after: Record<string, Value> = {};
    const wanted = new Map<string, string>();
    for (const [field, write] of Object.entries(patch)) {
      const place = byField.get(field);
      if (place === undefined) continue;
      for (const [part, value] of Object.entries(place.write(write.after, { ...now, ...after }))) {
        after[part] = value;
        wanted.set(part, write.field);
      }
    }
    const made = Object.entries(after)
      .filter(([part, value]) => now[part] !== value)
      .map(([part, value]): [string, FieldWrite] => [
        part,
        { field: wanted.get(part) ?? part, before: now[part] ?? ABSENT, after: value, ops: null },
      ]);
    return Object.fromEntries([...plain, ...made]);
  };

  /** P2: the parts of a value of which only others are written. An edit of one is an edit of the value. */
  const notWritten = (
    asked: Patch,
    patch: Patch,
    now: Readonly<Record<string, Value>>,
  ): SideRecord['fields'] => {
    const uses = places.filter(({ field }) => asked[field] !== undefined).flatMap((place) => place.uses);
    return Object.fromEntries(
      uses.flatMap((part): [string, Value][] => {
        const value = now[part];
        return patch[part] !== undefined || value === undefined ? [] : [[part, value]];
      }),
    );
  };

  /** An error that names a field names the pair's. */
  async function about<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const field = isSyncError(error) ? error.details.field : undefined;
      const place = places.find(({ uses }) => field !== undefined && uses.includes(field));
      if (!isSyncError(error) || place === undefined) throw error;
      throw new SyncError(error.kind, error.message, { ...error.details, field: place.field });
    }
  }

  return {
    ...side,
    manifest: { ...side.manifest, ...manifestOf(side.manifest, places) },
    async check(call) {
      const report = await side.check(call);
      return { ...report, fields: namesOf(report.fields, places) };
    },
    async *enumerate(call) {
      for await (const page of side.enumerate(call)) yield pageOf(page);
    },
    ...(side.page === undefined ? {} : { page: shownPage(side.page) }),
    async *changes(cursor, call) {
      for await (const page of side.changes(cursor, call)) yield pageOf(page);
    },
    async read(id, call) {
      const record = await side.read(id, call);
      return record === null ? null : shown(record);
    },
    ...(side.history === undefined ? {} : { history: shownHistory(side.history) }),
    lookup: async (kind, value, call) => (await side.lookup(kind, value, call)).map(shown),
    create: (request, call) =>
      about(async () => shown(await side.create({ ...request, patch: sent(request.patch, {}) }, call))),
    update: (request, call) =>
      about(async () => {
        const patch = sent(request.patch, request.current.fields);
        if (Object.keys(patch).length > 0 || request.externalId !== undefined) {
          const beside = notWritten(request.patch, patch, request.current.fields);
          const current = own(request.current);
          const updated = await side.update({ ...request, patch, current, beside }, call);
          return side.manifest.compareAndSet ? shown(updated) : shown(asRead(updated, beside));
        }
        // The parts hold it already.
        const record = await side.read(request.id, call);
        if (record !== null) return shown(record);
        throw new SyncError('stale', 'the record is no longer there', { side: name, record: request.id });
      }),
    delete: (id, call) =>
      side.delete(id, call?.current === undefined ? call : { ...call, current: own(call.current) }),
  };
}

function manifestOf(
  manifest: Manifest,
  places: readonly Place[],
): Pick<Manifest, 'fields' | 'readOnlyFields'> {
  const readOnly = places.filter(({ uses }) => uses.some((part) => manifest.readOnlyFields.includes(part)));
  return {
    fields: namesOf(manifest.fields, places),
    readOnlyFields: [...manifest.readOnlyFields, ...readOnly.map(({ field }) => field)],
  };
}

/** Those of which everything is there that they are made of. */
function namesOf(fields: readonly string[] | null, places: readonly Place[]): readonly string[] | null {
  if (fields === null) return null;
  const there = places.filter(({ uses }) => uses.every((part) => fields.includes(part)));
  return [...fields, ...there.map(({ field }) => field)];
}

/**
 * What nobody wrote, and holds something else than when the side compared it, is no answer of the write: somebody edited it
 * since. As long as it is the same, the value is what the side made of what was sent (sync design §3).
 */
function asRead(record: SideRecord, beside: SideRecord['fields']): SideRecord {
  const moved = Object.keys(beside).filter((part) => record.fields[part] !== beside[part]);
  return moved.length === 0 ? record : { ...record, reread: [...(record.reread ?? []), ...moved] };
}

function renamedAll(fields: readonly string[], places: readonly Place[]): string[] {
  const made = places.filter(({ uses }) => uses.some((part) => fields.includes(part)));
  return [...fields, ...made.map(({ field }) => field)];
}
