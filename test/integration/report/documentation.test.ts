import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../src/store/database.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';
import { headings, section, viewsOf } from '../../support/reporting.ts';

let testDb: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDb = await createTestDatabase();
  database = await testDb.open();
});
afterAll(() => testDb.drop());

const PROMISED = [
  ...[
    'conflict',
    'conflict_daily',
    'conversation',
    'coverage',
    'call',
    'customer',
    'customer_history',
    'feed',
  ],
  ...['link', 'sync_lag', 'sync_run', 'ticket'],
];

interface Column {
  view: string;
  view_comment: string | null;
  name: string;
  type: string;
  comment: string | null;
}

async function columns(): Promise<Column[]> {
  return [
    ...(await database.sql<Column[]>`
      select c.relname as view, obj_description(c.oid, 'pg_class') as view_comment, a.attname as name,
        format_type(a.atttypid, null) as type, col_description(c.oid, a.attnum) as comment
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
      where c.relnamespace = 'report'::regnamespace order by c.relname, a.attnum`),
  ];
}

test('the schema holds the promised views, one function, and nothing else', async () => {
  const relations = await database.sql`
    select relname, relkind from pg_class where relnamespace = 'report'::regnamespace`;
  expect(relations.map(({ relname }) => relname)).toEqual(expect.arrayContaining(PROMISED));
  expect(new Set(relations.map(({ relkind }) => relkind))).toEqual(new Set(['v']));
  const functions = await database.sql`
    select proname from pg_proc where pronamespace = 'report'::regnamespace`;
  expect(functions.map(({ proname }) => proname)).toEqual(['customer_asof']);
});

test('every view and every column says in the database what it means', async () => {
  const found = await columns();
  expect(found.length).toBeGreaterThan(150);
  expect(found.filter(({ view_comment }) => !view_comment).map(({ view }) => view)).toEqual([]);
  expect(found.filter(({ comment }) => !comment).map(({ view, name }) => `${view}.${name}`)).toEqual([]);
});

test('docs/reporting.md describes each view as the database does, column by column', async () => {
  const found = await columns();
  const views = await viewsOf(database.sql);
  expect(headings()).toEqual(expect.arrayContaining(views));
  for (const view of views) {
    const own = found.filter((column) => column.view === view);
    const rows = own.map(({ name, type, comment }) => `| \`${name}\` | ${type} | ${comment} |`);
    const expected = [own[0]?.view_comment, '', '| column | type | meaning |', '|---|---|---|', ...rows];
    expect(section(view).split('\n')).toEqual(expected);
  }
});

test('docs/reporting.md describes customer_asof, whose columns mean what those of customer do', async () => {
  const found = await database.sql<{ name: string; type: string; comment: string }[]>`
    select a.name, format_type(a.type, null) as type, obj_description(p.oid, 'pg_proc') as comment
    from pg_proc p, unnest(p.proargnames, p.proallargtypes, p.proargmodes) with ordinality a(name, type, mode, n)
    where p.pronamespace = 'report'::regnamespace and a.mode = 't' order by a.n`;
  const rows = found.map(({ name, type }) => `| \`${name}\` | ${type} |`);
  expect(section('customer_asof(ts timestamptz)').split('\n')).toEqual([
    found[0]?.comment,
    '',
    '| column | type |',
    '|---|---|',
    ...rows,
  ]);
  const ofCustomer = (await columns()).filter(({ view }) => view === 'customer').map(({ name }) => name);
  expect(ofCustomer).toEqual(expect.arrayContaining(found.map(({ name }) => name)));
});
