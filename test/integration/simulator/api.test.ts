import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts';
import { call, detail, signed, update } from './caller.ts';

let simulator: Simulator;
let now: number;

beforeEach(async () => {
  now = 1_700_000_000_000;
  simulator = await startSimulator({
    clock: () => now,
    customers: [
      { id: 1, nick_name: 'first', email: 'first@example.com' },
      {
        id: 2,
        nick_name: 'second',
        email: 'second@example.com',
        other_emails: ['s2@example.com', 's3@example.com', 's4@example.com'],
        cellphones: ['13466666655', '13567891234'],
        tags: ['a', 'b'],
        owner_id: 8,
        custom_fields: { TextField_1: 'x', SelectField_1: ['1'] },
        open_api_token: 'crm-2',
        weixin_open_id: 'wx2',
        weibo_id: '435',
      },
    ],
  });
});

afterEach(() => simulator.close());

const auth = () => signed(simulator, now);
const get = (type: string, content: string) =>
  call(simulator, 'GET', '/customers/get_customer', { auth: auth(), query: { type, content } });
const put = (body: Record<string, unknown>, id = '2') =>
  call(simulator, 'PUT', '/customers/update_customer', {
    auth: auth(),
    query: { type: 'id', content: id },
    body,
  });
const post = (body: Record<string, unknown>) => call(simulator, 'POST', '/customers', { auth: auth(), body });
const second = () => simulator.tenant.get(2);

test('log_in is not signed and answers the token under open_api_auth_token, in JSON and in form encoding', async () => {
  const { email, password, token } = simulator.admin;
  const answer = await call(simulator, 'POST', '/log_in', { auth: {}, body: { email, password } });
  expect(answer.body).toEqual({ code: 1000, open_api_auth_token: token });
  const form = await fetch(`${simulator.url}/open_api_v1/log_in`, {
    method: 'POST',
    body: new URLSearchParams({ email, password }),
  });
  expect(await form.json()).toMatchObject({ code: 1000 });
});

test('a wrong password is code 2005 at HTTP 200', async () => {
  const answer = await call(simulator, 'POST', '/log_in', {
    auth: {},
    body: { email: simulator.admin.email, password: 'no' },
  });
  expect(answer).toMatchObject({ status: 200, body: { code: 2005 } });
});

test.each([
  ['id', '2'],
  ['email', 'second@example.com'],
  ['email', 'S3@example.com'],
  ['cellphone', '13567891234'],
  ['token', 'crm-2'],
  ['weixin_open_id', 'wx2'],
  ['weibo_id', '435'],
])('a customer is found by %s %s', async (type, content) => {
  expect((await get(type, content)).body).toMatchObject({
    code: 1000,
    customer: { id: 2, nick_name: 'second' },
  });
});

test('a customer that does not exist, or an unknown kind of identifier, is code 2005 at HTTP 200', async () => {
  expect(await get('id', '77')).toMatchObject({
    status: 200,
    body: { code: 2005, code_message: '客户不存在' },
  });
  expect((await get('phone', '1')).body.code).toBe(2005);
  simulator.set('not_found.code', '2015');
  expect((await get('id', '77')).body.code).toBe(2015);
});

test('the other error body has message and exception:message', async () => {
  simulator.set('shape.error_body', 'message');
  expect((await get('id', '77')).body).toEqual({
    code: 2005,
    message: '客户不存在',
    'exception:message': 'customer is not found',
  });
});

test('a nonce that was used is refused for 15 minutes, with 20623', async () => {
  const once = auth();
  const list = (given: Record<string, string>) => call(simulator, 'GET', '/customers', { auth: given });
  expect((await list(once)).body.code).toBe(1000);
  expect((await list(once)).body.code).toBe(20623);
  now += 4 * 60_000;
  expect((await list(signed(simulator, now, once.nonce))).body.code).toBe(20623);
  now += 12 * 60_000;
  expect((await list(signed(simulator, now, once.nonce))).body.code).toBe(1000);
});

test('a clock that is ten minutes off is refused with 20622, and clock.offset moves the tenant', async () => {
  const list = () => call(simulator, 'GET', '/customers', { auth: auth() });
  simulator.set('clock.offset', '600');
  expect((await list()).body.code).toBe(20622);
  simulator.set('clock.offset', '0');
  expect((await list()).body.code).toBe(1000);
});

test('a wrong token is 2059, another administrator 2015', async () => {
  const stranger = { ...auth(), email: 'someone@example.com' };
  expect(
    (await call(simulator, 'GET', '/customers', { auth: { ...auth(), sign: 'f'.repeat(64) } })).body.code,
  ).toBe(2059);
  expect((await call(simulator, 'GET', '/customers', { auth: stranger })).body.code).toBe(2015);
});

