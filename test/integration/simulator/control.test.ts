import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts';
import { call } from './caller.ts';

let simulator: Simulator;

beforeEach(async () => {
  simulator = await startSimulator({
    controlPort: 0,
    customers: [
      { id: 1, nick_name: 'first', email: 'first@example.com', cellphones: ['13466666655'] },
      { id: 2, nick_name: 'second' },
    ],
  });
});

afterEach(() => simulator.close());

async function control(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${simulator.controlUrl}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

test('an edit through the control interface appears in the list and in the feeds', async () => {
  const edit = await control('PATCH', '/customers/1', {
    changes: { nick_name: 'edited', cellphones: ['13466666655', '13700000001'] },
    author: { id: 12, nick_name: '王芳' },
  });
  expect(edit).toMatchObject({ status: 200, body: { customer: { id: '1', nick_name: 'edited' } } });
  const list = await call(simulator, 'GET', '/customers');
  expect(list.body).toMatchObject({ customers: [{ id: 2 }, { id: 1, nick_name: 'edited' }] });
  const feeds = await call(simulator, 'GET', '/customers/feeds', { query: { type: 'id', content: '1' } });
  expect(feeds.body).toMatchObject({
    feeds: [
      { summary: '将电话设置为“13700000001”', author: { nick_name: '王芳' } },
      { summary: '将昵称从“first”设置为 “edited”' },
    ],
  });
});

test('customers are created, read, merged and deleted', async () => {
  const created = await control('POST', '/customers', { nick_name: 'third', email: 'third@example.com' });
  expect(created).toMatchObject({ status: 201, body: { customer: { id: '3' } } });
  expect(await control('GET', '/customers?limit=2')).toMatchObject({
    body: { total: 3, customers: [{ id: '3' }, { id: '2' }] },
  });
  await control('POST', '/merge', { from: 3, to: '2' });
  expect(await control('GET', '/customers/2')).toMatchObject({
    body: { customer: { email: 'third@example.com' } },
  });
  await control('DELETE', '/customers/2');
  expect((await control('GET', '/customers/2')).status).toBe(404);
  expect(simulator.tenant.count).toBe(1);
});

test('what the tenant would refuse is 409, and nothing is changed', async () => {
  const answer = await control('PATCH', '/customers/2', { email: 'first@example.com' });
  expect(answer.status).toBe(409);
  expect(simulator.tenant.get(2)?.email).toBe(null);
});

test('switches are read and set; an unknown one is 400 with a suggestion', async () => {
  expect(await control('PUT', '/switches', { 'shape.cellphones': 'k4' })).toMatchObject({ status: 200 });
  const detail = await call(simulator, 'GET', '/customers/get_customer', {
    query: { type: 'id', content: '1' },
  });
  expect(detail.text).toContain('"cellphones":[{"id":');
  const wrong = await control('PUT', '/switches', { 'shape.cellphone': 'k4' });
  expect(wrong).toMatchObject({ status: 400, body: { error: expect.stringContaining('shape.cellphones') } });
});

test('faults, log and stats', async () => {
  await control('POST', '/faults', { kind: 'status', status: 500, match: { path: '/customers' } });
  await call(simulator, 'GET', '/customers');
  expect(await control('GET', '/log')).toMatchObject({
    body: { requests: [{ method: 'GET', path: '/open_api_v1/customers', status: 500, faults: ['status'] }] },
  });
  expect(await control('GET', '/stats')).toMatchObject({ body: { requests: 1, writes: 0, customers: 2 } });
  await control('DELETE', '/log');
  expect(await control('GET', '/log')).toMatchObject({ body: { requests: [] } });
});

test('a request that names another host is refused, so that a web page cannot reach it', async () => {
  const { port } = new URL(simulator.controlUrl ?? '');
  const status = await new Promise((resolve, reject) => {
    const call_ = request(
      { host: '127.0.0.1', port, path: '/customers', headers: { host: 'evil.example' } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    call_.on('error', reject);
    call_.end();
  });
  expect(status).toBe(403);
});

test('an unknown call lists those that exist', async () => {
  expect(await control('GET', '/nothing')).toMatchObject({ status: 404, body: { calls: expect.any(Array) } });
});

test('something happens with a customer, definitions of fields change, and deliveries are told', async () => {
  expect(await control('POST', '/history', { id: 1, kind: 'Ticket', data: { subject: 's' } })).toMatchObject({
    status: 201,
  });
  expect((await control('POST', '/history', { id: 1, kind: 'Tickets' })).status).toBe(400);
  const feeds = await call(simulator, 'GET', '/customers/feeds', { query: { type: 'id', content: '1' } });
  expect(feeds.body).toMatchObject({ feeds: [{ feed_type: 'Ticket', subject: 's' }] });
  const { body } = await control('GET', '/custom_fields');
  const [first] = (body as { fields: object[] }).fields;
  await control('PUT', '/custom_fields', { fields: [{ ...first, title: 'renamed' }] });
  const fields = await call(simulator, 'GET', '/custom_fields', { query: { category: 'customer' } });
  expect(fields.body).toMatchObject({ fields: [{ field_label: 'renamed' }] });
  expect(await control('GET', '/deliveries')).toMatchObject({ body: { deliveries: [] } });
});
