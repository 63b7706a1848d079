/**
 * What undoing our own writes of one field of one side amounts to. Only what we wrote is undone: a scalar only where it
 * still stands, a set element by element, so that what people changed since stays as they left it. Pure.
 */
import { asElements, equalValues, normalizeText } from './equivalence.ts';
import type { RevertedWrite } from './link.ts';
import { mergeSets } from './set-merge.ts';
import type { FieldSpec } from './spec.ts';
import { type Element, isAbsent, type SetValue, type Value } from './value.ts';

/** `edited`: the side does not hold what we wrote any more. */
export type Undone =
  | { readonly kind: 'restore'; readonly value: Value }
  | { readonly kind: 'same' }
  | { readonly kind: 'edited'; readonly value: Value };

/** @param writes newest first; at least one */
export function undoWrites(
  spec: FieldSpec,
  region: string,
  now: Value,
  writes: readonly RevertedWrite[],
): Undone {
  if (spec.shape === 'set') {
    const value = undoSets(spec, region, now, writes);
    return equalValues(spec, value, now, region) ? { kind: 'same' } : { kind: 'restore', value };
  }
  const value = restoredScalar(spec, region, writes);
  if (equalValues(spec, now, value, region)) return { kind: 'same' };
  const ours = writes[0] !== undefined && equalValues(spec, now, writes[0].result, region);
  return { kind: ours ? 'restore' : 'edited', value };
}

/**
 * The last value that was not ours. Of several writes in a row all are undone; one between which somebody else wrote
 * is the end of the way back, for that value was his.
 */
export function restoredScalar(spec: FieldSpec, region: string, writes: readonly RevertedWrite[]): Value {
  const [newest, ...older] = writes;
  let value = newest?.before ?? null;
  for (const write of older) {
    if (!equalValues(spec, write.result, value, region)) break;
    value = write.before;
  }
  return isAbsent(value) ? null : value;
}

/** The set as if its undoing had not happened: `undoWrites` the other way round. */
export function redoSet(
  spec: FieldSpec,
  region: string,
  now: Value,
  writes: readonly RevertedWrite[],
): Value {
  const back = writes.map(({ before, result }) => ({ before: result, result: before })).reverse();
  return undoSets(spec, region, now, back);
}

/**
 * One write after the other. What people added after a write stays although an older write of ours had added the same before,
 * and what they took away stays away although an older one had. What came back as another element is what somebody added.
 */
function undoSets(spec: FieldSpec, region: string, now: Value, writes: readonly RevertedWrite[]): SetValue {
  const key = ({ value }: { readonly value: string }) => normalizeText(spec.equivalence, value, region);
  const added = new Set<string>();
  const removed = new Set<string>();
  let held = asElements(now);
  for (const write of writes) {
    const written = asElements(write.result);
    const ours = new Set(written.map(key));
    const there = new Set(held.map(key));
    for (const one of held) if (!ours.has(key(one)) || isAnother(one, written, key)) added.add(key(one));
    for (const one of ours) if (!there.has(one)) removed.add(one);
    const undone = undoSet(spec, region, held, write).filter((one) => !removed.has(key(one)));
    const left = new Set(undone.map(key));
    held = [...undone, ...held.filter((one) => added.has(key(one)) && !left.has(key(one)))];
  }
  return held;
}

/** It has the value of one that we wrote, and an id that none of these had: somebody took ours away, and gave the value again. */
function isAnother(one: Element, written: SetValue, key: (element: Element) => string): boolean {
  const same = written.filter((element) => key(element) === key(one));
  return one.id !== null && same.length > 0 && same.every(({ id }) => id !== null && id !== one.id);
}

/** What our write added goes, what it removed returns, what it edited is as before; where people edited on, theirs stays. */
function undoSet(spec: FieldSpec, region: string, now: Value, { before, result }: RevertedWrite): SetValue {
  // One side only, so both values are in its own domain: the map is for crossing over.
  const own: FieldSpec = { ...spec, map: null };
  const merge = mergeSets({
    spec: own,
    region,
    base: { udesk: result, crm: result },
    now: { udesk: before, crm: now },
  });
  const key = (text: string) => normalizeText(spec.equivalence, text, region);
  const editedOn = new Set(merge.elementConflicts.flatMap(({ udesk }) => (udesk === null ? [] : [udesk])));
  const had = new Set(asElements(now).map(({ value }) => key(value)));
  return merge.crm.after.filter(({ value }) => had.has(key(value)) || !editedOn.has(key(value)));
}