test('parameters of the signature may stand in the body, unless auth.location says query', async () => {
  const body = () => ({ ...auth(), type: 'id', content: 1, customer: { nick_name: 'x' } });
  expect(
    (await call(simulator, 'PUT', '/customers/update_customer', { auth: {}, body: body() })).body.code,
  ).toBe(1000);
  simulator.set('auth.location', 'query');
  expect(
    (await call(simulator, 'PUT', '/customers/update_customer', { auth: {}, body: body() })).body.code,
  ).toBe(20621);
});

test('the 61st call within 60 seconds is over the quota, and the window slides', async () => {
  const list = () => call(simulator, 'GET', '/customers', { auth: auth() });
  for (let calls = 0; calls < 60; calls++) expect((await list()).body.code).toBe(1000);
  expect((await list()).status).toBe(429);
  simulator.set('rate.reply', 'code2000');
  expect(await list()).toMatchObject({ status: 200, body: { code: 2000 } });
  simulator.set('rate.reply', 'reset');
  await expect(list()).rejects.toThrow();
  now += 60_000;
  expect((await list()).body.code).toBe(1000);
});

test('with rate.scope=endpoint each call has its own quota', async () => {
  simulator.set('rate.scope', 'endpoint');
  simulator.set('rate.per_minute', '1');
  expect((await call(simulator, 'GET', '/customers', { auth: auth() })).status).toBe(200);
  expect((await call(simulator, 'GET', '/customers', { auth: auth() })).status).toBe(429);
  expect((await get('id', '1')).status).toBe(200);
});

test('create returns the customer with ids, and the list shows it first', async () => {
  const { body } = await post({
    customer: {
      nick_name: '试试',
      email: 'new@example.com',
      cellphones: [
        [null, '13700000001'],
        [null, 13700000002],
      ],
      level: 'vip',
      open_api_token: 'crm-3',
      organization_id: 1,
    },
    tags: 'x, y,x',
    other_emails: [[null, 'new2@example.com']],
  });
  expect(body).toMatchObject({ code: 1000, customer: { id: 3, level: 'vip', organization: { id: 1 } } });
  const list = await call(simulator, 'GET', '/customers', { auth: auth() });
  expect(list.body).toMatchObject({
    meta: { current_page: 1, total_pages: 1, total_count: 3 },
    customers: [{ id: 3, open_api_token: 'crm-3', organization_id: 1 }, { id: 2 }, { id: 1 }],
  });
  expect(simulator.tenant.get(3)).toMatchObject({
    tags: ['x', 'y'],
    other_emails: [{ content: 'new2@example.com' }],
    cellphones: [{ content: '13700000001' }, { content: '13700000002' }],
  });
});

test('an update changes what it sends and nothing else', async () => {
  const before = second();
  await put({ customer: { nick_name: 'renamed', owner_id: null } });
  expect(second()).toEqual({ ...before, nick_name: 'renamed', owner_id: null });
});

test('phones are patched by id: changed in place, deleted by "" or null, added, and kept when not listed', async () => {
  const [a, b] = second()?.cellphones ?? [];
  await put({
    customer: {
      cellphones: [
        [Number(a?.id), 13311114555],
        [null, '13700000009'],
      ],
    },
  });
  expect(second()?.cellphones).toMatchObject([
    { id: a?.id, content: '13311114555' },
    { id: b?.id, content: '13567891234' },
    { content: '13700000009' },
  ]);
  await put({ customer: { cellphones: [[a?.id, '']] } });
  await put({ customer: { cellphones: [[b?.id, null]] } });
  expect(second()?.cellphones).toMatchObject([{ content: '13700000009' }]);
});

test('other e-mails are replaced by id: an address that is left out is deleted', async () => {
  const [a, b] = second()?.other_emails ?? [];
  await put({ customer: { email: 'second@example.com' }, other_emails: [[Number(b?.id), 's3@example.com']] });
  expect(second()?.other_emails).toEqual([b]);
  expect((await get('email', a?.content ?? '')).body.code).toBe(2005);
});

test('echoing all other e-mails and adding a fourth keeps the ids of the three', async () => {
  const three = second()?.other_emails ?? [];
  const echoed = three.map((item) => [Number(item.id), item.content]);
  await put({
    customer: { email: 'second@example.com' },
    other_emails: [...echoed, [null, 's5@example.com']],
  });
  expect(second()?.other_emails).toMatchObject([...three, { content: 's5@example.com' }]);
});

