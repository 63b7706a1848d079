/**
 * Config against catalog: where each field of a record lives. Pure. Everything that does not fit is found in one
 * go, so that a person mends the config once (sync design §9, `config`).
 */
import { didYouMean } from '../../lib/suggest.ts';
import type { MappedField } from '../definition.ts';
import { type Column, isUnique, type Table } from './catalog.ts';
import type { ContactPointsConfig, PostgresConfig } from './config.ts';

export interface ChildTable {
  readonly table: Table;
  readonly key: Column;
  readonly foreignKey: Column;
  readonly value: Column;
  /** Boolean: the first among them. */
  readonly primary: Column | null;
}

/** Where a field is kept. All but `scalar` hold sets. */
export type Place =
  | { readonly kind: 'scalar'; readonly field: string; readonly column: Column }
  | { readonly kind: 'array'; readonly field: string; readonly column: Column }
  | { readonly kind: 'json'; readonly field: string; readonly column: Column }
  | { readonly kind: 'slots'; readonly field: string; readonly columns: readonly Column[] }
  | { readonly kind: 'child'; readonly field: string; readonly child: ChildTable };

export interface Layout {
  readonly table: Table;
  readonly key: Column;
  readonly externalId: Column | null;
  readonly updatedAt: Column | null;
  readonly deletedAt: Column | null;
  readonly version: Column | null;
  /** What tells which rows changed; null: nothing does. */
  readonly changedBy: 'updatedAt' | 'version' | null;
  readonly author: AuthorColumns | null;
  readonly places: readonly Place[];
}

/** Who changed a row last, and what our own writes leave there. */
export interface AuthorColumns {
  readonly id: Column | null;
  readonly name: Column | null;
  readonly at: Column | null;
  readonly ownId: string | null;
  readonly ownName: string;
}

export interface LayoutInput {
  readonly config: PostgresConfig;
  readonly fields: readonly MappedField[];
  readonly table: Table;
  /** The child tables by their configured names; null where there is none. */
  readonly children: ReadonlyMap<string, Table | null>;
  /** For "did you mean". */
  readonly tableNames: readonly string[];
}

const integers = ['int2', 'int4', 'int8'];
const texts = ['text', 'varchar', 'bpchar', 'citext'];

