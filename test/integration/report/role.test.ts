import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../../src/store/database.ts';
import { grantReporting } from '../../../src/store/reporting-role.ts';
import { commandLine } from '../../support/command-line.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';
import { type Analyst, createAnalyst, dropRole, quoted, viewsOf } from '../../support/reporting.ts';

let testDb: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDb = await createTestDatabase();
  database = await testDb.open();
});
afterAll(() => testDb.drop());

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const FORBIDDEN = { code: '42501' };

async function newRole(options: string): Promise<string> {
  const name = `r_${crypto.randomUUID().slice(0, 8)}`;
  await database.sql.unsafe(`create role ${name} ${options}`);
  cleanups.push(() => dropRole(database, name));
  return name;
}

async function analyst(name?: string): Promise<Analyst> {
  const made = await createAnalyst(database, name);
  cleanups.push(() => made.close());
  return made;
}

describe('the reporting role', () => {
  test('reads every view, and the customers of any time', async () => {
    const { ask } = await analyst();
    const views = await viewsOf(database.sql);
    for (const view of views) await ask(`select * from report.${view}`);
    await ask('select * from report.customer_asof(now())');
    expect(views.length).toBeGreaterThanOrEqual(13);
  });

  test('cannot read a table of udesk_sync, nor call its functions by name', async () => {
    const { ask } = await analyst();
    const tables = await database.sql`select tablename from pg_tables where schemaname = 'udesk_sync'`;
    expect(tables.length).toBeGreaterThan(10);
    for (const { tablename } of tables) {
      await expect(ask(`select * from udesk_sync.${tablename}`), String(tablename)).rejects.toMatchObject(
        FORBIDDEN,
      );
    }
    await expect(ask("select udesk_sync.plain('x')")).rejects.toMatchObject(FORBIDDEN);
  });

  test.each([
    "insert into report.link (pair) values ('main')",
    'update report.link set state = null',
    'delete from report.link',
    'truncate udesk_sync.link',
    'create view report.mine as select 1',
    'create table report.mine (n int)',
    'drop view report.link',
    'create or replace view report.conflict_daily as select 1',
    'delete from udesk_sync.record',
  ])('cannot write: %s', async (statement) => {
    const { ask } = await analyst();
    await expect(ask(statement)).rejects.toMatchObject(FORBIDDEN);
  });

  test('reads views that a later version adds, without another command', async () => {
    const { ask } = await analyst();
    await database.sql.unsafe('create view report.added_later as select 1 as n');
    cleanups.push(() => database.sql.unsafe('drop view report.added_later'));
    expect(await ask('select n from report.added_later')).toEqual([{ n: 1 }]);
  });

  test('is not everybody: another role reads neither the views nor the customers of any time', async () => {
    const other = await newRole('nologin');
    await database.sql.begin(async (tx) => {
      await tx.unsafe(`set local role ${other}`);
      await expect(tx.savepoint((inner) => inner`select 1 from report.customer`)).rejects.toMatchObject(
        FORBIDDEN,
      );
    });
    await database.sql.unsafe(`grant usage on schema report to ${other}`);
    await database.sql.begin(async (tx) => {
      await tx.unsafe(`set local role ${other}`);
      await expect(
        tx.savepoint((inner) => inner`select 1 from report.customer_asof(now())`),
      ).rejects.toMatchObject(FORBIDDEN);
    });
  });
});

