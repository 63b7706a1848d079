/** Brings the tables to the shape that this version knows (drizzle/*.sql), however many processes start at once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type postgres from 'postgres';
import { SyncError } from '../errors.ts';
import type { Database } from './database.ts';

export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../drizzle', import.meta.url));
export const MIGRATIONS_SCHEMA = 'udesk_sync';
export const MIGRATIONS_TABLE = 'migration';

/** Any number that nothing else uses: "usync" in a phone's letters. */
const LOCK_KEY = 87962;

export interface MigrateResult {
  /** Names of the migrations that this call applied, oldest first. */
  readonly applied: readonly string[];
}

/**
 * Applies what is missing, all of it or nothing, under an advisory lock on a connection of its own.
 * Not by drizzle's own migrator: that goes by dates alone, so it passes silently over a migration that is dated before
 * one already applied, and it makes the schema before the first migration can. The table is as drizzle's.
 * Throws `SyncError('config')` when a newer version of the program was here, an applied migration was edited, or the
 * user may not make tables.
 */
export async function migrate(
  database: Pick<Database, 'connect'>,
  folder: string = MIGRATIONS_FOLDER,
): Promise<MigrateResult> {
  const known = readKnown(folder);
  const sql = database.connect({ max: 1, statementTimeoutMs: 0, applicationName: 'udesk-sync migrate' });
  try {
    await sql`select pg_advisory_lock(${LOCK_KEY})`;
    const before = await appliedHashes(sql);
    refuseUnknown(
      before,
      known.map((migration) => migration.hash),
    );
    const missing = known.slice(before.length);
    await sql.begin(async (tx) => {
      for (const migration of missing) await apply(tx, migration);
    });
    return { applied: missing.map((migration) => migration.name) };
  } catch (error) {
    throw notAllowed(error) ?? error;
  } finally {
    await sql.end({ timeout: 5 }); // the lock goes with its session
  }
}

/** The server lets us in, and not do this. */
function notAllowed(error: unknown): SyncError | null {
  if ((error as { code?: unknown } | null)?.code !== '42501') return null;
  return new SyncError('config', 'the database user may not make or change the tables of udesk-sync', {
    code: '42501',
    advice:
      'make this user the owner of the database, or grant it CREATE on the database; `udesk-sync migrate` tries it',
    cause: error,
  });
}

async function apply(
  tx: postgres.TransactionSql,
  { statements, hash, createdAtMs }: Migration,
): Promise<void> {
  for (const statement of statements) await tx.unsafe(statement);
  const table = tx`${tx(MIGRATIONS_SCHEMA)}.${tx(MIGRATIONS_TABLE)}`;
  await tx`create table if not exists ${table} (id serial primary key, hash text not null, created_at bigint)`;
  await tx`insert into ${table} (hash, created_at) values (${hash}, ${createdAtMs})`;
}

/** `applied` must be the beginning of `known`; both oldest first. Pure. */
export function refuseUnknown(applied: readonly string[], known: readonly string[]): void {
  if (applied.length > known.length) {
    throw new SyncError(
      'config',
      `the database was migrated by a newer udesk-sync (${applied.length} migrations, this version knows ${known.length})`,
      {
        code: 'database-newer',
        advice: 'run the newer version, or restore a backup from before the upgrade',
      },
    );
  }
  const strange = applied.findIndex((hash, index) => hash !== known[index]);
  if (strange >= 0) {
    throw new SyncError(
      'config',
      `migration ${strange + 1} of the database is not the one that this version of udesk-sync knows`,
      { code: 'database-differs', advice: 'use the version that made this database, or a new database' },
    );
  }
}

interface Migration {
  readonly name: string;
  readonly hash: string;
  readonly statements: readonly string[];
  readonly createdAtMs: number;
}

/** In the order of the journal. */
function readKnown(folder: string): Migration[] {
  const journal = JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8')) as {
    entries: { tag: string }[];
  };
  return readMigrationFiles({ migrationsFolder: folder }).map((migration, index) => ({
    name: journal.entries[index]?.tag ?? String(index),
    hash: migration.hash,
    statements: migration.sql,
    createdAtMs: migration.folderMillis,
  }));
}

async function appliedHashes(sql: postgres.Sql): Promise<string[]> {
  const [found] = await sql`select to_regclass(${`${MIGRATIONS_SCHEMA}.${MIGRATIONS_TABLE}`}) as table`;
  if (found?.table == null) return [];
  const rows = await sql`select hash from ${sql(MIGRATIONS_SCHEMA)}.${sql(MIGRATIONS_TABLE)} order by id`;
  return rows.map((row) => String(row.hash));
}
