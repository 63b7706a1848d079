import { afterAll, expect, test } from 'vitest';
import { createEmptyDatabase, createTestDatabase } from '../../support/db.ts';

const one = await createTestDatabase();
const two = await createTestDatabase();
const empty = await createEmptyDatabase();
afterAll(() => Promise.all([one.drop(), two.drop(), empty.drop()]));

test('each test database has the tables of the migrations and shares no row with another', async () => {
  const [first, second] = await Promise.all([one.open(), two.open()]);
  await first.sql`insert into udesk_sync.pair (name) values ('only here')`;
  expect(await first.sql`select 1 from udesk_sync.pair`).toHaveLength(1);
  expect(await second.sql`select 1 from udesk_sync.pair`).toHaveLength(0);
});

test('an empty database has no table of ours', async () => {
  const database = await empty.open();
  expect(await database.sql`select 1 from pg_namespace where nspname = 'udesk_sync'`).toHaveLength(0);
});

test('a connection that a test leaves open fails its drop, by name', async () => {
  const leaky = await createEmptyDatabase();
  const database = await leaky.open();
  const forgotten = database.connect({ applicationName: 'forgotten' });
  await forgotten`select 1`;
  await expect(leaky.drop()).rejects.toThrow(/left open.*forgotten/);
  await forgotten.end({ timeout: 1 });
});
