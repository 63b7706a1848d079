/** The role of analysts: it reads the schema `report` (drizzle/*_report.sql) and has no right on anything else of ours. */
import postgres from 'postgres';
import { SyncError } from '../errors.ts';
import type { Database } from './database.ts';

/** Postgres cuts longer names off, silently: another role would be meant. */
const MAX_NAME_BYTES = 63;
const INTERNAL = 'udesk_sync';
const REPORT = 'report';

export interface ReportingRole {
  readonly name: string;
  /** It was not there: made without LOGIN, to be given to people's own roles (`grant NAME to …`). */
  readonly created: boolean;
  /** Views that it can read now. */
  readonly views: number;
}

/**
 * Creates the role where it is missing, and makes its rights on our schemas exactly these: USAGE on `report`, SELECT on
 * its views, EXECUTE on its functions; likewise for views that later versions add. All or nothing; run twice, it
 * changes nothing. The database must have been migrated.
 * Throws `SyncError('config')`: a name that cannot be one, a role that may do more by other ways (a superuser, a member
 * of ours), or no right to create it.
 */
export async function grantReporting(
  database: Pick<Database, 'connect'>,
  name: string,
): Promise<ReportingRole> {
  refuseName(name);
  const sql = database.connect({ max: 1, applicationName: 'udesk-sync migrate' });
  try {
    return await sql.begin(async (tx) => {
      const created = await createIfMissing(tx, name);
      const views = await setRights(tx, name);
      await refuseFurtherRights(tx, name);
      return { name, created, views };
    });
  } catch (error) {
    throw roleError(error, name);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function refuseName(name: string): void {
  const problem =
    name === '' || name.includes('\0')
      ? 'is not a name'
      : Buffer.byteLength(name) > MAX_NAME_BYTES
        ? `is longer than ${MAX_NAME_BYTES} bytes`
        : null;
  if (problem === null) return;
  throw new SyncError('config', `--reporting-role: what was given ${problem}`, {
    code: 'reporting-role-name',
    advice: 'give the name of a Postgres role, such as analysts',
  });
}

async function createIfMissing(tx: postgres.TransactionSql, name: string): Promise<boolean> {
  const found = await tx`select 1 from pg_roles where rolname = ${name}`;
  if (found.length > 0) return false;
  await tx.unsafe(`create role ${quoted(name)} nologin`);
  return true;
}

/** Takes away what is too much first: the role may be an old one. */
async function setRights(tx: postgres.TransactionSql, name: string): Promise<number> {
  const role = quoted(name);
  const [owner] = await tx`select current_user = ${name} as ourselves`;
  if (owner?.ourselves === true) throw tooPowerful(name, 'is the role that udesk-sync itself works as');
  for (const kind of ['tables', 'sequences', 'functions']) {
    await tx.unsafe(`revoke all on all ${kind} in schema ${INTERNAL}, ${REPORT} from ${role}`);
  }
  await tx.unsafe(`revoke all on schema ${INTERNAL}, ${REPORT} from ${role}`);
  await tx.unsafe(`grant usage on schema ${REPORT} to ${role}`);
  // Postgres means views, too, when it says tables; this schema has no others.
  await tx.unsafe(`grant select on all tables in schema ${REPORT} to ${role}`);
  await tx.unsafe(`grant execute on all functions in schema ${REPORT} to ${role}`);
  await tx.unsafe(`alter default privileges in schema ${REPORT} grant select on tables to ${role}`);
  await tx.unsafe(`alter default privileges in schema ${REPORT} grant execute on functions to ${role}`);
  const views = await tx`select 1 from pg_views where schemaname = ${REPORT}`;
  return views.length;
}

/** What the role may do through other roles, or because everybody may, cannot be taken from it alone. */
async function refuseFurtherRights(tx: postgres.TransactionSql, name: string): Promise<void> {
  const [found] = await tx`
    select has_schema_privilege(${name}, ${INTERNAL}, 'usage, create') or has_schema_privilege(${name}, ${REPORT}, 'create')
      or exists (
        select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v') and (
          n.nspname = ${INTERNAL} and has_table_privilege(${name}, c.oid, 'select, insert, update, delete, truncate')
          or n.nspname = ${REPORT} and has_table_privilege(${name}, c.oid, 'insert, update, delete, truncate'))
      ) as more`;
  if (found?.more !== true) return;
  throw tooPowerful(
    name,
    'may do more than read the reports: it is a superuser, or a member of a role that may',
  );
}

function tooPowerful(name: string, why: string): SyncError {
  return new SyncError('config', `the role ${name} ${why}`, {
    code: 'reporting-role-too-powerful',
    advice: 'nothing was changed; give a role of its own, which need not exist yet',
  });
}

function roleError(error: unknown, name: string): unknown {
  if (!(error instanceof postgres.PostgresError)) return error;
  if (error.code === '42501') {
    return new SyncError('config', `udesk-sync may not create or change the role ${name}: ${error.message}`, {
      code: 'reporting-role-forbidden',
      advice: `create it as an administrator of the database (create role ${quoted(name)} nologin), and run this again`,
      cause: error,
    });
  }
  if (error.code === '42939') {
    return new SyncError('config', `${name} cannot be a role: Postgres keeps that name for itself`, {
      code: 'reporting-role-name',
      advice: 'give another name, such as analysts',
      cause: error,
    });
  }
  return error;
}

/** As an SQL identifier. Not by the driver's own helper: that one takes a dot in a name for two names. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
