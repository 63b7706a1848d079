import { afterEach, describe, expect, it } from 'vitest';
import { allPages } from '../../../src/udesk/calls.ts';
import type { Script, Scripted } from '../../support/scripted-server.ts';
import { type ClientUnderTest, startClient } from '../../support/udesk-client.ts';

let made: ClientUnderTest | null = null;
afterEach(async () => {
  await made?.close();
  made = null;
});

async function start(script: Script): Promise<ClientUnderTest> {
  made = await startClient(script);
  return made;
}

const ok = (members: object): Scripted => ({ json: { code: 1000, ...members } });
const code = (value: number, words = '错误'): Scripted => ({ json: { code: value, code_message: words } });
const body = (made: ClientUnderTest, n = 0): unknown => JSON.parse(made.server.seen[n]?.body || 'null');
const asked = (made: ClientUnderTest): string[] =>
  made.server.seen.map(({ method, path }) => `${method} ${path.replace('/open_api_v1/', '')}`);

describe('custom fields', () => {
  const newer = ok({
    fields: [
      {
        field_name: 'SelectField_1',
        field_label: 's',
        content_type: 'droplist',
        options: [{ title: 'a', value: '4' }],
      },
    ],
  });
  const older = ok({
    custom_fields: [
      {
        custom_field_name: 'SelectField_1',
        title: 's',
        content_type: 'droplist',
        options: ['a'],
        requirement: true,
      },
    ],
  });

  it('the second generation gives the option values, the first one says what is required', async () => {
    const { client } = await start(({ path }) => (path.endsWith('customers/custom_fields') ? older : newer));
    expect(await client.customFields('customer')).toMatchObject({
      generation: 'second',
      items: [{ name: 'SelectField_1', required: true, options: [{ value: '4', label: 'a' }] }],
    });
    expect(made?.server.seen[0]?.query.get('category')).toBe('customer');
  });

  it.each([
    ['HTTP 404', { status: 404, text: '<html>' }],
    ['an unknown code', code(4711)],
  ])('the first generation alone where the second is answered with %s', async (_what, refusal) => {
    const { client } = await start(({ path }) =>
      path.endsWith('customers/custom_fields') ? older : refusal,
    );
    expect(await client.customFields('customer')).toMatchObject({
      generation: 'first',
      items: [{ required: true, options: [{ value: '0', label: 'a' }] }],
    });
  });

  it('F2 stands under another key, and organizations have a call of their own', async () => {
    const f2 = ok({ customer_custom_fields: [{ name: 'TextField_1', title: 't', content_type: 'text' }] });
    const first = await start(({ path }) => (path.endsWith('/custom_fields') ? f2 : code(2005)));
    expect((await first.client.customFields('customer')).items).toHaveLength(1);
    await first.close();
    const second = await start(({ path }) =>
      path.includes('organizations') ? older : { status: 404, text: '' },
    );
    expect((await second.client.customFields('organization')).generation).toBe('first');
  });

  it('a missing list is an error, never "no fields"; a bad signature is not a missing call', async () => {
    const missing = await start(() => ok({ items: [] }));
    await expect(missing.client.customFields('customer')).rejects.toMatchObject({ kind: 'contract' });
    await missing.close();
    const refused = await start(() => code(2059));
    await expect(refused.client.customFields('customer')).rejects.toMatchObject({ kind: 'auth' });
    expect(refused.server.seen).toHaveLength(1);
  });
});

