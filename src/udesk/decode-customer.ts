/**
 * Customers at the door: every shape of udesk/api.md §4 becomes one record with the field names of the interface.
 * What a shape does not carry is left out of `fields` (NOT-RETURNED), so that it never takes part in a diff.
 */
import type { SideRecord } from '../core/record.ts';
import { ABSENT, type Element, type Value } from '../core/value.ts';
import type { DroppedElement } from '../crm/adapter.ts';
import { decodeCellphones, decodeOtherEmails, decodeTags, idText, Unreadable } from './decode-lists.ts';
import { refuseContradictions } from './element.ts';
import { isObject, type JsonObject } from './json.ts';
import { shapeOf } from './shape.ts';

export type Decoded =
  | { readonly ok: true; readonly record: SideRecord }
  | { readonly ok: false; readonly dropped: DroppedElement };

/**
 * @param raw one customer as parsed by `parseUdeskJson`
 * @param customFields names such as `custom.TextField_1` that exist: ABSENT where the customer does not list them
 */
export function decodeCustomer(raw: unknown, customFields: readonly string[] = []): Decoded {
  try {
    return { ok: true, record: readCustomer(raw, customFields) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const id = isObject(raw) ? idText(raw.id) : null;
    return { ok: false, dropped: { id, reason: error.message, sample: shapeOf(raw) } };
  }
}

function readCustomer(raw: unknown, customFields: readonly string[]): SideRecord {
  if (!isObject(raw)) throw new Unreadable('customer: not an object');
  refuseContradictions(raw, 'customer');
  const id = idText(raw.id);
  if (id === null) throw new Unreadable('id: missing or not a number');
  const fields: Record<string, Value> = {};
  put(fields, 'nick_name', readText(raw, 'nick_name'));
  const { primary, others, mixed } = readEmails(raw);
  if (primary !== undefined) fields.email = primary;
  const emails = emailSet(primary, others, mixed);
  if (emails !== null) fields.emails = emails;
  const cellphones = decodeCellphones(raw);
  if (cellphones !== null) fields.cellphones = cellphones;
  put(fields, 'description', readText(raw, 'description'));
  put(fields, 'level', readText(raw, 'level'));
  put(fields, 'is_blocked', readBoolean(raw, 'is_blocked'));
  const tags = decodeTags(raw.tags);
  if (tags !== null) fields.tags = tags;
  put(fields, 'owner', readId(raw, 'owner_id'));
  put(fields, 'owner_group', readId(raw, 'owner_group_id'));
  put(fields, 'organization', readOrganization(raw));
  const token = readText(raw, 'open_api_token');
  put(fields, 'token', token);
  readCustomFields(raw.custom_fields, customFields, fields);
  return { id, fields, externalId: token || null, version: null, updatedAt: null };
}

interface Emails {
  /** Undefined: not told. */
  readonly primary: string | null | undefined;
  /** Null: not told. */
  readonly others: Element[] | null;
  /** P4: all addresses, the primary among them; null where that shape is not used. */
  readonly mixed: Element[] | null;
}

/** P1–P5 for the primary address, with O1–O5 for the others. */
function readEmails(raw: JsonObject): Emails {
  const others = decodeOtherEmails(raw.other_emails);
  const listed = raw.emails;
  let primary = readText(raw, 'email');
  if (primary === undefined && (typeof listed === 'string' || (listed === null && others !== null))) {
    primary = listed;
  }
  return { primary, others, mixed: Array.isArray(listed) ? decodeOtherEmails(listed) : null };
}

/** The primary first, without an id; then the others. Null when the shape does not tell all of them. */
function emailSet(
  primary: Emails['primary'],
  others: Emails['others'],
  mixed: Emails['mixed'],
): Element[] | null {
  if (primary !== undefined && others !== null) {
    return primary === null || primary === '' ? others : [{ id: null, value: primary }, ...others];
  }
  if (mixed === null) return null;
  const known = new Map((others ?? []).map((element) => [element.value, element]));
  return mixed.map((element) => known.get(element.value) ?? element);
}

function put(fields: Record<string, Value>, name: string, value: Value | undefined): void {
  if (value !== undefined) fields[name] = value;
}

function readText(raw: JsonObject, key: string): string | null | undefined {
  const value = raw[key];
  if (value === undefined || value === null || typeof value === 'string') return value;
  return scalarText(value, key);
}

/** Canonical text of a number or truth value. */
function scalarText(value: unknown, key: string): string {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  throw new Unreadable(`${key}: not a text`);
}

function readBoolean(raw: JsonObject, key: string): boolean | null | undefined {
  const value = raw[key];
  if (value === undefined || value === null || typeof value === 'boolean') return value;
  if (value === 'true' || value === 1 || value === '1') return true;
  if (value === 'false' || value === 0 || value === '0') return false;
  throw new Unreadable(`${key}: not a truth value`);
}

function readId(raw: JsonObject, key: string): string | null | undefined {
  const value = raw[key];
  if (value === undefined || value === null) return value;
  if (value === '') return null;
  const id = idText(value);
  if (id === null) throw new Unreadable(`${key}: not an id`);
  return id;
}

/** G1 nested, G2 bare id. */
function readOrganization(raw: JsonObject): string | null | undefined {
  const nested = raw.organization;
  if (isObject(nested)) {
    return Object.keys(nested).length === 0 ? null : readId(nested, 'id');
  }
  const bare = readId(raw, 'organization_id');
  return bare === undefined && nested === null ? null : bare;
}

function readCustomFields(raw: unknown, exist: readonly string[], fields: Record<string, Value>): void {
  if (raw === undefined || raw === null) return;
  if (!isObject(raw)) throw new Unreadable('custom_fields: not an object');
  for (const name of exist) fields[name] = ABSENT;
  for (const [key, value] of Object.entries(raw)) fields[`custom.${key}`] = readCustomValue(value);
}

/** Text; a selection is a set of option values (never of their labels or positions). */
function readCustomValue(value: unknown): Value {
  if (value === null || typeof value === 'string') return value;
  if (!Array.isArray(value)) return scalarText(value, 'custom_fields');
  return value.map((item) => {
    const option = isObject(item) ? item.value : item;
    return { id: null, value: typeof option === 'string' ? option : scalarText(option, 'custom_fields') };
  });
}
