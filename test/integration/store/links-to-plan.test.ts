import { afterAll, beforeAll, expect, test } from 'vitest';
import { linksToPlan } from '../../../src/store/links.ts';
import { createTestDatabase, type TestDatabase } from '../../support/db.ts';

const LINKS = 20_000;
const CHUNK = 500;

let testDb: TestDatabase;
beforeAll(async () => {
  testDb = await createTestDatabase();
});
afterAll(() => testDb.drop());

test('the links behind the last ones are found without reading all before them: planning grows in proportion', async () => {
  const database = await testDb.open({ max: 1 });
  const { sql } = database;
  await sql.unsafe(`
    insert into udesk_sync.pair (name) values ('main');
    insert into udesk_sync.link (pair, udesk_id, crm_id, state, evidence, decided_by, created_at, changed_at, dirty)
      select 'main', n::text, 'c' || n, 'confirmed', '[]', 'match', now(), now(), false from generate_series(1, ${LINKS}) n;
    insert into udesk_sync.record (pair, side, remote_id, fields, hash, keys, link_id, dirty, observed_at)
      select 'main', s.side, s.prefix || l.udesk_id, '{}', l.udesk_id, '{}', l.id, true, now()
      from udesk_sync.link l, (values ('udesk', ''), ('crm', 'c')) s (side, prefix);`);
  await sql`vacuum analyze`;
  const [{ last = '0' } = {}] = await sql<
    { last: string }[]
  >`select max(id)::text as last from udesk_sync.link`;
  const read = async () => {
    await sql`select pg_stat_force_next_flush()`;
    const [row] = await sql`
      select sum(idx_tup_read) as n from pg_stat_user_indexes where schemaname = 'udesk_sync' and relname = 'link'`;
    return Number(row?.n);
  };
  const before = await read();

  const found = await linksToPlan(database.db, 'main', String(Number(last) / 2), CHUNK);

  expect(found).toHaveLength(CHUNK);
  // Each a few times, and none of the 10,000 before them.
  expect((await read()) - before).toBeLessThan(8 * CHUNK);
});
