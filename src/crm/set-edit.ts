/**
 * One change of a set, against the elements that are there now. Pure. Works on places (slots of a list, fixed
 * columns, child rows) so that an element which is not touched keeps its place and its id, and an edited one is
 * changed where it is (sync design §5).
 */
import { normalizeText } from '../core/equivalence.ts';
import type { FieldWrite, SetOps } from '../core/record.ts';
import type { Equivalence } from '../core/spec.ts';
import { isSet, type Value } from '../core/value.ts';

/** One place of a set as it is stored. `value` is null for room: a NULL, an empty text, or what is no text at all. */
export interface Held {
  readonly id: string | null;
  readonly value: string | null;
}

export type SetEdit =
  | {
      readonly ok: true;
      /** By index into what was held: the new value, or null to take it out. */
      readonly changed: ReadonlyMap<number, string | null>;
      readonly added: readonly string[];
    }
  /** The element that the plan speaks of is not there (any more). */
  | { readonly ok: false };

export function editSet(held: readonly Held[], write: FieldWrite, eq: Equivalence, region: string): SetEdit {
  const same = (a: string, b: string): boolean =>
    normalizeText(eq, a, region) === normalizeText(eq, b, region);
  const ops = write.ops ?? difference(write.before, write.after, same);
  const changed = new Map<number, string | null>();
  const now = (index: number): string | null => {
    const edit = changed.get(index);
    return edit === undefined ? (held[index]?.value ?? null) : edit;
  };
  /** Every place with this value, the named one first; none when the named one does not hold it. */
  const find = (id: string | null, value: string): number[] => {
    const all = [...held.keys()].filter((index) => {
      const current = held[index]?.value ?? null;
      return current !== null && same(current, value) && !changed.has(index);
    });
    const named = all.find((index) => held[index]?.id === id);
    if (id === null || held.every((place) => place.id === null)) return all;
    return named === undefined ? [] : [named, ...all.filter((index) => index !== named)];
  };

  for (const { id, value } of ops.remove) {
    const places = find(id, value);
    if (places.length === 0) return { ok: false };
    for (const index of places) changed.set(index, null);
  }
  for (const { id, from, to } of ops.change) {
    const [first, ...doubles] = find(id, from);
    if (first === undefined) return { ok: false };
    changed.set(first, to);
    for (const index of doubles) changed.set(index, null);
  }
  const added: string[] = [];
  for (const value of ops.add) {
    const there = [...held.keys()].some((index) => {
      const current = now(index);
      return current !== null && same(current, value);
    });
    if (!there && !added.some((other) => same(other, value))) added.push(value);
  }
  return { ok: true, changed, added };
}

/** The whole values as operations, for a write that carries none. */
function difference(before: Value, after: Value, same: (a: string, b: string) => boolean): SetOps {
  const from = isSet(before) ? before : [];
  const to = isSet(after) ? after : [];
  return {
    add: to.filter((one) => !from.some((other) => same(one.value, other.value))).map((one) => one.value),
    remove: from.filter((one) => !to.some((other) => same(one.value, other.value))),
    change: [],
  };
}
