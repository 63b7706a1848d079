import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import { createPostgresSide, type PostgresLimits } from '../../../src/crm/postgres/adapter.ts';
import { postgresConfigSchema } from '../../../src/crm/postgres/config.ts';
import { listen } from '../../../src/crm/postgres/listen.ts';
import { createPool } from '../../../src/crm/postgres/pool.ts';
import { sql } from '../../../src/crm/postgres/sql.ts';
import { postgresTarget } from '../../../src/lib/postgres-driver.ts';
import { CONTEXT, failure, mustRead, person, readAll, scalar, setWrite } from '../../conformance/harness.ts';
import { createEmptyDatabase, type TestDatabase } from '../../support/db.ts';
import { type PostgresProxy, startProxy } from '../../support/postgres-proxy.ts';

const slowHash = promisify(pbkdf2);

const DDL = `
  drop table if exists contact;
  create table contact (
    id bigint generated always as identity primary key, name text not null, note varchar(5),
    emails text[], phones text[], age integer, mail text unique, udesk_id text unique,
    born date, seen timestamptz, amount numeric(20, 4), vip boolean, mood text check (mood <> 'secret mood'))`;

const EXTRA = ['age', 'mail', 'born', 'seen', 'amount', 'vip', 'mood'];
const context = {
  ...CONTEXT,
  fields: [
    ...CONTEXT.fields,
    ...EXTRA.map((name) => ({ name, shape: 'scalar', equivalence: 'text' }) as const),
  ],
};

let database: TestDatabase;
let admin: postgres.Sql;
let proxy: PostgresProxy;
let side: Side;

async function open(url: string, config: object = {}, limits: PostgresLimits = {}): Promise<Side> {
  const block = { adapter: 'postgres', url, table: 'contact', externalId: 'udesk_id', ...config };
  return createPostgresSide(postgresConfigSchema.parse(block), context, limits);
}

async function insert(values: Record<string, unknown>): Promise<string> {
  const [row] =
    await admin`insert into contact ${admin({ name: 'one', ...values })} returning id::text as id`;
  return String(row?.id);
}

/** What an operator may read of a failure. */
function visible(error: Error): string {
  return JSON.stringify([
    error.message,
    error.stack,
    error,
    (error as { details?: unknown }).details,
    error.cause,
  ]);
}

beforeAll(async () => {
  database = await createEmptyDatabase();
  admin = postgres(database.url, { max: 2, onnotice: () => {} });
  proxy = await startProxy(database.url);
});
beforeEach(async () => {
  await admin.unsafe(DDL);
  side = await open(proxy.url);
});
afterEach(async () => {
  proxy.freeze(false);
  await side.close();
});
afterAll(async () => {
  await proxy.close();
  await admin.end();
  await database.drop();
});

test('P9: a backend that is terminated inside a transaction costs one transient failure, never the process', async () => {
  for (const when of ['idle', 'in a statement', 'at commit'] as const) {
    const pool = createPool({ url: database.url, pair: 'test', size: 1 });
    const session = await pool.acquire();
    await session.begin();
    const [row] = await session.query(sql`select pg_backend_pid()::text as pid`);
    const kill = () => admin`select pg_terminate_backend(${Number(row?.pid)}::int)`;
    if (when === 'in a statement') {
      const waiting = failure(session.query(sql`select pg_sleep(5)::text as slept`));
      const busy = () =>
        admin`select from pg_stat_activity where pid = ${Number(row?.pid)} and wait_event = 'PgSleep'`;
      await expect.poll(async () => (await busy()).length).toBe(1);
      await kill();
      expect((await waiting).kind).toBe('transient');
    } else {
      await kill();
      await expect
        .poll(async () => (await admin`select from pg_stat_activity where pid = ${Number(row?.pid)}`).length)
        .toBe(0);
      const next = when === 'idle' ? session.query(sql`select '1' as one`) : session.commit();
      expect(['transient', 'ambiguous']).toContain((await failure(next)).kind);
    }
    if (when !== 'at commit') {
      // Never answered by a new connection, outside of the transaction that was lost.
      for (const next of [() => session.query(sql`select '1' as one`), () => session.commit()]) {
        expect((await failure(next())).kind).toBe('transient');
      }
    }
    await session.release();
    expect(await pool.read((fresh) => fresh.query(sql`select '1' as one`))).toEqual([{ one: '1' }]);
    await pool.close();
  }
});

test('every connection cut at once: reads go on by themselves, an enumeration fails and can be started again', async () => {
  await admin`insert into contact (name) select 'p' || n from generate_series(1, 2100) n`;
  const pages = side.enumerate()[Symbol.asyncIterator]();
  await pages.next();
  proxy.cutAll();
  expect((await failure(pages.next())).kind).toBe('transient');
  proxy.cutAll();
  expect((await mustRead(side, '1')).fields.name).toBe('p1');
  expect((await readAll(side.enumerate())).records).toHaveLength(2_100);
});

