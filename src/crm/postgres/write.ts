/**
 * Creates, updates and deletes, each inside one transaction of the caller's. An update locks the row, compares what
 * the plan saw with what is there, and only then writes the patched columns: compare-and-set, so that no edit of a
 * person is overwritten unseen (promise P2). A create is recognised by its marker (promise P5).
 */
import { equalValues } from '../../core/equivalence.ts';
import type { FieldWrite, Patch, SideRecord } from '../../core/record.ts';
import type { FieldSpec } from '../../core/spec.ts';
import { ABSENT, isAbsent } from '../../core/value.ts';
import { SyncError } from '../../errors.ts';
import type { CreateRequest, UpdateRequest } from '../adapter.ts';
import type { MappedField } from '../definition.ts';
import { type Assignment, assign, type ChildEdit, placeText, setClause } from './assign.ts';
import type { Column } from './catalog.ts';
import { type FoundRow, readByMarker, readRow } from './find.ts';
import type { Layout, Place } from './layout.ts';
import type { Row, Session } from './pool.ts';
import { couldBeId, hasId, isLive, typed } from './rows.ts';
import { join, name, raw, type Sql, sql } from './sql.ts';

export interface WriteContext {
  readonly layout: Layout;
  readonly fields: readonly MappedField[];
  readonly region: string;
}

/** Throws `stale` when the row is gone, its version moved, or a patched field is not what the plan saw. */
export async function updateRow(
  session: Session,
  context: WriteContext,
  request: UpdateRequest,
): Promise<SideRecord> {
  const { layout } = context;
  if (Object.keys(request.patch).length === 0 && request.externalId === undefined) {
    throw new SyncError('invariant', 'an update without a change was sent to the CRM', {
      record: request.id,
    });
  }
  const found = await lockRow(session, context, request);
  compare(context, request, found.record);

  const { columns, children } = assignAll(context, request.patch, found.row);
  const { externalId } = layout;
  if (request.externalId !== undefined && externalId !== null) {
    columns.push({ column: externalId, value: typed(request.externalId, externalId) });
  }
  for (const { column } of columns) refuseReadOnly(layout, column, column.may.update);
  const clauses = [...columns.map(setClause), ...bookkeeping(layout)];
  if (clauses.length > 0) {
    const written = await session.query(sql`
      update ${raw(layout.table.sqlName)} t set ${join(clauses, ', ')} where ${hasId(layout, request.id)}
      returning '1' as done`);
    if (written.length === 0) throw suppressed(request.id);
  }
  for (const edit of children) await writeChildren(session, layout, request.id, edit);
  return reread(session, layout, request.id);
}

/** Inserts, or returns the live row that already carries the marker: our own create whose answer was lost. */
export async function createRow(
  session: Session,
  context: WriteContext,
  request: CreateRequest,
): Promise<SideRecord> {
  const { layout } = context;
  const { externalId, key, table } = layout;
  if (externalId !== null) {
    // Without a unique index only this lock keeps two of us from inserting the same marker.
    await session.query(
      sql`select pg_advisory_xact_lock(hashtextextended(${`${table.oid}:${request.marker}`}, 0))::text`,
    );
    const existing = await readByMarker(session, layout, request.marker);
    if (existing !== null) return notDeleted(existing);
  }
  const { columns, children } = assignAll(context, asCreate(request.patch), null);
  for (const { column } of columns) refuseReadOnly(layout, column, column.may.insert);
  if (externalId !== null) columns.push({ column: externalId, value: typed(request.marker, externalId) });
  columns.push(...insertedByUs(layout));
  const into = join(
    columns.map(({ column }) => name(column.name)),
    ', ',
  );
  const values = join(
    columns.map(({ value }) => value),
    ', ',
  );
  const what = columns.length === 0 ? raw('default values') : sql`(${into}) values (${values})`;
  const [row] = await session.query(sql`
    insert into ${raw(table.sqlName)} as t ${what} returning t.${name(key.name)}::text as "id"`);
  const id = row?.id ?? null;
  if (id === null) throw suppressed(null);
  for (const edit of children) await writeChildren(session, layout, id, edit);
  return reread(session, layout, id);
}

