/**
 * A walk through the vendor's customer page (docs/udesk-coverage.md), by its line numbers: the requests as printed there,
 * with e-mail, timestamp and sign inside the JSON body and the three-part signature, against the simulator; and what
 * comes back read by the real client.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LOOKUP_TYPES } from '../../../src/udesk/client.ts';
import { decodeCustomer } from '../../../src/udesk/decode-customer.ts';
import { parsePush } from '../../../src/udesk/webhook.ts';
import { startReceiver, startTenantClient, type TenantClient } from '../../support/tenant-client.ts';
import { startClient, TOKEN } from '../../support/udesk-client.ts';
import { type Answer, call } from '../simulator/caller.ts';

let tenant: TenantClient;
beforeEach(async () => {
  tenant = await startTenantClient({
    customers: [
      {
        id: 1,
        nick_name: '加试试',
        email: 'old@example.com',
        other_emails: ['x@example.com', 'y@example.com'],
        cellphones: ['13466666655', '13567891234', '13700000000'],
        tags: ['原有'],
        open_api_token: 'crm-1',
        weixin_open_id: 'wx1',
        weibo_id: '435',
        organization_id: 1,
        owner_id: 8,
        owner_group_id: 15,
        custom_fields: { TextField_2: '零售' },
      },
      { id: 2, nick_name: 'second', level: 'vip' },
    ],
  });
});
afterEach(() => tenant.close());

type Json = Record<string, unknown>;
const sample = (name: string): Json => {
  const path = new URL(`../../fixtures/udesk/vendor-page/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as Json;
};

/** As the page prints it: the signature inside the body, for every method that has one. */
function inBody(): Json {
  const { email, token } = tenant.sim.admin;
  const timestamp = '1484647675';
  const sign = createHash('sha1').update(`${email}&${token}&${timestamp}`).digest('hex');
  return { email, timestamp, sign };
}
const asPrinted = (method: string, path: string, body: Json): Promise<Answer> =>
  call(tenant.sim, method, path, { auth: {}, body: { ...body, ...inBody() } });
/** GET bodies cannot be sent by `fetch`: their samples' members stand in the query. */
const get = (path: string, query: Record<string, string> = {}): Promise<Answer> =>
  call(tenant.sim, 'GET', path, { auth: inBody() as Record<string, string>, query });

const customer = (answer: Answer): Json => answer.body.customer as Json;
const one = () => {
  const view = tenant.sim.tenant.get(1);
  if (!view) throw new Error('customer 1 is gone');
  return view;
};
const put = (body: Json) =>
  asPrinted('PUT', '/customers/update_customer', { type: 'id', content: 1, ...body });

describe('authentication (lines 3–21)', () => {
  test('line 5: every call but log_in needs a signature', async () => {
    const { email, password } = tenant.sim.admin;
    const login = await call(tenant.sim, 'POST', '/log_in', { auth: {}, body: { email, password } });
    expect(login.body.code).toBe(1000);
    const calls = [
      ['POST', '/customers/'],
      ['DELETE', '/customers/destroy_customer'],
      ['PUT', '/customers/update_customer'],
      ['GET', '/customers'],
      ['GET', '/customers/get_customer'],
      ['GET', '/customers/custom_fields'],
      ['GET', '/customers/filters'],
      ['GET', '/customers/feeds'],
      ['POST', '/customers/batch_import_async'],
      ['GET', '/agents'],
    ];
    for (const [method = '', path = ''] of calls) {
      const answer = await call(
        tenant.sim,
        method,
        path,
        method === 'GET' ? { auth: {} } : { auth: {}, body: {} },
      );
      expect(answer.body.code, `${method} ${path}`).toBe(20621);
    }
    expect(tenant.sim.tenant.count).toBe(2);
  });

  test('lines 18–21: agents by the three-part signature in the query, with meta.count', async () => {
    tenant.sim.set('shape.directory_meta', 'count');
    const { body } = await get('/agents');
    expect(body).toMatchObject({
      code: 1000,
      agents: expect.arrayContaining([
        expect.objectContaining({ nick_name: 'Tom', profile: 'im', user_group_ids: [15, 16] }),
      ]),
      meta: { current_page: 1, total_pages: 1, count: 5 },
    });
  });
});

