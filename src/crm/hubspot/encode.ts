/** From a patch of the port to properties, and to steps for the e-mails. Pure. */
import { scalarText } from '../../core/equivalence.ts';
import type { FieldWrite, Patch } from '../../core/record.ts';
import { isSet } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import type { AdapterContext } from '../definition.ts';
import type { JsonObject } from '../http/paths.ts';
import { editSet, type Held, type SetEdit } from '../set-edit.ts';
import { fillSlots } from '../slots.ts';
import { heldOf } from './decode.ts';
import { type EmailSteps, emailSteps } from './emails.ts';
import { EMAIL, type Place } from './places.ts';

export interface Writes {
  /** By property; '' clears. */
  readonly properties: Readonly<Record<string, string>>;
  /** What is left to be done one by one. */
  readonly emails: EmailSteps;
}

const NO_STEPS: EmailSteps = { primary: null, add: [], remove: [] };

interface Encoder extends Pick<AdapterContext, 'fields' | 'region'> {
  readonly places: readonly Place[];
}

/**
 * @param now the properties as they were just read; null for a contact that is yet to be made
 * @throws SyncError `stale` when an element is no longer there; `rejected` when there is no room or no such form
 */
export function writesOf(encoder: Encoder, patch: Patch, now: JsonObject | null): Writes {
  const properties: Record<string, string> = {};
  let emails = NO_STEPS;
  for (const [field, write] of Object.entries(patch)) {
    const place = encoder.places.find((one) => one.field === field);
    if (place === undefined)
      throw new SyncError('config', `the CRM has no field "${field}"`, { side: 'crm', field });
    checkText(field, write);
    if (place.kind === 'text' || place.kind === 'bool') {
      if (isSet(write.after))
        throw new SyncError('invariant', `a set was planned for "${field}", which holds one value`);
      properties[place.property.name] = scalarText(write.after) ?? '';
      continue;
    }
    const held = now === null ? roomOf(place) : heldOf(place, now);
    if (held === null)
      throw new SyncError('contract', `the CRM does not tell "${field}"`, { side: 'crm', field });
    const edit = edited(encoder, place, held, write);
    if (place.kind === 'emails') {
      emails = emailSteps(held, edit);
      if (emails.primary !== null) properties[EMAIL] = emails.primary;
    } else if (place.kind === 'slots') {
      Object.assign(properties, slotWrites(place.field, held, edit));
    } else {
      properties[place.property.name] = listOf(place.field, held, edit);
    }
  }
  return { properties, emails };
}

function roomOf(place: Place): Held[] {
  if (place.kind === 'slots') return place.slots.map(({ name }) => ({ id: name, value: null }));
  return place.kind === 'emails' ? [{ id: null, value: null }] : [];
}

function edited(
  { fields, region }: Encoder,
  { field }: Place,
  held: readonly Held[],
  write: FieldWrite,
): SetEdit & { ok: true } {
  const equivalence = fields.find(({ name }) => name === field)?.equivalence ?? 'text';
  const edit = editSet(held, write, equivalence, region);
  if (edit.ok) return edit;
  throw new SyncError('stale', `an element of "${field}" is no longer as it was read`, {
    side: 'crm',
    field,
  });
}

function slotWrites(
  field: string,
  held: readonly Held[],
  edit: SetEdit & { ok: true },
): Record<string, string> {
  const empty = held.map(({ value }) => value === null);
  const advice = 'remove one, or give the CRM more properties under `phones`';
  const after = fillSlots(field, empty, edit, advice);
  return Object.fromEntries([...after].map(([at, value]) => [held[at]?.id ?? '', value ?? '']));
}

/** "a;b", as a property of several options is written. */
function listOf(field: string, held: readonly Held[], edit: SetEdit & { ok: true }): string {
  const kept = held.flatMap(({ value }, at) => {
    const now = edit.changed.has(at) ? (edit.changed.get(at) ?? null) : value;
    return now === null ? [] : [now];
  });
  const all = [...kept, ...edit.added];
  if (all.some((value) => value.includes(';')))
    throw refused(field, 'takes options, and no option holds a semicolon');
  return all.join(';');
}

/** What JSON text cannot carry is refused by name before anything is sent. */
function checkText(field: string, { after, ops }: FieldWrite): void {
  const values = isSet(after) ? after.map(({ value }) => value) : [scalarText(after) ?? ''];
  const sent = [...values, ...(ops?.add ?? []), ...(ops?.change ?? []).map(({ to }) => to)];
  if (sent.some((value) => value.includes('\0') || !value.isWellFormed()))
    throw refused(field, 'cannot hold the NUL character, or half of a surrogate pair');
}

function refused(field: string, why: string): SyncError {
  return new SyncError('rejected', `"${field}" ${why}`, { side: 'crm', field });
}