describe('lists of settings', () => {
  it('filters: id, name and whether they are active', async () => {
    const rows = [
      { id: 202512130, name: 'ForWanglun', active: true },
      { id: '7', name: 'old', active: false },
      { name: 'x' },
    ];
    const { client } = await start(() => ok({ customer_filters: rows }));
    expect(await client.filters()).toMatchObject({
      items: [
        { id: '202512130', name: 'ForWanglun', active: true },
        { id: '7', name: 'old', active: false },
      ],
      dropped: [{ id: null }],
    });
  });

  it('the agents sample of the page: per_page is asked for, count is the total of the first generation', async () => {
    const { client } = await start(() =>
      ok({
        agents: [
          { id: 3, email: 'agent2@udesk.cn', nick_name: 'Jerry', profile: 'im', aliase: null },
          { id: 2, email: '', nick_name: 'Tom' },
        ],
        meta: { current_page: 1, total_pages: 1, count: 2 },
      }),
    );
    expect(await client.agents({ page: 1, pageSize: 50, withDisabled: true })).toEqual({
      items: [
        {
          kind: 'agent',
          id: '3',
          name: 'Jerry',
          email: 'agent2@udesk.cn',
          data: { profile: 'im', aliase: null },
        },
        { kind: 'agent', id: '2', name: 'Tom', email: null, data: {} },
      ],
      dropped: [],
      total: 2,
      totalPages: 1,
    });
    const query = made?.server.seen[0]?.query;
    expect([query?.get('per_page'), query?.get('page_size'), query?.get('with_disabled')]).toEqual([
      '50',
      null,
      'true',
    ]);
  });

  it('user groups and their agents, with total_count of the second generation', async () => {
    const { client } = await start(({ path }) =>
      path.endsWith('/agents')
        ? ok({ agents: [{ id: 8, nick_name: 'Tom' }], meta: { total_count: 1 } })
        : ok({
            user_groups: [{ id: 15, name: '默认组', agents: [] }],
            meta: { total_count: 9, total_pages: 5 },
          }),
    );
    expect(await client.userGroups({ page: 1, pageSize: 2 })).toMatchObject({
      items: [{ kind: 'group', id: '15', name: '默认组', email: null }],
      total: 9,
      totalPages: 5,
    });
    expect((await client.groupAgents('15', { page: 1, pageSize: 2 })).items).toMatchObject([{ name: 'Tom' }]);
    expect(asked(made as ClientUnderTest)[1]).toBe('GET user_groups/15/agents');
    await expect(client.groupAgents('1/../2', { page: 1, pageSize: 2 })).rejects.toMatchObject({
      kind: 'rejected',
    });
  });

  it('all pages one after the other; a list without an end says that it is not complete', async () => {
    const { client } = await start(({ query }) => {
      const page = Number(query.get('page'));
      return ok({ agents: [{ id: page, nick_name: `a${page}` }, { id: null }], meta: { total_pages: 3 } });
    });
    const read = (page: number) => client.agents({ page, pageSize: 100 });
    const all = await allPages(read);
    expect(all.items.map((agent) => agent.id)).toEqual(['1', '2', '3']);
    expect([all.dropped.length, all.complete]).toEqual([3, true]);
    expect((await allPages(read, 2)).complete).toBe(false);
  });
});

