/**
 * A program of its own for tests that kill one: `node embedded-child.ts <command> <dataDir or url>`.
 * Prints `pid <server>` when the database is up, then what the command says. Errors go to stdout as `error <JSON>`.
 */

import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { SyncError } from '../../src/errors.ts';
import { openDatabase } from '../../src/store/database.ts';
import { startEmbeddedPostgres } from '../../src/store/embedded/start.ts';
import { migrate } from '../../src/store/migrate.ts';

const [command = '', target = ''] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);

/** Prints `pid <n>` and stays until stdin ends. */
async function hold(): Promise<void> {
  const server = await startEmbeddedPostgres({ dataDir: target });
  say(`pid ${server.pid}`);
  process.stdin.resume();
  await once(process.stdin, 'end');
  await server.stop();
}

/** Opens the database, of another program where there is one; prints `open`, stays until stdin ends, asks it something. */
async function visit(): Promise<void> {
  const database = await openDatabase({ dataDir: target, attach: true });
  say('open');
  process.stdin.resume();
  await once(process.stdin, 'end');
  await database.sql`select 1`;
  await database.close();
}

/** Four writers; each row is printed only after Postgres acknowledged its commit. Runs until it is killed. */
async function write(): Promise<void> {
  const database = await openDatabase({ dataDir: target });
  await database.sql`create table if not exists acknowledged (id uuid primary key)`;
  const writer = async () => {
    for (;;) {
      const id = crypto.randomUUID();
      await database.sql`insert into acknowledged (id) values (${id})`;
      say(id);
    }
  };
  await Promise.all([writer(), writer(), writer(), writer()]);
}

/** Prints `opened`, waits for the starting shot (a line, or the end of stdin), migrates, prints what it applied. */
async function migrateOnSignal(): Promise<void> {
  const database = await openDatabase({ url: target, dataDir: '/nonexistent' });
  say('opened');
  await once(process.stdin, 'data');
  const { applied } = await migrate(database);
  say(`applied ${JSON.stringify(applied)}`);
  await database.close();
  process.stdin.destroy();
}

const commands: Record<string, () => Promise<void>> = { hold, visit, write, migrate: migrateOnSignal };
try {
  await commands[command]?.();
} catch (error) {
  const kind = error instanceof SyncError ? error.kind : 'unexpected';
  say(`error ${JSON.stringify({ kind, message: (error as Error).message })}`);
  process.exitCode = 1;
  process.stdin.destroy();
}
