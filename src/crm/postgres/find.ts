/** Point reads and look-ups by a matching key. Only live rows. */
import { asElements, normalizeText } from '../../core/equivalence.ts';
import type { SideRecord } from '../../core/record.ts';
import type { MatchKeyKind } from '../../core/spec.ts';
import type { Value } from '../../core/value.ts';
import type { MappedField } from '../definition.ts';
import type { Layout, Place } from './layout.ts';
import type { Row, Session } from './pool.ts';
import { couldBeId, hasId, isLive, recordColumns, toRecord } from './rows.ts';
import { join, name, raw, type Sql, sql } from './sql.ts';

/** More rows than any matching can use: past this a key is an office line (sync design §6.4). */
const LOOKUP_LIMIT = 1_000;

export interface FoundRow {
  /** As selected by `recordColumns`. */
  readonly row: Row;
  readonly record: SideRecord;
  /** Marked as deleted. */
  readonly deleted: boolean;
}

/** The row as it is now; `deleted` where it is marked so; null where there is none. */
export async function readRow(session: Session, layout: Layout, id: string): Promise<FoundRow | null> {
  if (!couldBeId(layout, id)) return null;
  return readWhere(session, layout, hasId(layout, id));
}

/** The row that carries this external id, deleted ones included (they come last). */
export async function readByMarker(
  session: Session,
  layout: Layout,
  marker: string,
): Promise<FoundRow | null> {
  if (layout.externalId === null) return null;
  return readWhere(session, layout, sql`t.${name(layout.externalId.name)} = ${marker}`);
}

async function readWhere(session: Session, layout: Layout, condition: Sql): Promise<FoundRow | null> {
  const order = layout.deletedAt === null ? raw('1') : sql`t.${name(layout.deletedAt.name)} desc nulls first`;
  const [row] = await session.query(sql`
    select ${recordColumns(layout)} from ${raw(layout.table.sqlName)} t
    where ${condition} order by ${order} limit 1`);
  return row === undefined ? null : { row, record: toRecord(layout, row), deleted: row.deleted === 'true' };
}

export async function lookup(
  session: Session,
  layout: Layout,
  fields: readonly MappedField[],
  region: string,
  kind: MatchKeyKind,
  value: string,
): Promise<SideRecord[]> {
  if (value.includes('\0') || value.trim() === '') return [];
  if (kind === 'token') {
    const { externalId } = layout;
    return externalId === null ? [] : find(session, layout, sql`t.${name(externalId.name)} = ${value}`);
  }
  const equivalence = kind === 'email' ? 'email' : 'phone';
  const places = layout.places.filter((place) => keyField(place.field, kind, fields));
  if (places.length === 0) return [];
  const wide = kind === 'email' ? emailLike(value) : phoneLike(normalizeText('phone', value, region));
  const found = await find(
    session,
    layout,
    join(
      places.map((place) => holds(layout, place, wide)),
      ' or ',
    ),
  );
  const wanted = normalizeText(equivalence, value, region);
  const equal = (held: Value): boolean =>
    asElements(held).some((element) => normalizeText(equivalence, element.value, region) === wanted);
  return found.filter((record) => places.some((place) => equal(record.fields[place.field] ?? null)));
}

/** Whether this field holds addresses (or numbers): by its block, or by the equivalence that the pair declares. */
function keyField(field: string, kind: MatchKeyKind, fields: readonly MappedField[]): boolean {
  const equivalence = fields.find((mapped) => mapped.name === field)?.equivalence;
  if (equivalence !== undefined) return equivalence === (kind === 'email' ? 'email' : 'phone');
  return field === (kind === 'email' ? 'emails' : 'phones');
}

async function find(session: Session, layout: Layout, condition: Sql): Promise<SideRecord[]> {
  const rows = await session.query(sql`
    select ${recordColumns(layout)} from ${raw(layout.table.sqlName)} t
    where ${isLive(layout)} and (${condition})
    order by t.${name(layout.key.name)} limit ${LOOKUP_LIMIT}::int`);
  return rows.map((row) => toRecord(layout, row));
}

type Like = (text: Sql) => Sql;

/** Too many rather than too few: the visible ASCII in lower case. What is really equal is decided by the core's rule. */
function emailLike(value: string): Like {
  const wanted = value.replaceAll(/[^!-~]/g, '').toLowerCase();
  return (text) => sql`lower(regexp_replace(${text}, '[^!-~]', '', 'g')) = ${wanted}`;
}

/** The same for numbers: the last seven digits, so that a country code or a trunk prefix does not matter. */
function phoneLike(normalized: string): Like {
  const digits = normalized.replaceAll(/\D/g, '');
  if (digits === '') return (text) => sql`btrim(${text}) = ${normalized}`;
  const end = digits.slice(-7);
  return (text) =>
    sql`right(regexp_replace(translate(${text}, '０１２３４５６７８９', '0123456789'), '[^0-9]', '', 'g'),
      ${end.length}::int) = ${end}`;
}

function holds(layout: Layout, place: Place, like: Like): Sql {
  switch (place.kind) {
    case 'scalar':
      return like(sql`t.${name(place.column.name)}::text`);
    case 'slots':
      return join(
        place.columns.map((column) => like(sql`t.${name(column.name)}::text`)),
        ' or ',
      );
    case 'array':
      return sql`exists (select from unnest(t.${name(place.column.name)}::text[]) as x(v) where ${like(raw('x.v'))})`;
    case 'json': {
      const list = sql`t.${name(place.column.name)}::jsonb`;
      return sql`exists (select from jsonb_array_elements_text(
        case when jsonb_typeof(${list}) = 'array' then ${list} else '[]' end) as x(v) where ${like(raw('x.v'))})`;
    }
    case 'child': {
      const { child } = place;
      return sql`exists (select from ${raw(child.table.sqlName)} c
        where c.${name(child.foreignKey.name)} = t.${name(layout.key.name)}
          and ${like(sql`c.${name(child.value.name)}::text`)})`;
    }
  }
}
