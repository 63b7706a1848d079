/** The columns that are ours to keep beside the mapped fields: version, time of change, its author, key. */
import { SyncError } from '../../errors.ts';
import { type Assignment, setClause } from './assign.ts';
import type { Column } from './catalog.ts';
import type { Layout } from './layout.ts';
import { typed } from './rows.ts';
import { name, raw, type Sql, sql } from './sql.ts';

/** What every write raises: the version, and the time of change. A trigger of the CRM's that does so has the last word. */
export function bookkeeping(layout: Layout): Sql[] {
  const { version, updatedAt, changedBy } = layout;
  const clauses: Sql[] = [];
  if (version !== null && writable(version)) {
    const column = name(version.name);
    // Numbers of one sequence come from its default; where there is none, a trigger takes them.
    if (changedBy !== 'version') clauses.push(sql`${column} = coalesce(t.${column}, 0) + 1`);
    else if (version.filled) clauses.push(sql`${column} = default`);
  }
  if (updatedAt !== null && writable(updatedAt))
    clauses.push(sql`${name(updatedAt.name)} = clock_timestamp()`);
  for (const { column, value } of signature(layout))
    if (writable(column)) clauses.push(setClause({ column, value }));
  return clauses;
}

/** A write of ours says that it is ours: otherwise the row would name the person before us. */
function signature({ author, updatedAt }: Layout): Assignment[] {
  if (author === null) return [];
  const { id, name: named, at, ownId, ownName } = author;
  return [
    ...(id === null || ownId === null ? [] : [{ column: id, value: typed(ownId, id) }]),
    ...(named === null ? [] : [{ column: named, value: typed(ownName, named) }]),
    ...(at === null || at.name === updatedAt?.name ? [] : [{ column: at, value: raw('clock_timestamp()') }]),
  ];
}

function writable(column: Column): boolean {
  return column.may.update && !column.generated;
}

/** What an insert has to say beside the fields: a key that nothing fills in, the time of change, a first version. */
export function insertedByUs(layout: Layout): Assignment[] {
  const { key, updatedAt, version } = layout;
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
  if (version !== null && !version.filled && !version.generated && version.may.insert)
    columns.push({ column: version, value: raw('1') });
  columns.push(...signature(layout).filter(({ column }) => column.may.insert && !column.generated));
  return columns;
}