test('a network that swallows everything is given up after the time limit, and no connection is lost to it', async () => {
  const id = await insert({});
  const limits = { connectTimeoutMs: 400, statementTimeoutMs: 400, answerTimeoutMs: 500 };
  const patient = await open(proxy.url, {}, limits);
  try {
    const current = await mustRead(patient, id);
    proxy.freeze(true);
    const update = { id, current, patch: { name: scalar('one', 'two') } };
    expect((await failure(patient.update(update))).kind).toBe('transient');
    proxy.freeze(false);
    expect((await patient.update(update)).fields.name).toBe('two');
  } finally {
    await patient.close();
  }
});

test('a connection that is in use while the side is closed is closed with what uses it, and keeps no process from its end', async () => {
  const pool = createPool({ url: database.url, pair: 'test', size: 1 });
  const session = await pool.acquire();
  const [row] = await session.query(sql`select pg_backend_pid()::text as pid`);
  const there = () => admin`select 1 from pg_stat_activity where pid = ${Number(row?.pid)}`;
  await pool.close();
  expect(await there()).toHaveLength(1);

  await session.release();

  await vi.waitFor(async () => expect(await there()).toHaveLength(0), 10_000);
});

test('who no longer wants to hear of changes while the connection is being made leaves none open', async () => {
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.resume();
  });
  const open = new Set<net.Socket>();
  onTestFinished(() => void server.close());
  await once(server.listen(0), 'listening');
  const { port } = server.address() as net.AddressInfo;
  const over = new AbortController();
  const target = postgresTarget(`postgres://someone@localhost:${port}/crm`);
  // Names are looked up by the same few threads, so this takes the name of the server its time.
  const slow = Promise.all(Array.from({ length: 8 }, () => slowHash('a', 'b', 200_000, 64, 'sha512')));
  const listening = listen(target, 'changes', () => {}, over.signal);
  setImmediate(() => over.abort());
  await expect(listening).rejects.toMatchObject({ code: 'CONNECTION_DESTROYED' });

  await slow;
  // Whoever looked the name up before this one knocks before it.
  const last = net.connect(port, 'localhost');
  await once(last, 'connect');
  await vi.waitFor(() => expect([...open].map((each) => each.remotePort)).toEqual([last.localPort]), 10_000);
  last.destroy();
});

test('a row that somebody else keeps locked is a transient failure', async () => {
  const id = await insert({});
  const hasty = await open(proxy.url, {}, { statementTimeoutMs: 600 });
  try {
    const current = await mustRead(hasty, id);
    await admin.begin(async (person) => {
      await person`select from contact where id = ${id} for update`;
      const error = await failure(hasty.update({ id, current, patch: { name: scalar('one', 'two') } }));
      expect(error).toMatchObject({ kind: 'transient', details: { code: '55P03' } });
    });
  } finally {
    await hasty.close();
  }
});

test('what the database refuses names the field and its rule, and never a person', async () => {
  await insert({ mail: 'taken@example.com' });
  const id = await insert({});
  const current = await mustRead(side, id);
  const attempts = [
    { field: 'note', after: 'Zhang San', code: '22001' },
    { field: 'age', after: 'forty-two', code: '22P02' },
    { field: 'age', after: '99999999999', code: '22003' },
    { field: 'mail', after: 'taken@example.com', code: '23505', field2: 'mail' },
    { field: 'mood', after: 'secret mood', code: '23514' },
    { field: 'born', after: '2001-02-31', code: '22008' },
    { field: 'name', after: null, code: '23502', field2: 'name' },
  ];
  for (const { field, after, code, field2 } of attempts) {
    const before = current.fields[field] ?? null;
    const error = await failure(side.update({ id, current, patch: { [field]: scalar(before, after) } }));
    expect(error).toMatchObject({ kind: 'rejected', details: { code, record: id } });
    if (field2 !== undefined) expect(error.details.field).toBe(field2);
    if (after !== null) expect(visible(error)).not.toContain(after);
    const created = { patch: { ...person({ name: 'new' }), [field]: scalar(null, after) }, marker: 'm-1' };
    if (after !== null) expect(await failure(side.create(created))).toMatchObject({ kind: 'rejected' });
  }
  expect(await mustRead(side, id)).toEqual(current);
  expect((await readAll(side.enumerate())).records).toHaveLength(2);
});

