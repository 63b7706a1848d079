/** A database for worlds, one after the other, on the Postgres of the tests. */
import postgres from 'postgres';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';

export interface WorldDatabase {
  readonly database: Database;
  drop(): Promise<void>;
}

/** @param adminUrl URL of the maintenance database of a server */
export async function createWorldDatabase(adminUrl: string): Promise<WorldDatabase> {
  const name = `sim_${process.pid}_${crypto.randomUUID().slice(0, 8)}`;
  const asAdmin = async (query: string) => {
    const admin = postgres(adminUrl, { max: 1, onnotice: () => {} });
    await admin.unsafe(query);
    await admin.end({ timeout: 5 });
  };
  await asAdmin(`create database ${name} template template0`);
  const url = adminUrl.replace(/\/[^/]*$/, `/${name}`);
  const database = await openDatabase({ url, dataDir: '/nonexistent/a-world-has-a-url', max: 3 });
  await migrate(database);
  return {
    database,
    async drop() {
      await database.close();
      await asAdmin(`drop database if exists ${name} with (force)`);
    },
  };
}