test('other_emails: absent changes nothing, [] deletes all, null is ignored, and both follow their switches', async () => {
  await put({ customer: { nick_name: 'x' } });
  await put({ customer: { nick_name: 'x' }, other_emails: null });
  simulator.set('other_emails.empty', 'ignore');
  await put({ customer: { nick_name: 'x' }, other_emails: [] });
  expect(second()?.other_emails.length).toBe(3);
  simulator.set('other_emails.null', 'error');
  expect((await put({ customer: { nick_name: 'x' }, other_emails: null })).body.code).toBe(2005);
  simulator.set('other_emails.empty', 'delete-all');
  await put({ customer: { nick_name: 'x' }, other_emails: [] });
  expect(second()?.other_emails).toEqual([]);
});

test('an id of another customer, or of nobody, is refused and nothing is changed', async () => {
  const before = second();
  const answer = await put({ customer: { nick_name: 'never', cellphones: [[999, '13900000000']] } });
  expect(answer).toMatchObject({ status: 200, body: { code: 2005 } });
  expect(second()).toEqual(before);
});

test('an e-mail or phone of another customer is refused on create and on update', async () => {
  expect((await post({ customer: { nick_name: 'x', email: 'S2@example.com' } })).body).toMatchObject({
    code: 2005,
    code_message: '邮箱已存在',
  });
  expect((await put({ customer: { cellphones: [[null, '13466666655']] } }, '1')).body.code).toBe(2005);
  simulator.set('duplicate.code', '2000');
  expect((await put({ customer: { email: 'second@example.com' } }, '1')).body.code).toBe(2000);
  expect(simulator.tenant.count).toBe(2);
});

test('with duplicate.code=update a create changes the customer that has the phone, and removes nothing', async () => {
  simulator.set('duplicate.code', 'update');
  const { body } = await post({
    customer: { nick_name: 'again', email: 'again@example.com', cellphones: [[null, '13466666655']] },
  });
  expect(body).toMatchObject({
    code: 1000,
    customer: { id: 2, nick_name: 'again', email: 'second@example.com' },
  });
  expect(second()?.other_emails.length).toBe(4);
});

test('tags replace the whole set, "" clears it, and tags.update=append adds', async () => {
  await put({ customer: { nick_name: 'x' }, tags: 'b, c' });
  expect(second()?.tags).toEqual(['b', 'c']);
  simulator.set('tags.update', 'append');
  await put({ customer: { nick_name: 'x' }, tags: 'd' });
  expect(second()?.tags).toEqual(['b', 'c', 'd']);
  simulator.set('tags.update', 'replace');
  await put({ customer: { tags: '' } });
  expect(second()?.tags).toEqual([]);
});

test('tags and other_emails: the top level wins; cellphones: the nested one; the log says so', async () => {
  await put({
    tags: 'top',
    cellphones: [[null, '13700000001']],
    customer: { tags: 'nested', cellphones_attributes: [[null, '13700000002']] },
  });
  expect(second()?.tags).toEqual(['top']);
  expect(second()?.cellphones.at(-1)?.content).toBe('13700000002');
  expect(simulator.log.at(-1)?.notes.length).toBe(2);
});

test('custom fields are merged by key, and select values become texts', async () => {
  await put({ customer: { custom_fields: { TextField_2: 'y', SelectField_1: [0] } } });
  expect(second()?.custom_fields).toEqual({ TextField_1: 'x', TextField_2: 'y', SelectField_1: ['0'] });
});

test('attributes without the wrapper are refused with 2000, unless wrapper_missing says accept', async () => {
  expect((await put({ nick_name: 'x' })).body).toMatchObject({
    code: 2000,
    exception: 'param is missing or the value is empty: customer',
  });
  expect((await put({ customer: {}, tags: 'x' })).body.code).toBe(2000);
  simulator.set('wrapper_missing', 'accept');
  expect((await put({ nick_name: 'x', email: simulator.admin.email })).body.code).toBe(1000);
  expect(second()).toMatchObject({ nick_name: 'x', email: 'second@example.com' });
});

test('email.swap_primary=on: primary and first other address change places, as in the sample', async () => {
  simulator.set('email.swap_primary', 'on');
  const others = second()?.other_emails.map((item) => [Number(item.id), item.content]);
  await put({ customer: { email: 'second@example.com' }, other_emails: others });
  expect(second()).toMatchObject({
    email: 's2@example.com',
    other_emails: [{ content: 'second@example.com' }, {}, {}],
  });
});