describe('create (lines 29–195)', () => {
  test('lines 103–137: the sample request is understood, with a trailing slash', async () => {
    const answer = await asPrinted('POST', '/customers/', {
      ...sample('create-request'),
      other_emails: [
        [null, '22343r@werr.com'],
        [null, '23423553fg@fvgt.com'],
      ],
      customer: {
        ...(sample('create-request').customer as Json),
        cellphones: [
          [null, '13466660055'],
          [null, '13567890034'],
        ],
      },
    });
    expect(answer.body).toMatchObject({
      code: 1000,
      customer: {
        nick_name: '试试',
        email: '23432@wre.com',
        level: 'vip',
        description: '米哦啊',
        owner_id: 8,
        owner_group_id: 15,
        organization: { id: 1, name: 'two_org' },
        tags: [{ name: '575675675' }, { name: '张三' }, { name: '李四' }],
        other_emails: [{ content: '22343r@werr.com' }, { content: '23423553fg@fvgt.com' }],
        cellphones: [{ content: '13466660055' }, { content: '13567890034' }],
      },
    });
  });

  test.each([
    [38, 'email', { customer: { email: 'n@example.com' } }, { email: 'n@example.com' }],
    [39, 'nick_name', { customer: { nick_name: '昵称' } }, { nick_name: '昵称' }],
    [40, 'description', { customer: { description: 'd' } }, { description: 'd' }],
    [41, 'organization_id', { customer: { organization_id: 2 } }, { organization_id: 2 }],
    [42, 'owner_id', { customer: { owner_id: 9 } }, { owner_id: 9 }],
    [43, 'owner_group_id', { customer: { owner_group_id: 16 } }, { owner_group_id: 16 }],
    [44, 'level', { customer: { level: 'vip' } }, { level: 'vip' }],
    [
      45,
      'cellphones',
      { customer: { cellphones: [[null, '13651190000']] } },
      { cellphones: [{ content: '13651190000' }] },
    ],
    [
      52,
      'custom_fields',
      { customer: { custom_fields: { SelectField_1: ['0', '1'], TextField_2: 'string' } } },
      { custom_fields: { SelectField_1: ['0', '1'], TextField_2: 'string' } },
    ],
    [56, 'tags', { customer: { nick_name: 'x' }, tags: 'a, b,c' }, { tags: ['a', 'b', 'c'] }],
    [
      57,
      'other_emails',
      { customer: { nick_name: 'x' }, other_emails: [[null, '111@email.com']] },
      { other_emails: [{ content: '111@email.com' }] },
    ],
  ])('line %i: create takes %s', async (_line, _name, body, expected) => {
    const answer = await asPrinted('POST', '/customers', body);
    expect(tenant.sim.tenant.get(String(customer(answer).id))).toMatchObject(expected);
  });

  test('line 44: a level other than normal and vip is refused', async () => {
    expect((await asPrinted('POST', '/customers', { customer: { level: 'gold' } })).body.code).toBe(2005);
  });

  test('lines 65–101: the answer has every documented member, and the client reads it', async () => {
    tenant.sim.set('shape.tags', 't2');
    const answer = await asPrinted('POST', '/customers', {
      customer: { nick_name: 'x', email: 'n@example.com', organization_id: 1, cellphones: [[null, '131']] },
      tags: 'a',
      other_emails: [[null, 'm@example.com']],
    });
    const told = customer(answer);
    expect(answer.body.code).toBe(1000);
    expect(Object.keys(told)).toEqual(
      expect.arrayContaining(
        'id nick_name email other_emails level description tags owner_id owner_group_id custom_fields open_api_token organization cellphones wechat weibo'.split(
          ' ',
        ),
      ),
    );
    expect(Object.keys(told.organization as Json)).toEqual(
      expect.arrayContaining(
        'id name domains created_at custom_fields description customer_count'.split(' '),
      ),
    );
    expect(told).toMatchObject({
      other_emails: [{ id: expect.any(Number), content: 'm@example.com' }],
      cellphones: [{ id: expect.any(Number), content: '131' }],
      tags: [{ id: expect.any(Number), name: 'a', company_id: expect.any(Number), taggings_count: 1 }],
    });
    expect(decodeCustomer(told)).toMatchObject({ ok: true, record: { fields: { organization: '1' } } });
  });
});