/** The layout, or every problem, each naming its config path. */
export function planLayout(input: LayoutInput): { layout: Layout; problems: readonly string[] } {
  const { config, table } = input;
  const problems: string[] = [];
  const say = (path: string, problem: string): void => void problems.push(`crm.${path}: ${problem}`);

  function columnOf(owner: Table, path: string, name: string): Column {
    const column = owner.columns.get(name);
    if (column === undefined) {
      const hint = didYouMean(name, [...owner.columns.keys()]);
      say(path, `table ${owner.schema}.${owner.name} has no column "${name}".${hint}`);
    } else if (!column.may.select) {
      say(path, `column "${name}" may not be read (grant select)`);
    }
    return column ?? missing(name);
  }

  function special(key: 'externalId' | 'updatedAt' | 'deletedAt' | 'version', types: readonly string[]) {
    const name = config[key];
    return name === undefined ? null : typed(columnOf(table, key, name), key, types);
  }

  function typed(column: Column, path: string, types: readonly string[]): Column {
    if (column.type !== '' && !types.includes(column.type)) {
      say(path, `column "${column.name}" is of type ${column.cast}; it has to be ${types.join(', ')}`);
    }
    return column;
  }

  function authorColumns(updatedAt: Column | null): AuthorColumns | null {
    const { author } = config;
    if (author === undefined) return null;
    const own = (key: 'id' | 'name' | 'at', types: readonly string[]) => {
      const column = author[key];
      return column === undefined
        ? null
        : typed(columnOf(table, `author.${key}`, column), `author.${key}`, types);
    };
    return {
      id: own('id', [...integers, 'uuid', ...texts]),
      name: own('name', texts),
      at: own('at', ['timestamptz']) ?? updatedAt,
      ownId: author.ownId ?? null,
      ownName: author.ownName,
    };
  }

  function contactPlace(field: 'emails' | 'phones', block: ContactPointsConfig): Place {
    if (block.table !== undefined) return childPlace(field, block, block.table);
    if (block.columns !== undefined) {
      const columns = block.columns.map((name, at) => {
        const path = `${field}.columns[${at}]`;
        return notASet(columnOf(table, path, name), path);
      });
      return { kind: 'slots', field, columns };
    }
    const column = columnOf(table, `${field}.column`, block.column ?? '');
    return setPlace(field, column) ?? { kind: 'slots', field, columns: [column] };
  }

  function childPlace(field: 'emails' | 'phones', block: ContactPointsConfig, name: string): Place {
    const child = input.children.get(name) ?? null;
    if (child === null) {
      say(`${field}.table`, `there is no table ${name}.${didYouMean(name, input.tableNames)}`);
    }
    const column = (key: 'key' | 'foreignKey' | 'value' | 'primary', fallback = ''): Column =>
      child === null ? missing('') : columnOf(child, `${field}.${key}`, block[key] ?? fallback);
    const foreignKey = column('foreignKey');
    const sameType =
      foreignKey.type === key.type || [foreignKey, key].every((c) => integers.includes(c.type));
    if (foreignKey.type !== '' && key.type !== '' && !sameType) {
      say(`${field}.foreignKey`, `is of type ${foreignKey.cast}, but the key is of type ${key.cast}`);
    }
    return {
      kind: 'child',
      field,
      child: {
        table: child ?? { ...table, columns: new Map(), indexes: [], mayDelete: true },
        key: column('key', 'id'),
        foreignKey,
        value: notASet(column('value'), `${field}.value`),
        primary: block.primary === undefined ? null : typed(column('primary'), `${field}.primary`, ['bool']),
      },
    };
  }

  function notASet(column: Column, path: string): Column {
    if (setPlace('', column) !== null) say(path, `column "${column.name}" has to hold one text, not a list`);
    return column;
  }

  const key = typed(columnOf(table, 'key', config.key), 'key', [...integers, 'uuid', ...texts]);
  if (key.type !== '' && !table.isView && !isUnique(table, key.name)) {
    say('key', `column "${key.name}" is neither the primary key nor unique`);
  }

  const places: Place[] = [];
  const names = new Set([...input.fields.map((field) => field.name), ...Object.keys(config.columns)]);
  for (const block of ['emails', 'phones'] as const) {
    const settings = config[block];
    if (settings === undefined) continue;
    names.delete(block);
    places.push(contactPlace(block, settings));
    if (block in config.columns) say(`columns.${block}`, `the block crm.${block} says already where it is`);
  }
  for (const field of names) {
    const configured = config.columns[field];
    const path = configured === undefined ? `field "${field}"` : `columns.${field}`;
    const column = columnOf(table, path, configured ?? field);
    if (column.type === 'bytea') say(path, `column "${column.name}" holds bytes, which are not synchronised`);
    const shape = input.fields.find((mapped) => mapped.name === field)?.shape;
    const set = shape === 'scalar' && column.elementType === null ? null : setPlace(field, column);
    if (column.type !== '' && shape !== undefined && (shape === 'set') !== (set !== null)) {
      const is = set === null ? 'one value' : 'a list';
      say(path, `column "${column.name}" (${column.cast}) holds ${is}, but the mapped field is a ${shape}`);
    }
    places.push(set ?? { kind: 'scalar', field, column });
  }

  const updatedAt = special('updatedAt', ['timestamptz']);
  const layout: Layout = {
    table,
    key,
    externalId: special('externalId', texts),
    updatedAt,
    deletedAt: special('deletedAt', ['timestamptz', 'timestamp', 'date']),
    version: config.version === 'xmin' && !table.isView ? systemVersion(table) : special('version', integers),
    changedBy: config.changedBy ?? (config.updatedAt === undefined ? null : 'updatedAt'),
    author: authorColumns(updatedAt),
    places,
  };
  if (layout.version !== null && !layout.version.may.select && table.schemaUsable)
    say('version', `column "${layout.version.name}" may not be read by this login`);
  for (const problem of columnsUsedTwice(layout)) problems.push(problem);
  for (const { schema, schemaUsable } of new Set(
    [table, ...input.children.values()].filter((one) => one !== null),
  )) {
    if (!schemaUsable) problems.push(`crm: the schema ${schema} is closed to this login`);
  }
  return { layout, problems };
}

/** The place of a column that holds a list; null when it holds one value. */
function setPlace(field: string, column: Column): Place | null {
  if (column.elementType !== null) return { kind: 'array', field, column };
  return column.type === 'jsonb' || column.type === 'json' ? { kind: 'json', field, column } : null;
}

export function columnsOf(place: Place): readonly Column[] {
  if (place.kind === 'slots') return place.columns;
  return place.kind === 'child' ? [] : [place.column];
}

/** The mapped field that lives in one of these columns, to name it in a refusal. */
export function fieldOfColumns(layout: Layout, columns: readonly (string | null)[]): string | null {
  const holds = (place: Place): boolean => {
    if (place.kind === 'slots') return place.columns.some((column) => columns.includes(column.name));
    return columns.includes(place.kind === 'child' ? place.child.value.name : place.column.name);
  };
  return layout.places.find(holds)?.field ?? null;
}

/** Two fields in one column would overwrite each other. */
function columnsUsedTwice(layout: Layout): string[] {
  const users = new Map<string, string>();
  const problems: string[] = [];
  for (const place of layout.places) {
    for (const column of columnsOf(place)) {
      const other = users.get(column.name);
      if (other !== undefined && column.type !== '') {
        problems.push(`crm: column "${column.name}" is used by "${other}" and by "${place.field}"`);
      }
      users.set(column.name, place.field);
    }
  }
  return problems;
}

/** Postgres' own: the transaction that wrote the row last. Every write changes it, and nobody can set it. */
function systemVersion(table: Table): Column {
  return {
    ...missing('xmin'),
    type: 'xid',
    cast: 'xid',
    nullable: false,
    generated: true,
    may: { select: table.maySelectXmin, insert: false, update: false },
  };
}

/** Stands in for a column that is not there, so that the search for further problems can go on. */
function missing(name: string): Column {
  const may = { select: true, insert: true, update: true };
  return {
    name,
    type: '',
    cast: '',
    elementType: null,
    nullable: true,
    filled: true,
    generated: false,
    may,
    sequence: null,
  };
}
