/** From a record as the API shows it to a record of the port. Pure. */
import type { LastEdit, SideRecord } from '../../core/record.ts';
import type { Element, Scalar, Value } from '../../core/value.ts';
import type { DroppedElement } from '../adapter.ts';
import type { Held } from '../set-edit.ts';
import type { HttpConfig } from './config.ts';
import { isNumber, isObject, type JsonObject, textOf, valueAt } from './paths.ts';
import type { Place, ScalarPlace, SetPlace } from './places.ts';
import { parseTime } from './times.ts';

export type Decoded =
  | { readonly kind: 'live'; readonly record: SideRecord }
  | { readonly kind: 'deleted'; readonly id: string }
  | { readonly kind: 'dropped'; readonly dropped: DroppedElement };

export interface Shape {
  readonly config: HttpConfig;
  readonly places: readonly Place[];
}

export function decode(shape: Shape, raw: unknown): Decoded {
  const { config } = shape;
  const id = textOf(valueAt(raw, config.id));
  if (!isObject(raw) || id === null || id === '') return dropped(null, raw, `holds no id at "${config.id}"`);
  if (isDeleted(config, raw)) return { kind: 'deleted', id };
  const fields: Record<string, Value> = {};
  for (const place of shape.places) {
    const value = readPlace(place, raw, config.omitsEmpty);
    if (value === 'unreadable')
      return dropped(id, raw, `"${place.field}" does not hold what the config says (${place.kind})`);
    if (value !== undefined) fields[place.field] = value;
  }
  const { externalId, updatedAt, version } = config;
  const stamp = updatedAt === undefined ? null : textOf(valueAt(raw, updatedAt.path));
  const ms = stamp === null || updatedAt === undefined ? null : parseTime(stamp, updatedAt);
  return {
    kind: 'live',
    record: {
      id,
      fields,
      externalId: externalId === undefined ? null : textOf(valueAt(raw, externalId.path)) || null,
      version: version?.path === undefined ? null : textOf(valueAt(raw, version.path)),
      updatedAt: ms === null ? null : new Date(ms).toISOString(),
      lastEdit: lastEditOf(config, raw),
    },
  };
}

/** Null where the record names nobody: one that was never edited, or by no user. */
function lastEditOf({ author, updatedAt }: HttpConfig, raw: JsonObject): LastEdit | null {
  if (author === undefined) return null;
  const textAt = (path: string | undefined) =>
    path === undefined ? null : textOf(valueAt(raw, path)) || null;
  const [id, name] = [textAt(author.id), textAt(author.name)];
  if (id === null && name === null) return null;
  const time = author.at ?? updatedAt;
  const stamp = textAt(time?.path);
  const ms = time === undefined || stamp === null ? null : parseTime(stamp, time);
  const own =
    (author.ownId !== undefined && id === String(author.ownId)) ||
    (author.ownName !== undefined && name === author.ownName);
  return { id, name, at: ms === null ? null : new Date(ms).toISOString(), own };
}

function isDeleted({ deleted }: HttpConfig, raw: JsonObject): boolean {
  if (deleted === undefined) return false;
  const mark = valueAt(raw, deleted.path) ?? null;
  return deleted.equals.some((one) => (one === null ? mark === null : String(one) === textOf(mark)));
}

/** Undefined: the record does not tell this field. */
function readPlace(place: Place, raw: JsonObject, omitsEmpty: boolean): Value | undefined | 'unreadable' {
  if (place.kind === 'slots') {
    const told = place.slots.filter((slot) => valueAt(raw, slot) !== undefined);
    if (told.length < place.slots.length && !omitsEmpty) return undefined;
    return told.some((slot) => isNoText(valueAt(raw, slot))) ? 'unreadable' : elementsOf(place, raw);
  }
  const value = valueAt(raw, place.path);
  if (value === undefined) return omitsEmpty ? null : undefined;
  if (value === null) return null;
  if (place.kind === 'strings' || place.kind === 'objects') {
    const textIn = (item: unknown) =>
      place.kind === 'objects' && isObject(item) ? valueAt(item, place.value) : item;
    if (
      !Array.isArray(value) ||
      value.some((item) => isNoText(textIn(item)) || (place.kind === 'objects' && textOf(item) !== null))
    )
      return 'unreadable';
    return elementsOf(place, raw);
  }
  return readScalar(place, value);
}

/** An object or a list where a text belongs: read as empty, it would be carried as a removal. */
function isNoText(value: unknown): boolean {
  return value !== null && value !== undefined && textOf(value) === null;
}

function readScalar(place: ScalarPlace, value: unknown): Scalar | 'unreadable' {
  const text = textOf(value);
  if (text === null) return 'unreadable';
  switch (place.kind) {
    case 'text':
      return typeof value === 'boolean' ? value : transformed(place, text);
    case 'number':
      return isNumber(value) || text.trim() !== '' ? text.trim() : null;
    case 'boolean':
      if (text === '') return null;
      if (text === String(place.words.true)) return true;
      return text === String(place.words.false) ? false : 'unreadable';
    case 'date': {
      if (text.trim() === '') return null;
      const ms = parseTime(text, place.time);
      return ms === null ? 'unreadable' : new Date(ms).toISOString();
    }
  }
}

/** The places of a set in the API's own order, room included: what an edit of the set works on. */
export function heldOf(place: SetPlace, raw: unknown): Held[] {
  if (place.kind === 'slots') {
    return place.slots.map((slot) => ({ id: slot, value: textOf(valueAt(raw, slot)) || null }));
  }
  const value = valueAt(raw, place.path);
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  if (place.kind === 'strings') return list.map((item) => ({ id: null, value: textOf(item) || null }));
  return list.map((item) => ({
    id: place.id === null ? null : textOf(valueAt(item, place.id)),
    value: textOf(valueAt(item, place.value)) || null,
  }));
}

function elementsOf(place: SetPlace, raw: JsonObject): Element[] {
  const elements = heldOf(place, raw).flatMap(({ id, value }): Element[] =>
    value === null ? [] : [{ id, value: transformed(place, value) }],
  );
  if (place.kind !== 'objects' || place.primary === null) return elements;
  const value = valueAt(raw, place.path);
  const first = Array.isArray(value) ? value.find((item) => isPrimary(place, item)) : undefined;
  const firstValue = textOf(valueAt(first, place.value));
  const firstId = place.id === null ? null : textOf(valueAt(first, place.id));
  const at = elements.findIndex((one) => one.value === firstValue && one.id === firstId);
  return at <= 0 ? elements : [...elements.slice(at, at + 1), ...elements.toSpliced(at, 1)];
}

export function isPrimary({ primary }: { readonly primary: string | null }, item: unknown): boolean {
  return primary !== null && valueAt(item, primary) === true;
}

export function transformed(place: Place, text: string): string {
  const trimmed = place.trim ? text.trim() : text;
  return place.lower ? trimmed.toLowerCase() : trimmed;
}

function dropped(id: string | null, raw: unknown, reason: string): Decoded {
  return { kind: 'dropped', dropped: { id, reason, sample: sampleOf(raw) } };
}

/** Keys and types only: a value may be a customer's. */
function sampleOf(raw: unknown): string {
  if (!isObject(raw)) return typeOf(raw);
  const keys = Object.entries(raw).slice(0, 30);
  return `{ ${keys.map(([key, value]) => `${key.slice(0, 40)}: ${typeOf(value)}`).join(', ')} }`;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  return isNumber(value) ? 'number' : typeof value;
}