describe('delete (lines 197–224)', () => {
  test('lines 209–224: type and a numeric content in the body; the answer names the customer', async () => {
    const answer = await asPrinted('DELETE', '/customers/destroy_customer', { content: 1, type: 'id' });
    expect(answer.body).toEqual({ code: 1000, customer_id: 1 });
    expect(await tenant.client.getCustomer('id', '1')).toBeNull();
    expect(await tenant.client.deleteCustomer('id', '1')).toBe(false);
  });

  test.each(LOOKUP_TYPES)('lines 201–202: the client deletes by %s', async (type) => {
    expect(await tenant.client.deleteCustomer(type, SELECTORS[type])).toBe(true);
    expect(tenant.sim.tenant.get(1)).toBeNull();
  });
});

const SELECTORS = {
  id: '1',
  email: 'old@example.com',
  cellphone: '13567891234',
  token: 'crm-1',
  weixin_open_id: 'wx1',
  weibo_id: '435',
} as const;

describe('update (lines 226–358)', () => {
  test.each(LOOKUP_TYPES)('lines 232–233: the customer is chosen by %s', async (type) => {
    const answer = await asPrinted('PUT', '/customers/update_customer', {
      type,
      content: SELECTORS[type],
      customer: { description: type },
    });
    expect(answer.body.code).toBe(1000);
    expect(one().description).toBe(type);
    expect(
      await tenant.client.updateCustomer(type, SELECTORS[type], { customer: { description: 'c' } }),
    ).toMatchObject({ id: 1, description: 'c' });
  });

  test.each([
    [235, 'email', { customer: { email: 'n@example.com' } }, { email: 'n@example.com' }],
    [236, 'nick_name', { customer: { nick_name: '昵称' } }, { nick_name: '昵称' }],
    [237, 'description', { customer: { description: 'd' } }, { description: 'd' }],
    [238, 'organization_id', { customer: { organization_id: 2 } }, { organization_id: 2 }],
    [239, 'is_blocked', { customer: { is_blocked: true } }, { is_blocked: true }],
    [240, 'owner_id', { customer: { owner_id: 9 } }, { owner_id: 9 }],
    [241, 'owner_group_id', { customer: { owner_group_id: 16 } }, { owner_group_id: 16 }],
    [242, 'level', { customer: { level: 'vip' } }, { level: 'vip' }],
    [
      243,
      'custom_fields',
      { customer: { custom_fields: { SelectField_1: ['0', '1'] } } },
      { custom_fields: { SelectField_1: ['0', '1'], TextField_2: '零售' } },
    ],
    [248, 'tags inside customer', { customer: { tags: 'a,b' } }, { tags: ['a', 'b'] }],
    [248, 'tags at the top', { customer: { nick_name: 'x' }, tags: 'a,b' }, { tags: ['a', 'b'] }],
    [
      256,
      'cellphones at the top',
      { customer: { nick_name: 'x' }, cellphones: [[null, '13651191111']] },
      { cellphones: [{}, {}, {}, { content: '13651191111' }] },
    ],
  ])('line %i: update takes %s, and leaves the rest alone', async (_line, _name, body, expected) => {
    const before = one();
    expect((await put(body)).body.code).toBe(1000);
    expect(one()).toMatchObject(expected);
    const touched = new Set([...Object.keys(expected), 'nick_name']);
    for (const [key, value] of Object.entries(before)) {
      if (!touched.has(key)) expect(one(), key).toHaveProperty(key, value);
    }
  });

  const phones = () => one().cellphones.map(({ id, content }): [number, string] => [Number(id), content]);
  const emails = () => one().other_emails.map(({ id, content }): [number, string] => [Number(id), content]);

  test('line 325: a phone id with another content is changed in place', async () => {
    const [[id = 0] = [], ...others] = phones();
    await put({ customer: { cellphones: [[id, 13311114555]] } });
    expect(phones()).toEqual([[id, '13311114555'], ...others]);
  });
  test('line 326: a phone without an id is created, and phones that are not listed stay', async () => {
    const before = phones();
    await put({ customer: { cellphones: [[null, '13311114555']] } });
    expect(phones()).toEqual([...before, [expect.any(Number), '13311114555']]);
  });
  test.each([[null], ['']])('line 327: a phone id with content %j is deleted', async (content) => {
    const [, [id = 0] = []] = phones();
    await put({ customer: { cellphones: [[id, content]] } });
    expect(phones().map(([, number]) => number)).toEqual(['13466666655', '13700000000']);
  });
  test('line 330: an e-mail id with another content is changed in place', async () => {
    const [[first = 0] = [], second] = emails();
    await put({ customer: { email: 'old@example.com' }, other_emails: [[first, 'z@example.com'], second] });
    expect(emails()).toEqual([[first, 'z@example.com'], second]);
  });
  test('line 331: an e-mail without an id is created', async () => {
    const before = emails();
    await put({ customer: { email: 'old@example.com' }, other_emails: [...before, [null, 'z@example.com']] });
    expect(emails()).toEqual([...before, [expect.any(Number), 'z@example.com']]);
  });
  test('line 332: an e-mail whose id is not listed is DELETED', async () => {
    const [first] = emails();
    await put({ customer: { email: 'old@example.com' }, other_emails: [first] });
    expect(emails()).toEqual([first]);
    expect(one().email).toBe('old@example.com');
  });

  test('lines 302–322 and 334–358: the sample request with ids of this customer, and an answer in its shapes', async () => {
    for (const [name, value] of [
      ['shape.other_emails', 'o2'],
      ['shape.cellphones', 'k2'],
      ['shape.tags', 't2'],
      ['email.swap_primary', 'on'],
    ] as const)
      tenant.sim.set(name, value);
    const [p1, p2, p3] = phones().map(([id]) => id);
    const [e1, e2] = emails().map(([id]) => id);
    const { customer: attributes, ...rest } = sample('update-request');
    const answer = await put({
      ...rest,
      customer: {
        ...(attributes as Json),
        cellphones: [
          [p1, 13311114555],
          [p2, 13455667789],
          [p3, ''],
        ],
      },
      other_emails: [
        [e1, '22343r@werr.com'],
        [e2, '23423553fg@fvgt.com'],
      ],
    });
    expect(customer(answer)).toMatchObject({
      // Primary and first other address have changed places, as printed (line 339).
      email: '22343r@werr.com',
      other_emails: [e1, '23432@wre.com', e2, '23423553fg@fvgt.com'],
      cellphones: [
        { id: String(p1), content: '13311114555' },
        { id: p2, content: '13455667789' },
      ],
      tags: [{ name: '575675675', taggings_count: 1 }, {}, {}],
      organization: { id: 1, customer_count: 1 },
      wechat: [{ id: 'wx1' }],
    });
    const decoded = decodeCustomer(customer(answer));
    expect(decoded).toMatchObject({
      ok: true,
      record: { fields: { emails: [{ id: null }, { id: String(e1) }, { id: String(e2) }] } },
    });
  });
});

