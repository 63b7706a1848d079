/** From a contact as HubSpot shows it to a record of the port. Pure. */
import type { SideRecord } from '../../core/record.ts';
import type { Element, Value } from '../../core/value.ts';
import type { DroppedElement } from '../adapter.ts';
import { isObject, type JsonObject, textOf } from '../http/paths.ts';
import type { Held } from '../set-edit.ts';
import { EMAIL, MERGED_IDS, OTHER_EMAILS, type Place, propertiesOf } from './places.ts';

export interface Shape {
  readonly places: readonly Place[];
  readonly externalId: string;
}

export interface Contact {
  readonly record: SideRecord;
  readonly properties: JsonObject;
  readonly archived: boolean;
  /** Milliseconds; null for a contact that is not archived, or does not say. */
  readonly archivedAtMs: number | null;
  /** Contacts that were merged into this one. */
  readonly mergedIds: readonly string[];
}

export type Decoded =
  | { readonly ok: true; readonly contact: Contact }
  | { readonly ok: false; readonly dropped: DroppedElement };

export function decode(shape: Shape, raw: unknown): Decoded {
  const id = isObject(raw) ? textOf(raw.id) : null;
  if (!isObject(raw) || id === null || !isId(id)) return dropped(null, raw, 'holds no id');
  if (!isObject(raw.properties)) return dropped(id, raw, 'holds no properties');
  const { properties } = raw;
  const fields: Record<string, Value> = {};
  for (const place of shape.places) {
    // Every property is a text or null; anything else would be read as blank, and carried as such.
    if (
      propertiesOf(place).some(
        (name) => (properties[name] ?? null) !== null && textOf(properties[name]) === null,
      )
    )
      return dropped(id, raw, `"${place.field}" does not hold what HubSpot says of its properties`);
    const value = fieldOf(place, properties);
    if (value !== undefined) fields[place.field] = value;
  }
  const updatedAt = Date.parse(textOf(raw.updatedAt) ?? '');
  const archivedAt = Date.parse(textOf(raw.archivedAt) ?? '');
  return {
    ok: true,
    contact: {
      record: {
        id,
        fields,
        externalId: textOf(properties[shape.externalId]) || null,
        version: null,
        updatedAt: Number.isNaN(updatedAt) ? null : new Date(updatedAt).toISOString(),
      },
      properties,
      archived: raw.archived === true,
      archivedAtMs: Number.isNaN(archivedAt) ? null : archivedAt,
      mergedIds: mergedIdsIn(raw),
    },
  };
}

/** Contacts that were merged into this one, also where the rest of it cannot be read. */
export function mergedIdsIn(raw: unknown): readonly string[] {
  const properties = isObject(raw) ? raw.properties : null;
  return isObject(properties) ? splitList(textOf(properties[MERGED_IDS])) : [];
}

/** Ids of contacts are numbers of at most 64 bits. */
export function isId(text: string): boolean {
  return /^[1-9]\d{0,18}$/.test(text) && BigInt(text) < 2n ** 63n;
}

/**
 * Undefined: the contact does not tell this field. HubSpot leaves a property out only where it does not know it; a blank
 * one is null, or '' after it was cleared: those are one value here.
 */
function fieldOf(place: Place, properties: JsonObject): Value | undefined {
  switch (place.kind) {
    case 'text':
      return blankAsNull(properties[place.property.name]);
    case 'bool': {
      const text = blankAsNull(properties[place.property.name]);
      return text === 'true' ? true : text === 'false' ? false : text;
    }
    case 'emails':
    case 'slots':
    case 'options': {
      const held = heldOf(place, properties);
      return held?.flatMap(({ id, value }): Element[] => (value === null ? [] : [{ id, value }]));
    }
  }
}

/** The places of a set in HubSpot's order, room included: what an edit of the set works on. Null: it is not told. */
export function heldOf(place: Place, properties: JsonObject): Held[] | null {
  switch (place.kind) {
    case 'emails': {
      const [primary, others] = [properties[EMAIL], properties[OTHER_EMAILS]];
      if (primary === undefined || others === undefined) return null;
      const first = { id: null, value: textOf(primary)?.trim() || null };
      return [first, ...splitList(textOf(others)).map((value) => ({ id: null, value }))];
    }
    case 'slots': {
      const told = place.slots.filter(({ name }) => properties[name] !== undefined);
      if (told.length < place.slots.length) return null;
      return place.slots.map(({ name }) => ({ id: name, value: textOf(properties[name]) || null }));
    }
    case 'options': {
      const value = properties[place.property.name];
      if (value === undefined) return null;
      return splitList(textOf(value)).map((one) => ({ id: null, value: one }));
    }
    default:
      return null;
  }
}

export function splitList(text: string | null): string[] {
  return (text ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function blankAsNull(value: unknown): string | null | undefined {
  return value === undefined ? undefined : textOf(value) || null;
}

function dropped(id: string | null, raw: unknown, reason: string): Decoded {
  // Keys and types only: a value may be a customer's.
  const keys = isObject(raw) ? Object.entries(raw).slice(0, 30) : [];
  const sample = keys.map(([key, value]) => `${key.slice(0, 40)}: ${value === null ? 'null' : typeof value}`);
  return { ok: false, dropped: { id, reason, sample: `{ ${sample.join(', ')} }` } };
}
