import { afterEach, describe, expect, it } from 'vitest';
import type { Page } from '../../../src/crm/adapter.ts';
import { LIST_CAP } from '../../../src/udesk/enumerate.ts';
import { sweepShards } from '../../../src/udesk/enumerate-shards.ts';
import { type ListQuirks, type ListTenant, listTenant } from '../../support/list-tenant.ts';
import { type ClientUnderTest, startClient } from '../../support/udesk-client.ts';

let made: ClientUnderTest | null = null;
afterEach(async () => {
  await made?.close();
  made = null;
});

const odd = (id: number): boolean => id % 2 === 1;
const even = (id: number): boolean => id % 2 === 0;
const HALVES = { filters: { 1: odd, 2: even }, filterOrder: 'oldest' } as const;
const down = (count: number): number[] => Array.from({ length: count }, (_, n) => count - n);

async function read(tenant: ListTenant, shards = ['1', '2'], pageSize = 2, shardFrom = 1) {
  made = await startClient(tenant.script);
  const pages: Page[] = [];
  const options = { client: made.client, pageSize, customFields: [], shards, shardFrom };
  for await (const page of sweepShards(options)) pages.push(page);
  expect(pages.slice(0, -1).every((page) => page.end === null)).toBe(true);
  const ids = pages.flatMap((page) => page.records.map((record) => record.id));
  expect(new Set(ids).size).toBe(ids.length);
  return { ids: ids.map(Number).sort((a, b) => b - a), pages, end: pages.at(-1)?.end };
}

const tenantOf = (count: number, quirks: ListQuirks = {}) =>
  listTenant(down(count), { ...HALVES, ...quirks });

describe('P7: shards are certified together, or not at all', () => {
  it('filters that cover the tenant, in any order of their own, are certified', async () => {
    const { ids, end, pages } = await read(tenantOf(9));
    expect(ids).toEqual(down(9));
    expect(end).toEqual({ certified: true, reason: null, cursor: null });
    expect(pages.every((page) => page.total === 9)).toBe(true);
  });

  it('filters that overlap tell each customer once and are certified', async () => {
    const filters = { 1: odd, 2: even, 3: (id: number) => id > 4 };
    expect((await read(tenantOf(9, { filters }), ['3', '1', '2'])).end?.certified).toBe(true);
  });

  it('filters that leave some out are not certified, and the reason says how many are missing', async () => {
    const filters = { 1: odd, 2: (id: number) => even(id) && id < 5 };
    const { ids, end } = await read(tenantOf(12, { filters }));
    // 12 and 11 were seen at the head of the whole list.
    expect(ids).toEqual([12, 11, 9, 7, 5, 4, 3, 2, 1]);
    expect(end).toMatchObject({
      certified: false,
      reason: '3 of 12 customers are in none of the configured shards',
    });
  });

  it('a tenant below the cap is swept as one list, whatever the shards are', async () => {
    const { ids, end } = await read(tenantOf(9, { filters: {} }), ['404'], 2, LIST_CAP);
    expect([ids.length, end?.certified]).toEqual([9, true]);
  });

  it('customers created meanwhile are told too, in a shard that was already read', async () => {
    const tenant = tenantOf(8);
    tenant.onRequest = (n) => {
      if (n === 5) tenant.live.unshift(13, 12, 11, 10, 9);
    };
    const { ids, end } = await read(tenant);
    expect(ids).toEqual(down(13));
    expect(end?.certified).toBe(true);
  });

  it('a customer created meanwhile that its own shard shows does not end the look at the head early', async () => {
    const tenant = tenantOf(8);
    tenant.onRequest = (n) => {
      // 10 is shown by the second shard; 9, which stands behind it, by none.
      if (n === 3) tenant.live.unshift(10);
      if (n === 7) tenant.live.splice(1, 0, 9);
    };
    const { ids, end } = await read(tenant);
    expect(ids).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(end?.certified).toBe(true);
  });

  it('a deletion, even with a creation in the same shard, is not certified', async () => {
    const tenant = tenantOf(9);
    tenant.onRequest = (n) => {
      if (n === 3) tenant.live.splice(8, 1, ...[]);
      if (n === 3) tenant.live.unshift(11);
    };
    const { end } = await read(tenant);
    expect(end).toMatchObject({ certified: false, reason: expect.stringContaining('deleted') });
  });

  it('a customer that moves to a shard that was already read is missing, and counted as such', async () => {
    let moved = false;
    const filters = {
      1: (id: number) => odd(id) || (moved && id === 2),
      2: (id: number) => even(id) && !(moved && id === 2),
    };
    const tenant = tenantOf(9, { filters });
    tenant.onRequest = (n) => {
      if (n === 5) moved = true;
    };
    const { ids, end } = await read(tenant);
    expect(ids).not.toContain(2);
    expect(end).toMatchObject({ certified: false, reason: expect.stringMatching(/^1 of 9 customers/) });
  });

  it('one that was created and deleted again does not stand in for one that was missed', async () => {
    const tenant = tenantOf(8, {
      filters: { 1: odd, 2: (id: number) => even(id) && id !== 2 },
    });
    tenant.onRequest = (n) => {
      if (n === 2) tenant.live.unshift(9);
      // After the shard that lists it, before the head is read again.
      if (n === 7) tenant.live.shift();
    };
    const { ids, end } = await read(tenant);
    expect([ids.length, ids.includes(2)]).toEqual([8, false]);
    expect(end?.certified).toBe(false);
  });

  it('a shard that is itself above the cap says so', async () => {
    const filters = { 1: () => true };
    const tenant = listTenant(down(LIST_CAP + 50), { filters });
    const { end } = await read(tenant, ['1'], 100);
    expect(end).toMatchObject({
      certified: false,
      reason: `filter 1 holds 10050 customers and the list reaches 10000 of them; 50 of 10050 customers are in none of the configured shards`,
    });
    const asked = made?.server.seen.map((request) => Number(request.query.get('page'))) ?? [];
    expect(Math.max(...asked)).toBe(100);
  });

  it('a filter that Udesk does not know is a mistake of the configuration', async () => {
    await expect(read(tenantOf(4), ['1', '404'])).rejects.toMatchObject({
      kind: 'config',
      message: 'Udesk refuses filter 404 of udesk.shards (code 2005)',
    });
  });

  it('a customer that cannot be read spoils the certificate', async () => {
    const row = (id: number): unknown => (id === 3 ? { id, tags: 7 } : { id });
    const { end } = await read(tenantOf(8, { row }));
    expect(end).toMatchObject({ certified: false, reason: expect.stringContaining('could not be read') });
  });
});
