/** Point reads and look-ups by a matching key. Only live rows. */
import type { Contact } from '../../core/contacts.ts';
import { asElements, normalizeText } from '../../core/equivalence.ts';
import type { SideRecord } from '../../core/record.ts';
import type { MatchKeyKind } from '../../core/spec.ts';
import type { MappedField } from '../definition.ts';
import type { Layout, Place } from './layout.ts';
import type { Row, Session } from './pool.ts';
import { couldBeId, hasId, isLive, recordColumns, toRecord } from './rows.ts';
import { join, name, raw, type Sql, sql } from './sql.ts';

/** More rows than any matching can use: past this a key is an office line (sync design §6.4). */
const LOOKUP_LIMIT = 1_000;
/** Of one statement; the server takes 65,535. */
const MAX_PARAMETERS = 10_000;

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
  const places = placesOf(layout, fields, kind);
  if (places.length === 0) return [];
  const wide = kind === 'email' ? emailLike([value]) : phoneLike(normalizeText('phone', value, region));
  const found = await find(session, layout, inOneOf(layout, places, wide));
  const wanted = normalizeText(EQUIVALENCE[kind], value, region);
  return found.filter((record) => formsIn(record, places, kind, region).includes(wanted));
}

/** Of these, what no live row holds: the table is read once for all e-mails, and once for all phones. */
export async function unheld(
  session: Session,
  layout: Layout,
  fields: readonly MappedField[],
  region: string,
  contacts: readonly Contact[],
): Promise<readonly Contact[]> {
  const askable = contacts.filter(({ kind, value }) =>
    kind === 'email' ? !value.includes('\0') : lastDigits(normalizeText('phone', value, region)) !== null,
  );
  const free = new Set<Contact>();
  // One after the other: with two kinds in one statement no index of a child table is used.
  for (const kind of ['email', 'cellphone'] as const) {
    const ofKind = askable.filter((contact) => contact.kind === kind);
    const places = placesOf(layout, fields, kind);
    for (const one of await unheldOfKind(session, layout, places, region, kind, ofKind)) free.add(one);
  }
  return askable.filter((contact) => free.has(contact));
}

async function unheldOfKind(
  session: Session,
  layout: Layout,
  places: readonly Place[],
  region: string,
  kind: Contact['kind'],
  contacts: readonly Contact[],
): Promise<readonly Contact[]> {
  if (places.length === 0 || contacts.length === 0) return contacts;
  const columns = places.reduce((n, place) => n + (place.kind === 'slots' ? place.columns.length : 1), 0);
  const values = contacts.slice(0, MAX_PARAMETERS / columns).map(({ value }) => value);
  const like = kind === 'email' ? emailLike(values) : phonesLike(values, region);
  const found = await find(session, layout, inOneOf(layout, places, like));
  if (found.length >= LOOKUP_LIMIT) {
    // Whoever else there is may hold any of these: all but those that thousands share are free in smaller parts.
    if (contacts.length === 1) return [];
    const half = Math.ceil(contacts.length / 2);
    const parts = [contacts.slice(0, half), contacts.slice(half)];
    const told: Contact[] = [];
    for (const part of parts) told.push(...(await unheldOfKind(session, layout, places, region, kind, part)));
    return told;
  }
  const held = new Set(found.flatMap((record) => formsIn(record, places, kind, region)));
  return contacts
    .slice(0, values.length)
    .filter(({ value }) => !held.has(normalizeText(EQUIVALENCE[kind], value, region)));
}

const EQUIVALENCE = { email: 'email', cellphone: 'phone' } as const;

function placesOf(layout: Layout, fields: readonly MappedField[], kind: Contact['kind']): readonly Place[] {
  return layout.places.filter((place) => keyField(place.field, kind, fields));
}

function inOneOf(layout: Layout, places: readonly Place[], like: Like): Sql {
  return join(
    places.map((place) => holds(layout, place, like)),
    ' or ',
  );
}

/** All that a record holds of a kind, in the form in which two of them are one. */
function formsIn(
  record: SideRecord,
  places: readonly Place[],
  kind: Contact['kind'],
  region: string,
): readonly string[] {
  return places
    .flatMap((place) => asElements(record.fields[place.field] ?? null))
    .map(({ value }) => normalizeText(EQUIVALENCE[kind], value, region));
}

/** Whether this field holds addresses (or numbers): by its block, or by the equivalence that the pair declares. */
function keyField(field: string, kind: Contact['kind'], fields: readonly MappedField[]): boolean {
  const equivalence = fields.find((mapped) => mapped.name === field)?.equivalence;
  if (equivalence !== undefined) return equivalence === EQUIVALENCE[kind];
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
function emailLike(values: readonly string[]): Like {
  const wanted = values.map((value) => value.replaceAll(/[^!-~]/g, '').toLowerCase());
  return (text) => sql`lower(regexp_replace(${text}, '[^!-~]', '', 'g')) ${isOneOf(wanted)}`;
}

/** The same for numbers: the last seven digits, so that a country code or a trunk prefix does not matter. */
function phoneLike(normalized: string): Like {
  const digits = normalized.replaceAll(/\D/g, '');
  if (digits === '') return (text) => sql`btrim(${text}) = ${normalized}`;
  return endingIn([digits.slice(-PHONE_DIGITS)]);
}

function phonesLike(values: readonly string[], region: string): Like {
  return endingIn(values.flatMap((value) => lastDigits(normalizeText('phone', value, region)) ?? []));
}

const PHONE_DIGITS = 7;

/** Null where it has fewer: a number of another length is asked for in another way. */
function lastDigits(normalized: string): string | null {
  const digits = normalized.replaceAll(/\D/g, '');
  return digits.length < PHONE_DIGITS ? null : digits.slice(-PHONE_DIGITS);
}

/** All of one length. */
function endingIn(ends: readonly string[]): Like {
  return (text) =>
    sql`right(regexp_replace(translate(${text}, '０１２３４５６７８９', '0123456789'), '[^0-9]', '', 'g'),
      ${ends[0]?.length ?? 0}::int) ${isOneOf(ends)}`;
}

/** An array of parameters, and not one parameter that is an array: that is no constant to the planner, which hashes only those. */
function isOneOf(values: readonly string[]): Sql {
  const [only] = values;
  if (only !== undefined && values.length === 1) return sql`= ${only}`;
  return sql`= any(array[${join(
    values.map((value) => sql`${value}`),
    ', ',
  )}])`;
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
