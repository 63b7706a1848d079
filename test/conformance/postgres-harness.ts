/** The `postgres` adapter over tables of many kinds, and a person with psql beside it. */
import postgres from 'postgres';
import { postgresAdapter } from '../../src/crm/postgres/adapter.ts';
import type { SyncError } from '../../src/errors.ts';
import { startProxy } from '../support/postgres-proxy.ts';
import { CONTEXT, type Harness, type Person } from './harness.ts';

type Query = (text: string, values?: unknown[]) => Promise<Record<string, string>[]>;

/** One kind of table. All statements use `$id`, and the columns of the person they are given. */
export interface Variant {
  readonly ddl: string;
  /** The adapter's block, without adapter and url. */
  readonly config: Record<string, unknown>;
  /** Quoted, with its schema. */
  readonly table: string;
  readonly key: string;
  readonly externalId: string | null;
  readonly softDelete: boolean;
  /** Column values for the person's fields; child rows are `children`'s business. */
  columns(person: Person): Record<string, unknown>;
  /** Replaces the child rows of one person. */
  children?(query: Query, id: string, person: Person): Promise<void>;
  readonly childTables?: readonly string[];
  /** Who edits, where the table keeps that, and the columns in which it does. */
  readonly person?: NonNullable<Harness['person']>;
  readonly signs?: Readonly<Record<string, unknown>>;
}

/** A login with exactly the rights that the adapter asked for, first in its refusal and then in `check`. */
async function leastPrivileged(url: string, admin: postgres.Sql, config: object): Promise<LeastPrivileged> {
  const name = new URL(url).pathname.slice(1);
  const role = `Least "${name}"`;
  const quoted = `"${role.replaceAll('"', '""')}"`;
  await admin.unsafe(`drop role if exists ${quoted}; create role ${quoted} login password 'p'`);
  const own = new URL(url);
  own.username = encodeURIComponent(role);
  own.password = 'p';
  const open = (at: string) => postgresAdapter.create({ adapter: 'postgres', url: at, ...config }, CONTEXT);
  const asked: string[] = [];
  const grant = async (advice: string | undefined) => {
    const statements = advice?.match(/grant .*?;(?= grant |$)/g) ?? [];
    asked.push(...statements);
    for (const statement of statements) await admin.unsafe(statement);
    return statements.length;
  };
  const refused = await open(own.href).then(
    () => null,
    (error: SyncError) => error,
  );
  if (refused === null) throw new Error('a login without any right was let in');
  await grant(refused.details.advice);
  for (let round = 0; round < 3; round++) {
    const side = await open(own.href);
    const { findings } = await side.check();
    await side.close();
    if (
      (await grant(findings.map(({ advice }) => advice ?? '').find((text) => text.includes('grant ')))) === 0
    )
      break;
  }
  return {
    url: own.href,
    asked,
    drop: async () => void (await admin.unsafe(`drop owned by ${quoted}; drop role ${quoted}`)),
  };
}

export interface LeastPrivileged {
  readonly url: string;
  /** The statements that were printed and run. */
  readonly asked: readonly string[];
  drop(): Promise<void>;
}

