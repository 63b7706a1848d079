import { afterEach, describe, expect, it } from 'vitest';
import type { Page } from '../../../src/crm/adapter.ts';
import { LIST_CAP, sweep } from '../../../src/udesk/enumerate.ts';
import { type ListTenant, listTenant } from '../../support/list-tenant.ts';
import { type ClientUnderTest, startClient } from '../../support/udesk-client.ts';

let made: ClientUnderTest | null = null;
afterEach(async () => {
  await made?.close();
  made = null;
});

async function read(
  tenant: ListTenant,
  pageSize = 2,
): Promise<{ ids: string[]; pages: Page[]; end: Page['end'] }> {
  made = await startClient(tenant.script);
  const pages: Page[] = [];
  for await (const page of sweep({ client: made.client, pageSize, customFields: [] })) pages.push(page);
  expect(pages.slice(0, -1).every((page) => page.end === null)).toBe(true);
  return {
    ids: pages.flatMap((page) => page.records.map((record) => record.id)),
    pages,
    end: pages.at(-1)?.end ?? null,
  };
}

const certified = { certified: true, reason: null, cursor: null };

describe('P7: absence from a sweep means something only when the sweep is certified', () => {
  it.each([0, 1, 2, 5])('a quiet list of %i customers is certified', async (count) => {
    const ids = Array.from({ length: count }, (_, n) => count - n);
    const result = await read(listTenant(ids));
    expect(result.ids).toEqual(ids.map(String));
    expect(result.end).toEqual(certified);
  });

  it('customers created meanwhile repeat rows, which are told once; the new ones are told too', async () => {
    const tenant = listTenant([5, 4, 3, 2, 1]);
    tenant.onRequest = (n) => {
      if (n === 2) tenant.live.unshift(7, 6);
      if (n === 4) tenant.live.unshift(9, 8);
    };
    const result = await read(tenant);
    expect([...result.ids].sort()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(result.end).toEqual(certified);
  });

  it('a customer deleted in front of us hides another one: not certified, although the counts are equal', async () => {
    const tenant = listTenant([6, 5, 4, 3, 2, 1]);
    tenant.onRequest = (n) => {
      if (n === 3) tenant.live.splice(2, 1);
    };
    const result = await read(tenant);
    expect(result.ids).not.toContain('2');
    expect(result.ids).toHaveLength(tenant.live.length);
    expect(result.end?.certified).toBe(false);
    expect(result.end?.reason).toContain('deleted');
  });

  it('one created and one deleted leave the total as it was: not certified', async () => {
    const tenant = listTenant([6, 5, 4, 3, 2, 1]);
    tenant.onRequest = (n) => {
      if (n === 3) {
        tenant.live.splice(0, 1);
        tenant.live.unshift(7);
      }
    };
    expect((await read(tenant)).end?.certified).toBe(false);
  });

  it('created and deleted again while we read shifts a page for a moment: not certified', async () => {
    const tenant = listTenant([6, 5, 4, 3, 2, 1]);
    tenant.onRequest = (n) => {
      if (n === 2) tenant.live.unshift(7);
      if (n === 3) tenant.live.shift();
    };
    const result = await read(tenant);
    expect(result.ids).not.toContain('3');
    expect(result.end?.certified).toBe(false);
  });

  it('a deletion that the total shows late, and a creation hides, is noticed all the same: not certified', async () => {
    let stale = true;
    const tenant = listTenant([6, 5, 4, 3, 2, 1], { total: (live) => (stale ? 6 : live) });
    tenant.onRequest = (n) => {
      if (n === 3) tenant.live.splice(2, 1);
      if (n === 4) {
        tenant.live.unshift(7);
        stale = false;
      }
    };
    const result = await read(tenant);
    expect(result.ids).not.toContain('2');
    expect(result.ids).toHaveLength(tenant.live.length);
    expect(result.end?.certified).toBe(false);
  });

  it('a list that runs dry before its total is not certified', async () => {
    const result = await read(listTenant([4, 3, 2, 1], { total: () => 8, totalPages: false }));
    expect(result.end).toMatchObject({
      certified: false,
      reason: '4 customers were listed and Udesk says that it holds 8',
    });
  });

  it('a list that does not count is not certified', async () => {
    expect((await read(listTenant([2, 1], { total: () => undefined }))).end?.certified).toBe(false);
  });

  it('a customer that cannot be read spoils the certificate, and the rest goes on', async () => {
    const row = (id: number): unknown => (id === 2 ? { id, other_emails: [1] } : { id });
    const result = await read(listTenant([3, 2, 1], { row }));
    expect(result.ids).toEqual(['3', '1']);
    expect(result.pages.flatMap((page) => page.dropped.map((dropped) => dropped.id))).toContain('2');
    expect(result.end?.certified).toBe(false);
  });

  it('smaller pages than asked for are followed to the end', async () => {
    const result = await read(listTenant([5, 4, 3, 2, 1], { maxPageSize: 2 }), 100);
    expect(result.ids).toHaveLength(5);
    expect(result.end).toEqual(certified);
  });

  it.each([
    ['tells its true total', undefined],
    ['stops counting at the cap', (n: number) => Math.min(n, LIST_CAP)],
  ])(
    'a list beyond its cap that %s is never certified, and no page beyond the cap is asked for',
    async (_what, total) => {
      const ids = Array.from({ length: LIST_CAP + 50 }, (_, n) => LIST_CAP + 50 - n);
      const result = await read(listTenant(ids, total === undefined ? {} : { total }), 100);
      expect(result.ids).toHaveLength(LIST_CAP);
      expect(result.end).toMatchObject({
        certified: false,
        reason: expect.stringContaining('reaches 10000'),
      });
      const asked = made?.server.seen.map((request) => Number(request.query.get('page'))) ?? [];
      expect(Math.max(...asked)).toBe(100);
    },
  );
});
