/** Brings the tables to the shape that this version knows (drizzle/*.sql), however many processes start at once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator';
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
 * Throws `SyncError('config')` when a newer version of the program was here, or an applied migration was edited.
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
    await applyMigrations(drizzle(sql), {
      migrationsFolder: folder,
      migrationsSchema: MIGRATIONS_SCHEMA,
      migrationsTable: MIGRATIONS_TABLE,
    });
    await proveComplete(sql, known.length);
    return { applied: known.slice(before.length).map((migration) => migration.name) };
  } finally {
    await sql.end({ timeout: 5 }); // the lock goes with its session
  }
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

/** The migrator goes by time and passes over, silently, a migration that is dated before one already applied. */
async function proveComplete(sql: postgres.Sql, expected: number): Promise<void> {
  const count = (await appliedHashes(sql)).length;
  if (count !== expected) {
    throw new SyncError(
      'invariant',
      `${count} of ${expected} migrations are applied: one is dated out of order`,
    );
  }
}

function readKnown(folder: string): { name: string; hash: string }[] {
  const journal = JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8')) as {
    entries: { tag: string }[];
  };
  return readMigrationFiles({ migrationsFolder: folder }).map((migration, index) => ({
    name: journal.entries[index]?.tag ?? String(index),
    hash: migration.hash,
  }));
}

async function appliedHashes(sql: postgres.Sql): Promise<string[]> {
  const [found] = await sql`select to_regclass(${`${MIGRATIONS_SCHEMA}.${MIGRATIONS_TABLE}`}) as table`;
  if (found?.table == null) return [];
  const rows =
    await sql`select hash from ${sql(MIGRATIONS_SCHEMA)}.${sql(MIGRATIONS_TABLE)} order by created_at, id`;
  return rows.map((row) => String(row.hash));
}
