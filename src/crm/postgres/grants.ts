/** What the login may not do and the mapping asks for, as the GRANT statements that would allow exactly that. Pure. */
import type { Column, Table } from './catalog.ts';
import type { ChildTable, Layout } from './layout.ts';
import { columnsOf } from './layout.ts';
import { quoteName } from './sql.ts';

export interface Needs {
  /** Names of the fields that flow to the CRM. */
  readonly written: ReadonlySet<string>;
  /** Records are created there. */
  readonly create: boolean;
  /** Records are deleted there, or marked as deleted. */
  readonly delete: boolean;
}

type Right = 'select' | 'insert' | 'update';

/** In the order in which they would be given; none where nothing is missing. */
export function missingGrants(layout: Layout, needs: Needs, login: string): string[] {
  const { table, key, externalId, updatedAt, deletedAt, version, changedBy, author, places } = layout;
  const writes = places.filter(({ field }) => needs.written.has(field));
  const anything = writes.length > 0;
  const ours = writes.flatMap(columnsOf);
  // Numbers of one sequence are taken by a trigger, or by the default.
  const signed =
    author === null ? [] : [author.id, author.name, author.at].filter((column) => column !== null);
  const kept = [updatedAt, changedBy === 'version' ? null : version, ...signed].filter(
    (column) => column !== null,
  );
  const marker = externalId === null ? [] : [externalId];
  const keyed = key.filled ? [] : [key];
  const firstVersion = version === null || version.filled ? [] : [version];
  const children = places.flatMap((place) =>
    place.kind === 'child' ? [{ child: place.child, written: needs.written.has(place.field) }] : [],
  );

  const grants: string[] = [];
  const allow = (what: string, on: string) =>
    void grants.push(`grant ${what} on ${on} to ${quoteName(login)};`);
  const lack = (owner: Table, right: Right, columns: readonly (Column | null)[]) => {
    const missing = columns.filter(
      (column): column is Column =>
        column !== null && !column.may[right] && (right === 'select' || !column.generated),
    );
    const names = [...new Set(missing.map(({ name }) => quoteName(name)))];
    if (names.length > 0) allow(`${right} (${names.join(', ')})`, owner.sqlName);
  };
  const schemas = new Map(
    [table, ...children.map(({ child }) => child.table)].map((one) => [one.schema, one]),
  );
  for (const { schema, schemaUsable } of schemas.values()) {
    if (!schemaUsable) allow('usage', `schema ${quoteName(schema)}`);
  }
  lack(table, 'select', [
    key,
    externalId,
    updatedAt,
    deletedAt,
    version,
    ...signed,
    ...places.flatMap(columnsOf),
  ]);
  for (const { child } of children) lack(child.table, 'select', columnsOfChild(child));

  if (needs.create) {
    lack(table, 'insert', [
      ...ours,
      ...marker,
      ...keyed,
      ...(updatedAt === null ? [] : [updatedAt]),
      ...signed,
      ...firstVersion,
    ]);
    grants.push(...sequences(table, login, new Set([...ours, ...keyed].map(({ name }) => name))));
  }
  // The id of the other side is written where a record was matched, too.
  if (anything || needs.create)
    lack(table, 'update', [...ours, ...marker, ...(anything || marker.length > 0 ? kept : [])]);
  if (needs.delete) {
    if (deletedAt !== null) lack(table, 'update', [deletedAt]);
    else if (!table.mayDelete) allow('delete', table.sqlName);
  }
  for (const { child, written } of children) {
    if (written) {
      lack(child.table, 'insert', [child.foreignKey, child.value, ...(child.key.filled ? [] : [child.key])]);
      grants.push(...sequences(child.table, login, new Set([child.foreignKey.name, child.value.name])));
      lack(child.table, 'update', [child.value, child.primary]);
    }
    const deletes = written || (needs.delete && deletedAt === null);
    if (deletes && !child.table.mayDelete) allow('delete', child.table.sqlName);
  }
  return [...new Set(grants)];
}

function columnsOfChild({ key, foreignKey, value, primary }: ChildTable): (Column | null)[] {
  return [key, foreignKey, value, primary];
}

/** Of defaults that an insert leaves to the database. */
function sequences(table: Table, login: string, given: ReadonlySet<string>): string[] {
  return [...table.columns.values()].flatMap(({ name, sequence }) =>
    sequence === null || sequence.may || given.has(name)
      ? []
      : [`grant usage on sequence ${sequence.sqlName} to ${quoteName(login)};`],
  );
}
