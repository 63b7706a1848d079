/** `unheld` of a table in Postgres never names what `lookup` finds, and names the rest: the two are held against each other. */
import postgres from 'postgres';
import { expect, test } from 'vitest';
import type { Contact } from '../../../src/core/contacts.ts';
import type { Side } from '../../../src/crm/adapter.ts';
import { createPostgresSide } from '../../../src/crm/postgres/adapter.ts';
import { postgresConfigSchema } from '../../../src/crm/postgres/config.ts';
import { seededRandom } from '../../../src/simulator/random.ts';
import { CONTEXT } from '../../conformance/harness.ts';
import { createEmptyDatabase } from '../../support/db.ts';

const email = (value: string): Contact => ({ kind: 'email', value });
const phone = (value: string): Contact => ({ kind: 'cellphone', value });

/** A table `crm.c`, and the adapter on it. */
async function onTable(
  columns: string,
  block: Record<string, unknown>,
  work: (sql: postgres.Sql, side: Side) => Promise<void>,
): Promise<void> {
  const database = await createEmptyDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const id = 'id bigint generated always as identity primary key';
  await sql.unsafe(`create schema crm; create table crm.c (${id}, name text, note text, ${columns})`);
  const table = { adapter: 'postgres', url: database.url, table: 'crm.c', ...block };
  const side = await createPostgresSide(postgresConfigSchema.parse(table), CONTEXT, {});
  try {
    await work(sql, side);
  } finally {
    await side.close();
    await sql.end();
    await database.drop();
  }
}

const ARRAYS = { emails: { column: 'e' }, phones: { column: 'p' } };

test('a line that more share than are read says nothing about the others, and does not keep them from being told', async () => {
  await onTable('e text[], p text[]', ARRAYS, async (sql, side) => {
    await sql`insert into crm.c (e, p) select '{}', array['13800000000'] from generate_series(1, 1000)`;
    await sql`insert into crm.c (e, p) values ('{}', array['13900000107'])`;
    const others = Array.from({ length: 20 }, (_, n) => phone(`139000001${String(n).padStart(2, '0')}`));
    const free = others.filter(({ value }) => value !== '13900000107');
    const asked = [...others, phone('13800000000'), email('a@example.com')];
    expect(await side.unheld?.(asked)).toEqual([...free, email('a@example.com')]);
  });
});

test('more values than a statement takes are told of as far as they fit', async () => {
  const columns = Array.from({ length: 14 }, (_, n) => `p${n}`);
  const ddl = ['e text', ...columns.map((name) => `${name} text`)].join(', ');
  await onTable(ddl, { emails: { columns: ['e'] }, phones: { columns } }, async (_, side) => {
    const many = Array.from({ length: 5_000 }, (_, n) => phone(`138${String(n).padStart(8, '0')}`));
    const told = (await side.unheld?.(many)) ?? [];
    expect(told.length).toBeGreaterThan(100);
    expect(told).toEqual(many.slice(0, told.length));
  });
});

const MAILS = [
  ...['a@x.com', 'A@X.com ', '\u00a0a@x.com', 'é@x.com', 'e\u0301@x.com', '\u200ba@x.com', '张@例.公司', '@'],
  ...[
    'K@x.com',
    '\u212a@x.com',
    'İ@x.com',
    "o'x@x.com",
    '',
    ' ',
    'a@x.com;b@x.com',
    `${'x'.repeat(300)}@x.com`,
  ],
];
const PHONES = [
  ...[
    '13800138000',
    '+86 138-0013-8000',
    '１３８００１３８０００',
    '110',
    '1',
    '010-88886666',
    '010-88886666 ext 12',
  ],
  ...[
    '+861088886666;ext=12',
    '010-88886666#12',
    '8886666',
    '+1 212 013 8000',
    '0086 139 0013 8000',
    '12345678',
  ],
  ...[
    '0012345678',
    'none',
    '٠١٢٣٤٥٦٧٨٩',
    '',
    '138001380001',
    '86 13800138000',
    '9'.repeat(40),
    '400-820-8820',
  ],
];

test('of values in any form it names none that a look-up finds', async () => {
  const random = seededRandom('unheld');
  await onTable('e text[], p text[]', ARRAYS, async (sql, side) => {
    const asked = [...MAILS.map(email), ...PHONES.map(phone)];
    let free = 0;
    for (let round = 0; round < 10; round += 1) {
      await sql`truncate crm.c`;
      for (let n = 0; n < 4; n += 1) {
        const some = (from: readonly string[]) => from.filter(() => random.chance(0.12));
        await sql`insert into crm.c (e, p) values (${some(MAILS)}, ${some(PHONES)})`;
      }
      const told = new Set((await side.unheld?.(asked)) ?? []);
      for (const contact of told)
        expect([contact.value, await side.lookup(contact.kind, contact.value)]).toEqual([contact.value, []]);
      free += told.size;
    }
    expect(free).toBeGreaterThan(100);
  });
});