/** Marks or removes the row, its child rows included. No such row: done already. */
export async function deleteRow(session: Session, layout: Layout, id: string): Promise<void> {
  if (!couldBeId(layout, id)) return;
  const table = raw(layout.table.sqlName);
  if (layout.deletedAt !== null) {
    const mark = setClause({ column: layout.deletedAt, value: raw('clock_timestamp()') });
    await session.query(sql`
      update ${table} t set ${join([mark, ...bookkeeping(layout)], ', ')}
      where ${hasId(layout, id)} and ${isLive(layout)}`);
    return;
  }
  for (const place of layout.places) {
    if (place.kind !== 'child') continue;
    await session.query(sql`
      delete from ${raw(place.child.table.sqlName)} c
      where c.${name(place.child.foreignKey.name)} = ${typed(id, layout.key)}`);
  }
  await session.query(sql`delete from ${table} t where ${hasId(layout, id)}`);
}

/**
 * Locks the row and its child rows, then reads both in a later statement: under READ COMMITTED a statement that had
 * to wait for a lock sees the row anew, but not the child rows.
 */
async function lockRow(session: Session, context: WriteContext, request: UpdateRequest): Promise<FoundRow> {
  const { layout } = context;
  const { id } = request;
  if (couldBeId(layout, id)) {
    await session.query(sql`
      select '1' as locked from ${raw(layout.table.sqlName)} t where ${hasId(layout, id)} for update`);
    for (const place of layout.places) {
      if (place.kind !== 'child' || request.patch[place.field] === undefined) continue;
      const { child } = place;
      await session.query(sql`
        select '1' as locked from ${raw(child.table.sqlName)} c
        where c.${name(child.foreignKey.name)} = ${typed(id, layout.key)} for update`);
    }
  }
  const found = await readRow(session, layout, id);
  if (found === null || found.deleted) throw stale(id, 'the record is no longer there');
  return found;
}

function compare(context: WriteContext, request: UpdateRequest, now: SideRecord): void {
  const { version } = request.current;
  if (context.layout.version !== null && version !== null && version !== now.version) {
    throw stale(request.id, 'the record has a newer version than the one that was planned on');
  }
  for (const [field, write] of Object.entries(request.patch)) {
    const current = now.fields[field];
    if (current === undefined) throw unreadable(request.id, field);
    const before = isAbsent(write.before) ? null : write.before;
    if (!equalValues(specOf(context, field), before, current, context.region)) {
      throw stale(request.id, `"${field}" moved since it was read`, field);
    }
  }
}

function assignAll(context: WriteContext, patch: Patch, row: Row | null) {
  const columns: Assignment[] = [];
  const children: ChildEdit[] = [];
  for (const [field, write] of Object.entries(patch)) {
    const source = placeText(context.layout, row ?? {}, field);
    if (source === null) {
      throw new SyncError('config', `the CRM's table has no field "${field}"`, { side: 'crm', field });
    }
    const { equivalence } = specOf(context, field);
    const assignments = assign(source, write, equivalence, context.region);
    columns.push(...assignments.columns);
    children.push(...assignments.children);
  }
  return { columns, children };
}

/** On a create there is nothing before; a value that is not there is left to the column's default. */
function asCreate(patch: Patch): Patch {
  const writes = Object.entries(patch).filter(([, write]) => write.after !== null && !isAbsent(write.after));
  return Object.fromEntries(
    writes.map(([field, write]): [string, FieldWrite] => [field, { ...write, before: ABSENT, ops: null }]),
  );
}

/** What every write raises: the version, and the time of change. A trigger of the CRM's that does so has the last word. */
function bookkeeping(layout: Layout): Sql[] {
  const { version, updatedAt } = layout;
  const clauses: Sql[] = [];
  if (version !== null && writable(version)) {
    const column = name(version.name);
    clauses.push(sql`${column} = coalesce(t.${column}, 0) + 1`);
  }
  if (updatedAt !== null && writable(updatedAt))
    clauses.push(sql`${name(updatedAt.name)} = clock_timestamp()`);
  return clauses;
}

function writable(column: Column): boolean {
  return column.may.update && !column.generated;
}

function insertedByUs({ key, updatedAt, version }: Layout): Assignment[] {
  const columns: Assignment[] = [];
  if (!key.filled) {
    if (key.type.startsWith('int')) {
      throw new SyncError('config', `key column "${key.name}" has no default, so no row can be created`, {
        side: 'crm',
        advice: 'make it an identity column, or set create.inCrm: false',
      });
    }
    columns.push({
      column: key,
      value: key.type === 'uuid' ? raw('gen_random_uuid()') : raw('gen_random_uuid()::text'),
    });
  }
  if (updatedAt?.may.insert && !updatedAt.generated) {
    columns.push({ column: updatedAt, value: raw('clock_timestamp()') });
  }
  if (version !== null && !version.filled && version.may.insert)
    columns.push({ column: version, value: raw('1') });
  return columns;
}