describe('migrate --reporting-role', () => {
  test.each([
    ['a dot', 'finance.reports'],
    ['a quote and a semicolon', `x"; drop schema report cascade; --`],
    ['capital letters and a space', 'BI Team'],
    ['another script', '报表只读'],
  ])('takes a name with %s for what it is', async (_what, base) => {
    const name = `${base} ${crypto.randomUUID().slice(0, 8)}`;
    const { role, ask } = await analyst(name);
    await ask('select * from report.customer');
    expect(await database.sql`select rolcanlogin from pg_roles where rolname = ${role}`).toEqual([
      { rolcanlogin: false },
    ]);
  });

  test('run twice says that the role was there, and changes nothing', async () => {
    const name = `r ${crypto.randomUUID().slice(0, 8)}`;
    cleanups.push(() => dropRole(database, name));
    const cli = commandLine({ configText: MINIMAL, databaseUrl: testDb.url });
    cleanups.push(async () => cli.close());
    const first = await cli.run('migrate', '--reporting-role', name, '--json');
    const second = await cli.run('migrate', '--reporting-role', name, '--json');
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(first.json()).toMatchObject({ migrated: { reportingRole: { name, created: true } } });
    expect(second.json()).toMatchObject({ migrated: { reportingRole: { name, created: false } } });
    const words = await cli.run('migrate', '--reporting-role', name);
    expect(words.stdout).toMatch(new RegExp(`${name} may read the \\d+ views of the schema report`));
  });

  test('keeps a given role that can log in, and takes from it what is too much', async () => {
    const name = await newRole('login');
    await database.sql.unsafe(`grant usage on schema udesk_sync to ${name}`);
    await database.sql.unsafe(`grant select, delete on udesk_sync.record, report.link to ${name}`);
    expect(await grantReporting(database, name)).toMatchObject({ name, created: false });
    await database.sql.begin(async (tx) => {
      await tx.unsafe(`set local role ${quoted(name)}`);
      await expect(tx.savepoint((inner) => inner`select 1 from udesk_sync.record`)).rejects.toMatchObject(
        FORBIDDEN,
      );
      await expect(tx.savepoint((inner) => inner`delete from report.link`)).rejects.toMatchObject(FORBIDDEN);
      await tx`select 1 from report.link`;
    });
    expect(await database.sql`select rolcanlogin from pg_roles where rolname = ${name}`).toEqual([
      { rolcanlogin: true },
    ]);
  });

  test('refuses a role that may do more by other ways, and leaves it as it was', async () => {
    const superuser = await newRole('superuser');
    const reader = await newRole('nologin');
    await database.sql.unsafe(`grant usage on schema udesk_sync to ${reader}`);
    const member = await newRole(`in role ${reader}`);
    const [us] = await database.sql`select current_user as name`;
    for (const name of [superuser, member, String(us?.name)]) {
      await expect(grantReporting(database, name)).rejects.toMatchObject({
        kind: 'config',
        details: { code: 'reporting-role-too-powerful' },
      });
    }
    const acl = await database.sql`select nspacl::text as acl from pg_namespace where nspname = 'report'`;
    expect(acl[0]?.acl ?? '').not.toContain(member);
  });

  test.each(['', 'a\0b', 'x'.repeat(64), '报'.repeat(22), 'public', 'pg_reports'])(
    'refuses %j, which cannot name a role',
    async (name) => {
      await expect(grantReporting(database, name)).rejects.toMatchObject({
        kind: 'config',
        details: { code: 'reporting-role-name' },
      });
    },
  );

  test('says what to do when udesk-sync may not create roles', async () => {
    const owner = await newRole('login');
    await database.sql.unsafe(`alter role ${owner} password 'secret'`);
    const url = new URL(testDb.url);
    url.username = owner;
    url.password = 'secret';
    const cli = commandLine({ configText: MINIMAL, databaseUrl: url.href });
    cleanups.push(async () => cli.close());
    await database.sql.unsafe(`grant usage, create on schema udesk_sync to ${owner}`);
    await database.sql.unsafe(`grant all on all tables in schema udesk_sync to ${owner}`);
    const ran = await cli.run('migrate', '--reporting-role', 'never_made');
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('create role "never_made" nologin');
  });
});

const MINIMAL = `
pairs:
  - name: main
    udesk: { baseUrl: https://demo.udesk.cn, email: admin@example.com, token: x }
    crm: { adapter: memory }
    fields: [ { udesk: nick_name, crm: name } ]
`;
