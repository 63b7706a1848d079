import type postgres from 'postgres';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadLinksToPlan } from '../../../src/engine/load-links.ts';
import type { Database } from '../../../src/store/database.ts';
import { refreshStatistics } from '../../../src/store/statistics.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';

let testDb: TestDatabase;
let database: Database;
let sql: postgres.Sql;

beforeEach(async () => {
  testDb = await createTestDatabase();
  database = await testDb.open();
  sql = database.sql;
});
afterEach(() => testDb.drop());

const fill = async () => {
  await sql`
    insert into udesk_sync.link (pair, udesk_id, crm_id, state, evidence, dirty, decided_by, created_at, changed_at)
    select 'main', n::text, n::text, 'confirmed', '[]', n > 19500, 'match', now(), now()
    from generate_series(1, 20000) n`;
  await sql`
    insert into udesk_sync.record (pair, side, remote_id, fields, hash, keys, link_id, dirty, observed_at)
    select 'main', side, l.udesk_id, '{}', 'hash', '{}', l.id, l.dirty, now()
    from udesk_sync.link l, (values ('udesk'), ('crm')) s(side)`;
};

const linksRead = async () => {
  await sql`select pg_stat_force_next_flush()`;
  const [row] = await sql`
    select sum(idx_tup_read) as n from pg_stat_user_indexes where schemaname = 'udesk_sync' and relname = 'link'`;
  return Number(row?.n);
};

test('a table is analyzed when it has grown fourfold, and not before', async () => {
  expect(await refreshStatistics(database.db)).toEqual([]);
  await fill();
  expect((await refreshStatistics(database.db)).toSorted()).toEqual(['link', 'record']);
  expect(await refreshStatistics(database.db)).toEqual([]);
});

test('links to plan are found by their ids though the tables were filled a moment ago', async () => {
  await fill();
  const before = await linksRead();

  const { links } = await loadLinksToPlan(database.db, 'main', '0', 500, new Date());

  expect(links).toHaveLength(500);
  expect((await linksRead()) - before).toBeLessThan(3 * 20_000);
});
