import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parsePush } from '../../../src/udesk/webhook.ts';
import { startReceiver, startTenantClient, type TenantClient } from '../../support/tenant-client.ts';
import { call } from './caller.ts';

let tenant: TenantClient;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
beforeEach(async () => {
  tenant = await startTenantClient({
    customers: [{ id: 1, nick_name: 'first', email: 'a@example.com', cellphones: ['13466666655'] }],
  });
  receiver = await startReceiver();
  await tenant.client.setPushUrl(receiver.url);
});
afterEach(async () => {
  await tenant.close();
  await receiver.close();
});

const results = () =>
  receiver.received.flatMap(({ body, contentType }) => [...parsePush(body, contentType).hints]);

test('a batch answers {code: 1000} alone; its rows and its pushed result come later', async () => {
  tenant.sim.set('batch.delay_ms', '20');
  const sample = JSON.parse(
    readFileSync(
      new URL('../../fixtures/udesk/vendor-page/batch-request.json', import.meta.url),
      'utf8',
    ).replace('13466666655', '13466660000'),
  ) as Record<string, unknown>;
  const answer = await call(tenant.sim, 'POST', '/customers/batch_import_async', {
    // The signature of the sample is the vendor's; ours stands in the query.
    body: { customers: (sample.customers as object[]).map((one) => ({ ...one, owner_id: 8 })) },
  });
  expect(answer.body).toEqual({ code: 1000 });
  expect(tenant.sim.tenant.count).toBe(1);
  await tenant.sim.settled();
  expect(results()).toEqual([{ kind: 'batch-result', errors: [], successCount: 2, failedCount: 0 }]);
  expect(tenant.sim.tenant.find('cellphone', '13567891234')).toMatchObject({
    nick_name: '和路雪',
    email: '23432@wre.com',
    other_emails: [{ content: 'http@baidu.com' }],
    level: 'vip',
    tags: ['575675675', '张三', '李四'],
    organization_id: 1,
  });
});

test('a row that is bad or already there is an error by index, and the others are created', async () => {
  await tenant.client.batchImport([
    { nick_name: 'fine', emails: ['b@example.com'] },
    { nick_name: 'phone exists', cellphones: ['13466666655'] },
    { nick_name: 'e-mail exists', emails: ['A@example.com'] },
    { nick_name: 'twice in this batch', emails: ['b@example.com'] },
    { nick_name: ' ', emails: ['c@example.com'] },
    { nick_name: 'no address' },
    { nick_name: 'unknown owner', emails: ['d@example.com'], owner_id: '404' },
    { nick_name: 'also fine', cellphones: ['13900000000'], tags: ['x'] },
  ]);
  await tenant.sim.settled();
  const [result] = results();
  expect(result).toMatchObject({ kind: 'batch-result', successCount: 2, failedCount: 6 });
  expect(result?.kind === 'batch-result' && result.errors.map(([index]) => index)).toEqual([
    1, 2, 3, 4, 5, 6,
  ]);
  expect(tenant.sim.tenant.count).toBe(3);
});

test('tags that are no text get the error of the page', async () => {
  const body = { customers: [{ nick_name: 'x', emails: ['x@example.com'], tags: ['a'] }] };
  await call(tenant.sim, 'POST', '/customers/batch_import_async', { body });
  await tenant.sim.settled();
  expect(results()).toMatchObject([{ errors: [[0, '标签格式不对!']], failedCount: 1 }]);
});

test.each([
  ['skip', { errors: [], successCount: 1, failedCount: 0 }, 2],
  ['update', { errors: [], successCount: 2, failedCount: 0 }, 2],
])('batch.duplicates=%s', async (mode, result, count) => {
  tenant.sim.set('batch.duplicates', mode);
  await tenant.client.batchImport([
    { nick_name: 'changed', emails: ['a@example.com'] },
    { nick_name: 'new', emails: ['n@example.com'] },
  ]);
  await tenant.sim.settled();
  expect(results()).toMatchObject([result]);
  expect(tenant.sim.tenant.count).toBe(count);
  expect(tenant.sim.tenant.get(1)?.nick_name).toBe(mode === 'update' ? 'changed' : 'first');
});

test('the result may come wrapped, and as a form', async () => {
  tenant.sim.set('batch.push', 'wrapped');
  await tenant.client.batchImport([{ nick_name: 'x', cellphones: ['13466666655'] }]);
  await tenant.sim.settled();
  tenant.sim.set('webhook.content_type', 'form');
  await tenant.client.batchImport([{ nick_name: 'x', cellphones: ['13466666655'] }]);
  await tenant.sim.settled();
  tenant.sim.set('batch.push', 'plain');
  await tenant.client.batchImport([{ nick_name: 'x', cellphones: ['13466666655'] }]);
  await tenant.sim.settled();
  const expected = { kind: 'batch-result', errors: [[0, '手机号已存在']], successCount: 0, failedCount: 1 };
  expect(results()).toEqual([expected, expected, expected]);
});

test('a body without customers is refused at once', async () => {
  expect((await call(tenant.sim, 'POST', '/customers/batch_import_async', { body: {} })).body.code).toBe(
    2000,
  );
  const body = { customers: { nick_name: 'x' } };
  expect((await call(tenant.sim, 'POST', '/customers/batch_import_async', { body })).body.code).toBe(2005);
});

test('a batch whose answer is lost is carried out, and the client says ambiguous', async () => {
  tenant.sim.tenant.faults.push({ kind: 'reset-after-commit' });
  await expect(
    tenant.client.batchImport([{ nick_name: 'x', emails: ['x@example.com'] }]),
  ).rejects.toMatchObject({ kind: 'ambiguous' });
  await tenant.sim.settled();
  expect(tenant.sim.tenant.count).toBe(2);
});
