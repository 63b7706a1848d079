/**
 * Real databases for tests, one per call, cloned from a migrated template that the first caller of a run makes.
 *
 *     const testDb = await createTestDatabase();
 *     const database = await testDb.open();      // pools opened here are closed by drop()
 *     afterAll(() => testDb.drop());             // fails when the test left connections of its own behind
 *
 * The server is that of the test run, or the one that TEST_POSTGRES_URL names: programs use this, too (bench/window.ts).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { sha256 } from '../../src/lib/hash.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { MIGRATIONS_FOLDER, migrate } from '../../src/store/migrate.ts';

export interface TestDatabase {
  readonly name: string;
  /** Works everywhere a Postgres URL does: loopback TCP, with a password. */
  readonly url: string;
  /** Through the code under test. Any number of times: each is a pool of its own, like another process. */
  open(options?: { max?: number; applicationName?: string }): Promise<Database>;
  /** Closes what `open` gave, checks that nobody else is connected, and removes the database. */
  drop(): Promise<void>;
}

const TEMPLATE_LOCK = 87963;
const SERVER_URL = process.env.TEST_POSTGRES_URL ?? (await import('vitest')).inject('postgresUrl');
const NO_EMBEDDED = '/nonexistent/a-test-database-always-has-a-url';

/** A database with the tables of drizzle/. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const template = await migratedTemplate();
  return create(`template ${template}`);
}

/** A database with nothing in it: somebody else's, such as a CRM's. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return create('template template0');
}

async function create(clause: string): Promise<TestDatabase> {
  const name = `t_${process.pid}_${crypto.randomUUID().replaceAll('-', '').slice(0, 12)}`;
  await asAdmin((admin) => admin.unsafe(`create database ${name} ${clause}`));
  const url = urlOf(name);
  const opened: Database[] = [];
  return {
    name,
    url,
    async open(options = {}) {
      const database = await openDatabase({ url, dataDir: NO_EMBEDDED, max: 4, ...options });
      opened.push(database);
      return database;
    },
    async drop() {
      await Promise.all(opened.map((database) => database.close()));
      await asAdmin(async (admin) => {
        const left = await leftConnections(admin, name);
        await admin.unsafe(`drop database if exists ${name} with (force)`);
        if (left.length > 0)
          throw new Error(`connections left open to the test database: ${left.join(', ')}`);
      });
    },
  };
}

let template: Promise<string> | undefined;

/** Made once per run by whichever worker is first; the name holds the hash of the migrations. */
function migratedTemplate(): Promise<string> {
  template ??= asAdmin(async (admin) => {
    const name = `template_${migrationsHash()}`;
    await admin`select pg_advisory_lock(${TEMPLATE_LOCK})`;
    const [ready] = await admin`select 1 from pg_database where datname = ${name} and datistemplate`;
    if (ready !== undefined) return name;
    await admin.unsafe(`drop database if exists ${name}`);
    await admin.unsafe(`create database ${name} template template0`);
    const database = await openDatabase({ url: urlOf(name), dataDir: NO_EMBEDDED, max: 1 });
    try {
      await migrate(database);
    } finally {
      await database.close();
    }
    await admin.unsafe(`alter database ${name} with is_template true allow_connections false`);
    return name;
  });
  return template;
}

function migrationsHash(): string {
  const files = readdirSync(MIGRATIONS_FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return sha256(files.map((name) => readFileSync(join(MIGRATIONS_FOLDER, name), 'utf8')).join('\n')).slice(
    0,
    12,
  );
}

/** Server processes end a moment after their client does, so they get some time to be gone. */
async function leftConnections(admin: postgres.Sql, name: string): Promise<string[]> {
  const deadline = Date.now() + 2_000;
  for (;;) {
    const rows = await admin`
      select application_name || ' (' || coalesce(state, '?') || ')' as who from pg_stat_activity where datname = ${name}`;
    if (rows.length === 0 || Date.now() > deadline) return rows.map((row) => String(row.who));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function asAdmin<T>(work: (admin: postgres.Sql) => Promise<T>): Promise<T> {
  const admin = postgres(SERVER_URL, { max: 1, onnotice: () => {} });
  try {
    return await work(admin);
  } finally {
    await admin.end({ timeout: 5 });
  }
}

function urlOf(database: string): string {
  return SERVER_URL.replace(/\/[^/]*$/, `/${database}`);
}