export async function postgresHarness(
  url: string,
  variant: Variant,
  { least = false, told = () => {} }: { least?: boolean; told?: (asked: readonly string[]) => void } = {},
): Promise<Harness> {
  const admin = postgres(url, { max: 2, onnotice: () => {}, fetch_types: false });
  const query: Query = (text, values = []) => admin.unsafe(text, values as never[]) as never;
  await admin.unsafe(variant.ddl);
  const login = least ? await leastPrivileged(url, admin, variant.config) : null;
  if (login !== null) told(login.asked);
  const proxy = await startProxy(login?.url ?? url);
  const side = await postgresAdapter.create(
    { adapter: 'postgres', url: proxy.url, ...variant.config },
    CONTEXT,
  );
  const live = variant.softDelete ? 'deleted_at is null' : 'true';
  const table = variant.table;
  const key = `"${variant.key}"`;

  const set = (person: Person) => Object.entries({ ...variant.columns(person), ...variant.signs });
  const update = (run: Query, id: string, person: Person) => {
    const columns = set(person);
    const assignments = columns.map(([name], at) => `"${name}" = $${at + 2}`).join(', ');
    const values = columns.map(([, value]) => value);
    const touch = assignments === '' ? `${key} = ${key}` : assignments;
    return run(`update ${table} set ${touch} where ${key}::text = $1`, [id, ...values]);
  };

  return {
    side,
    refusesNul: true,
    ...(variant.person === undefined ? {} : { person: variant.person }),
    async insert(person, externalId) {
      const columns = set(person);
      if (variant.externalId !== null && externalId !== undefined)
        columns.push([variant.externalId, externalId]);
      const names = columns.map(([name]) => `"${name}"`).join(', ');
      const places = columns.map((_, at) => `$${at + 1}`).join(', ');
      const what = columns.length === 0 ? 'default values' : `(${names}) values (${places})`;
      const [row] = await query(
        `insert into ${table} ${what} returning ${key}::text as id`,
        columns.map(([, value]) => value),
      );
      const id = String(row?.id);
      await variant.children?.(query, id, person);
      return id;
    },
    async insertMany(count) {
      const [name] = Object.keys(variant.columns({ name: 'x' }));
      const rows = await query(
        `insert into ${table} ("${name}") select 'person ' || n from generate_series(1, ${count}) n
         returning ${key}::text as id`,
      );
      return rows.map((row) => String(row.id));
    },
    async edit(id, person) {
      await update(query, id, person);
      await variant.children?.(query, id, person);
    },
    async remove(id) {
      const how = variant.softDelete ? `update ${table} set deleted_at = now()` : `delete from ${table}`;
      await query(`${how} where ${key}::text = $1`, [id]);
    },
    async stamp(id) {
      const tables = [table, ...(variant.childTables ?? [])];
      const counts = tables.map(
        (name) => `(select coalesce(string_agg(x.xmin::text, ',' order by x.xmin::text), '') from ${name} x)`,
      );
      const [row] = await query(`select concat_ws('/', ${counts.join(', ')}, $1::text) as stamp`, [id]);
      return String(row?.stamp);
    },
    async count() {
      const [row] = await query(`select count(*)::text as n from ${table} where ${live}`);
      return Number(row?.n);
    },
    async editLate(id, person) {
      const reserved = await admin.reserve();
      await reserved.unsafe('begin');
      await update((text, values = []) => reserved.unsafe(text, values as never[]) as never, id, person);
      return async () => {
        await reserved.unsafe('commit');
        reserved.release();
      };
    },
    breakNextWrite: (when) => proxy.breakNextWrite(when),
    async close() {
      await side.close();
      await proxy.close();
      await login?.drop();
      await admin.end({ timeout: 5 });
    },
  };
}

const touch = (extra = ''): string => `
  create function touch() returns trigger language plpgsql as $$
  begin
    new.updated_at := now();
    ${extra}
    return new;
  end $$;`;

const given = (person: Person, map: Readonly<Record<string, (person: Person) => unknown>>) =>
  Object.fromEntries(
    Object.entries(map).flatMap(([column, value]) => {
      const found = value(person);
      return found === undefined ? [] : [[column, found]];
    }),
  );

const textArray = (values: readonly string[] | undefined) =>
  values === undefined ? undefined : `{${values.map((value) => JSON.stringify(value)).join(',')}}`;

/** Everything that the adapter can use: array columns, marker, change time by a trigger, soft delete, version. */
export const arrays: Variant = {
  table: 'public.contact',
  key: 'id',
  externalId: 'udesk_id',
  softDelete: true,
  ddl: `drop table if exists public.contact; drop function if exists touch cascade; ${touch('new.row_version := old.row_version + 1;')}
    create table public.contact (
      id bigint generated always as identity (start with 9007199254740993) primary key,
      full_name text, note text, emails text[] not null default '{}', phones text[],
      udesk_id text unique, row_version integer not null default 1, untouched text default 'mine',
      updated_at timestamptz not null default now(), deleted_at timestamptz, editor_id bigint, editor text);
    create index on public.contact (updated_at);
    create trigger touch before update on public.contact for each row execute function touch();`,
  config: {
    table: 'public.contact',
    externalId: 'udesk_id',
    updatedAt: 'updated_at',
    overlapMs: 0,
    deletedAt: 'deleted_at',
    version: 'row_version',
    columns: { name: 'full_name' },
    emails: { column: 'emails' },
    phones: { column: 'phones' },
    author: { id: 'editor_id', name: 'editor', ownId: '1' },
  },
  person: { id: '77', name: '王芳' },
  signs: { editor_id: 77, editor: '王芳' },
  columns: (person) => ({
    ...given(person, {
      full_name: (one) => one.name,
      note: (one) => one.note,
      emails: (one) => textArray(one.emails),
      phones: (one) => textArray(one.phones),
    }),
  }),
};

