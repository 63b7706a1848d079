import { isAbsent, isSet, type Value } from '../core/value.ts';

/** Moves the cursor, colours, or turns the direction of writing: a terminal would obey it, wherever it came from. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g;

/** A value for a person's eyes, on one line. */
export function showValue(value: Value | null): string {
  if (value === null) return '∅';
  if (isAbsent(value)) return '–';
  if (isSet(value))
    return value.length === 0 ? '(none)' : value.map((each) => onOneLine(each.value)).join(', ');
  return value === '' ? '""' : onOneLine(String(value));
}

export function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(UNSAFE, ' ');
}
