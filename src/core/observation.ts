import { sha256 } from '../lib/hash.ts';
import type { SideRecord } from './record.ts';
import { type Element, isSet, type SetValue, type Value } from './value.ts';

/** Field → [old, new] in the side's own values; null stands for "not seen before". */
export type Delta = Record<string, readonly [Value | null, Value | null]>;

/**
 * What a side holds now, given what the mirror held and what was just seen. A field that this response shape
 * left out keeps its mirrored value (NOT-RETURNED never takes part in a diff, sync design §3), and element ids
 * that the shape leaves out are carried over from equal values, so that a poorer shape loses nothing.
 */
export function mergeObserved(known: SideRecord | null, seen: SideRecord): SideRecord {
  if (known === null) return seen;
  const fields: Record<string, Value> = { ...known.fields };
  for (const [name, value] of Object.entries(seen.fields)) {
    const before = known.fields[name];
    fields[name] = isSet(value) && before !== undefined && isSet(before) ? carryIds(before, value) : value;
  }
  return { ...seen, fields };
}

/** What changed between two states of one record. Element ids alone are no change. */
export function deltaOf(known: SideRecord | null, now: SideRecord): Delta {
  const delta: Delta = {};
  for (const [name, value] of Object.entries(now.fields)) {
    const before = known?.fields[name];
    if (before === undefined || !sameContent(before, value)) delta[name] = [before ?? null, value];
  }
  return delta;
}

/**
 * Identity of a record's content: equal content gives an equal hash whatever the response shape's element ids
 * and order were. External id and version take part; the side's own time stamp does not (it says nothing of content).
 */
export function contentHash(record: SideRecord): string {
  const parts: unknown[] = [record.externalId ?? '', record.version ?? ''];
  for (const name of Object.keys(record.fields).sort()) {
    parts.push(name, comparable(record.fields[name] ?? null));
  }
  return sha256(JSON.stringify(parts));
}

/** A value without element ids and order: equal content gives equal JSON. */
function comparable(value: Value): unknown {
  return isSet(value) ? value.map((element) => element.value).sort() : value;
}

/** Whether two values hold the same, element ids and order aside. */
export function sameContent(a: Value, b: Value): boolean {
  return a === b || JSON.stringify(comparable(a)) === JSON.stringify(comparable(b));
}

function carryIds(known: SetValue, seen: SetValue): SetValue {
  if (seen.every((element) => element.id !== null)) return seen;
  const ids = new Map(known.map((element) => [element.value, element.id]));
  return seen.map(
    (element): Element =>
      element.id === null ? { id: ids.get(element.value) ?? null, value: element.value } : element,
  );
}