/** Nothing but columns, and names that need their quotes: fixed slots, uuid key, rows that really go. */
export const slots: Variant = {
  table: '"My Schema"."Con""tact.2"',
  key: 'Key',
  externalId: null,
  softDelete: false,
  ddl: `drop schema if exists "My Schema" cascade; create schema "My Schema";
    create table "My Schema"."Con""tact.2" (
      "Key" uuid primary key default gen_random_uuid(), "Full Name" text, "no.te" text,
      "mail 1" text, "mail 2" text not null default '', "select" text, mobile text, "table" text);`,
  config: {
    table: '"My Schema"."Con""tact.2"',
    key: 'Key',
    columns: { name: 'Full Name', note: 'no.te' },
    emails: { columns: ['mail 1', 'mail 2', 'select'] },
    phones: { columns: ['mobile', 'table'] },
  },
  columns: (person) => ({
    ...given(person, {
      'Full Name': (one) => one.name,
      'no.te': (one) => one.note,
      'mail 1': (one) => one.emails && (one.emails[0] ?? null),
      'mail 2': (one) => one.emails && (one.emails[1] ?? ''),
      select: (one) => one.emails && (one.emails[2] ?? null),
      mobile: (one) => one.phones && (one.phones[0] ?? null),
      table: (one) => one.phones && (one.phones[1] ?? null),
    }),
  }),
};

/** Child tables, a text key, a marker that nothing keeps unique, change times, hard deletes. */
export const childTables: Variant = {
  table: 'crm.person',
  key: 'id',
  externalId: 'udesk_id',
  softDelete: false,
  childTables: ['crm.person_mail', 'crm.person_phone'],
  ddl: `drop schema if exists crm cascade; create schema crm;
    drop function if exists touch cascade; ${touch()}
    create table crm.person (id text primary key default 'P-' || gen_random_uuid(), name text, note text,
      udesk_id varchar(200), updated_at timestamptz not null default clock_timestamp());
    create table crm.person_mail (id bigint generated by default as identity primary key,
      person_id text not null references crm.person on delete cascade, address text, is_primary boolean);
    create table crm.person_phone (key uuid primary key, owner text not null references crm.person, number text);
    create trigger touch before update on crm.person for each row execute function touch();
    create index on crm.person_mail (person_id);
    create index on crm.person_phone (owner);`,
  config: {
    table: 'crm.person',
    externalId: 'udesk_id',
    updatedAt: 'updated_at',
    overlapMs: 0,
    emails: { table: 'crm.person_mail', foreignKey: 'person_id', value: 'address', primary: 'is_primary' },
    phones: { table: 'crm.person_phone', key: 'key', foreignKey: 'owner', value: 'number' },
  },
  columns: (person) => ({
    ...given(person, { name: (one) => one.name, note: (one) => one.note }),
  }),
  async children(query, id, person) {
    if (person.emails !== undefined) {
      await query('delete from crm.person_mail where person_id = $1', [id]);
      for (const [at, address] of person.emails.entries()) {
        const values = [id, address, at === 0];
        await query(
          'insert into crm.person_mail (person_id, address, is_primary) values ($1, $2, $3)',
          values,
        );
      }
    }
    if (person.phones === undefined) return;
    await query('delete from crm.person_phone where owner = $1', [id]);
    for (const number of person.phones) {
      await query('insert into crm.person_phone (key, owner, number) values (gen_random_uuid(), $1, $2)', [
        id,
        number,
      ]);
    }
  },
};

