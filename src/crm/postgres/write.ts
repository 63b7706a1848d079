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
import { seenBy } from '../compare.ts';
import type { MappedField } from '../definition.ts';
import { type Assignment, assign, type ChildEdit, placeText, setClause } from './assign.ts';
import { bookkeeping, insertedByUs } from './bookkeeping.ts';
import type { Column } from './catalog.ts';
import { suppressed, writeChildren } from './child-rows.ts';
import { type FoundRow, readByMarker, readRow } from './find.ts';
import type { Layout } from './layout.ts';
import type { Row, Session } from './pool.ts';
import { couldBeId, hasId, isLive, typed } from './rows.ts';
import { join, name, raw, sql } from './sql.ts';

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

/**
 * Marks or removes the row, its child rows included. No such row: done already. What was seen right before (`current`)
 * is compared under the row's lock: an edit made since survives (P2), and `stale` is thrown.
 */
export async function deleteRow(
  session: Session,
  context: WriteContext,
  id: string,
  current?: SideRecord,
): Promise<void> {
  const { layout } = context;
  if (!couldBeId(layout, id)) return;
  if (current !== undefined) {
    const found = await lockedRow(session, layout, id, () => true);
    if (found === null || found.deleted) return;
    compareWhole(context, current, found.record);
  }
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
  const { id } = request;
  const found = await lockedRow(session, context.layout, id, (field) => request.patch[field] !== undefined);
  if (found === null || found.deleted) throw stale(id, 'the record is no longer there');
  return found;
}

async function lockedRow(
  session: Session,
  layout: Layout,
  id: string,
  touches: (field: string) => boolean,
): Promise<FoundRow | null> {
  if (couldBeId(layout, id)) {
    await session.query(sql`
      select '1' as locked from ${raw(layout.table.sqlName)} t where ${hasId(layout, id)} for update`);
    for (const place of layout.places) {
      if (place.kind !== 'child' || !touches(place.field)) continue;
      const { child } = place;
      await session.query(sql`
        select '1' as locked from ${raw(child.table.sqlName)} c
        where c.${name(child.foreignKey.name)} = ${typed(id, layout.key)} for update`);
    }
  }
  return await readRow(session, layout, id);
}

/** Every field that was seen must still hold what was seen: a deletion takes all of them. */
function compareWhole(context: WriteContext, seen: SideRecord, now: SideRecord): void {
  if (context.layout.version !== null && seen.version !== null && seen.version !== now.version) {
    throw stale(seen.id, 'the record has a newer version than the one that was to be deleted');
  }
  for (const [field, before] of Object.entries(seen.fields)) {
    const current = now.fields[field];
    if (current === undefined || equalValues(specOf(context, field), before, current, context.region))
      continue;
    throw stale(seen.id, `"${field}" moved since the record was to be deleted`, field);
  }
}

function compare(context: WriteContext, request: UpdateRequest, now: SideRecord): void {
  const { version } = request.current;
  if (context.layout.version !== null && version !== null && version !== now.version) {
    throw stale(request.id, 'the record has a newer version than the one that was planned on');
  }
  for (const [field, seen] of Object.entries(seenBy(request))) {
    const current = now.fields[field];
    if (current === undefined) throw unreadable(request.id, field);
    const before = isAbsent(seen) ? null : seen;
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

function unreadable(record: string, field: string): SyncError {
  return new SyncError('rejected', `"${field}" does not hold what the config says (a list)`, {
    side: 'crm',
    record,
    field,
  });
}