test('a trigger that quotes the data is cut, and one that swallows the write is found out', async () => {
  const id = await insert({ emails: '{}' });
  const current = await mustRead(side, id);
  await admin.unsafe(`
    create or replace function refuse() returns trigger language plpgsql as $$
    begin
      if new.name = 'swallow' then return null; end if;
      raise exception 'no % with %', new.name, new.emails;
    end $$;
    create trigger refuse before update on contact for each row execute function refuse();`);
  const patch = { name: scalar('one', 'Li Lei'), emails: setWrite([], { add: ['li@example.com'] }) };
  const error = await failure(side.update({ id, current, patch }));
  expect(error).toMatchObject({ kind: 'rejected', details: { code: 'P0001' } });
  expect(visible(error)).not.toMatch(/Li Lei|li@example/);
  const swallowed = await failure(side.update({ id, current, patch: { name: scalar('one', 'swallow') } }));
  expect(swallowed).toMatchObject({ kind: 'rejected', details: { code: 'suppressed' } });
});

test('a rule that is checked at commit is a refusal, not an unknown outcome', async () => {
  await admin`alter table contact add constraint late_mail unique (mail, name) deferrable initially deferred`;
  await admin`alter table contact drop constraint contact_mail_key`;
  await insert({ mail: 'a@example.com', name: 'two' });
  const id = await insert({ mail: 'a@example.com' });
  const current = await mustRead(side, id);
  const error = await failure(side.update({ id, current, patch: { name: scalar('one', 'two') } }));
  expect(error).toMatchObject({ kind: 'rejected', details: { code: '23505' } });
  expect((await mustRead(side, id)).fields.name).toBe('one');
});

test('numbers, times and flags lose nothing on the way', async () => {
  const id = await insert({});
  const values = {
    amount: '9007199254740993.1234',
    seen: '2024-02-29T23:59:59.123456Z',
    born: '0987-01-02',
    vip: true,
    age: '-2147483648',
  };
  const current = await mustRead(side, id);
  const patch = Object.fromEntries(
    Object.entries(values).map(([field, after]) => [field, scalar(null, after)]),
  );
  await admin`set time zone 'Asia/Shanghai'`;
  expect((await side.update({ id, current, patch })).fields).toMatchObject(values);
});

test('P5: the marker inserted by another program at the same moment gives that record', async () => {
  const request = { patch: person({ name: 'ours' }), marker: 'udesk-1' };
  const rival = await admin.reserve();
  await rival`begin`;
  await rival`insert into contact (name, udesk_id) values ('rival', 'udesk-1')`;
  const created = side.create(request);
  await expect
    .poll(async () => (await admin`select from pg_locks where not granted`).length, { timeout: 5_000 })
    .toBe(1);
  await rival`commit`;
  rival.release();
  expect((await created).fields.name).toBe('rival');
  expect((await readAll(side.enumerate())).records).toHaveLength(1);
});

test('what is no list in a JSON column is not returned, and what is no text in one is kept', async () => {
  await admin`alter table contact add column tags jsonb`;
  const odd = await insert({ tags: admin.json({ not: 'a list' }) });
  const mixed = await insert({});
  await admin`update contact set tags = '["a", {"k": 12345678901234567890}, 7, null]' where id = ${mixed}`;
  const fields = [...context.fields, { name: 'tags', shape: 'set', equivalence: 'text' } as const];
  const block = postgresConfigSchema.parse({ adapter: 'postgres', url: database.url, table: 'contact' });
  const tagged = await createPostgresSide(block, { ...context, fields });
  try {
    expect((await mustRead(tagged, odd)).fields).not.toHaveProperty('tags');
    const current = await mustRead(tagged, mixed);
    const list = [
      { id: null, value: 'a' },
      { id: null, value: '7' },
    ];
    expect(current.fields.tags).toEqual(list);
    const change = [{ id: null, from: 'a', to: 'b' }];
    await tagged.update({ id: mixed, current, patch: { tags: setWrite(list, { change, add: ['c'] }) } });
    const [row] = await admin`select tags::text as tags from contact where id = ${mixed}`;
    expect(row?.tags).toBe('["b", {"k": 12345678901234567890}, 7, null, "c"]');
  } finally {
    await tagged.close();
  }
});

test('NULLs inside an array are tolerated and stay where they are', async () => {
  const id = await insert({});
  await admin`update contact set emails = array['a@example.com', null, 'b@example.com'] where id = ${id}`;
  const current = await mustRead(side, id);
  const list = ['a@example.com', 'b@example.com'].map((value) => ({ id: null, value }));
  expect(current.fields.emails).toEqual(list);
  await side.update({
    id,
    current,
    patch: { emails: setWrite(list, { remove: list.slice(0, 1), add: ['c@example.com'] }) },
  });
  const [row] = await admin`select emails::text as emails from contact where id = ${id}`;
  expect(row?.emails).toBe('{NULL,b@example.com,c@example.com}');
});
