/** A world whose pair has a field of each kind of rule (docs/mapping.md), over a CRM table that is made for it. */
import postgres from 'postgres';
import { createEmptyDatabase, type TestDatabase } from './db.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';

export const EVERY_KIND = `[
      { udesk: nick_name, crm: [first_name, last_name], join: ' ', split: last },
      { udesk: custom.TextField_1, crm: born, date: { crm: date, udesk: dd/MM/yyyy } },
      { udesk: custom.TextField_2, crm: seen, date: { crm: iso, zone: UTC } },
      { udesk: custom.TextField_3, crm: address, path: home.city },
      { udesk: description, crm: note, truncate: 12, default: '-' },
      { udesk: level, crm: tier, map: { vip: [gold, platinum], normal: standard } },
      { udesk: emails, crm: emails, email: lower },
      { udesk: cellphones, crm: phones, phone: { crm: e164, udesk: national } },
      { crm: source, constant: udesk }
    ]`;

const TABLE = `
  create table person (
    id bigint generated always as identity primary key,
    first_name text, last_name text, born date, seen timestamptz, address jsonb, note varchar(12), tier text,
    emails text[] not null default '{}', phones text[] not null default '{}', source text, udesk_id text unique,
    changes int not null default 0);
  create function count_changes() returns trigger language plpgsql as $$
  begin new.changes := old.changes + 1; return new; end $$;
  create trigger count_changes before update on person for each row execute function count_changes();`;

export type Row = Record<string, unknown> & { id: string };

export interface MappedWorld extends World {
  readonly table: postgres.Sql;
  /** The only row. */
  row(): Promise<Row>;
  edit(columns: Readonly<Record<string, unknown>>): Promise<void>;
  /** The only customer with this e-mail. */
  customer(email: string): NonNullable<ReturnType<World['simulator']['tenant']['find']>>;
}

export async function createMappedWorld(
  options: Omit<WorldOptions, 'crmBlock'> & {
    readonly fields?: string;
    /** More keys of the adapter's block. */
    readonly block?: object;
    /** More tables of the CRM. */
    readonly ddl?: string;
    readonly rows?: readonly object[];
  } = {},
): Promise<MappedWorld> {
  const database: TestDatabase = await createEmptyDatabase();
  const table = postgres(database.url, { max: 1, onnotice: () => {} });
  await table.unsafe(TABLE);
  if (options.ddl !== undefined) await table.unsafe(options.ddl);
  for (const row of options.rows ?? [])
    await table`insert into person ${table(row as Record<string, string>)}`;
  const world = await createWorld({
    ...options,
    crmBlock: {
      adapter: 'postgres',
      url: database.url,
      table: 'person',
      externalId: 'udesk_id',
      ...options.block,
    },
    pair: { fields: options.fields ?? EVERY_KIND, guards: '{ updates: { share: 1 } }', ...options.pair },
  });
  return {
    ...world,
    table,
    async row() {
      const [row] = await table<Row[]>`
        select id::text, first_name, last_name, born::text, to_char(seen at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') as seen,
          address, note, tier, emails, phones, source, udesk_id, changes from person`;
      if (row === undefined) throw new Error('the table is empty');
      return row;
    },
    edit: async (columns) =>
      void (await table`update person set ${table(columns as Record<string, string>)}`),
    customer(email) {
      const found = world.simulator.tenant.find('email', email);
      if (found === null) throw new Error('no such customer');
      return found;
    },
    async close() {
      await world.close();
      await table.end();
      await database.drop();
    },
  };
}
