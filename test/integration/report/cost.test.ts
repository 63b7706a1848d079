import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../../src/store/database.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';
import { viewsOf } from '../../support/reporting.ts';

let testDb: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDb = await createTestDatabase();
  database = await testDb.open();
});
afterAll(() => testDb.drop());

/** Customers `from`…`to` in both sides and linked, each with six changes, three items of history, a write and a conflict. */
async function generate(from: number, to: number): Promise<void> {
  await database.sql.unsafe(`
    insert into udesk_sync.pair (name) values ('main') on conflict do nothing;
    insert into udesk_sync.link (pair, udesk_id, crm_id, state, evidence, decided_by, created_at, changed_at)
      select 'main', n::text, 'c' || n, 'confirmed', '[]', 'match', now(), now() from generate_series(${from}, ${to}) n;
    insert into udesk_sync.record (pair, side, remote_id, fields, hash, keys, link_id, observed_at)
      select 'main', s.side, s.prefix || l.udesk_id, jsonb_build_object('nick_name', 'Name ' || l.udesk_id, 'owner', '8',
        'emails', jsonb_build_array(jsonb_build_object('id', null, 'value', l.udesk_id || '@example.com')),
        'custom.TextField_1', 'x'), l.udesk_id, '{}', l.id, now()
      from udesk_sync.link l, (values ('udesk', ''), ('crm', 'c')) s (side, prefix) where l.udesk_id::int between ${from} and ${to};
    insert into udesk_sync.observation (pair, side, remote_id, delta, lane, run_id, at)
      select 'main', r.side, r.remote_id, '{"nick_name": ["a", "b"], "level": ["normal", "vip"]}',
        case k when 1 then 'write' else 'sweep' end, 1, now() - k * interval '10 days'
      from udesk_sync.record r join udesk_sync.link l on l.id = r.link_id, generate_series(1, 3) k
      where l.udesk_id::int between ${from} and ${to};
    insert into udesk_sync.feed (pair, kind, feed_id, udesk_id, at, author_id, data, first_seen_at, kept_at)
      select 'main', kind, n::text, n::text, now(), '8', '{"summary": "b"}', now(), now()
      from generate_series(${from}, ${to}) n, unnest(array['Ticket', 'CallLog', 'Alteration']) kind;
    insert into udesk_sync.intent (pair, link_id, run_id, side, op, guard_class, patch, reasons, source, state, priority,
        created_at, settled_at)
      select 'main', l.id, 1, 'udesk', 'update', 'overwrite', '{"nick_name": {"field": "nick_name"}}', '{}',
        '{"nick_name": "b"}', 'settled', 1, now(), now() from udesk_sync.link l where l.udesk_id::int between ${from} and ${to};
    insert into udesk_sync.conflict (pair, link_id, field, kind, state, reason, opened_at, changed_at)
      select 'main', l.id, 'nick_name', 'edit/edit', 'open', '', now(), now()
      from udesk_sync.link l where l.udesk_id::int between ${from} and ${to};
    analyze;`);
}

async function costs(queries: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const query of queries) {
    const [row] = await database.sql.unsafe(`explain (format json) ${query}`);
    const [{ Plan }] = JSON.parse(row?.['QUERY PLAN']) as [{ Plan: { 'Total Cost': number } }];
    found.set(query, Plan['Total Cost']);
  }
  return found;
}

test('20,000 customers cost about ten times what 2,000 cost, in every view: no view reads a table anew for each row', async () => {
  const views = (await viewsOf(database.sql)).map((view) => `select * from report.${view}`);
  await generate(1, 2_000);
  const few = await costs(views);
  await generate(2_001, 20_000);
  const many = await costs(views);
  const factors = views.map((query) => [query, (many.get(query) ?? 0) / (few.get(query) ?? 0)] as const);
  // Sorting costs n log n, and a plan may change on the way; a table read for each row would cost a hundred times as much.
  expect(factors.filter(([, factor]) => !(factor < 20))).toEqual([]);
  // And they come to an end with all rows.
  const count = async (from: string) =>
    Number((await database.sql.unsafe(`select count(*) as n from ${from}`))[0]?.n);
  expect(await count('report.customer')).toBe(20_000);
  const [history] = await database.sql`
    select count(*) as n, count(who) as known, count(valid_to) as ended from report.customer_history`;
  expect(history).toMatchObject({ n: '280000', ended: '160000' });
  expect(await count("report.customer_asof(now() - interval '15 days')")).toBe(0);
});

test('one record’s history is found by its key, not by reading all', async () => {
  const [row] = await database.sql`
    explain (format json) select * from report.customer_history where pair = 'main' and side = 'udesk' and record_id = '77'`;
  expect(row?.['QUERY PLAN']).not.toMatch(
    /"Node Type": "Seq Scan",[^}]*"Relation Name": "(observation|record)"/,
  );
});
