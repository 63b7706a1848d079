/** From a partner as Odoo shows it to a record of the port. Pure. */
import type { LastEdit, SideRecord } from '../../core/record.ts';
import type { Element, Value } from '../../core/value.ts';
import type { DroppedElement } from '../adapter.ts';
import type { Held } from '../set-edit.ts';
import { isObject } from './dialect.ts';
import type { Place, SlotsPlace, WordPlace } from './places.ts';
import { parseOdooTime } from './times.ts';

export type Raw = Readonly<Record<string, unknown>>;

/** What the records that partners refer to are called, by place and id. One that cannot be seen is missing. */
export type Words = ReadonlyMap<string, ReadonlyMap<number, string>>;

export type Decoded =
  | { readonly kind: 'live'; readonly record: SideRecord }
  | { readonly kind: 'archived'; readonly id: string }
  | { readonly kind: 'dropped'; readonly dropped: DroppedElement };

export interface DecodeContext {
  readonly places: readonly Place[];
  readonly words: Words;
  /** By the id of the partner. */
  readonly markers: ReadonlyMap<number, string>;
  readonly archivedIsDeleted: boolean;
  /** Our user; null where Odoo does not say: then no edit is told apart from ours, and no author is told. */
  readonly uid: number | null;
}

/** Empty is `false` in Odoo, whatever the type; the empty text is another value. */
export function decode(context: DecodeContext, raw: unknown): Decoded {
  const id = isObject(raw) ? idOf(raw.id) : null;
  if (!isObject(raw) || id === null) return dropped(null, raw, 'it has no id');
  if (context.archivedIsDeleted && raw.active === false) return { kind: 'archived', id: String(id) };
  const fields: Record<string, Value> = {};
  for (const place of context.places) {
    const value = fieldValue(place, raw, context.words);
    if (value === 'unreadable')
      return dropped(String(id), raw, `"${place.field}" does not hold what Odoo says of its type`);
    if (value !== undefined) fields[place.field] = value;
  }
  const changedAt = parseOdooTime(raw.write_date);
  const externalId = context.markers.get(id) ?? null;
  const updatedAt = changedAt === null ? null : new Date(changedAt).toISOString();
  // Odoo has nothing that an update could be refused by: no version.
  const lastEdit = lastEditOf(raw.write_uid, updatedAt, context.uid);
  return { kind: 'live', record: { id: String(id), fields, externalId, version: null, updatedAt, lastEdit } };
}

/** `write_uid` is a many2one: `[7, "Mitchell Admin"]`, and `false` for what was written without a user. */
function lastEditOf(writeUid: unknown, at: string | null, uid: number | null): LastEdit | null {
  const [first, name] = Array.isArray(writeUid) ? writeUid : [writeUid, null];
  const id = idOf(first);
  if (id === null || uid === null) return null;
  return { id: String(id), name: typeof name === 'string' && name !== '' ? name : null, at, own: id === uid };
}

/** Undefined: not told, because a record that it refers to cannot be seen. */
function fieldValue(place: Place, raw: Raw, words: Words): Value | undefined | 'unreadable' {
  if (place.kind === 'slots') {
    if (place.slots.some((slot) => raw[slot] === undefined)) return undefined;
    // Anything else would be read as empty, and carried as such.
    if (place.slots.some((slot) => (raw[slot] ?? false) !== false && typeof raw[slot] !== 'string'))
      return 'unreadable';
    return heldInSlots(place, raw).flatMap(({ id, value }): Element[] =>
      value === null ? [] : [{ id, value }],
    );
  }
  const value = raw[place.odoo];
  if (value === undefined) return undefined;
  if (place.kind === 'boolean') return typeof value === 'boolean' ? value : 'unreadable';
  if (place.kind === 'tags') {
    const held = heldTags(place, raw, words);
    if (held === 'unreadable') return held;
    return held.some((tag) => tag.value === null)
      ? undefined
      : held.flatMap(({ value: text }): Element[] => (text === null ? [] : [{ id: null, value: text }]));
  }
  if (value === false) return null;
  if (place.kind === 'reference') {
    const id = idOf(Array.isArray(value) ? value[0] : value);
    return id === null ? 'unreadable' : words.get(place.field)?.get(id);
  }
  if (place.kind === 'number') return typeof value === 'number' ? String(value) : 'unreadable';
  return typeof value === 'string' ? value : 'unreadable';
}

/** The places of a set in their own order, room included: what an edit of the set works on. */
export function heldInSlots({ slots }: SlotsPlace, raw: Raw): Held[] {
  return slots.map((slot) => {
    const value = raw[slot];
    return { id: slot, value: typeof value === 'string' && value !== '' ? value : null };
  });
}

/** A tag that cannot be seen has no value. */
export function heldTags(
  place: WordPlace,
  raw: Raw,
  words: Words,
): readonly (Held & { readonly tagId: number })[] | 'unreadable' {
  const ids = relatedIds(place, raw);
  if (ids === null) return 'unreadable';
  return ids.map((tagId) => ({ id: null, value: words.get(place.field)?.get(tagId) ?? null, tagId }));
}

/** The records that a partner refers to in this field; null where it holds something else. */
export function relatedIds(place: WordPlace, raw: Raw): number[] | null {
  const value = raw[place.odoo];
  if (value === false || value === undefined) return [];
  const list = place.kind === 'tags' ? value : [Array.isArray(value) ? value[0] : value];
  if (!Array.isArray(list)) return null;
  const ids = list.map(idOf);
  return ids.every((id) => id !== null) ? ids : null;
}

function idOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

function dropped(id: string | null, raw: unknown, reason: string): Decoded {
  return { kind: 'dropped', dropped: { id, reason, sample: sampleOf(raw) } };
}

/** Keys and types only: a value may be a customer's. */
function sampleOf(raw: unknown): string {
  if (!isObject(raw)) return typeof raw;
  const keys = Object.entries(raw).slice(0, 30);
  return `{ ${keys.map(([key, value]) => `${key}: ${Array.isArray(value) ? 'list' : typeof value}`).join(', ')} }`;
}
