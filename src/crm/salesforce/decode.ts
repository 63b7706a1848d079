/** From a record as the org shows it, in JSON or as a line of CSV, to a record of the port. Pure. */
import type { LastEdit, SideRecord } from '../../core/record.ts';
import type { Scalar, SetValue, Value } from '../../core/value.ts';
import type { DroppedElement } from '../adapter.ts';
import { isObject, type JsonObject, textOf } from '../http/paths.ts';
import type { Held } from '../set-edit.ts';
import type { OrgField, Place, Shape } from './shape.ts';

export type Decoded =
  | { readonly kind: 'live'; readonly record: SideRecord; readonly facts: RecordFacts }
  | {
      readonly kind: 'deleted';
      readonly id: string;
      /** The record into which it was merged. */
      readonly mergedInto: string | null;
      readonly facts: RecordFacts;
    }
  /** `facts` where they could be read: a walk goes on behind it by them. */
  | { readonly kind: 'dropped'; readonly dropped: DroppedElement; readonly facts: RecordFacts | null };

/** What the platform tells of a record beside its fields. Times in milliseconds. */
export interface RecordFacts {
  readonly systemModstampMs: number;
  readonly lastModifiedMs: number;
  readonly lastModifiedById: string | null;
  /** Null also where our user may not see that user. */
  readonly lastModifiedByName: string | null;
}

export function decode(shape: Shape, raw: unknown): Decoded {
  if (!isObject(raw)) return dropped(null, raw, 'is no record');
  const id = textOf(raw.Id);
  if (id === null || !/^[A-Za-z0-9]{18}$/.test(id)) return dropped(null, raw, 'holds no id');
  const systemModstampMs = timeOf(textOf(raw.SystemModstamp));
  const lastModifiedMs = timeOf(textOf(raw.LastModifiedDate));
  if (systemModstampMs === null || lastModifiedMs === null)
    return dropped(id, raw, 'holds no SystemModstamp or no LastModifiedDate');
  const user = raw.LastModifiedBy;
  const facts = {
    systemModstampMs,
    lastModifiedMs,
    lastModifiedById: textOf(raw.LastModifiedById) || null,
    lastModifiedByName: (isObject(user) ? textOf(user.Name) : textOf(raw['LastModifiedBy.Name'])) || null,
  };
  if (textOf(raw.IsDeleted) === 'true')
    return { kind: 'deleted', id, mergedInto: textOf(raw.MasterRecordId) || null, facts };
  const fields: Record<string, Value> = {};
  for (const place of shape.places) {
    if (place.sources.some(({ name }) => raw[name] === undefined)) continue;
    // Anything but a plain value would be read as empty, and carried as such.
    const isPlain = place.sources.every(({ name }) => raw[name] === null || textOf(raw[name]) !== null);
    const value = isPlain ? readPlace(place, raw) : 'unreadable';
    if (value === 'unreadable')
      return dropped(id, raw, `"${place.field}" does not hold what Salesforce says of its type`, facts);
    fields[place.field] = value;
  }
  const { externalId } = shape;
  return {
    kind: 'live',
    facts,
    record: {
      id,
      fields,
      externalId: externalId === null ? null : textOf(raw[externalId.name]) || null,
      // Times of whole seconds are no version: two edits may carry one.
      version: null,
      updatedAt: new Date(lastModifiedMs).toISOString(),
      lastEdit: lastEditOf(shape, facts),
    },
  };
}

function lastEditOf({ ownUserId }: Shape, facts: RecordFacts): LastEdit | null {
  const { lastModifiedById: id, lastModifiedByName: name, lastModifiedMs } = facts;
  if (id === null) return null;
  // Answers have the long form of an id, and the one of a session may be the short one.
  const own = id.slice(0, 15) === ownUserId.slice(0, 15);
  return { id, name, at: new Date(lastModifiedMs).toISOString(), own };
}

function readPlace(place: Place, raw: JsonObject): Value | 'unreadable' {
  switch (place.kind) {
    case 'scalar':
      return readScalar(place.sources[0], raw);
    case 'slots':
      return elementsOf(heldOf(place, raw));
    case 'multi':
      return elementsOf(heldOf(place, raw));
  }
}

function readScalar({ name, type }: OrgField, raw: JsonObject): Scalar | 'unreadable' {
  const text = textOf(raw[name]);
  if (text === null || text === '') return raw[name] === null || text === '' ? null : 'unreadable';
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : 'unreadable';
  if (type !== 'datetime') return text;
  const ms = timeOf(text);
  return ms === null ? 'unreadable' : new Date(ms).toISOString();
}

/** The places of a set, room included: what an edit of the set works on. */
export function heldOf(place: Place, raw: JsonObject): Held[] {
  if (place.kind === 'multi') {
    const text = textOf(raw[place.sources[0].name]) ?? '';
    return text.split(';').flatMap((value) => (value === '' ? [] : [{ id: null, value }]));
  }
  return place.sources.map(({ name }) => ({ id: name, value: textOf(raw[name]) || null }));
}

function elementsOf(held: readonly Held[]): SetValue {
  return held.flatMap(({ id, value }) => (value === null ? [] : [{ id, value }]));
}

/** `2024-01-31T23:59:59.000+0000` in JSON, `…Z` in CSV. */
export function timeOf(text: string | null): number | null {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|([+-]\d\d):?(\d\d))$/.exec(text ?? '');
  if (match === null) return null;
  const ms = Date.parse(`${match[1]}${match[2] === undefined ? 'Z' : `${match[2]}:${match[3]}`}`);
  return Number.isNaN(ms) ? null : ms;
}

function dropped(id: string | null, raw: unknown, reason: string, facts: RecordFacts | null = null): Decoded {
  return { kind: 'dropped', dropped: { id, reason, sample: sampleOf(raw) }, facts };
}

/** Keys and types only: a value may be a customer's. */
function sampleOf(raw: unknown): string {
  if (!isObject(raw)) return typeof raw;
  const keys = Object.entries(raw).slice(0, 30);
  return `{ ${keys.map(([key, value]) => `${key.slice(0, 40)}: ${value === null ? 'null' : typeof value}`).join(', ')} }`;
}
