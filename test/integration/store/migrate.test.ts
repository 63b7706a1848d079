import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { MIGRATIONS_FOLDER, migrate } from '../../../src/store/migrate.ts';
import { runChild } from '../../support/child.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../../support/db.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function kept(making: Promise<TestDatabase>): Promise<TestDatabase> {
  const made = await making;
  cleanups.push(() => made.drop());
  return made;
}

const names = (
  JSON.parse(readFileSync(join(MIGRATIONS_FOLDER, 'meta/_journal.json'), 'utf8')) as {
    entries: { tag: string }[];
  }
).entries.map((entry) => entry.tag);

test('three programs that migrate one new database at the same moment all succeed, and each step runs once', async () => {
  const empty = await kept(createEmptyDatabase());
  const children = [1, 2, 3].map(() => runChild('migrate', empty.url));
  cleanups.push(() => Promise.all(children.map((child) => child.kill())));
  await Promise.all(children.map((child) => child.line((line) => line === 'opened')));
  for (const child of children) child.process.stdin?.write('go\n');
  const said = await Promise.all(
    children.map((child) => child.line((line) => /^(applied|error) /.test(line))),
  );
  expect(said.toSorted()).toEqual([`applied ${JSON.stringify(names)}`, 'applied []', 'applied []']);
  const database = await empty.open();
  const rows = await database.sql`select 1 from udesk_sync.migration`;
  expect(rows).toHaveLength(names.length);
});

test('a waiting program is let through when the one that migrates is killed, and finds nothing half done', async () => {
  const empty = await kept(createEmptyDatabase());
  const database = await empty.open();
  const child = runChild('migrate', empty.url);
  cleanups.push(() => child.kill());
  await child.line((line) => line === 'opened');
  child.process.stdin?.write('go\n');
  await child.kill();
  await migrate(database);
  expect(await database.sql`select 1 from udesk_sync.migration`).toHaveLength(names.length);
});

test('migrating again does nothing', async () => {
  const database = await (await kept(createTestDatabase())).open();
  expect(await migrate(database)).toEqual({ applied: [] });
});

test('a database of a newer version is refused, and not touched', async () => {
  const database = await (await kept(createTestDatabase())).open();
  await database.sql`insert into udesk_sync.migration (hash, created_at) values ('of the future', 9999999999999)`;
  await expect(migrate(database)).rejects.toMatchObject({
    kind: 'config',
    message: expect.stringContaining('newer udesk-sync'),
  });
});

test('drizzle/ holds all that src/store/schema says: generating makes no further migration', () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const copy = mkdtempSync(join(tmpdir(), 'udesk-sync-drizzle-'));
  cleanups.push(() => rmSync(copy, { recursive: true }));
  cpSync(MIGRATIONS_FOLDER, copy, { recursive: true });
  const kit = join(root, 'node_modules/drizzle-kit/bin.cjs');
  const schema = 'src/store/schema';
  const args = ['generate', '--dialect', 'postgresql', '--schema', schema, '--out', relative(root, copy)];
  const said = execFileSync(process.execPath, [kit, ...args], { cwd: root, encoding: 'utf8' });
  expect(said, 'src/store/schema has changes that are not in drizzle/: npm run db:generate').toContain(
    'No schema changes',
  );
  expect(readdirSync(copy).toSorted()).toEqual(readdirSync(MIGRATIONS_FOLDER).toSorted());
});

test('a user who may not make tables is told what to grant', async () => {
  const empty = await kept(createEmptyDatabase());
  const owner = await empty.open();
  const role = `guest_${crypto.randomUUID().slice(0, 8)}`;
  await owner.sql.unsafe(`create role ${role} login password 'guest'`);
  cleanups.push(() => owner.sql.unsafe(`drop role ${role}`));
  const url = new URL(empty.url);
  [url.username, url.password] = [role, 'guest'];
  const guest = await openDatabase({ url: url.href, dataDir: '/nonexistent' });
  await expect(migrate(guest)).rejects.toMatchObject({
    kind: 'config',
    details: { advice: expect.stringContaining('grant it CREATE') },
  });
  await guest.close();
});