test('delete takes the customer away and frees its phone', async () => {
  const answer = await call(simulator, 'DELETE', '/customers/destroy_customer', {
    auth: auth(),
    body: { type: 'id', content: 2 },
  });
  expect(answer.body).toEqual({ code: 1000, customer_id: 2 });
  expect((await get('token', 'crm-2')).body.code).toBe(2005);
  expect((await put({ customer: { cellphones: [[null, '13466666655']] } }, '1')).body.code).toBe(1000);
});

test('every change leaves an Alteration with author, time, field, old and new value, API writes too', async () => {
  await put({ customer: { nick_name: 'renamed', owner_id: null } });
  const feeds = await call(simulator, 'GET', '/customers/feeds', {
    auth: auth(),
    query: { type: 'id', content: '2' },
  });
  expect(feeds.body).toEqual({
    code: 1000,
    feeds: [
      {
        feed_type: 'Alteration',
        id: 2,
        time: '2023-11-15T06:13:20.000+08:00',
        author: { id: 1, nick_name: 'Alex' },
        summary: '将负责人从“Tom”设置为 <空>',
      },
      expect.objectContaining({ id: 1, summary: '将昵称从“second”设置为 “renamed”' }),
    ],
    meta: { current_page: 1, total_pages: 1, total_count: 2 },
  });
});

test('a write that changes nothing leaves no record', async () => {
  await put({ customer: { nick_name: 'second' } });
  expect(simulator.tenant.feeds(2)).toEqual([]);
});

test('merge keeps the second customer, which takes the addresses of the first', async () => {
  const answer = await call(simulator, 'POST', '/customers/merge', {
    auth: auth(),
    body: { from_type: 'id', from_content: 1, to_type: 'id', to_content: 2 },
  });
  expect(answer.body).toMatchObject({ code: 1000, customer: { id: 2 } });
  expect((await get('id', '1')).body.code).toBe(2005);
  expect((await get('email', 'first@example.com')).body).toMatchObject({ customer: { id: 2 } });
});

test('big ids go out and come back without loss', async () => {
  simulator.set('shape.ids', 'big');
  const answer = await get('email', 'second@example.com');
  expect(answer.text).toContain('"id":9100000000000000002,');
  const phone = second()?.cellphones[0];
  const raw = `{"customer":{"cellphones":[[${phone?.id},"13900000000"]]}}`;
  const parameters = new URLSearchParams({ ...auth(), type: 'id', content: '9100000000000000002' });
  const response = await fetch(`${simulator.url}/open_api_v1/customers/update_customer?${parameters}`, {
    method: 'PUT',
    body: raw,
  });
  expect(await response.json()).toMatchObject({ code: 1000 });
  expect(second()?.cellphones[0]).toEqual({ id: phone?.id, content: '13900000000' });
});

test('doubled and trailing slashes are tolerated; an unknown path is HTTP 404 with HTML', async () => {
  const parameters = new URLSearchParams(auth());
  const response = await fetch(`${simulator.url}//open_api_v1/customers/?${parameters}`);
  expect(await response.json()).toMatchObject({ code: 1000 });
  expect(await call(simulator, 'GET', '/customers/updated_since', { auth: auth() })).toMatchObject({
    status: 404,
  });
});

test('custom field definitions have an old and a new form', async () => {
  const older = await call(simulator, 'GET', '/customers/custom_fields', { auth: auth() });
  const newer = await call(simulator, 'GET', '/custom_fields', {
    auth: auth(),
    query: { category: 'customer' },
  });
  expect(older.body).toMatchObject({
    custom_fields: expect.arrayContaining([expect.objectContaining({ custom_field_name: 'TextField_2' })]),
  });
  expect(newer.body).toMatchObject({
    fields: expect.arrayContaining([expect.objectContaining({ field_name: 'TextField_2' })]),
  });
});

test('the same seed, switches and requests give the same bytes', async () => {
  const run = async () => {
    const tenant = await startSimulator({
      customers: 300,
      seed: 'x',
      switches: { 'shape.emails': 'random', 'shape.cellphones': 'mixed', 'shape.error_body': 'random' },
    });
    const list = (page: string) => call(tenant, 'GET', '/customers', { query: { page, page_size: '100' } });
    const texts = [(await list('1')).text, (await list('2')).text, (await detail(tenant, 'id', '1')).text];
    const first = tenant.tenant.list({ limit: 1 })[0];
    texts.push((await update(tenant, first?.id ?? '', { customer: { nick_name: 'x' } })).text);
    await tenant.close();
    return texts;
  };
  expect(await run()).toEqual(await run());
});
