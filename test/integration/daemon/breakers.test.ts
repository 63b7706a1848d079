/** An endpoint that fails is left alone by the program as it is started, is told of, and is used again once it works. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { TRIPS_AT } from '../../../src/core/breaker.ts';
import { runProgram, startDaemon, urlIn, writeConfig } from '../../support/program.ts';
import { createWorld } from '../../support/world.ts';

const SLOWLY = { timeout: 240_000, interval: 250 };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An API that takes each connection and ends it. */
async function startBrokenApi(): Promise<{ readonly url: string; readonly calls: () => number }> {
  let calls = 0;
  const server = createServer((socket) => {
    calls += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls: () => calls };
}

test('an endpoint that fails is left alone but for probes, on either side, and is told of; once it works the edit arrives', {
  timeout: 480_000,
}, async () => {
  const world = await createWorld({
    customers: [{ nick_name: 'Ann', email: 'ann@example.com' }],
    pair: {
      schedule:
        "{ head: '*/2 * * * * *', sweep: '0 3 * * *', crm: '*/2 * * * * *', feeds: '0 3 * * *', audit: '0 3 * * *' }",
    },
  });
  cleanups.push(() => world.close());
  const api = await startBrokenApi();
  const [, block = ''] = world.configText.split('pairs:\n');
  const withoutCrm = block.replace(
    /\n {4}crm:[\s\S]*?(?=\n {4}\S)/,
    `
    crm:
      adapter: http
      baseUrl: "${api.url}"
      auth: { type: header, name: X-Api-Key, secret: 'a-secret-of-the-api' }
      externalId: { path: external_id, unique: true }
      list: { path: /contacts, records: data, total: total, pageSize: { param: limit, value: 200 }, paging: { kind: offset, param: offset } }
      get: { path: '/contacts/{id}', record: data }
      find: { email: { param: email }, phone: { param: phone }, externalId: { param: external_id } }
      create: { path: /contacts, record: data }
      update: { method: PATCH, path: '/contacts/{id}', record: data }
      fields: { emails: { path: emails, as: objects, value: address }, phones: { slots: [mobile, phone] } }`,
  );
  const config = writeConfig(
    `http: { port: 0 }\ndatabase: { url: '${world.databaseUrl}' }\npairs:\n${block}${withoutCrm.replace('- name: main', '- name: dead')}`,
  );
  cleanups.push(() => config.remove());
  const daemon = startDaemon(config.file);
  cleanups.push(() => daemon.kill());
  const url = await vi.waitFor(() => urlIn(daemon.said()), SLOWLY);
  const open = async (pair: string, side: string) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return new RegExp(`^udesk_sync_breakers_open\\{pair="${pair}",side="${side}"\\} (\\d+)$`, 'm').exec(
      text,
    )?.[1];
  };
  const { simulator } = world;
  const updates = () =>
    simulator.log.filter(({ path }) => path.endsWith('/customers/update_customer')).length;
  await vi.waitFor(async () => expect(await world.people()).toHaveLength(1), SLOWLY);
  expect(await open('main', 'udesk')).toBe('0');

  simulator.tenant.faults.push({
    kind: 'status',
    status: 500,
    match: { path: '/customers/update_customer' },
    times: 1_000_000,
  });
  await world.crm`update contact set name = 'Ann Lee'`;
  await vi.waitFor(async () => expect(await open('main', 'udesk')).toBe('1'), SLOWLY);
  await vi.waitFor(async () => expect(await open('dead', 'crm')).toBe('1'), SLOWLY);
  // Open says that the calls before were enough to open it; and not many more were sent than that takes and as many probes.
  expect(updates()).toBeGreaterThan(1);
  expect(updates()).toBeLessThanOrEqual(TRIPS_AT + 10);
  expect(api.calls()).toBeLessThanOrEqual(TRIPS_AT + 10);
  const { stdout } = await runProgram(['status', '--json', '--config', config.file]);
  const { pairs } = JSON.parse(stdout) as {
    pairs: { pair: string; breakers: { side: string; endpoint: string }[] }[];
  };
  const told = Object.fromEntries(
    pairs.map(({ pair, breakers }) => [pair, breakers.map(({ side, endpoint }) => `${side} ${endpoint}`)]),
  );
  expect(told.main).toEqual([expect.stringMatching(/^udesk PUT .*\/customers\/update_customer$/)]);
  expect(told.dead).toEqual([expect.stringMatching(/^crm GET .*\/contacts$/)]);

  simulator.tenant.faults.clear();
  await vi.waitFor(
    () => expect(simulator.tenant.find('email', 'ann@example.com')?.nick_name).toBe('Ann Lee'),
    SLOWLY,
  );
  await vi.waitFor(async () => expect(await open('main', 'udesk')).toBe('0'), SLOWLY);
  expect(await open('dead', 'crm')).toBe('1');
});
