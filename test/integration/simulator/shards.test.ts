import { afterEach, expect, test } from 'vitest';
import { createUdeskSide } from '../../../src/udesk/side.ts';
import { startTenantClient, type TenantClient } from '../../support/tenant-client.ts';

let tenant: TenantClient | null = null;
afterEach(async () => {
  await tenant?.close();
  tenant = null;
});

const CUSTOMERS = Array.from({ length: 25_000 }, (_, n) => ({
  id: n + 1,
  nick_name: `person ${n + 1}`,
  level: n % 100 === 0 ? ('vip' as const) : ('normal' as const),
}));

async function sweep(shards: readonly string[]) {
  tenant = await startTenantClient({ customers: CUSTOMERS, switches: { 'list.filter_order': 'oldest' } });
  const side = createUdeskSide({ client: tenant.client, shards });
  const ids = new Set<string>();
  let end = null;
  for await (const page of side.enumerate()) {
    for (const record of page.records) ids.add(record.id);
    end = page.end;
  }
  return { arrived: ids.size, end, findings: (await side.check()).findings };
}

test('25,000 customers: without shards 10,000 arrive, and it is said that no sweep is complete', async () => {
  const { arrived, end, findings } = await sweep([]);
  expect(arrived).toBe(10_000);
  expect(end).toMatchObject({
    certified: false,
    reason: 'the list reaches 10000 customers and Udesk says that it holds 25000',
  });
  expect(findings).toMatchObject([{ level: 'warning', advice: expect.stringContaining('udesk.shards') }]);
});

test('25,000 customers: with shards that cover the tenant every customer arrives, certified', async () => {
  const { arrived, end, findings } = await sweep(['101', '102', '103', '104']);
  expect(arrived).toBe(25_000);
  expect(end).toEqual({ certified: true, reason: null, cursor: null });
  expect(findings).toEqual([]);
});

test('25,000 customers: shards that leave some out say how many, and check says it beforehand', async () => {
  const { arrived, end, findings } = await sweep(['101', '102', '103']);
  expect(end?.certified).toBe(false);
  expect(end?.reason).toBe(`${25_000 - arrived} of 25000 customers are in none of the configured shards`);
  expect(findings).toMatchObject([
    { message: expect.stringMatching(/^the filters of udesk.shards hold \d+ of 25000 customers/) },
  ]);
});

test('25,000 customers: a shard above the cap, and an unknown one, are named by check', async () => {
  tenant = await startTenantClient({ customers: CUSTOMERS });
  const side = createUdeskSide({ client: tenant.client, shards: ['1', '2', '404'] });
  expect((await side.check()).findings).toMatchObject([
    { message: expect.stringContaining('filter 2 of udesk.shards holds 24750 customers') },
    { level: 'problem', message: 'Udesk does not know filter 404 of udesk.shards' },
  ]);
});