describe('detail (lines 360–362 and 433–512)', () => {
  test.each(LOOKUP_TYPES)('lines 362 and 439–440: a customer is found by %s', async (type) => {
    expect(await tenant.client.getCustomer(type, SELECTORS[type])).toMatchObject({ id: 1 });
    const answer = await get('/customers/get_customer', { type, content: SELECTORS[type] });
    expect(customer(answer).id).toBe(1);
  });

  test('lines 442–476: the answer has every documented member', async () => {
    const told = customer(await get('/customers/get_customer', { type: 'id', content: '1' }));
    expect(Object.keys(told)).toEqual(
      expect.arrayContaining(
        'id nick_name email other_emails level is_blocked description tags owner_id owner_group_id custom_fields open_api_token organization cellphones wechat_id weibo_id platform'.split(
          ' ',
        ),
      ),
    );
    expect(told).toMatchObject({ wechat_id: 'wx1', weibo_id: '435', open_api_token: 'crm-1' });
  });
});

describe('list (lines 364–431)', () => {
  const ids = (answer: Answer) => (answer.body.customers as Json[]).map((row) => row.id);

  test('line 368: filter_id gives the customers of the filter, newest first', async () => {
    tenant.sim.tenant.create({ nick_name: 'third', level: 'vip' });
    const answer = await get('/customers', { filter_id: '1' });
    expect(ids(answer)).toEqual([3, 2]);
  });

  test.each([
    ['an e-mail', 'x@example.com', [1]],
    ['a part of an e-mail', 'example.com', []],
    ['a phone', '13567891234', [1]],
    ['an organization', 'two_org', [1]],
    ['a tag', '原有', [1]],
    ['a part of a nick name', '试', [1]],
  ])('lines 369 and 373: query as %s', async (_what, query, expected) => {
    expect(ids(await get('/customers', { query }))).toEqual(expected);
    const page = await tenant.client.listCustomers({ page: 1, pageSize: 20, query });
    expect(page.total).toBe(expected.length);
  });

  test('line 373: with a filter the query is ignored', async () => {
    expect(ids(await get('/customers', { filter_id: '2', query: 'second' }))).toEqual([1]);
  });

  test('lines 370–371 and 380–387: page and page_size, meta, and customers as in the detail', async () => {
    const answer = await get('/customers', { page: '2', page_size: '1' });
    expect(answer.body).toMatchObject({
      code: 1000,
      meta: { current_page: 2, total_pages: 2, total_count: 2 },
      customers: [{ id: 1, nick_name: '加试试', open_api_token: 'crm-1', organization_id: 1 }],
      wechat: [{ name: expect.any(String) }],
      weibo: [],
    });
  });

  test('lines 378 and 625: the client sends neither the token nor the password that the samples carry', async () => {
    const { client, server, close } = await startClient(() => ({
      json: { code: 1000, customers: [], feeds: [], meta: {} },
    }));
    await client.listCustomers({ page: 1, pageSize: 20, filterId: '1' });
    await client.feeds('id', '2', 1, 2);
    await close();
    for (const { query, rawQuery } of server.seen) {
      expect([query.has('open_api_token'), query.has('password')]).toEqual([false, false]);
      expect(rawQuery).not.toContain(TOKEN);
    }
    // A tenant answers those who send them all the same.
    const extra = { open_api_token: 'x', password: 'y' };
    expect((await get('/customers', extra)).body.code).toBe(1000);
  });
});

