import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allPages } from '../../../src/udesk/calls.ts';
import { startTenantClient, type TenantClient } from '../../support/tenant-client.ts';
import { call } from './caller.ts';

let tenant: TenantClient;
beforeEach(async () => {
  tenant = await startTenantClient({
    customers: [
      { id: 1, nick_name: 'first', owner_id: 8, owner_group_id: 15, organization_id: 1 },
      { id: 2, nick_name: 'second', owner_id: 9, organization_id: 1, level: 'vip' },
      { id: 3, nick_name: 'third' },
    ],
  });
});
afterEach(() => tenant.close());

const page = { page: 1, pageSize: 2 };
const api = (method: string, path: string, body?: unknown) =>
  call(tenant.sim, method, path, body === undefined ? {} : { body });

describe('agents and groups', () => {
  test.each(['total_count', 'count'])('agents in pages of per_page, with meta %s', async (form) => {
    tenant.sim.set('shape.directory_meta', form);
    const first = await tenant.client.agents(page);
    expect(first).toMatchObject({ total: 5, totalPages: 3, items: [{ name: 'Alex' }, { name: 'Tom' }] });
    const all = await allPages((n) => tenant.client.agents({ ...page, page: n }));
    expect(all.items.map((agent) => agent.email)).toContain('tom@agents.example.com');
    expect(all.items).toHaveLength(5);
  });

  test('an agent by id and by e-mail; one that is not there is null', async () => {
    expect(await tenant.client.getAgent('email', 'tom@agents.example.com')).toMatchObject({ id: '8' });
    expect(await tenant.client.getAgent('id', '8')).toMatchObject({ name: 'Tom' });
    expect(await tenant.client.getAgent('id', '404')).toBeNull();
  });

  test('groups with their agents', async () => {
    const { items, total } = await tenant.client.userGroups({ page: 1, pageSize: 20 });
    expect([total, items[0]?.name]).toEqual([3, '默认组']);
    expect((await tenant.client.groupAgents('16', page)).items.map((agent) => agent.name)).toEqual([
      'Tom',
      'Jerry',
    ]);
  });

  test('deleting an agent hands its customers over without touching them; groups are created, renamed, deleted', async () => {
    expect((await api('DELETE', '/agents/8', { owner_id: 9 })).body).toEqual({ code: 1000, id: 8 });
    expect(tenant.sim.tenant.get(1)?.owner_id).toBe(9);
    expect(tenant.sim.tenant.feeds(1)).toEqual([]);
    const made = await api('POST', '/user_groups', { user_group: { name: '新组' } });
    const id = String((made.body.user_group as { id: number }).id);
    await api('PUT', `/user_groups/${id}`, { user_group: { name: '改名' } });
    expect((await tenant.client.userGroups({ page: 1, pageSize: 20 })).items.at(-1)?.name).toBe('改名');
    await api('DELETE', '/user_groups/15');
    expect(tenant.sim.tenant.get(1)?.owner_group_id).toBeNull();
    expect((await api('DELETE', '/user_groups/404')).body.code).toBe(2005);
  });

  test('a new agent can own customers; a deleted one cannot', async () => {
    const made = await api('POST', '/agents', {
      agent: { nick_name: 'New', email: 'new@agents.example.com' },
    });
    const id = (made.body.agent as { id: number }).id;
    expect((await tenant.client.updateCustomer('id', '3', { customer: { owner_id: id } }))?.owner_id).toBe(
      id,
    );
    await api('DELETE', `/agents/${id}`, {});
    await expect(
      tenant.client.updateCustomer('id', '1', { customer: { owner_id: id } }),
    ).rejects.toMatchObject({ kind: 'rejected' });
  });
});

describe('organizations', () => {
  test('created, shown by id, name, updated, listed, deleted; its customers lose it', async () => {
    const { client, sim } = tenant;
    const made = await client.createOrganization({
      name: '新公司',
      domains: 'new.example.com',
      description: 'd',
    });
    expect(await client.getOrganization('name', '新公司')).toEqual(made);
    expect(await client.updateOrganization('id', made.id, { name: '改名公司' })).toMatchObject({
      id: made.id,
      name: '改名公司',
      data: { domains: 'new.example.com', description: 'd', customer_count: 0 },
    });
    expect((await client.organizations({ page: 1, pageSize: 100, query: '改名' })).total).toBe(1);
    expect((await client.organizations({ page: 1, pageSize: 100 })).total).toBe(6);
    expect(
      (await api('PUT', '/organizations/update_org', { type: 'id', content: 1, organization: {} })).body.code,
    ).toBe(1000);
    expect(await client.deleteOrganization('id', '1')).toBe(true);
    expect(await client.getOrganization('id', '1')).toBeNull();
    expect(await client.deleteOrganization('id', '1')).toBe(false);
    expect(sim.tenant.get(1)?.organization_id).toBeNull();
  });

  test('a name that is missing or taken is refused', async () => {
    await expect(tenant.client.createOrganization({ name: 'two_org' })).rejects.toMatchObject({
      kind: 'rejected',
    });
    await expect(tenant.client.createOrganization({ name: ' ' })).rejects.toMatchObject({ kind: 'rejected' });
  });

  test('customers of an organization, in pages', async () => {
    const { rows, total } = await tenant.client.organizationCustomers('name', 'two_org', {
      page: 2,
      pageSize: 1,
    });
    expect([rows.length, total]).toEqual([1, 2]);
    expect(rows[0]).toMatchObject({ id: 1 });
  });
});

