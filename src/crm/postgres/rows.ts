/**
 * From a table's row to a `SideRecord` and back to the text that SQL takes. Nothing is lost on the way: numbers,
 * dates and ids travel as text, NULL and '' stay two values (sync design §3).
 */
import type { LastEdit, SideRecord } from '../../core/record.ts';
import type { Element, Value } from '../../core/value.ts';
import type { Column } from './catalog.ts';
import type { Layout, Place } from './layout.ts';
import type { Row } from './pool.ts';
import { join, name, raw, type Sql, sql } from './sql.ts';

/** The columns of `t` (the main table's alias) that make up a record, all as text. */
export function recordColumns(layout: Layout): Sql {
  const { key, externalId, updatedAt, deletedAt, version } = layout;
  const none = raw('null::text');
  return join(
    [
      sql`t.${name(key.name)}::text as "id"`,
      sql`${externalId === null ? none : sql`t.${name(externalId.name)}::text`} as "external_id"`,
      sql`${version === null ? none : sql`t.${name(version.name)}::text`} as "version"`,
      sql`${updatedAt === null ? none : utc(updatedAt, 'MS')} as "updated_at"`,
      sql`${updatedAt === null ? none : utc(updatedAt, 'US')} as "position"`,
      sql`${deletedAt === null ? raw("'false'") : sql`(t.${name(deletedAt.name)} is not null)::text`} as "deleted"`,
      ...authorTexts(layout),
      ...layout.places.map((place, index) => sql`${placeText(layout, place)} as ${raw(`"f${index}"`)}`),
    ],
    ', ',
  );
}

function authorTexts({ author }: Layout): Sql[] {
  if (author === null) return [];
  const text = (column: Column | null) =>
    column === null ? raw('null::text') : sql`t.${name(column.name)}::text`;
  return [
    sql`${text(author.id)} as "author_id"`,
    sql`${text(author.name)} as "author_name"`,
    sql`${author.at === null ? raw('null::text') : utc(author.at, 'MS')} as "author_at"`,
  ];
}

/** ISO 8601 in UTC, whatever the session's time zone and date style; null for NULL and infinity. */
function utc(column: Column, fraction: 'MS' | 'US'): Sql {
  const at = sql`t.${name(column.name)}`;
  const format = raw(`'YYYY-MM-DD"T"HH24:MI:SS.${fraction}"Z"'`);
  return sql`case when isfinite(${at}) then to_char(${at} at time zone 'UTC', ${format}) end`;
}

function placeText(layout: Layout, place: Place): Sql {
  switch (place.kind) {
    case 'scalar':
      return scalarText(sql`t.${name(place.column.name)}`, place.column);
    case 'array':
      return sql`array_to_json(t.${name(place.column.name)}::text[])::text`;
    case 'json': {
      const value = sql`t.${name(place.column.name)}::jsonb`;
      // Element by element as JSON text, so that what is no text is carried along untouched. '!' is no list at all.
      return sql`case coalesce(jsonb_typeof(${value}), 'null') when 'null' then null when 'array' then
        (select coalesce(json_agg(x.e::text order by x.n), '[]') from jsonb_array_elements(${value})
         with ordinality as x(e, n))::text else '!' end`;
    }
    case 'slots':
      return sql`json_build_array(${join(
        place.columns.map((column) => sql`t.${name(column.name)}::text`),
        ', ',
      )})::text`;
    case 'child': {
      const { child } = place;
      const order = child.primary === null ? raw('') : sql`c.${name(child.primary.name)} desc nulls last, `;
      return sql`(select coalesce(json_agg(json_build_array(c.${name(child.key.name)}::text,
          c.${name(child.value.name)}::text) order by ${order}c.${name(child.key.name)}), '[]')
        from ${raw(child.table.sqlName)} c
        where c.${name(child.foreignKey.name)} = t.${name(layout.key.name)})::text`;
    }
  }
}