describe('organizations', () => {
  const ORG = { id: 1, name: 'two_org', domains: 'udesk.cn', customer_count: 1 };

  it('list, show, create, update, destroy and customers, each by its own path', async () => {
    const under = await start(({ method, path }) => {
      if (path.endsWith('/customers')) return ok({ customers: [{ id: 3 }], meta: { total_count: 1 } });
      if (method === 'DELETE') return ok({ id: 1 });
      return method === 'GET' && path.endsWith('/organizations')
        ? ok({ organizations: [ORG], meta: { total_count: 1, total_pages: 1 } })
        : ok({ organization: ORG });
    });
    const { client } = under;
    const entry = { kind: 'organization', id: '1', name: 'two_org', data: { domains: 'udesk.cn' } };
    expect((await client.organizations({ page: 1, pageSize: 100, query: 'two' })).items).toMatchObject([
      entry,
    ]);
    expect(await client.getOrganization('name', 'two_org')).toMatchObject(entry);
    expect(await client.createOrganization({ name: 'two_org', domains: 'udesk.cn' })).toMatchObject(entry);
    expect(await client.updateOrganization('id', '1', { description: null })).toMatchObject(entry);
    expect(await client.deleteOrganization('token', 'x')).toBe(true);
    expect((await client.organizationCustomers('id', '1', { page: 1, pageSize: 20 })).rows).toEqual([
      { id: 3 },
    ]);
    expect(asked(under)).toEqual([
      'GET organizations',
      'GET organizations/show_org',
      'POST organizations',
      'POST organizations/update_org',
      'DELETE organizations/destroy_org',
      'GET organizations/customers',
    ]);
    expect(body(under, 2)).toEqual({ organization: { name: 'two_org', domains: 'udesk.cn' } });
    const [listed, , , , , customers] = under.server.seen;
    expect(listed?.query.get('per_page')).toBe('100');
    expect([customers?.query.get('page_size'), customers?.query.get('per_page')]).toEqual(['20', '20']);
  });

  it('a refused deletion of one that is there stays a refusal', async () => {
    const { client } = await start(({ method }) =>
      method === 'GET' ? ok({ organization: ORG }) : code(2005, '参数错误'),
    );
    await expect(client.deleteOrganization('id', '1')).rejects.toMatchObject({ kind: 'rejected' });
  });

  it('one that is not there is null, after another one was found by the same call', async () => {
    const { client, server } = await start(({ path, query }) => {
      if (path.endsWith('/organizations')) return ok({ organizations: [ORG], meta: {} });
      return query.get('content') === '1' ? ok({ organization: ORG }) : code(2005);
    });
    expect(await client.getOrganization('name', 'nobody')).toBeNull();
    expect(server.seen).toHaveLength(3);
  });

  it('a value that Udesk refuses on update is not taken for "no such organization"', async () => {
    const { client } = await start(({ method }) =>
      method === 'GET' ? ok({ organization: ORG, organizations: [ORG] }) : code(2005),
    );
    await expect(client.updateOrganization('id', '1', { name: '' })).rejects.toMatchObject({
      kind: 'rejected',
    });
  });

  it('an agent by id or e-mail', async () => {
    const { client, server } = await start(() => ok({ agent: { id: 8, nick_name: 'Tom', email: 't@x.cn' } }));
    expect(await client.getAgent('email', 't@x.cn')).toMatchObject({ id: '8', name: 'Tom' });
    expect(server.seen[0]?.query.get('type')).toBe('email');
  });
});

describe('batch import', () => {
  it('posts plain lists of texts, tags inside each row, and takes {code: 1000} alone for an answer', async () => {
    const under = await start(() => ok({}));
    await under.client.batchImport([
      {
        nick_name: '和路雪',
        emails: ['23432@wre.com', 'http@baidu.com'],
        cellphones: ['13466666655'],
        organization_id: '9100000000000000001',
        level: 'vip',
        tags: ['575675675', ' 张三'],
        custom_fields: { SelectField_1: ['0', '1'] },
      },
      { nick_name: '试试' },
    ]);
    expect(asked(under)).toEqual(['POST customers/batch_import_async']);
    expect(under.server.seen[0]?.body).toContain('"organization_id":9100000000000000001');
    expect(body(under)).toMatchObject({
      customers: [
        { emails: ['23432@wre.com', 'http@baidu.com'], cellphones: ['13466666655'], tags: '575675675,张三' },
        { nick_name: '试试' },
      ],
    });
  });

  it('is never sent twice: an answer that is lost is ambiguous', async () => {
    const { client, server } = await start(() => ({ fault: 'reset' }));
    await expect(client.batchImport([{ nick_name: 'x' }])).rejects.toMatchObject({ kind: 'ambiguous' });
    expect(server.seen).toHaveLength(1);
  });

  it('refuses what would come back as something else, by row and before it is sent', async () => {
    const { client, server } = await start(() => ok({}));
    await expect(client.batchImport([{ nick_name: 'a' }, { nick_name: 'b', tags: ['x,y'] }])).rejects.toThrow(
      'row 1 of the batch: tags cannot hold a comma',
    );
    await expect(client.batchImport([{ nick_name: 'a', owner_id: 'Tom' }])).rejects.toThrow('owner_id');
    await expect(client.batchImport([])).rejects.toMatchObject({ kind: 'invariant' });
    expect(server.seen).toHaveLength(0);
  });
});