describe('custom fields and filters (lines 514–567)', () => {
  test('lines 526–538: definitions with every documented member, and options of selections only', async () => {
    const { body } = await get('/customers/custom_fields');
    const [text, , , select] = body.custom_fields as Json[];
    expect(Object.keys(text ?? {})).toEqual(
      expect.arrayContaining(
        'id agent_permission customer_permission custom_field_name title comment content_type requirement'.split(
          ' ',
        ),
      ),
    );
    expect([text?.options, select?.options]).toEqual([undefined, ['官网', '展会', '转介绍', '电话']]);
    expect((await tenant.client.customFields('customer')).items).toHaveLength(5);
  });

  test('lines 552–567: filters with id, name and active', async () => {
    const { body } = await get('/customers/filters');
    expect(body.code).toBe(1000);
    expect((body.customer_filters as Json[])[0]).toEqual({ id: 1, name: 'VIP客户', active: true });
    expect((await tenant.client.filters()).items[0]).toEqual({ id: '1', name: 'VIP客户', active: true });
  });
});

describe('history (lines 569–658)', () => {
  const HAPPENED = [
    [581, 'Ticket', { user_id: 8, user_group_id: 15, content: 'c', subject: 's', status_zh_name: '开启' }],
    [591, 'CallLog', { call_type: '呼入', call_result: '接通', duration: 61 }],
    [597, 'ImSubSession', { platform: 'web', customer_msg_num: 3, agent_msg_num: 4 }],
    [611, 'CustomerFollowUp', { user_id: 1, content: 'x', agent_name: 'Tom' }],
  ] as const;

  test.each(HAPPENED)(
    'line %i: %s, under the key and with the members of the page',
    async (_line, kind, data) => {
      tenant.sim.set('shape.feeds', 'from_type');
      tenant.sim.tenant.happened(1, kind, data);
      const { body } = await get('/customers/feeds', { type: 'id', content: '1' });
      const [feed] = body.feeds as Json[];
      expect(feed?.[kind === 'Ticket' || kind === 'CallLog' ? 'feed_type' : 'from_type']).toBe(kind);
      expect(feed).toMatchObject(data);
      const { items } = await tenant.client.feeds('id', '1', 1, 20);
      expect(items).toMatchObject([{ kind, at: null }]);
      expect(Object.keys(items[0]?.data ?? {})).toEqual(Object.keys(data));
    },
  );

  test.each([
    ['feed_type', 'Alteration'],
    ['from_type', 'Alternation'],
  ])('lines 603–610 and 632–651: changes with time, author and summary, as %s %s', async (key, name) => {
    tenant.sim.set('shape.feeds', key);
    tenant.sim.tenant.edit(1, { owner_group_id: 16 }, { id: 1, nick_name: 'Alex' });
    tenant.sim.tenant.edit(1, { owner_id: null }, { id: 1, nick_name: 'Alex' });
    const { body } = await get('/customers/feeds', { type: 'id', content: '1' });
    expect((body.feeds as Json[])[0]).toEqual({
      [key]: name,
      id: 2,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+08:00$/),
      author: { id: 1, nick_name: 'Alex' },
      summary: '将负责人从“Tom”设置为 <空>',
    });
    expect((await tenant.client.feeds('id', '1', 1, 20)).items).toMatchObject([
      { kind: 'Alteration', id: '2', author: { id: '1', name: 'Alex' } },
      { kind: 'Alteration', id: '1' },
    ]);
  });

  test('lines 573–577 and 618–621: page and page_size with their defaults, and meta', async () => {
    for (let n = 0; n < 21; n += 1) tenant.sim.tenant.edit(1, { nick_name: `n${n}` });
    const first = await get('/customers/feeds', { type: 'email', content: 'old@example.com' });
    expect([(first.body.feeds as Json[]).length, first.body.meta]).toEqual([
      20,
      { current_page: 1, total_pages: 2, total_count: 21 },
    ]);
    expect(await tenant.client.feeds('cellphone', '13466666655', 11, 2)).toMatchObject({
      items: [{ id: '1' }],
      total: 21,
      totalPages: 11,
    });
  });

  test('line 574: without a selector it is refused, and so is a customer that is not there', async () => {
    expect((await get('/customers/feeds')).body.code).toBe(2000);
    expect((await get('/customers/feeds', { type: 'id', content: '404' })).body.code).toBe(2005);
  });
});