/** Everything in quotes: two schemas, child tables, spaces, dots, apostrophes, mixed case; a serial key; changes by version. */
export const quoted: Variant = {
  table: '"My CRM.v2"."Con""tact"',
  key: 'Nr.',
  externalId: 'Udesk Id',
  softDelete: false,
  childTables: ['"Child\'s"."E-Mails"', '"Child\'s"."Tele phones"'],
  ddl: `drop schema if exists "My CRM.v2" cascade; drop schema if exists "Child's" cascade;
    create schema "My CRM.v2"; create schema "Child's";
    create sequence "My CRM.v2"."Row Versions";
    create table "My CRM.v2"."Con""tact" (
      "Nr." bigserial primary key, "Full Name" text, "no.te" text, "Udesk Id" text unique,
      "Row Version" bigint not null default nextval('"My CRM.v2"."Row Versions"'),
      "Edited by" text, "Edited at" timestamptz);
    create index on "My CRM.v2"."Con""tact" ("Row Version");
    create table "Child's"."E-Mails" ("Id" serial primary key,
      "Con tact" bigint not null references "My CRM.v2"."Con""tact" on delete cascade, "Add.ress" text, "First?" boolean);
    create table "Child's"."Tele phones" ("Id" uuid primary key,
      "Owner" bigint not null references "My CRM.v2"."Con""tact" on delete cascade, "Number" text);
    create index on "Child's"."E-Mails" ("Con tact"); create index on "Child's"."Tele phones" ("Owner");
    create or replace function "My CRM.v2"."Next Version"() returns trigger language plpgsql security definer as $$
    begin new."Row Version" := nextval('"My CRM.v2"."Row Versions"'); new."Edited at" := now(); return new; end $$;
    create trigger "Next Version" before update on "My CRM.v2"."Con""tact"
      for each row execute function "My CRM.v2"."Next Version"();`,
  config: {
    table: '"My CRM.v2"."Con""tact"',
    key: 'Nr.',
    externalId: 'Udesk Id',
    version: 'Row Version',
    changedBy: 'version',
    overlapMs: 0,
    columns: { name: 'Full Name', note: 'no.te' },
    emails: {
      table: '"Child\'s"."E-Mails"',
      key: 'Id',
      foreignKey: 'Con tact',
      value: 'Add.ress',
      primary: 'First?',
    },
    phones: { table: '"Child\'s"."Tele phones"', key: 'Id', foreignKey: 'Owner', value: 'Number' },
    author: { name: 'Edited by', at: 'Edited at', ownName: 'the sync' },
  },
  person: { id: null, name: "O'Neil" },
  signs: { 'Edited by': "O'Neil" },
  columns: (person) => ({
    ...given(person, { 'Full Name': (one) => one.name, 'no.te': (one) => one.note }),
  }),
  async children(query, id, person) {
    if (person.emails !== undefined) {
      await query(`delete from "Child's"."E-Mails" where "Con tact"::text = $1`, [id]);
      for (const [at, address] of person.emails.entries()) {
        await query(
          `insert into "Child's"."E-Mails" ("Con tact", "Add.ress", "First?") values ($1::text::bigint, $2, $3)`,
          [id, address, at === 0],
        );
      }
    }
    if (person.phones === undefined) return;
    await query(`delete from "Child's"."Tele phones" where "Owner"::text = $1`, [id]);
    for (const number of person.phones) {
      await query(
        `insert into "Child's"."Tele phones" ("Id", "Owner", "Number") values (gen_random_uuid(), $1::text::bigint, $2)`,
        [id, number],
      );
    }
  },
};

/** jsonb lists, an integer key, a version and no more. */
export const json: Variant = {
  table: 'public.account',
  key: 'no',
  externalId: null,
  softDelete: false,
  ddl: `drop table if exists public.account;
    create table public.account (no serial primary key, name text, note text,
      mails jsonb not null default '[]', phones jsonb, version bigint);`,
  config: {
    table: 'account',
    key: 'no',
    version: 'version',
    emails: { column: 'mails' },
    phones: { column: 'phones' },
  },
  columns: (person) => ({
    ...given(person, {
      name: (one) => one.name,
      note: (one) => one.note,
      mails: (one) => one.emails,
      phones: (one) => one.phones,
    }),
    version: Math.floor(Math.random() * 1e9),
  }),
};
