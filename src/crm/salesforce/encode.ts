/** From a patch of the port to the members of a record as the org takes them. Pure. */
import { scalarText } from '../../core/equivalence.ts';
import type { FieldWrite } from '../../core/record.ts';
import type { Equivalence } from '../../core/spec.ts';
import { isSet } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import { type JsonObject, numberOf } from '../http/paths.ts';
import { editSet, type SetEdit } from '../set-edit.ts';
import { fillSlots } from '../slots.ts';
import { heldOf, timeOf } from './decode.ts';
import type { OrgField, Place } from './shape.ts';

/** API name and value. */
export type Assignment = readonly [name: string, value: unknown];

const NUMBERS = new Set(['int', 'double', 'currency', 'percent', 'long']);

/**
 * @param raw the record as it was just read; empty for one that is yet to be made
 * @throws SyncError `stale` when an element is no longer there; `rejected` when there is no room or no such form
 */
export function assign(
  place: Place,
  write: FieldWrite,
  raw: JsonObject,
  eq: Equivalence,
  region: string,
): Assignment[] {
  if (place.kind === 'scalar') return [[place.sources[0].name, scalarJson(place, write)]];
  const edit = editSet(heldOf(place, raw), write, eq, region);
  if (!edit.ok)
    throw new SyncError('stale', `an element of "${place.field}" is no longer as it was read`, {
      side: 'crm',
      field: place.field,
    });
  return place.kind === 'multi' ? [multiJson(place, raw, edit)] : slotsJson(place, raw, edit);
}

function scalarJson(place: Place & { kind: 'scalar' }, { after }: FieldWrite): unknown {
  if (isSet(after))
    throw new SyncError('invariant', `a set was planned for "${place.field}", which holds one value`);
  const [source] = place.sources;
  const text = scalarText(after);
  if (source.type === 'boolean') {
    if (text !== 'true' && text !== 'false') throw refused(place.field, 'takes true or false');
    return text === 'true';
  }
  // There is no empty text in Salesforce.
  if (text === null || text === '') return null;
  if (!text.isWellFormed()) throw refused(place.field, 'holds half a character, which no request can carry');
  if (NUMBERS.has(source.type)) {
    if (!/^-?(0|[1-9]\d*)(\.\d+)?$/.test(text.trim())) throw refused(place.field, 'takes a number');
    return numberOf(text.trim());
  }
  if (source.type === 'date') return dayOf(place.field, text);
  if (source.type === 'datetime') return momentOf(place.field, text);
  return fitting(place.field, source, text);
}

function dayOf(field: string, text: string): string {
  const day = /^(\d{4}-\d\d-\d\d)(?:$|[T ])/.exec(text.trim())?.[1];
  if (day === undefined || Number.isNaN(Date.parse(day))) throw refused(field, 'takes a date');
  return day;
}

function momentOf(field: string, text: string): string {
  const ms = timeOf(text.trim());
  if (ms === null) throw refused(field, 'takes a time such as 2024-01-31T23:59:59Z');
  return new Date(ms).toISOString();
}

/** The org would say so, too, and quote the value in its words. */
function fitting(field: string, { length, name }: OrgField, text: string): string {
  const trimmed = text.trim();
  if (length > 0 && trimmed.length > length)
    throw refused(
      field,
      `has room for ${length} characters in ${name}, and ${trimmed.length} were to be written`,
    );
  return text;
}

function multiJson(
  place: Place & { kind: 'multi' },
  raw: JsonObject,
  edit: SetEdit & { ok: true },
): Assignment {
  const held = heldOf(place, raw);
  const kept = held.flatMap(({ value }, at) => {
    const to = edit.changed.get(at);
    return to === null ? [] : [to ?? value ?? ''];
  });
  const all = [...kept, ...edit.added];
  if (all.some((value) => value.includes(';')))
    throw refused(place.field, 'cannot hold a value with a semicolon');
  return [place.sources[0].name, all.length === 0 ? null : all.join(';')];
}

function slotsJson(
  place: Place & { kind: 'slots' },
  raw: JsonObject,
  edit: SetEdit & { ok: true },
): Assignment[] {
  const { field, sources } = place;
  const empty = heldOf(place, raw).map(({ value }) => value === null);
  const advice = `remove one in Salesforce, or name more fields under crm.fields.${field}`;
  const after = fillSlots(field, empty, edit, advice);
  return [...after].flatMap(([at, value]): Assignment[] => {
    const source = sources[at];
    if (source === undefined) return [];
    if (value !== null && !value.isWellFormed())
      throw refused(field, 'holds half a character, which no request can carry');
    return [[source.name, value === null ? null : fitting(field, source, value)]];
  });
}

function refused(field: string, why: string): SyncError {
  return new SyncError('rejected', `"${field}" ${why}`, { side: 'crm', field });
}
