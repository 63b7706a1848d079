/**
 * Definitions of custom fields in every form seen (udesk/api.md §4 F1–F4), as one form. What stands on the wire for
 * an option is its `value`: the vendor's own in the second generation, the position in the list in the first.
 */
import { idText, Unreadable } from './decode-lists.ts';
import { type DecodedList, decodeEach, looseText, refuseContradictions } from './element.ts';
import { isObject, type JsonObject } from './json.ts';
import { isoTime } from './time.ts';

export interface FieldOption {
  /** As it stands in a customer's `custom_fields`. */
  readonly value: string;
  readonly label: string;
  /** Options below this one (cascades); their values follow this one's in the customer's list. */
  readonly subs?: readonly FieldOption[];
  /** No longer offered to people; customers may still hold it. */
  readonly hidden?: true;
}

export interface CustomFieldMeta {
  /** As in a customer's `custom_fields`: TextField_1, SelectField_2. */
  readonly name: string;
  readonly label: string;
  /** text, area_text, date, time, datetime, link, location, number, numeric, droplist, radio, checkbox, chained_droplist, calculate. */
  readonly contentType: string;
  /** Null: this form does not say (the second generation). */
  readonly required: boolean | null;
  /** Empty for fields without options. */
  readonly options: readonly FieldOption[];
  readonly id: string | null;
  readonly comment: string | null;
  /** ISO 8601 UTC of the definition's last change, null where it is not told. */
  readonly updatedAt: string | null;
}

/** Answers hold the list under one of these, by generation and object. */
export const FIELD_LIST_KEYS = [
  'fields',
  'custom_fields',
  'customer_custom_fields',
  'organization_custom_fields',
] as const;

export function decodeCustomFields(rows: readonly unknown[]): DecodedList<CustomFieldMeta> {
  return decodeEach(rows, readField);
}

/** Second-generation definitions with what only the first one says (required), by name. */
export function withRequired(
  fields: readonly CustomFieldMeta[],
  older: readonly CustomFieldMeta[],
): CustomFieldMeta[] {
  const known = new Map(older.map((field) => [field.name, field.required]));
  return fields.map((field) => ({ ...field, required: field.required ?? known.get(field.name) ?? null }));
}

function readField(raw: JsonObject): CustomFieldMeta {
  refuseContradictions(raw, 'custom field');
  const name = textOf(raw.custom_field_name) ?? textOf(raw.field_name) ?? textOf(raw.name);
  if (name === null) throw new Unreadable('custom field: no name');
  const contentType = textOf(raw.content_type);
  if (contentType === null) throw new Unreadable('content_type: missing');
  return {
    name,
    label: textOf(raw.title) ?? textOf(raw.field_label) ?? textOf(raw.field_title) ?? name,
    contentType,
    // F3 misspells the key.
    required: readRequired(raw.requirement ?? raw.requirment ?? raw.required),
    options: readOptions(raw.options),
    id: idText(raw.id),
    comment: looseText(raw.comment),
    updatedAt: isoTime(raw.updated_at),
  };
}

function textOf(raw: unknown): string | null {
  return typeof raw === 'string' && raw.trim() !== '' ? raw : null;
}

function readRequired(raw: unknown): boolean | null {
  if (raw === true || raw === 1 || raw === '1' || raw === 'true') return true;
  if (raw === false || raw === 0 || raw === '0' || raw === 'false' || raw === '') return false;
  return null;
}

/** `""`, null and missing are "no options" (F2, F3). */
function readOptions(raw: unknown): FieldOption[] {
  if (raw === undefined || raw === null || raw === '') return [];
  if (isObject(raw)) return Object.entries(raw).map(([value, item]) => positional(item, value));
  if (!Array.isArray(raw)) throw new Unreadable('options: not a list');
  return raw.map((item: unknown, at) => readOption(item, String(at)));
}

function readOption(item: unknown, position: string): FieldOption {
  if (!isObject(item)) return positional(item, position);
  const label = looseText(item.title ?? item.label ?? item.text ?? item.name);
  if (label !== null) {
    const value = looseText(item.value) ?? position;
    const subs = readOptions(item.subs);
    const hidden = item.is_hide === true || item.is_hide === 1 || item.is_hide === 'true';
    return { value, label, ...(subs.length > 0 ? { subs } : {}), ...(hidden ? { hidden } : {}) };
  }
  // F3: {"0": ["A", [["B"]]]}, the position as the key.
  const [only, ...others] = Object.entries(item);
  if (only === undefined || others.length > 0) throw new Unreadable('options: an option without a label');
  return positional(only[1], only[0]);
}

/** A label, or (cascades of the first generation) a label with the list of what lies below it. */
function positional(item: unknown, value: string): FieldOption {
  if (!Array.isArray(item)) {
    const label = looseText(item);
    if (label === null) throw new Unreadable('options: an option without a label');
    return { value, label };
  }
  const label = looseText(item[0]);
  if (label === null) throw new Unreadable('options: an option without a label');
  const below: unknown = item[1];
  if (below === undefined || below === null) return { value, label };
  if (!Array.isArray(below)) throw new Unreadable('options: a cascade that is not a list');
  const subs = below.map((sub: unknown, at) => positional(sub, String(at)));
  return subs.length > 0 ? { value, label, subs } : { value, label };
}