function scalarText(at: Sql, column: Column): Sql {
  switch (column.type) {
    case 'timestamptz':
      return sql`(to_json(${at} at time zone 'UTC') #>> '{}') || case when isfinite(${at}) then 'Z' else '' end`;
    case 'timestamp':
    case 'date':
      return sql`to_json(${at}) #>> '{}'`;
    default:
      return sql`${at}::text`;
  }
}

export function toRecord(layout: Layout, row: Row): SideRecord {
  const fields: Record<string, Value> = {};
  for (const [index, place] of layout.places.entries()) {
    const value = toValue(place, row[`f${index}`] ?? null);
    if (value !== undefined) fields[place.field] = value;
  }
  return {
    id: row.id ?? '',
    fields,
    externalId: row.external_id ?? null,
    version: row.version ?? null,
    updatedAt: row.updated_at ?? null,
    lastEdit: lastEditOf(layout, row),
  };
}

/** Nobody's where the row names nobody: a row from before the columns were kept. */
function lastEditOf({ author }: Layout, row: Row): LastEdit | null {
  const [id, named] = [row.author_id || null, row.author_name || null];
  if (author === null || (id ?? named) === null) return null;
  const own = named === author.ownName || (id !== null && id === author.ownId);
  return { id, name: named, at: row.author_at ?? null, own };
}

/** Undefined: not to be read as this field's value, and so "not returned" (a JSON column that holds no list). */
function toValue(place: Place, text: string | null): Value | undefined {
  if (place.kind === 'scalar') {
    return place.column.type === 'bool' && text !== null ? text === 'true' : text;
  }
  if (text === null) return null;
  if (text === '!') return undefined;
  return toElements(place, text);
}

function toElements(place: Place, text: string): readonly Element[] {
  const items = JSON.parse(text) as unknown[];
  switch (place.kind) {
    case 'slots':
      return items.flatMap((value, at) => element(place.columns[at]?.name ?? null, value));
    case 'child':
      return (items as [string, unknown][]).flatMap(([id, value]) => element(id, value));
    case 'json':
      return items.flatMap((item) => element(null, jsonElement(String(item))));
    default:
      return items.flat(10).flatMap((value) => element(null, value));
  }
}

/** NULLs and empty texts are room, not elements. */
function element(id: string | null, value: unknown): Element[] {
  return typeof value === 'string' && value !== '' ? [{ id, value }] : [];
}

/** The text of a JSON string or number (digit for digit); null for anything else. */
export function jsonElement(json: string): string | null {
  if (json.startsWith('"')) return JSON.parse(json) as string;
  return /^-?\d/.test(json) ? json : null;
}

/** A text parameter as a value of this column's type. Text types get none, so that a length rule is an error and never a cut. */
export function typed(value: string | null, column: Column): Sql {
  const plain = ['text', 'varchar', 'citext'].includes(column.type);
  return plain ? sql`${value}` : sql`${value}::${raw(column.cast)}`;
}

/** `t` is the row with this id. */
export function hasId(layout: Layout, id: string): Sql {
  return sql`t.${name(layout.key.name)} = ${typed(id, layout.key)}`;
}

/** Whether the key's type can hold this id at all; what it cannot hold does not exist. */
export function couldBeId(layout: Layout, id: string): boolean {
  const largest = { int2: 32_767n, int4: 2_147_483_647n, int8: 9_223_372_036_854_775_807n }[layout.key.type];
  if (largest !== undefined) {
    if (!/^-?\d{1,19}$/.test(id)) return false;
    const value = BigInt(id);
    return value <= largest && value >= -largest - 1n;
  }
  if (layout.key.type === 'uuid') return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
  return !id.includes('\0');
}

/** `t` is not marked as deleted. */
export function isLive(layout: Layout): Sql {
  return layout.deletedAt === null ? raw('true') : sql`t.${name(layout.deletedAt.name)} is null`;
}
