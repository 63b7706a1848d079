import { isAbsent, isSet, type Value } from '../core/value.ts';

/** A value for a person's eyes, on one line. */
export function showValue(value: Value | null): string {
  if (value === null) return '∅';
  if (isAbsent(value)) return '–';
  if (isSet(value)) return value.length === 0 ? '(none)' : value.map((element) => element.value).join(', ');
  return value === '' ? '""' : String(value).replaceAll(/\s+/g, ' ');
}
