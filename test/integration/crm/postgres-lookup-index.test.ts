/** Keeps the indexes of docs/adapters/postgres.md true: an expression that is another than that of the statement helps nobody. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { expect, test, vi } from 'vitest';
import type { Contact } from '../../../src/core/contacts.ts';
import type { Side } from '../../../src/crm/adapter.ts';
import { createPostgresSide } from '../../../src/crm/postgres/adapter.ts';
import { postgresConfigSchema } from '../../../src/crm/postgres/config.ts';
import { CONTEXT } from '../../conformance/harness.ts';
import { createEmptyDatabase } from '../../support/db.ts';

const guide = readFileSync(
  fileURLToPath(new URL('../../../docs/adapters/postgres.md', import.meta.url)),
  'utf8',
);

const LOOKS: Readonly<Record<string, (side: Side) => Promise<void>>> = {
  async 'one by one'(side) {
    expect(await side.lookup('email', 'P7@Example.com')).toMatchObject([{ id: '7' }]);
    expect(await side.lookup('cellphone', '+86 138 0000 0007')).toMatchObject([{ id: '7' }]);
  },
  async 'many at once'(side) {
    const contacts = Array.from({ length: 100 }, (_, n): Contact[] => [
      { kind: 'email', value: `nobody${n}@example.com` },
      { kind: 'cellphone', value: `+86 139 0000 ${1000 + n}` },
    ]).flat();
    expect(await side.unheld?.([{ kind: 'email', value: 'P7@Example.com' }, ...contacts])).toEqual(contacts);
  },
};

test.each(Object.keys(LOOKS))(
  'e-mails and phones in columns are looked up by the indexes that the guide names, %s',
  async (how) => {
    const statements = /## Look-ups of a large table[\s\S]*?```sql\n([\s\S]*?)```/.exec(guide)?.[1] ?? '';
    const database = await createEmptyDatabase();
    const sql = postgres(database.url, { max: 1, onnotice: () => {} });
    try {
      await sql.unsafe(`create schema crm;
      create table crm.contact (id bigint generated always as identity primary key, name text, note text, email text, phone text);
      insert into crm.contact (name, email, phone)
        select 'p' || i, 'p' || i || '@example.com', '138' || lpad(i::text, 8, '0') from generate_series(1, 20000) i;
      ${statements}
      analyze crm.contact`);
      const block = { adapter: 'postgres', url: database.url, table: 'crm.contact' };
      const slots = { emails: { columns: ['email'] }, phones: { columns: ['phone'] } };
      const side = await createPostgresSide(postgresConfigSchema.parse({ ...block, ...slots }), CONTEXT, {});
      try {
        await LOOKS[how]?.(side);
      } finally {
        await side.close();
      }
      // Told by a connection when it ends, a moment later.
      const unused = () => sql`select indexrelname from pg_stat_user_indexes
      where schemaname = 'crm' and idx_scan = 0 and indexrelname not like '%pkey'`;
      await vi.waitFor(async () => expect([...(await unused())]).toEqual([]), 10_000);
      const [made] = await sql`select count(*)::int as count from pg_indexes where schemaname = 'crm'`;
      expect(made).toEqual({ count: 3 });
    } finally {
      await sql.end();
      await database.drop();
    }
  },
);
