import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page, Side } from '../../../src/crm/adapter.ts';
import { postgresAdapter } from '../../../src/crm/postgres/adapter.ts';
import { CONTEXT, failure, person, readAll } from '../../conformance/harness.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/db.ts';

let database: TestDatabase;
let admin: postgres.Sql;
const opened: Side[] = [];

async function open(config: object, url = database.url): Promise<Side> {
  const side = await postgresAdapter.create({ adapter: 'postgres', url, ...config }, CONTEXT);
  opened.push(side);
  return side;
}

/**
 * The cursor after which nothing is told again. Other tests write beside this one on the same server, and what was written
 * since the oldest of their open transactions began is rightly told once more.
 */
async function quiet(side: Side, from: string): Promise<string> {
  let cursor = from;
  const told = async () => {
    const { records, end } = await readAll(side.changes(cursor));
    cursor = end.cursor ?? '';
    return records;
  };
  await expect.poll(told, { timeout: 30_000 }).toEqual([]);
  return cursor;
}

beforeAll(async () => {
  database = await createEmptyDatabase();
  admin = postgres(database.url, { max: 1, onnotice: () => {} });
  await admin.unsafe(`
    create table contact (id bigint primary key, name text, note text, emails text[], phones text[], photo bytea,
      owner text not null, udesk_id text, changed_at timestamptz, changed_on timestamp, row_version integer);
    create table contact_phone (id serial primary key, contact_id uuid, number text, is_primary text);
    create table good (id bigint generated always as identity primary key, name text, note text, emails text[], phones text[]);`);
});
afterAll(async () => {
  await Promise.all(opened.map((side) => side.close()));
  await admin.end();
  await database.drop();
});

test('everything that does not fit is said at once, each with its place and what was meant', async () => {
  const error = await failure(
    open({
      table: 'contact',
      key: 'idd',
      updatedAt: 'changed_on',
      version: 'row_versoin',
      externalId: 'row_version',
      columns: { name: 'naem', note: 'photo' },
      emails: { columns: ['name', 'emails'] },
      phones: { table: 'contact_fone', foreignKey: 'contact_id', value: 'number' },
    }),
  );
  expect(error.kind).toBe('config');
  const problems = error.message.split('\n');
  const expected: [string, string][] = [
    ['crm.key', 'no column "idd". Did you mean "id"?'],
    ['crm.version', 'Did you mean "row_version"?'],
    ['crm.externalId', 'is of type integer'],
    ['crm.updatedAt', 'is of type timestamp without time zone; it has to be timestamptz'],
    ['crm.columns.name', 'Did you mean "name"?'],
    ['crm.columns.note', 'holds bytes'],
    ['crm.emails.columns[1]', 'has to hold one text, not a list'],
    ['crm.phones.table', 'there is no table contact_fone. Did you mean "contact_phone"?'],
  ];
  for (const [path, text] of expected) {
    expect(problems.some((problem) => problem.startsWith(path) && problem.includes(text))).toBe(true);
  }
  expect(problems).toHaveLength(expected.length);
});

test('a child table is checked like the table itself', async () => {
  const phones = { table: 'contact_phone', foreignKey: 'contact_id', value: 'nummer', primary: 'is_primary' };
  const { message } = await failure(open({ table: 'contact', phones }));
  expect(message).toContain('crm.phones.foreignKey: is of type uuid, but the key is of type bigint');
  expect(message).toContain(
    'crm.phones.value: table public.contact_phone has no column "nummer". Did you mean "number"?',
  );
  expect(message).toContain('crm.phones.primary: column "is_primary" is of type text; it has to be bool');
});

test('a table, a field and a second use of a column that do not exist are named', async () => {
  expect((await failure(open({ table: 'publik.contact' }))).message).toContain(
    'Did you mean "public.contact"?',
  );
  expect((await failure(open({ table: 'drop table x;' }))).kind).toBe('config');
  const twice = await failure(open({ table: 'good', columns: { note: 'name' } }));
  expect(twice.message).toContain('column "name" is used by "name" and by "note"');
});

test('a block with an unknown key, or with two forms of one list, is refused', () => {
  const parse = (block: object) =>
    postgresAdapter.schema.safeParse({ adapter: 'postgres', url: 'postgres://h/d', table: 't', ...block });
  expect(parse({}).success).toBe(true);
  for (const wrong of [
    { updateAt: 'x' },
    { adapter: 'odoo' },
    { emails: {} },
    { emails: { column: 'a', columns: ['b'] } },
    { emails: { table: 'a' } },
    { emails: { column: 'a', foreignKey: 'b' } },
    { phones: { columns: [] } },
  ]) {
    expect(parse(wrong).success).toBe(false);
  }
});

