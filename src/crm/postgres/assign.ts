/** From a patch to column assignments and child-row statements. Pure: it builds SQL, it sends none. */
import { scalarText } from '../../core/equivalence.ts';
import type { FieldWrite } from '../../core/record.ts';
import type { Equivalence } from '../../core/spec.ts';
import { isSet } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import { editSet, type Held, type SetEdit } from '../set-edit.ts';
import { fillSlots } from '../slots.ts';
import type { Column } from './catalog.ts';
import type { Layout, Place } from './layout.ts';
import type { Row } from './pool.ts';
import { jsonElement, typed } from './rows.ts';
import { name, raw, type Sql, sql } from './sql.ts';

export interface Assignment {
  readonly column: Column;
  readonly value: Sql;
}

/** Statements on a child table, in the order that frees a unique value before it is claimed. */
export interface ChildEdit {
  readonly place: Place & { kind: 'child' };
  readonly remove: readonly string[];
  readonly change: readonly { readonly id: string; readonly to: string }[];
  readonly add: readonly string[];
}

export interface Assignments {
  readonly columns: readonly Assignment[];
  readonly children: readonly ChildEdit[];
}

/** A place and how it was read: `text` is the row's own text for it (null for a row that is yet to be made). */
interface Source {
  readonly place: Place;
  readonly text: string | null;
}

/** Throws `stale` when an element is no longer there, `rejected` (code `capacity`) when there is no room. */
export function assign(source: Source, write: FieldWrite, eq: Equivalence, region: string): Assignments {
  const { place, text } = source;
  checkText(place.field, write);
  if (place.kind === 'scalar') {
    return { columns: [{ column: place.column, value: scalarSql(place.column, write) }], children: [] };
  }
  const held = heldPlaces(place, text);
  const edit = editSet(held, write, eq, region);
  if (!edit.ok) {
    throw new SyncError('stale', `an element of "${place.field}" is no longer as it was read`, {
      side: 'crm',
      field: place.field,
    });
  }
  if (place.kind === 'child') {
    return { columns: [], children: [childEdit(place, held, edit)] };
  }
  if (place.kind === 'slots') return { columns: slotColumns(place, held, edit), children: [] };
  // A set that never was stays NULL, and one that is to be none becomes it.
  const none = !isSet(write.after) && write.ops === null;
  const value = none ? sql`null` : listSql(place, text, edit);
  return { columns: [{ column: place.column, value }], children: [] };
}

function scalarSql(column: Column, write: FieldWrite): Sql {
  if (isSet(write.after)) {
    throw new SyncError('invariant', `a set was planned for "${column.name}", which holds one value`);
  }
  const text = scalarText(write.after);
  return typed(text, column);
}

function heldPlaces(place: Place, text: string | null): Held[] {
  if (place.kind === 'slots') {
    const values = text === null ? [] : (JSON.parse(text) as (string | null)[]);
    return place.columns.map((column, at) => ({ id: column.name, value: values[at] || null }));
  }
  const items = text === null ? [] : (JSON.parse(text) as unknown[]);
  switch (place.kind) {
    case 'child':
      return (items as [string, string | null][]).map(([id, value]) => ({ id, value: value || null }));
    case 'json':
      return items.map((item) => ({ id: null, value: jsonElement(String(item)) || null }));
    default:
      return items.map((value) => ({
        id: null,
        value: typeof value === 'string' && value !== '' ? value : null,
      }));
  }
}

function slotColumns(place: Place & { kind: 'slots' }, held: readonly Held[], edit: SetEdit & { ok: true }) {
  const empty = held.map(({ value }) => value === null);
  const advice = 'remove one, or give the CRM more columns under `columns`';
  const after = fillSlots(place.field, empty, edit, advice);
  return [...after].flatMap(([at, value]) => {
    const column = place.columns[at];
    if (column === undefined) return [];
    // A column that may not be NULL is emptied with ''.
    return [{ column, value: typed(value ?? (column.nullable ? null : ''), column) }];
  });
}

function childEdit(
  place: Place & { kind: 'child' },
  held: readonly Held[],
  edit: SetEdit & { ok: true },
): ChildEdit {
  const remove: string[] = [];
  const change: { id: string; to: string }[] = [];
  for (const [at, value] of edit.changed) {
    const id = held[at]?.id ?? '';
    if (value === null) remove.push(id);
    else change.push({ id, to: value });
  }
  return { place, remove, change, add: edit.added };
}

/** The whole list anew: NULLs and what is no text stay where they are. */
function listSql(
  place: Place & { kind: 'array' | 'json' },
  text: string | null,
  edit: SetEdit & { ok: true },
): Sql {
  const items = text === null ? [] : (JSON.parse(text) as unknown[]);
  if (items.some(Array.isArray)) {
    throw new SyncError('rejected', `"${place.field}" holds an array of arrays, which is not written to`, {
      side: 'crm',
      field: place.field,
    });
  }
  const kept = items.flatMap((item, at) => {
    const value = edit.changed.get(at);
    if (value === null) return [];
    return value === undefined ? [item] : [place.kind === 'json' ? JSON.stringify(value) : value];
  });
  if (place.kind === 'json') {
    const json = `[${[...kept, ...edit.added.map((value) => JSON.stringify(value))].join(',')}]`;
    return sql`${json}::${raw(place.column.cast)}`;
  }
  return sql`array(select x.v from json_array_elements_text(${JSON.stringify([...kept, ...edit.added])}::json)
    with ordinality as x(v, n) order by x.n)::${raw(place.column.cast)}`;
}

/** What Postgres text cannot hold is refused by name before anything is sent; the driver would put U+FFFD in its place. */
function checkText(field: string, write: FieldWrite): void {
  const values = isSet(write.after)
    ? write.after.map((element) => element.value)
    : [scalarText(write.after) ?? ''];
  const sent = [
    ...values,
    ...(write.ops?.add ?? []),
    ...(write.ops?.change ?? []).map((change) => change.to),
  ];
  const nul = sent.some((value) => value.includes('\0'));
  if (nul || sent.some((value) => !value.isWellFormed())) {
    const what = nul ? 'the NUL character' : 'half of a surrogate pair';
    throw new SyncError('rejected', `the value for "${field}" holds ${what}, which Postgres cannot store`, {
      side: 'crm',
      field,
      code: 'bad-character',
      advice: 'remove the invisible character on the side where the value was entered',
    });
  }
}

/** `"column" = value`, for an UPDATE. */
export function setClause({ column, value }: Assignment): Sql {
  return sql`${name(column.name)} = ${value}`;
}

/** The texts of all places of a row, as `recordColumns` selected them. */
export function placeText(layout: Layout, row: Row, field: string): Source | null {
  const index = layout.places.findIndex((place) => place.field === field);
  const place = layout.places[index];
  return place === undefined ? null : { place, text: row[`f${index}`] ?? null };
}
