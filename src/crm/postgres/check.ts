/** What `udesk-sync check` says about the table: counts, clock, rights, and what will make the work slow or blind. */

import { sha256 } from '../../lib/hash.ts';
import type { CheckReport, Finding } from '../adapter.ts';
import { type Column, isIndexed, isUnique, type Table } from './catalog.ts';
import { missingGrants, type Needs } from './grants.ts';
import { columnsOf, type Layout } from './layout.ts';
import type { Session } from './pool.ts';
import { isLive } from './rows.ts';
import { name, quoteName, raw, sql } from './sql.ts';

export async function checkTable(
  session: Session,
  layout: Layout,
  needs: Needs,
  nowMs: number,
): Promise<CheckReport> {
  const { table, updatedAt } = layout;
  const stamp =
    updatedAt === null ? raw("'0'") : sql`count(*) filter (where t.${name(updatedAt.name)} is null)::text`;
  const { version } = layout;
  const counter =
    layout.changedBy === 'version' && version !== null && !version.generated
      ? sql`(count(t.${name(version.name)}) - count(distinct t.${name(version.name)}))::text`
      : raw("'0'");
  const [row] = await session.query(sql`
    select count(*)::text as n, ${stamp} as unstamped, ${counter} as twice,
           round(extract(epoch from clock_timestamp()) * 1000)::text as now,
           current_setting('server_version') as version, current_user::text as login
    from ${raw(table.sqlName)} t where ${isLive(layout)}`);
  const count = Number(row?.n ?? 0);
  const findings: Finding[] = [
    { level: 'info', message: `Postgres ${row?.version}, table ${table.sqlName}, ${count} live rows` },
    ...rights(layout, needs, row?.login ?? 'the_login'),
    ...advice(layout, Number(row?.unstamped ?? 0)),
    ...noSequence(layout, Number(row?.twice ?? 0)),
  ];
  return {
    findings,
    count,
    clockSkewMs: Number(row?.now ?? nowMs) - nowMs,
    ...(await identity(session, table)),
    fields: layout.places.map((place) => place.field),
  };
}

export async function fingerprint(session: Session, table: Table): Promise<string> {
  return (await identity(session, table)).fingerprint;
}

/**
 * Cluster, database and table by their internal numbers, asked anew each time: another server, a restored copy or a
 * table put in the place of the old one differ.
 */
async function identity(
  session: Session,
  table: Table,
): Promise<Pick<CheckReport, 'fingerprint' | 'account'>> {
  const [can] = await session.query(sql`
    select has_function_privilege('pg_control_system()', 'execute')::text as may, current_database()::text as name,
           (select oid::text from pg_database where datname = current_database()) as oid,
           to_regclass(${table.sqlName})::oid::text as table_oid`);
  const [system] =
    can?.may === 'true'
      ? await session.query(sql`select system_identifier::text as id from pg_control_system()`)
      : [];
  const all = `${system?.id ?? ''}/${can?.oid}/${can?.name}/${can?.table_oid}/${table.sqlName}`;
  const server = system === undefined ? '' : ` · server ${system.id}`;
  return {
    fingerprint: sha256(all).slice(0, 32),
    account: `${can?.name}${server} · ${table.sqlName} (${can?.table_oid})`,
  };
}

function rights(layout: Layout, needs: Needs, login: string): Finding[] {
  const grants = missingGrants(layout, needs, login);
  if (grants.length === 0) return [];
  return [
    {
      level: 'warning',
      message: `the login ${quoteName(login)} may not do everything that this pair asks for`,
      advice: `let the owner of the table run: ${grants.join(' ')}`,
    },
  ];
}

function advice(layout: Layout, unstamped: number): Finding[] {
  const { table, externalId, updatedAt, version } = layout;
  const findings: Finding[] = [];
  const warn = (message: string, advice: string): void =>
    void findings.push({ level: 'warning', message, advice });
  const on = (column: Column): string => `on ${table.sqlName} (${quoteName(column.name)});`;

  if (externalId !== null && !isUnique(table, externalId.name)) {
    warn(
      `externalId column "${externalId.name}" has no unique index: the database cannot refuse a second copy`,
      `create unique index ${on(externalId)}`,
    );
  }
  if (externalId === null) {
    warn(
      'no externalId: a created row whose answer was lost is recognised by its e-mails and phones only',
      `alter table ${table.sqlName} add column udesk_id text unique; and set externalId: udesk_id`,
    );
  }
  if (layout.changedBy === null) {
    warn(
      'nothing tells which rows changed: every look at the CRM reads the whole table',
      'add a timestamptz kept by a trigger and set updatedAt; or set version: xmin and changedBy: version',
    );
  }
  if (
    layout.changedBy === 'version' &&
    version !== null &&
    !version.generated &&
    !isIndexed(table, version.name)
  ) {
    warn(`version column "${version.name}" has no index: each look is slow`, `create index ${on(version)}`);
  }
  if (updatedAt !== null) {
    if (!isIndexed(table, updatedAt.name)) {
      warn(
        `updatedAt column "${updatedAt.name}" has no index: each look is slow`,
        `create index ${on(updatedAt)}`,
      );
    }
    if (unstamped > 0) {
      warn(
        `${unstamped} rows have no "${updatedAt.name}": their next change is seen only by a full enumeration`,
        `update ${table.sqlName} set ${quoteName(updatedAt.name)} = now() where ${quoteName(updatedAt.name)} is null;`,
      );
    }
  }
  for (const place of layout.places) {
    if (place.kind !== 'child') continue;
    const { child } = place;
    if (!isIndexed(child.table, child.foreignKey.name)) {
      warn(
        `${child.table.sqlName} has no index on "${child.foreignKey.name}": reading "${place.field}" is very slow`,
        `create index on ${child.table.sqlName} (${quoteName(child.foreignKey.name)});`,
      );
    }
    if (updatedAt !== null) {
      findings.push({
        level: 'info',
        message: `a change in ${child.table.sqlName} is seen at once only if it also raises "${updatedAt.name}"; otherwise by the next full enumeration`,
      });
    }
  }
  return findings.concat(requiredColumns(layout));
}

/** A counter of each row begins at 1 in every row, and tells nothing about which rows changed. */
function noSequence({ version }: Layout, twice: number): Finding[] {
  if (twice === 0) return [];
  return [
    {
      level: 'problem',
      message: `changedBy: version, and ${twice} rows have a "${version?.name}" that another row has, too: it counts for each row, so changes would be missed`,
      advice:
        'let every write take the next number of one sequence, or set version: xmin, or changedBy: updatedAt',
    },
  ];
}

/** What an insert must say and no field provides. */
function requiredColumns(layout: Layout): Finding[] {
  const { table, key, externalId, updatedAt, version } = layout;
  const known = [...layout.places.flatMap(columnsOf), key, externalId, updatedAt, version];
  const needed = [...table.columns.values()].filter(
    (column) =>
      !column.nullable &&
      !column.filled &&
      !column.generated &&
      !known.some((other) => other?.name === column.name),
  );
  if (needed.length === 0) return [];
  const names = needed.map((column) => `"${column.name}"`).join(', ');
  return [
    {
      level: 'warning',
      message: `${names} must not be NULL, have no default and are not mapped: the database will refuse new rows`,
      advice: 'map a field to each, give them defaults, or set create.inCrm: false',
    },
  ];
}