test('a server that is down, a wrong password and a missing database each say who must act, without the secret', async () => {
  const base = new URL(database.url);
  const wrong = (change: (url: URL) => void): string => {
    const url = new URL(base);
    change(url);
    return url.href;
  };
  const cases = [
    { kind: 'transient', url: 'postgres://me:hunter2@127.0.0.1:1/crm' },
    { kind: 'config', url: wrong((url) => Object.assign(url, { pathname: '/no_such_database' })) },
    { kind: 'config', url: 'https://me:hunter2@127.0.0.1/crm' },
  ];
  for (const { kind, url } of cases) {
    const error = await failure(open({ table: 'good' }, url));
    expect(error.kind).toBe(kind);
    expect(error.details.advice).toBeTruthy();
    const shown = JSON.stringify([error.message, error.details, error.stack, error.cause]);
    expect(shown).not.toContain('hunter2');
    if (base.password !== '') expect(shown).not.toContain(base.password);
  }
});

test('check() prints the grants that a read-only login lacks, and writes of such a login fail as config', async () => {
  const role = `reader_${database.name}`;
  await admin.unsafe(`create role ${role} login password 'p'; grant select on good to ${role};`);
  try {
    const url = new URL(database.url);
    url.username = role;
    url.password = 'p';
    const side = await open({ table: 'good' }, url.href);
    const report = await side.check();
    const grants = report.findings.find((finding) => finding.advice?.includes('grant '));
    expect(grants?.advice).toContain(
      `grant update ("name", "note", "emails", "phones") on "public"."good" to "${role}";`,
    );
    expect(grants?.advice).toContain(`grant delete on "public"."good" to "${role}";`);
    expect(side.manifest).toMatchObject({
      canDelete: false,
      readOnlyFields: ['name', 'note', 'emails', 'phones'],
    });
    const error = await failure(side.create({ patch: person({ name: 'x' }), marker: 'm' }));
    expect(error.kind).toBe('config');
    expect((await readAll(side.enumerate())).end.certified).toBe(true);
    await side.close();
  } finally {
    await admin.unsafe(`drop owned by ${role}; drop role ${role}`);
  }
});

test('what a pair does not ask for is not asked of the owner: a login that only reads needs no more', async () => {
  const role = `looker_${database.name}`;
  await admin.unsafe(`create table looked_at (id bigint primary key, name text, secret text);
    create role ${role} login password 'p'; grant select (id, name) on looked_at to ${role};`);
  const url = new URL(database.url);
  url.username = role;
  url.password = 'p';
  const only = (readOnly: boolean, intends: { create: boolean; delete: boolean }) => ({
    ...CONTEXT,
    fields: [{ name: 'name', shape: 'scalar', equivalence: 'text', readOnly } as const],
    intends,
  });
  const asked = async (context: ReturnType<typeof only>) => {
    const block = { adapter: 'postgres', url: url.href, table: 'looked_at' };
    const side = await postgresAdapter.create(block, context);
    const { findings } = await side.check();
    await side.close();
    return findings
      .flatMap(({ advice }) => advice?.match(/grant .*?;/g) ?? [])
      .map((text) => text.split(' on ')[0]);
  };
  try {
    expect(await asked(only(true, { create: false, delete: false }))).toEqual([]);
    expect(await asked(only(false, { create: false, delete: false }))).toEqual(['grant update ("name")']);
    expect(await asked(only(true, { create: true, delete: true }))).toEqual([
      'grant insert ("id")',
      'grant delete',
    ]);
  } finally {
    await admin.unsafe(`drop owned by ${role}; drop role ${role}`);
  }
});

test('check() warns of what makes the work slow, blind or impossible', async () => {
  await admin`insert into contact (id, owner) values (1, 'x')`;
  const side = await open({ table: 'contact', externalId: 'udesk_id', updatedAt: 'changed_at' });
  const { findings, count } = await side.check();
  const said = findings.map((finding) => finding.message).join('\n');
  expect(count).toBe(1);
  expect(said).toContain('"udesk_id" has no unique index');
  expect(said).toContain('"changed_at" has no index');
  expect(said).toContain('1 rows have no "changed_at"');
  expect(said).toContain('"owner" must not be NULL');
  expect(side.manifest.externalId).toEqual({ unique: false });
});

test('the fingerprint survives reconnects and differs for another table, even one of the same name', async () => {
  const print = async () => (await (await open({ table: 'good' })).check()).fingerprint;
  const first = await print();
  expect(await print()).toBe(first);
  await admin.unsafe(
    `drop table good; create table good (like contact); alter table good add primary key (id);`,
  );
  expect(await print()).not.toBe(first);
  expect((await (await open({ table: 'contact' })).check()).fingerprint).not.toBe(first);
});

test('a table whose key nobody fills in cannot be created in, and says so', async () => {
  const side = await open({ table: 'contact' });
  const error = await failure(side.create({ patch: person({ name: 'x' }), marker: 'm' }));
  expect(error).toMatchObject({ kind: 'config' });
  expect(error.details.advice).toContain('create.inCrm: false');
});

const COLUMNS =
  'id bigint generated always as identity primary key, name text, note text, emails text[], phones text[]';

