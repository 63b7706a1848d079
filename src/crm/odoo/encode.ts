/**
 * From a patch of the port to what Odoo is sent: the values of `write`, or a row of `load`. A tag or a reference is a
 * text until it was looked up in Odoo, so a patch first becomes edits, which say what has to be looked up. Pure.
 */
import type { FieldWrite, Patch } from '../../core/record.ts';
import { isAbsent, isSet, type Value } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import type { AdapterContext } from '../definition.ts';
import { editSet, type SetEdit } from '../set-edit.ts';
import { fillSlots } from '../slots.ts';
import { heldInSlots, heldTags, type Raw, type Words } from './decode.ts';
import type { ModelFields, Place, ReferencePlace, SlotsPlace, TagsPlace } from './places.ts';

export type Edit =
  | { readonly kind: 'value'; readonly odoo: string; readonly value: string | number | boolean }
  | { readonly kind: 'reference'; readonly place: ReferencePlace; readonly text: string }
  | {
      readonly kind: 'tags';
      readonly place: TagsPlace;
      readonly add: readonly string[];
      readonly remove: readonly number[];
    };

/** Ids by place and text, for the words in the edits. */
export type FoundIds = ReadonlyMap<string, ReadonlyMap<string, number>>;

export interface EncodeContext extends Pick<AdapterContext, 'fields' | 'region'> {
  readonly places: readonly Place[];
}

/** @param raw the record as it is now; null for one that is to be created */
export function editsOf(context: EncodeContext, patch: Patch, raw: Raw | null, words: Words): Edit[] {
  return Object.entries(patch).flatMap(([field, write]) => {
    const place = context.places.find((candidate) => candidate.field === field);
    if (place === undefined)
      throw new SyncError('config', `Odoo has no field "${field}" in this mapping`, { side: 'crm', field });
    if (place.readOnly)
      throw new SyncError('config', `"${field}" can be read in Odoo, and is not to be written`, {
        side: 'crm',
        field,
        advice: 'Map it with direction: to-udesk.',
      });
    refuseUnstorable(field, write.after);
    return editsOfField(context, place, write, raw, words);
  });
}

function editsOfField(
  context: EncodeContext,
  place: Place,
  write: FieldWrite,
  raw: Raw | null,
  words: Words,
): Edit[] {
  const { field } = place;
  if (place.kind === 'slots') {
    const held = heldInSlots(place, raw ?? {});
    return slotEdits(
      place,
      held.map(({ value }) => value === null),
      setEdit(context, field, held, write),
    );
  }
  if (place.kind === 'tags') {
    const held = raw === null ? [] : heldTags(place, raw, words);
    if (held === 'unreadable' || held.some(({ value }) => value === null))
      throw refused(field, 'holds a tag that the user of the sync cannot see');
    const { changed, added } = setEdit(context, field, held, write);
    const remove = [...changed.keys()].flatMap((at) => held[at]?.tagId ?? []);
    const add = [...[...changed.values()].filter((text) => text !== null), ...added];
    return add.length + remove.length === 0 ? [] : [{ kind: 'tags', place, add, remove }];
  }
  const value = scalarOf(field, write.after);
  if (place.kind === 'reference')
    return value === false || (typeof value === 'string' && value.trim() === '')
      ? [{ kind: 'value', odoo: place.odoo, value: false }]
      : [{ kind: 'reference', place, text: String(value) }];
  return [{ kind: 'value', odoo: place.odoo, value: typed(place.kind, field, value) }];
}

function setEdit(
  context: EncodeContext,
  field: string,
  held: Parameters<typeof editSet>[0],
  write: FieldWrite,
): SetEdit & { ok: true } {
  const { region, fields } = context;
  const equivalence = fields.find(({ name }) => name === field)?.equivalence ?? 'text';
  const edit = editSet(held, write, equivalence, region);
  if (!edit.ok) throw new SyncError('stale', `"${field}" moved since it was read`, { side: 'crm', field });
  return edit;
}

