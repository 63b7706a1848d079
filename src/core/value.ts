/**
 * What a side holds in one field. ABSENT, NULL, EMPTY ('') and NOT-RETURNED are four different values
 * (sync design §3). NOT-RETURNED is a field name missing from `SideRecord.fields`; it never takes part in a diff.
 * All of these are plain JSON, so they can be stored and compared without a codec.
 */
export interface Absent {
  readonly absent: true;
}

/** The side has a place for the field and nothing was ever stored there (a custom field key that is not listed). */
export const ABSENT: Absent = Object.freeze({ absent: true });

/** Numbers are canonical decimal text, so that ids and amounts beyond 2^53 lose nothing. */
export type Scalar = string | boolean | null | Absent;

/** One e-mail, phone or tag. `id` is the remote's own id for it, null where the side (or this response shape) has none. */
export interface Element {
  readonly id: string | null;
  readonly value: string;
}

export type SetValue = readonly Element[];
export type Value = Scalar | SetValue;

export function isSet(value: Value): value is SetValue {
  return Array.isArray(value);
}

export function isAbsent(value: Value): value is Absent {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'absent' in value;
}

/** Nothing a person would see: ABSENT, NULL, EMPTY, white space, or a set without elements. */
export function isBlank(value: Value): boolean {
  if (value === null || isAbsent(value)) return true;
  if (isSet(value)) return value.length === 0;
  return typeof value === 'string' && value.trim() === '';
}