describe('batch creation (lines 660–723)', () => {
  test('lines 664–717: the sample with its tags inside each row, and {code: 1000} for an answer', async () => {
    const receiver = await startReceiver();
    await tenant.client.setPushUrl(receiver.url);
    const rows = sample('batch-request').customers as Json[];
    const answer = await asPrinted('POST', '/customers/batch_import_async', {
      customers: rows.map((row, n) => ({
        ...row,
        custom_fields: { SelectField_1: ['0', '1'], TextField_2: 'string' },
        // The first row repeats a phone that exists: its error is told by its index.
        cellphones: n === 0 ? row.cellphones : ['13466660044', '13507891234'],
      })),
    });
    expect(answer.body).toEqual({ code: 1000 });
    await tenant.sim.settled();
    await receiver.close();
    expect(tenant.sim.tenant.find('email', '23432@w.com')).toMatchObject({
      nick_name: '试试',
      other_emails: [{ content: 'http@caidu.com' }],
      cellphones: [{ content: '13466660044' }, { content: '13507891234' }],
      description: '蓝宝石',
      organization_id: 1,
      owner_id: 8,
      owner_group_id: 15,
      level: 'vip',
      tags: ['王老师', '张老师', '李老师'],
      custom_fields: { SelectField_1: ['0', '1'], TextField_2: 'string' },
    });
    const [push] = receiver.received;
    expect(JSON.parse(push?.body ?? '')).toEqual({
      errors: [[0, '手机号已存在']],
      success_count: 1,
      failed_count: 1,
    });
    expect(parsePush(push?.body ?? '', push?.contentType).hints).toMatchObject([{ kind: 'batch-result' }]);
  });
});
