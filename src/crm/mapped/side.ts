/**
 * A side with the fields of the mapping beside its own: whatever the adapter is, several fields are shown as one, and a
 * place inside a document as a field. Everything behind the port sees the pair's fields alone.
 */
import type { FieldWrite, Manifest, Patch, SideName, SideRecord } from '../../core/record.ts';
import type { FieldSpec } from '../../core/spec.ts';
import { ABSENT, type Value } from '../../core/value.ts';
import { isSyncError, SyncError } from '../../errors.ts';
import type { Page, Side } from '../adapter.ts';
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
      return { ...report, fields: withPlaces(report.fields, places) };
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
    lookup: async (kind, value, call) => (await side.lookup(kind, value, call)).map(shown),
    create: (request, call) =>
      about(async () => shown(await side.create({ ...request, patch: sent(request.patch, {}) }, call))),
    update: (request, call) =>
      about(async () => {
        const patch = sent(request.patch, request.current.fields);
        if (Object.keys(patch).length > 0 || request.externalId !== undefined) {
          return shown(await side.update({ ...request, patch, current: own(request.current) }, call));
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
    fields: withPlaces(manifest.fields, places),
    readOnlyFields: [...manifest.readOnlyFields, ...readOnly.map(({ field }) => field)],
  };
}

/** Those of which everything is there that they are made of. */
function withPlaces(fields: readonly string[] | null, places: readonly Place[]): readonly string[] | null {
  if (fields === null) return null;
  const there = places.filter(({ uses }) => uses.every((part) => fields.includes(part)));
  return [...fields, ...there.map(({ field }) => field)];
}

function renamedAll(fields: readonly string[], places: readonly Place[]): string[] {
  const made = places.filter(({ uses }) => uses.some((part) => fields.includes(part)));
  return [...fields, ...made.map(({ field }) => field)];
}