/** Frees values before it claims them: a unique number may move from one row to another within one set. */
async function writeChildren(session: Session, layout: Layout, id: string, edit: ChildEdit): Promise<void> {
  const { table, key, foreignKey, value, primary } = edit.place.child;
  const child = raw(table.sqlName);
  const owned = sql`c.${name(foreignKey.name)} = ${typed(id, layout.key)}`;
  const one = (childId: string): Sql => sql`c.${name(key.name)} = ${typed(childId, key)} and ${owned}`;
  for (const childId of edit.remove) await session.query(sql`delete from ${child} c where ${one(childId)}`);
  for (const { id: childId, to } of edit.change) {
    const done = await session.query(sql`
      update ${child} c set ${name(value.name)} = ${typed(to, value)} where ${one(childId)} returning '1' as done`);
    if (done.length === 0) throw suppressed(id);
  }
  for (const text of edit.add) {
    const columns = [name(foreignKey.name), name(value.name)];
    const values = [typed(id, layout.key), typed(text, value)];
    if (!key.filled) {
      columns.push(name(key.name));
      values.push(key.type === 'uuid' ? raw('gen_random_uuid()') : raw('gen_random_uuid()::text'));
    }
    await session.query(sql`
      insert into ${child} (${join(columns, ', ')}) values (${join(values, ', ')})`);
  }
  if (primary === null || (edit.remove.length === 0 && edit.add.length === 0)) return;
  // One of them has to be the first: when the primary one went, or there was none yet, the oldest takes its place.
  const flag = name(primary.name);
  await session.query(sql`
    update ${child} c set ${flag} = true
    where ${owned} and c.${name(key.name)} = (
        select c.${name(key.name)} from ${child} c where ${owned} order by c.${name(key.name)} limit 1)
      and not exists (select from ${child} c where ${owned} and c.${flag})`);
}

async function reread(session: Session, layout: Layout, id: string): Promise<SideRecord> {
  const found = await readRow(session, layout, id);
  if (found === null) throw suppressed(id);
  return notDeleted(found);
}

function notDeleted({ record, deleted }: FoundRow): SideRecord {
  if (!deleted) return record;
  throw new SyncError('rejected', 'the record of this marker was created and then deleted in the CRM', {
    side: 'crm',
    record: record.id,
    code: 'deleted',
    advice: 'restore it there, or unlink the two records',
  });
}

function specOf(context: WriteContext, field: string): FieldSpec {
  const mapped = context.fields.find((candidate) => candidate.name === field);
  const place = context.layout.places.find((candidate) => candidate.field === field);
  const shape = place === undefined || place.kind === 'scalar' ? 'scalar' : 'set';
  const equivalence = mapped?.equivalence ?? 'text';
  return {
    udesk: field,
    crm: field,
    shape,
    equivalence,
    direction: 'both',
    policy: 'hold',
    onBlocked: 'hold',
    map: null,
  };
}

function refuseReadOnly(layout: Layout, column: Column, allowed: boolean): void {
  if (allowed && !column.generated) return;
  const why = column.generated ? 'is computed by the database' : 'may not be written by this login';
  throw new SyncError('config', `column "${column.name}" of ${layout.table.sqlName} ${why}`, {
    side: 'crm',
    advice:
      'grant the right (`udesk-sync check` prints the statement), or map the field with direction: to-udesk',
  });
}

function stale(record: string, message: string, field?: string): SyncError {
  return new SyncError('stale', message, { side: 'crm', record, ...(field === undefined ? {} : { field }) });
}

function suppressed(record: string | null): SyncError {
  return new SyncError('rejected', "the CRM's database accepted the write and then did not do it", {
    side: 'crm',
    ...(record === null ? {} : { record }),
    code: 'suppressed',
    advice: 'look for a trigger that returns NULL, or a row-level policy, on the table',
  });
}

function unreadable(record: string, field: string): SyncError {
  return new SyncError('rejected', `"${field}" does not hold what the config says (a list)`, {
    side: 'crm',
    record,
    field,
  });
}

/** The mapped field that lives in one of these columns, to name it in a refusal. */
export function fieldOfColumns(layout: Layout, columns: readonly (string | null)[]): string | null {
  const holds = (place: Place): boolean => {
    if (place.kind === 'slots') return place.columns.some((column) => columns.includes(column.name));
    return columns.includes(place.kind === 'child' ? place.child.value.name : place.column.name);
  };
  return layout.places.find(holds)?.field ?? null;
}
