/** What the database says about a table: columns, indexes, privileges. Read once at start, and again by `check`. */
import type { Session } from './pool.ts';
import { parseTableName, quoteName, sql } from './sql.ts';

export interface Column {
  readonly name: string;
  /** Base type's short name (`int8`, `text`, `_text` …): a domain counts as what it is made of. */
  readonly type: string;
  /** How to write that type in a cast. */
  readonly cast: string;
  /** For an array: the element's type. */
  readonly elementType: string | null;
  readonly nullable: boolean;
  /** The database fills it in when an insert leaves it out. */
  readonly filled: boolean;
  /** Computed by the database: cannot be written. */
  readonly generated: boolean;
  readonly may: { readonly select: boolean; readonly insert: boolean; readonly update: boolean };
  /** What its default draws from, where an insert needs a right to it; null for anything else. */
  readonly sequence: { readonly sqlName: string; readonly may: boolean } | null;
}

export interface Index {
  /** Also the name of the constraint that it stands for. */
  readonly name: string;
  readonly unique: boolean;
  /** Covers every row (no WHERE). */
  readonly total: boolean;
  /** Null for an expression. */
  readonly columns: readonly (string | null)[];
}

export interface Table {
  readonly oid: string;
  /** Quoted, with its schema: ready to be put into SQL. */
  readonly sqlName: string;
  readonly schema: string;
  readonly name: string;
  readonly columns: ReadonlyMap<string, Column>;
  readonly indexes: readonly Index[];
  readonly mayDelete: boolean;
  /** The system column may be read. False for a view, which has none. */
  readonly maySelectXmin: boolean;
  /** Its schema is open to us. */
  readonly schemaUsable: boolean;
  readonly isView: boolean;
  /** Policies decide which rows we see: one that we do not see may well be there. */
  readonly rowSecurity: boolean;
}

/**
 * Null when there is no such table (or view). A table whose schema is closed to us is found by its full name, so that what
 * is missing can be told.
 */
export async function readTable(session: Session, configured: string): Promise<Table | null> {
  const parts = parseTableName(configured);
  const table = parts.at(-1) ?? '';
  const here =
    parts.length > 1
      ? sql`n.nspname = ${parts[0] ?? ''} and c.relname = ${table}`
      : sql`c.oid = to_regclass(${quoteName(table)})`;
  const [found] = await session.query(sql`
    select c.oid::text as oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind,
           has_table_privilege(c.oid, 'delete')::text as may_delete,
           row_security_active(c.oid)::text as row_security,
           has_schema_privilege(n.oid, 'usage')::text as usable,
           (c.relkind in ('r', 'p') and has_column_privilege(c.oid, 'xmin', 'select'))::text as xmin
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${here} and c.relkind in ('r', 'p', 'f', 'v', 'm')`);
  if (found === undefined) return null;
  const oid = found.oid ?? '';
  const { schema, name } = found as { schema: string; name: string };
  return {
    oid,
    schema,
    name,
    sqlName: `${quoteName(schema)}.${quoteName(name)}`,
    columns: await readColumns(session, oid),
    indexes: await readIndexes(session, oid),
    mayDelete: found.may_delete === 'true',
    maySelectXmin: found.xmin === 'true',
    schemaUsable: found.usable === 'true',
    isView: found.kind === 'v' || found.kind === 'm',
    rowSecurity: found.row_security === 'true',
  };
}

/** Names of tables that a person may have meant, with and without their schema. */
export async function tableNames(session: Session): Promise<string[]> {
  const rows = await session.query(sql`
    select n.nspname::text as schema, c.relname::text as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'f', 'v', 'm') and n.nspname not like 'pg\\_%'
      and n.nspname <> 'information_schema'
    limit 5000`);
  return rows.flatMap((row) => [`${row.schema}.${row.name}`, `${row.name}`]);
}

async function readColumns(session: Session, oid: string): Promise<Map<string, Column>> {
  const rows = await session.query(sql`
    select a.attname::text as name, b.typname::text as type, format_type(b.oid, -1) as cast,
           e.typname::text as element, (not a.attnotnull)::text as nullable,
           (a.atthasdef or a.attidentity <> '')::text as filled,
           (a.attgenerated <> '' or a.attidentity = 'a')::text as generated,
           has_column_privilege(a.attrelid, a.attnum, 'select')::text as may_select,
           has_column_privilege(a.attrelid, a.attnum, 'insert')::text as may_insert,
           has_column_privilege(a.attrelid, a.attnum, 'update')::text as may_update,
           s.name as sequence, s.may::text as may_sequence
    from pg_attribute a
    left join lateral (
      select format('%I.%I', sn.nspname, sc.relname) as name, has_sequence_privilege(sc.oid, 'usage') as may
      from pg_attrdef ad
      join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = ad.oid and d.refclassid = 'pg_class'::regclass
      join pg_class sc on sc.oid = d.refobjid and sc.relkind = 'S'
      join pg_namespace sn on sn.oid = sc.relnamespace
      where ad.adrelid = a.attrelid and ad.adnum = a.attnum limit 1) s on true
    join pg_type t on t.oid = a.atttypid
    join pg_type b on b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
    left join pg_type e on e.oid = b.typelem and b.typcategory = 'A'
    where a.attrelid = ${oid}::oid and a.attnum > 0 and not a.attisdropped
    order by a.attnum`);
  return new Map(
    rows.map((row) => [
      row.name ?? '',
      {
        name: row.name ?? '',
        type: row.type ?? '',
        cast: row.cast ?? '',
        elementType: row.element ?? null,
        nullable: row.nullable === 'true',
        filled: row.filled === 'true',
        generated: row.generated === 'true',
        may: {
          select: row.may_select === 'true',
          insert: row.may_insert === 'true',
          update: row.may_update === 'true',
        },
        sequence:
          row.sequence === null || row.sequence === undefined
            ? null
            : { sqlName: row.sequence, may: row.may_sequence === 'true' },
      },
    ]),
  );
}

async function readIndexes(session: Session, oid: string): Promise<Index[]> {
  const rows = await session.query(sql`
    select c.relname::text as name, i.indisunique::text as unique, (i.indpred is null)::text as total,
           (select json_agg(a.attname order by k.n)
            from unnest(i.indkey::int2[]) with ordinality as k(attnum, n)
            left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
            where k.n <= i.indnkeyatts)::text as columns
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = ${oid}::oid and i.indisvalid`);
  return rows.map((row) => ({
    name: row.name ?? '',
    unique: row.unique === 'true',
    total: row.total === 'true',
    columns: JSON.parse(row.columns ?? '[]') as (string | null)[],
  }));
}

/** Whether no two rows can hold the same value in this column (NULLs aside). */
export function isUnique(table: Table, column: string): boolean {
  return table.indexes.some(
    (index) => index.unique && index.total && index.columns.length === 1 && index.columns[0] === column,
  );
}

export function isIndexed(table: Table, column: string): boolean {
  return table.indexes.some((index) => index.columns[0] === column);
}
