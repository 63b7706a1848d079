/** The demo's CRM: a table in a database of its own, with the trigger that a careful CRM would have. */
import type postgres from 'postgres';
import { openClient, targetOf } from '../store/client.ts';
import type { ContactSeed } from './overlap.ts';

export const CRM_DATABASE = 'crm';

export interface Contact {
  readonly id: string;
  readonly name: string | null;
  readonly emails: readonly string[];
  readonly phones: readonly string[];
  readonly tier: string | null;
  readonly industry: string | null;
  readonly note: string | null;
  readonly udesk_id: string | null;
}

/** A person at the CRM: connections that the engine knows nothing of. */
export interface CrmTable {
  readonly sql: postgres.Sql;
  contacts(): Promise<Contact[]>;
  /** The one contact with this e-mail; null when there is none. */
  byEmail(email: string): Promise<Contact | null>;
  add(contacts: readonly ContactSeed[]): Promise<void>;
  /** Rows are born with version 1 and every update adds 1, so the sum counts every insert and update. */
  versions(): Promise<number>;
  close(): Promise<void>;
}

const DDL = `
  create table contact (
    id bigint generated always as identity primary key,
    name text,
    emails text[] not null default '{}',
    phones text[] not null default '{}',
    tier text,
    industry text,
    note text,
    udesk_id text unique,
    updated_at timestamptz not null default clock_timestamp(),
    row_version int not null default 1
  );
  create function touch() returns trigger language plpgsql as $$
  begin
    new.updated_at := clock_timestamp();
    new.row_version := old.row_version + 1;
    return new;
  end $$;
  create trigger contact_touch before update on contact for each row execute function touch();`;

const COLUMNS = 'id::text, name, emails, phones, tier, industry, note, udesk_id';

/** Makes the table in an empty database. */
export async function createCrmTable(url: string): Promise<CrmTable> {
  const sql = openCrm(url);
  try {
    await sql.unsafe(DDL);
  } catch (error) {
    await sql.end({ timeout: 1 });
    throw error;
  }
  return {
    sql,
    contacts: async () => [...(await sql<Contact[]>`select ${sql.unsafe(COLUMNS)} from contact order by id`)],
    byEmail: async (email) => {
      const [row] = await sql<Contact[]>`
        select ${sql.unsafe(COLUMNS)} from contact
        where exists (select from unnest(emails) as e where lower(e) = ${email.toLowerCase()})`;
      return row ?? null;
    },
    async add(contacts) {
      await sql`
        insert into contact (name, emails, phones, tier, industry, note)
        select name, emails, phones, tier, industry, note
        from jsonb_to_recordset(${JSON.stringify(contacts)}::text::jsonb)
          as c(name text, emails text[], phones text[], tier text, industry text, note text)`;
    },
    async versions() {
      const [row] = await sql<
        { sum: number }[]
      >`select coalesce(sum(row_version), 0)::int as sum from contact`;
      return row?.sum ?? 0;
    },
    close: () => sql.end({ timeout: 5 }),
  };
}

export function openCrm(url: string): postgres.Sql {
  return openClient(targetOf(url), { max: 3, applicationName: 'a person at the CRM' });
}