describe('P2: what is edited while rows are read is told by the next look', () => {
  const ROWS = 1_500;

  async function full(table: string): Promise<Side> {
    await admin.unsafe(`create table ${table} (${COLUMNS},
        changed_at timestamptz not null default clock_timestamp());
      insert into ${table} (name) select 'p' || n from generate_series(1, ${ROWS}) n`);
    return await open({ table, updatedAt: 'changed_at', overlapMs: 0 });
  }

  /** The cursor of a look in which somebody edits a row that its first page showed. */
  async function editedMeanwhile(table: string, pages: AsyncIterable<Page>): Promise<string> {
    let cursor: string | null = null;
    let seen = 0;
    for await (const page of pages) {
      if (seen === 0) {
        const [first] = page.records;
        await admin.unsafe(
          `update ${table} set name = 'edited', changed_at = clock_timestamp() where id = ${first?.id ?? ''}`,
        );
      }
      seen += page.records.length;
      for (const { fields } of page.records) expect(fields.name).not.toBe('edited');
      cursor = page.end?.cursor ?? null;
    }
    expect(seen).toBe(ROWS);
    return cursor ?? '';
  }

  test.each(['enumerate', 'changes'] as const)('by %s', async (look) => {
    const table = `moving_${look}`;
    const side = await full(table);
    const pages = look === 'enumerate' ? side.enumerate() : side.changes('2026-01-01T00:00:00.000000Z');
    const cursor = await editedMeanwhile(table, pages);
    const { records } = await readAll(side.changes(cursor));
    expect(records.map(({ fields }) => fields.name)).toContain('edited');
  });
});

describe('changes by version', () => {
  test('xmin needs no column: every write of the row is seen, a late commit and a savepoint too, and nothing twice', async () => {
    await admin.unsafe(
      `create table by_xmin (${COLUMNS}); insert into by_xmin (name) values ('a'), ('b'), ('c')`,
    );
    const side = await open({ table: 'by_xmin', version: 'xmin', changedBy: 'version', overlapMs: 0 });
    const first = await quiet(side, (await readAll(side.enumerate())).end.cursor ?? '');
    const other = postgres(database.url, { max: 1, onnotice: () => {} });
    const late = await other.reserve();
    await late.unsafe(`begin; update by_xmin set name = 'late' where name = 'a'`);
    await admin.unsafe(
      `begin; savepoint s; update by_xmin set name = 'in a savepoint' where name = 'b'; commit`,
    );
    const seen = await readAll(side.changes(first));
    expect(seen.records.map(({ fields }) => fields.name)).toEqual(['in a savepoint']);
    await late.unsafe('commit');
    late.release();
    await other.end();
    const after = await readAll(side.changes(seen.end.cursor ?? ''));
    expect(after.records.map(({ fields }) => fields.name)).toContain('late');
    await quiet(side, after.end.cursor ?? '');
    const [record] = seen.records;
    if (record === undefined) throw new Error('nothing was seen');
    await admin.unsafe(`update by_xmin set name = 'moved' where id = ${record.id}`);
    const stale = side.update({ id: record.id, patch: person({ note: 'x' }), current: record });
    expect((await failure(stale)).kind).toBe('stale');
  });

  test('numbers of a sequence are passed only when everything that began before them has ended', async () => {
    await admin.unsafe(`create sequence numbers; create table numbered (${COLUMNS},
      no bigint not null default nextval('numbers')); create index on numbered (no);
      insert into numbered (name) values ('a'), ('b')`);
    const side = await open({ table: 'numbered', version: 'no', changedBy: 'version', overlapMs: 0 });
    let cursor = (await readAll(side.enumerate())).end.cursor ?? '';
    const names = async () => {
      const { records, end } = await readAll(side.changes(cursor));
      cursor = end.cursor ?? '';
      return records.map(({ fields }) => fields.name);
    };
    const other = postgres(database.url, { max: 1, onnotice: () => {} });
    const late = await other.reserve();
    await late.unsafe(`begin; update numbered set name = 'late', no = default where name = 'a'`);
    for (const name of ['one', 'two', 'three']) {
      await admin.unsafe(`update numbered set name = '${name}', no = default where id = 2`);
      expect(await names()).toContain(name);
    }
    await late.unsafe('commit');
    late.release();
    await other.end();
    expect(await names()).toContain('late');
    for (let look = 0; look < 3; look++) await names();
    expect(await names()).toEqual([]);
    expect(cursor).toMatch(/^v1 \d/);
  });

  test('a counter of each row is told apart, and so is a position of another kind', async () => {
    await admin.unsafe(`create table per_row (${COLUMNS}, v int not null default 1);
      insert into per_row (name) values ('a'), ('b')`);
    const side = await open({ table: 'per_row', version: 'v', changedBy: 'version' });
    const problem = (await side.check()).findings.find(({ level }) => level === 'problem');
    expect(problem?.message).toContain('it counts for each row, so changes would be missed');
    const expired = readAll(side.changes('2026-01-01T00:00:00.000000Z'));
    expect((await failure(expired)).kind).toBe('cursor-expired');
  });
});
