/** From a patch of the port to what is to stand in the record at the API. Pure. */
import { scalarText } from '../../core/equivalence.ts';
import type { FieldWrite } from '../../core/record.ts';
import type { Equivalence } from '../../core/spec.ts';
import { isSet } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import { editSet, type SetEdit } from '../set-edit.ts';
import { fillSlots } from '../slots.ts';
import { heldOf, isPrimary, transformed } from './decode.ts';
import { numberOf, valueAt, withValueAt } from './paths.ts';
import { isSetPlace, type ObjectsPlace, type Place, type ScalarPlace, type SetPlace } from './places.ts';
import { formatTime, parseTime } from './times.ts';

/** One value, and the path where it goes. */
export type Assignment = readonly [path: string, value: unknown];

/**
 * @param raw the record as it was just read; null for one that is yet to be made
 * @throws SyncError `stale` when an element is no longer there; `rejected` when there is no room or no such form
 */
export function assign(
  place: Place,
  write: FieldWrite,
  raw: unknown,
  eq: Equivalence,
  region: string,
): Assignment[] {
  if (place.readOnly) throw refused(place.field, 'cannot be written (readOnly)');
  if (!isSetPlace(place)) return [[place.path, scalarJson(place, write)]];
  if (!isSet(write.after) && write.ops === null && place.kind !== 'slots') return [[place.path, null]];
  const held = heldOf(place, raw);
  const edit = editSet(held, write, eq, region);
  if (!edit.ok) {
    const message = `an element of "${place.field}" is no longer as it was read`;
    throw new SyncError('stale', message, { side: 'crm', field: place.field });
  }
  return setJson(place, raw, edit);
}

function scalarJson(place: ScalarPlace, { after }: FieldWrite): unknown {
  if (isSet(after))
    throw new SyncError('invariant', `a set was planned for "${place.field}", which holds one value`);
  const text = scalarText(after);
  if (text === null) return null;
  switch (place.kind) {
    case 'text':
      return transformed(place, text);
    case 'number':
      if (text.trim() === '') return null;
      if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text.trim()))
        throw refused(place.field, 'takes a number');
      return numberOf(text.trim());
    case 'boolean':
      if (text === '') return null;
      if (text !== 'true' && text !== 'false') throw refused(place.field, 'takes true or false');
      return text === 'true' ? place.words.true : place.words.false;
    case 'date': {
      if (text.trim() === '') return null;
      const ms = parseTime(text, { format: 'iso', offset: place.time.offset });
      if (ms === null) throw refused(place.field, 'takes a date');
      const written = formatTime(ms, place.time);
      return place.time.format.startsWith('unix') ? Number(written) : written;
    }
  }
}

function setJson(place: SetPlace, raw: unknown, edit: SetEdit & { ok: true }): Assignment[] {
  if (place.kind === 'slots') return slotsJson(place.field, place.slots, raw, edit, place);
  const value = valueAt(raw, place.path);
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const kept = items.flatMap((item, at): unknown[] => {
    const to = edit.changed.get(at);
    if (to === null) return [];
    if (to === undefined) return [item];
    const text = transformed(place, to);
    return [place.kind === 'strings' ? text : withValueAt(item, place.value, text)];
  });
  const added = edit.added.map((one) => {
    const text = transformed(place, one);
    return place.kind === 'strings' ? text : withValueAt({ ...place.extra }, place.value, text);
  });
  const after = [...kept, ...added];
  return [[place.path, place.kind === 'objects' ? withPrimary(place, after) : after]];
}

/** Where the first was taken out, the next one is it: a list without a first is refused by some, and guessed at by others. */
function withPrimary(place: ObjectsPlace, items: readonly unknown[]): unknown[] {
  const { primary } = place;
  if (primary === null) return [...items];
  const has = items.some((item) => isPrimary(place, item));
  return items.map((item, at) => {
    if (!has && at === 0) return withValueAt(item, primary, true);
    return valueAt(item, primary) === undefined ? withValueAt(item, primary, false) : item;
  });
}

function slotsJson(
  field: string,
  slots: readonly string[],
  raw: unknown,
  edit: SetEdit & { ok: true },
  place: Place,
): Assignment[] {
  const empty = slots.map((slot) => !valueAt(raw, slot));
  const advice = 'remove one, or give the CRM more places under `slots`';
  const after = fillSlots(field, empty, edit, advice);
  return [...after].map(([at, value]) => [
    slots[at] ?? '',
    value === null ? null : transformed(place, value),
  ]);
}

function refused(field: string, why: string): SyncError {
  return new SyncError('rejected', `"${field}" ${why}`, { side: 'crm', field });
}