function slotEdits(place: SlotsPlace, empty: readonly boolean[], edit: SetEdit & { ok: true }): Edit[] {
  const advice = 'Remove one in Odoo, or give more fields under `slots`.';
  const after = fillSlots(place.field, empty, edit, advice);
  return [...after].map(([at, value]) => ({
    kind: 'value',
    odoo: place.slots[at] ?? '',
    value: value ?? false,
  }));
}

/** Blank is `false` in Odoo; the empty text stays what it is. */
function scalarOf(field: string, after: Value): string | boolean {
  if (isSet(after)) throw refused(field, 'takes one value');
  if (after === null || isAbsent(after)) return false;
  return after;
}

function typed(
  kind: 'text' | 'boolean' | 'number',
  field: string,
  value: string | boolean,
): string | number | boolean {
  if (kind === 'text') return value === true ? 'true' : value;
  if (kind === 'boolean') {
    if (typeof value === 'boolean') return value;
    const word = value.trim().toLowerCase();
    if (word === '' || word === 'false') return false;
    if (word === 'true') return true;
    throw refused(field, 'takes true or false');
  }
  if (value === false || (typeof value === 'string' && value.trim() === '')) return false;
  const number = Number(value);
  if (typeof value === 'boolean' || !Number.isFinite(number)) throw refused(field, 'takes a number');
  return number;
}

/** What `write` takes. Tags are linked and unlinked one by one, so that others keep what they added meanwhile. */
export function writeValues(edits: readonly Edit[], ids: FoundIds): Record<string, unknown> {
  return Object.fromEntries(
    edits.map((edit): [string, unknown] => {
      if (edit.kind === 'value') return [edit.odoo, edit.value];
      const { place } = edit;
      if (edit.kind === 'reference') return [place.odoo, idIn(ids, place.field, edit.text)];
      const add = edit.add.map((text) => [4, idIn(ids, place.field, text), 0]);
      return [place.odoo, [...edit.remove.map((id) => [3, id, 0]), ...add]];
    }),
  );
}

/** What `load` takes: names of columns, and a row of texts. An id stands in a column `/.id`, and many are joined by commas. */
export function loadRow(
  edits: readonly Edit[],
  ids: FoundIds,
  fixed: Readonly<Record<string, string | number | boolean>>,
  model: ModelFields,
): { readonly columns: string[]; readonly row: string[] } {
  const cells = new Map<string, string>();
  for (const [name, value] of Object.entries(fixed))
    cells.set(model[name]?.relation ? `${name}/.id` : name, cellOf(value));
  for (const edit of edits) {
    if (edit.kind === 'value') {
      // Empty says nothing: what Odoo or `newRecords` give of themselves stays.
      if (edit.value !== false || model[edit.odoo]?.type === 'boolean')
        cells.set(edit.odoo, cellOf(edit.value));
    } else if (edit.kind === 'reference') {
      cells.set(`${edit.place.odoo}/.id`, String(idIn(ids, edit.place.field, edit.text)));
    } else {
      const list = edit.add.map((text) => idIn(ids, edit.place.field, text));
      cells.set(`${edit.place.odoo}/.id`, [...new Set(list)].join(','));
    }
  }
  return { columns: [...cells.keys()], row: [...cells.values()] };
}

function cellOf(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
}

function idIn(ids: FoundIds, field: string, text: string): number {
  const id = ids.get(field)?.get(text);
  if (id === undefined) throw new SyncError('invariant', `a word of "${field}" was not looked up`);
  return id;
}

/** Postgres keeps neither U+0000 nor half a character; Odoo would answer with an error that names no field. */
function refuseUnstorable(field: string, value: Value): void {
  const texts = isSet(value)
    ? value.map((element) => element.value)
    : typeof value === 'string'
      ? [value]
      : [];
  if (texts.some((text) => text.includes('\0') || !text.isWellFormed()))
    throw refused(field, 'holds characters that Odoo cannot keep (U+0000, a lone surrogate)');
}

function refused(field: string, why: string): SyncError {
  return new SyncError('rejected', `"${field}" ${why}`, { side: 'crm', field });
}
