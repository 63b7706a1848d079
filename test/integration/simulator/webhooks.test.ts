import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePush, type WebhookHint } from '../../../src/udesk/webhook.ts';
import { startReceiver, startTenantClient, type TenantClient } from '../../support/tenant-client.ts';

let tenant: TenantClient;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
beforeEach(async () => {
  tenant = await startTenantClient({ customers: [{ id: 1, nick_name: 'first', email: 'a@example.com' }] });
  receiver = await startReceiver();
});
afterEach(async () => {
  await tenant.close();
  await receiver.close();
});

const bodies = () => receiver.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
const hints = (): WebhookHint[] =>
  receiver.received.flatMap(({ body, contentType }) => [...parsePush(body, contentType).hints]);

async function subscribe(...events: string[]): Promise<void> {
  await tenant.client.webhookCreate(receiver.url, events);
}

describe('callbacks', () => {
  test('create pushes the object, update a diff, destroy the id, by real HTTP', async () => {
    await subscribe('Customer_create', 'Customer_update', 'Customer_destroy');
    const { id } = tenant.sim.tenant.create({ nick_name: '新客户', cellphones: ['13466666655'] });
    tenant.sim.tenant.edit(id, { nick_name: 'renamed' });
    tenant.sim.tenant.delete(id);
    await tenant.sim.settled();
    expect(bodies()).toEqual([
      {
        action: 'Customer_create',
        message: expect.objectContaining({
          id: Number(id),
          nick_name: '新客户',
          email: null,
          other_emails: [],
          cellphones: [expect.objectContaining({ content: '13466666655' })],
          organization_id: null,
          platform: expect.any(String),
        }),
      },
      {
        action: 'Customer_update',
        message: { id: Number(id), changes: { nick_name: ['新客户', 'renamed'] } },
      },
      { action: 'Customer_destroy', message: { id: Number(id) } },
    ]);
    expect(hints()).toEqual([
      { kind: 'customer', event: 'create', id },
      {
        kind: 'customer',
        event: 'update',
        id,
        changes: [{ fields: ['nick_name'], from: '新客户', to: 'renamed' }],
      },
      { kind: 'customer', event: 'destroy', id },
    ]);
    expect(tenant.sim.deliveries.map((delivery) => delivery.status)).toEqual([200, 200, 200]);
  });

  test('organizations and agent groups are called back too', async () => {
    await subscribe('Organization_create', 'Organization_update', 'Organization_destroy');
    const { id } = await tenant.client.createOrganization({ name: '新公司' });
    await tenant.client.updateOrganization('id', id, { description: 'x' });
    await tenant.client.deleteOrganization('id', id);
    await tenant.sim.settled();
    expect(hints()).toEqual(
      ['create', 'update', 'destroy'].map((event) => ({ kind: 'organization', event, id })),
    );
  });

  test('a merge looks like a destroy and an update', async () => {
    await subscribe('Customer_update', 'Customer_destroy');
    const { id } = tenant.sim.tenant.create({ nick_name: 'second', email: 'b@example.com' });
    await tenant.client.mergeCustomers({ type: 'id', content: '1' }, { type: 'id', content: id });
    await tenant.sim.settled();
    expect(hints()).toEqual([
      { kind: 'customer', event: 'destroy', id: '1' },
      {
        kind: 'customer',
        event: 'update',
        id,
        changes: [{ fields: ['emails'], from: null, to: 'a@example.com' }],
      },
    ]);
  });

  test('webhook.echo_api_writes: writes of the API are called back, or not', async () => {
    await subscribe('Customer_update');
    await tenant.client.updateCustomer('id', '1', { customer: { nick_name: 'a' } });
    tenant.sim.set('webhook.echo_api_writes', 'off');
    await tenant.client.updateCustomer('id', '1', { customer: { nick_name: 'b' } });
    tenant.sim.tenant.edit(1, { nick_name: 'c' });
    await tenant.sim.settled();
    expect(bodies().map(({ message }) => message)).toEqual([
      { id: 1, changes: { nick_name: ['first', 'a'] } },
      { id: 1, changes: { nick_name: ['b', 'c'] } },
    ]);
  });

  test.each([
    ['once', ['a', 'b', 'c', 'd']],
    ['duplicate', ['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd']],
    ['reorder', ['b', 'a', 'd', 'c']],
    ['drop', ['b', 'd']],
  ])('webhook.delivery=%s', async (mode, expected) => {
    await subscribe('Customer_update');
    tenant.sim.set('webhook.delivery', mode);
    tenant.sim.set('webhook.update_format', 'new');
    for (const name of ['a', 'b', 'c', 'd']) tenant.sim.tenant.edit(1, { nick_name: name });
    await tenant.sim.settled();
    const names = bodies().map(
      ({ message }) => (message as { changes: { nick_name: string } }).changes.nick_name,
    );
    expect(names).toEqual(expected);
  });

  test('webhook.delivery=delay and a lone one under reorder arrive all the same', async () => {
    await subscribe('Customer_update');
    tenant.sim.set('webhook.delay_ms', '10');
    for (const mode of ['delay', 'reorder']) {
      tenant.sim.set('webhook.delivery', mode);
      tenant.sim.tenant.edit(1, { nick_name: mode });
      await tenant.sim.settled();
    }
    expect(receiver.received).toHaveLength(2);
  });

  test('webhook.update_format: new values only, or the whole object, is the same hint', async () => {
    await subscribe('Customer_update');
    for (const format of ['new', 'full']) {
      tenant.sim.set('webhook.update_format', format);
      tenant.sim.tenant.edit(1, { nick_name: format });
    }
    await tenant.sim.settled();
    expect(bodies().map(({ message }) => message)).toEqual([
      { id: 1, changes: { nick_name: 'new' } },
      expect.objectContaining({ id: 1, nick_name: 'full', email: 'a@example.com' }),
    ]);
    expect(new Set(hints().map((hint) => JSON.stringify(hint))).size).toBe(1);
  });

  test('set_url and set_permissions: only what is switched on is pushed, in JSON or as a form', async () => {
    expect(await tenant.client.setPushUrl(receiver.url)).toBe(receiver.url);
    const map = await tenant.client.setPushPermissions({ customer_update: true });
    expect(map).toMatchObject({ customer_create: false, customer_update: true, organization_destroy: false });
    tenant.sim.set('webhook.content_type', 'form');
    tenant.sim.tenant.edit(1, { nick_name: 'a&b=c + 张' });
    tenant.sim.tenant.create({ nick_name: 'second' });
    await tenant.sim.settled();
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]?.contentType).toContain('x-www-form-urlencoded');
    expect(hints()).toEqual([
      {
        kind: 'customer',
        event: 'update',
        id: '1',
        changes: [{ fields: ['nick_name'], from: 'first', to: 'a&b=c + 张' }],
      },
    ]);
  });

  test('registrations of the third generation are listed, changed and removed', async () => {
    await subscribe('Customer_create');
    const [first] = (await tenant.client.webhookList()).items;
    expect(first).toMatchObject({ pushUrl: receiver.url, events: ['Customer_create'] });
    const id = first?.id ?? '';
    await tenant.client.webhookUpdate({ id, pushUrl: receiver.url, events: ['Customer_update'] });
    tenant.sim.tenant.edit(1, { nick_name: 'x' });
    await tenant.sim.settled();
    expect(hints()).toHaveLength(1);
    await tenant.client.webhookDestroy(id);
    expect((await tenant.client.webhookList()).items).toEqual([]);
  });

  test('ids beyond 2^53 reach the hint without loss', async () => {
    tenant.sim.set('shape.ids', 'big');
    await subscribe('Customer_update');
    tenant.sim.tenant.edit(1, { nick_name: 'x' });
    await tenant.sim.settled();
    expect(hints()).toMatchObject([{ id: '9100000000000000001' }]);
  });

  test('a receiver that is away is noted, and nothing waits for it', async () => {
    await tenant.client.webhookCreate('http://127.0.0.1:1/', ['Customer_update']);
    tenant.sim.tenant.edit(1, { nick_name: 'x' });
    await tenant.sim.settled();
    expect(tenant.sim.deliveries).toMatchObject([{ status: null }]);
  });
});