describe('export and merge, as far as they are known', () => {
  it('export gives rows, and an answer without them is an error', async () => {
    const { client } = await start((_request, n) =>
      n === 1
        ? ok({ customers: [{ id: 1 }], meta: { total_pages: 2, total_count: 150 } })
        : ok({ file: 'x' }),
    );
    const query = { page: 1, pageSize: 100 };
    expect(await client.exportCustomers(query)).toEqual({ rows: [{ id: 1 }], total: 150, totalPages: 2 });
    await expect(client.exportCustomers(query)).rejects.toMatchObject({ kind: 'contract' });
  });

  it('merge names both customers in the body, and gives the survivor where it is told', async () => {
    const under = await start((_request, n) => (n === 1 ? ok({ customer: { id: 2 } }) : ok({})));
    const [from, to] = [
      { type: 'id', content: '1' },
      { type: 'email', content: 'b@x.cn' },
    ] as const;
    expect(await under.client.mergeCustomers(from, to)).toEqual({ id: 2 });
    expect(await under.client.mergeCustomers(from, to)).toBeNull();
    expect(body(under)).toEqual({
      from_type: 'id',
      from_content: '1',
      to_type: 'email',
      to_content: 'b@x.cn',
    });
  });
});

describe('registration of callbacks', () => {
  it('first generation: one address, and a map that names only what changes', async () => {
    const map = { customer_create: true, customer_update: false };
    const under = await start(({ path }) =>
      path.endsWith('set_url')
        ? ok({ message: 'OK', push_url: 'https://x.example/hook' })
        : ok({ message: 'OK', permissions: map }),
    );
    expect(await under.client.setPushUrl('https://x.example/hook')).toBe('https://x.example/hook');
    expect(await under.client.setPushPermissions({ customer_create: true })).toEqual(map);
    expect(asked(under)).toEqual(['POST set_url', 'POST set_permissions']);
    expect(body(under, 1)).toEqual({ permissions: { customer_create: true } });
  });

  it('third generation: create, list, update and destroy registrations', async () => {
    const under = await start(({ path }) =>
      path.endsWith('webhook_list')
        ? ok({ webhooks: [{ id: 4, push_url: 'https://x.example/a', event_types: ['Customer_create'] }] })
        : ok({}),
    );
    await under.client.webhookCreate('https://x.example/a', ['Customer_create']);
    const { items } = await under.client.webhookList();
    expect(items).toEqual([{ id: '4', pushUrl: 'https://x.example/a', events: ['Customer_create'] }]);
    await under.client.webhookUpdate({ id: '4', pushUrl: 'https://x.example/b', events: null });
    await under.client.webhookDestroy('4');
    expect(asked(under)).toEqual([
      'POST webhook_create',
      'POST webhook_list',
      'POST webhook_update',
      'POST webhook_destroy',
    ]);
    expect(body(under, 2)).toEqual({ id: 4, push_url: 'https://x.example/b' });
  });

  it('an address that is none is refused, without repeating it: it holds a secret', async () => {
    const { client } = await start(() => ok({}));
    const error = await client.setPushUrl('ftp://SECRET').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: 'config' });
    expect(String(error)).not.toContain('SECRET');
  });
});

describe('the history of a customer', () => {
  it('is asked for by any of the six identifiers, with page and page_size, and comes decoded', async () => {
    const { client, server } = await start(() =>
      ok({
        feeds: [{ id: 35, feed_type: 'Alteration' }, 'odd', { id: 2, from_type: 'ImSubSession' }],
        meta: { current_page: 1, total_pages: 13, total_count: 26 },
      }),
    );
    const page = await client.feeds('weibo_id', '435', 1, 2);
    expect(page).toMatchObject({
      items: [
        { kind: 'Alteration', id: '35' },
        { kind: 'ImSubSession', id: '2' },
      ],
      dropped: [{ reason: 'not an object' }],
      total: 26,
      totalPages: 13,
    });
    const query = server.seen[0]?.query;
    expect(['type', 'content', 'page', 'page_size'].map((key) => query?.get(key))).toEqual([
      'weibo_id',
      '435',
      '1',
      '2',
    ]);
  });

  it('without the list is an error, never "no history"', async () => {
    const { client } = await start(() => ok({ meta: {} }));
    await expect(client.feeds('id', '1', 1, 20)).rejects.toMatchObject({ kind: 'contract' });
  });
});