describe('definitions and filters', () => {
  test.each(['f1', 'f2'])(
    'customer fields: values of the second generation, required of the first (%s)',
    async (form) => {
      const { sim, client } = tenant;
      sim.set('shape.custom_fields', form);
      const [text, select] = [sim.tenant.customFields[0], sim.tenant.customFields[3]];
      if (!text || !select) throw new Error('no fields');
      sim.tenant.customFields = [text, { ...select, values: ['9', '8', '7', '6'], required: true }];
      const { generation, items } = await client.customFields('customer');
      expect(generation).toBe('second');
      expect(items).toMatchObject([
        { name: 'TextField_1', label: '微信号', required: false, options: [] },
        {
          name: 'SelectField_1',
          required: true,
          options: [{ value: '9', label: '官网' }, { value: '8' }, {}, {}],
        },
      ]);
    },
  );

  test('fields of organizations, F3 with its misspelled keys', async () => {
    const old = await api('GET', '/organizations/custom_fields');
    expect(old.text).toContain('"requirment":false');
    expect((await tenant.client.customFields('organization')).items.map((field) => field.name)).toEqual([
      'TextField_10',
      'SelectField_11',
    ]);
  });

  test('an unknown category silently means ticket', async () => {
    const answer = await call(tenant.sim, 'GET', '/custom_fields', { query: { category: 'custmer' } });
    expect(answer.body).toEqual({ code: 1000, fields: [] });
  });

  test('filters select subsets, in an order of their own, and sets of them cover the tenant', async () => {
    const { client, sim } = tenant;
    const { items } = await client.filters();
    expect(items.find((filter) => filter.name === 'VIP客户')).toMatchObject({ id: '1', active: true });
    const idsOf = async (filterId: string) => {
      const { rows } = await client.listCustomers({ page: 1, pageSize: 100, filterId });
      return rows.map((row) => (row as { id: number }).id);
    };
    for (const cover of [
      ['1', '2'],
      ['10', '11', '18', '19', '22', '23'],
      ['101', '102', '103', '104'],
    ]) {
      const union = (await Promise.all(cover.map(idsOf))).flat();
      expect(union.sort(), cover.join(',')).toEqual([1, 2, 3]);
    }
    expect(await idsOf('2')).toEqual([3, 1]);
    sim.set('list.filter_order', 'oldest');
    expect(await idsOf('2')).toEqual([1, 3]);
  });

  test('a filter wins over the query', async () => {
    const { total } = await tenant.client.listCustomers({
      page: 1,
      pageSize: 10,
      filterId: '1',
      query: 'third',
    });
    expect(total).toBe(1);
  });
});

describe('history and export', () => {
  test.each(['feed_type', 'from_type', 'm17', 'mixed'])(
    'a customer’s history has all kinds, as %s',
    async (form) => {
      const { sim, client } = tenant;
      sim.set('shape.feeds', form);
      sim.tenant.happened(1, 'Ticket', { user_id: 8, subject: '退货' });
      sim.tenant.happened(1, 'CallLog', { call_type: '呼入', duration: 61 });
      sim.tenant.happened(1, 'ImSubSession', { customer_msg_num: 3 });
      sim.tenant.happened(1, 'CustomerFollowUp', { agent_name: 'Tom', content: 'x' });
      sim.tenant.edit(1, { nick_name: 'renamed' });
      const { items, dropped, total } = await client.feeds('id', '1', 1, 20);
      expect([dropped, total]).toEqual([[], 5]);
      expect(items.map((feed) => feed.kind).sort()).toEqual([
        'Alteration',
        'CallLog',
        'CustomerFollowUp',
        'ImSubSession',
        'Ticket',
      ]);
      expect(items.find((feed) => feed.kind === 'Alteration')).toMatchObject({
        author: { id: '8', name: 'Tom' },
        at: expect.stringMatching(/Z$/),
      });
      expect(new Set(items.map((feed) => `${feed.kind} ${feed.id}`)).size).toBe(5);
    },
  );

  test('invented customers have an invented history, the same every time', async () => {
    const read = async () => {
      const other = await startTenantClient({ customers: 30, seed: 'h' });
      const lists = await Promise.all(
        other.sim.tenant.list().map(({ id }) => other.client.feeds('id', id, 1, 20)),
      );
      await other.close();
      return lists.flatMap((list) => list.items);
    };
    const items = await read();
    expect(new Set(items.map((feed) => feed.kind)).size).toBe(4);
    expect(await read()).toEqual(items);
  });

  test('export pages through everyone, beyond the cap of the list', async () => {
    tenant.sim.set('list.cap', '2');
    expect((await tenant.client.listCustomers({ page: 2, pageSize: 2 })).rows).toEqual([]);
    const last = await tenant.client.exportCustomers({ page: 2, pageSize: 2 });
    expect([last.rows.length, last.total, last.totalPages]).toEqual([1, 3, 2]);
  });
});
