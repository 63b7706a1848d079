/** A CRM that answers garbage: a login page, half an answer, other types, one without end. Told, and never believed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import { createHubspotSide } from '../../../src/crm/hubspot/adapter.ts';
import { hubspotConfigSchema } from '../../../src/crm/hubspot/config.ts';
import { createOdooSide } from '../../../src/crm/odoo/adapter.ts';
import { odooConfigSchema } from '../../../src/crm/odoo/config.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { createSalesforceSide } from '../../../src/crm/salesforce/adapter.ts';
import { salesforceConfigSchema } from '../../../src/crm/salesforce/config.ts';
import { isSyncError } from '../../../src/errors.ts';
import { DEFAULT_RETRY } from '../../../src/http/retry.ts';
import { CONTEXT, failure, readAll } from '../../conformance/harness.ts';
import { type GarblingProxy, startGarblingProxy } from '../../support/garbling-proxy.ts';
import { startHubspotCrm } from '../../support/hubspot-crm.ts';
import { FAKE_DATABASE, FAKE_KEY, startFakeJson2 } from '../../support/odoo/fake-json2.ts';
import { startSalesforce } from '../../support/salesforce/server.ts';
import { createWorld, ourRows, UNITING_FIELDS, type World } from '../../support/world.ts';

/** So that no guard saves what an answer was believed. */
const NO_GUARDS = '{ deletes: { max: 100, share: 1 }, updates: { share: 1 } }';
const HTML = '<html><title>Log in</title></html>';
const ONCE = { retry: { ...DEFAULT_RETRY, retries: 0 } };

/** A fake of a vendor with one person in it, as far as this file needs it. */
interface Crm {
  readonly origin: string;
  readonly block: Readonly<Record<string, unknown>>;
  /** Writes that were done there. */
  writes(): number;
  /** What the people there are called. */
  names(): unknown[];
  close(): Promise<void>;
}

type Json = Record<string, unknown>;

interface Vendor {
  readonly start: () => Promise<Crm>;
  readonly open: (block: Readonly<Record<string, unknown>>) => Promise<Side>;
  /** The requests by which the list of all people is read, and those that write. */
  readonly list: RegExp;
  readonly write: RegExp;
  /** The first request of a side that is opened. */
  readonly first: RegExp;
  /** An answer of the list with other rows in it. */
  readonly withRows: (honest: string, change: (rows: Json[]) => unknown) => string;
  /** Another value in the place of each phone. */
  readonly phoneOf: (row: Json, value: unknown) => Json;
  /** Says of the rest of the list what nobody can follow; left out where an answer says nothing of it. */
  readonly cutShort?: (honest: string) => string;
}

const VENDORS: Readonly<Record<string, Vendor>> = {
  hubspot: {
    async start() {
      const crm = await startHubspotCrm();
      const { store, block, origin } = crm;
      store.insert({ firstname: 'Han Meimei', email: 'han@example.com', mobilephone: '13900000002' });
      return {
        ...{ origin, block, close: () => crm.close(), writes: () => store.writes },
        names: () => store.live().map((one) => store.value(one, 'firstname')),
      };
    },
    open: (block) => createHubspotSide(hubspotConfigSchema.parse(block), CONTEXT, ONCE),
    list: /^GET \/crm\/v3\/objects\/contacts\?.*archived=false/,
    write: /^(PATCH|PUT|DELETE) |batch\/upsert/,
    first: /properties\/contacts/,
    withRows: (honest, change) => {
      const json = JSON.parse(honest);
      return JSON.stringify({ ...json, results: change(json.results) });
    },
    phoneOf: (row, value) => ({ ...row, properties: { ...(row.properties as Json), mobilephone: value } }),
    cutShort: (honest) => {
      const json = JSON.parse(honest);
      return JSON.stringify({ ...json, results: json.results.slice(1), paging: 'there is more' });
    },
  },
  salesforce: {
    async start() {
      const crm = await startSalesforce();
      const { org, block, origin } = crm;
      org.hurry = true;
      org.insert('Contact', { LastName: 'Han Meimei', Email: 'han@example.com', MobilePhone: '13900000002' });
      return {
        ...{ origin, block, close: () => crm.close(), writes: () => org.writes },
        names: () => org.live('Contact').map(({ LastName }) => LastName),
      };
    },
    open: (block) => createSalesforceSide(salesforceConfigSchema.parse(block), CONTEXT, ONCE),
    list: /\/queryAll/,
    write: /^(POST|PATCH|DELETE) .*\/sobjects\//,
    first: /oauth2\/token/,
    withRows: (honest, change) => {
      const json = JSON.parse(honest);
      return JSON.stringify({ ...json, records: change(json.records) });
    },
    phoneOf: (row, value) => ({ ...row, MobilePhone: value }),
    cutShort: (honest) => {
      const json = JSON.parse(honest);
      return JSON.stringify({ ...json, records: json.records.slice(1), done: 'not yet' });
    },
  },
  odoo: {
    async start() {
      const odoo = await startFakeJson2();
      odoo.insert({ name: 'Han Meimei', email: 'han@example.com', phone: '13900000002' });
      return {
        origin: odoo.url,
        block: {
          ...{ adapter: 'odoo', url: odoo.url, database: FAKE_DATABASE, login: 'sync', apiKey: FAKE_KEY },
          fields: { note: 'comment', emails: { slots: ['email'] }, phones: { slots: ['phone'] } },
        },
        close: () => odoo.close(),
        writes: odoo.writes,
        names: () => [...odoo.partners.values()].map(({ name }) => name),
      };
    },
    open: (block) => createOdooSide(odooConfigSchema.parse(block), CONTEXT, ONCE),
    list: /res\.partner\/search_read/,
    write: /\/(write|load|create|unlink)$/,
    first: /context_get/,
    withRows: (honest, change) => JSON.stringify(change(JSON.parse(honest))),
    phoneOf: (row, value) => ({ ...row, phone: value }),
  },
};

/** Answers of the list that hold nothing to go by. */
const NO_LIST: readonly (readonly [string, (honest: string) => string])[] = [
  ['a page of HTML', () => HTML],
  ['JSON that ends in the middle', (honest) => honest.slice(0, honest.length / 2)],
  ['nothing at all', () => ''],
  ['a number', () => '42'],
  ['an object without the list', () => '{"data":[]}'],
];

test('every adapter that speaks HTTP to one vendor is in this file', () => {
  const others = ['http', 'memory', 'postgres'];
  const all = Object.keys(crmAdapters).filter((name) => !others.includes(name));
  expect(Object.keys(VENDORS).sort()).toEqual(all.sort());
});

describe.each(Object.entries(VENDORS))('%s', (_, vendor) => {
  let crm: Crm;
  let proxy: GarblingProxy;
  let world: World;
  let block: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    crm = await vendor.start();
    proxy = await startGarblingProxy(crm.origin);
    block = JSON.parse(JSON.stringify(crm.block).replaceAll(crm.origin, proxy.origin));
    world = await createWorld({
      customers: [{ nick_name: 'Li Lei', email: 'li@example.com', cellphones: ['13800000001'] }],
      crmBlock: block,
      pair: { fields: UNITING_FIELDS, deletes: 'propagate', guards: NO_GUARDS },
    });
    await world.sync();
    expect(crm.names().sort()).toEqual(['Han Meimei', 'Li Lei']);
  });
  afterAll(async () => {
    await world.close();
    await proxy.close();
    await crm.close();
  });

  const state = async () => ({
    udesk: world.simulator.tenant.list().map(({ nick_name, cellphones }) => [nick_name, cellphones.length]),
    writes: { udesk: world.simulator.counts().writes, crm: crm.writes() },
    links: await ourRows(world, 'select udesk_id, crm_id, state from udesk_sync.link order by id'),
    conflicts: await world.conflicts(),
  });

  /** One cycle on garbage, then one on honest answers: neither changes anything. */
  async function harmless(how: (honest: string) => string): Promise<unknown> {
    const before = await state();
    proxy.garbled = 0;
    proxy.garble = { of: vendor.list, how };
    const told = await world.sync().catch((error: unknown) => error);
    proxy.garble = null;
    expect(proxy.garbled).toBeGreaterThan(0);
    expect(await state()).toEqual(before);
    expect(await world.sync()).toMatchObject({ outcome: 'done', observed: { crm: { certified: true } } });
    expect(await state()).toEqual(before);
    return told;
  }

  test.each(NO_LIST)(
    'P7: %s in the place of the list is a failure, and nobody is deleted or written',
    async (_, how) => {
      const told = await harmless(how);
      expect(told).toMatchObject({ kind: 'contract', details: { side: 'crm', pair: 'main' } });
      expect(String(told)).not.toMatch(/Log in|example\.com|Meimei|1390000/);
    },
  );

  test.each([
    ['texts', () => ['one', 'two']],
    ['empty objects', () => [{}, {}]],
  ])('P7: %s in the place of the people certify nothing', async (_, rows) => {
    const told = await harmless((honest) => vendor.withRows(honest, rows));
    if (isSyncError(told))
      expect(told).toMatchObject({ kind: 'contract', details: { side: 'crm', pair: 'main' } });
    else expect(told).toMatchObject({ observed: { crm: { certified: false } } });
  });

  test.each([
    ['an object', { number: '1' }],
    ['a list', ['1']],
  ])('P2: a phone that is %s is not taken for a phone that was removed', async (_, value) => {
    const told = await harmless((honest) =>
      vendor.withRows(honest, (rows) => rows.map((row) => vendor.phoneOf(row, value))),
    );
    expect(told).toMatchObject({ observed: { crm: { certified: false, dropped: 2 } } });
  });

  const { cutShort } = vendor;
  if (cutShort !== undefined)
    test('P7: a list whose rest nobody can ask for is not complete', async () => {
      const told = await harmless(cutShort);
      expect(told).toMatchObject({ kind: 'contract', details: { side: 'crm', pair: 'main' } });
    });

  test('P5: writes whose answers nobody can read are done once, and found', async () => {
    const { tenant } = world.simulator;
    const li = tenant.find('email', 'li@example.com');
    tenant.edit(li?.id ?? '', { nick_name: 'Li Lei 2' });
    tenant.create({ nick_name: 'Wang', email: 'wang@example.com' });
    proxy.garbled = 0;
    proxy.garble = { of: vendor.write, how: () => HTML };
    await world.sync();
    proxy.garble = null;
    expect(proxy.garbled).toBeGreaterThanOrEqual(2);
    await world.sync();
    await world.sync();
    expect(crm.names().sort()).toEqual(['Han Meimei', 'Li Lei 2', 'Wang']);
    const before = await state();
    expect(await world.sync()).toMatchObject({ outcome: 'done', openConflicts: 0, parked: 0 });
    expect(await state()).toEqual(before);
  });

  test.each(NO_LIST.slice(0, -1))(
    '%s at the first question is told, without a secret, and no side is opened',
    async (_, how) => {
      proxy.garble = { of: vendor.first, how };
      const error = await failure(vendor.open(block));
      proxy.garble = null;
      expect(error).toMatchObject({ kind: 'contract', details: { side: 'crm', pair: 'test' } });
      expect(`${error.message}${error.details.code}`).not.toMatch(/Log in|s3cret|token-1/);
    },
  );

  test('an answer without end is left after 64 MiB, and told', async () => {
    const side = await vendor.open(block);
    proxy.garble = { of: vendor.list, how: 'endless' };
    const error = await failure(readAll(side.enumerate()));
    proxy.garble = null;
    await side.close();
    expect(error).toMatchObject({
      kind: 'contract',
      message: expect.stringContaining('larger than 64 MiB'),
      details: { side: 'crm', pair: 'test', code: 'answer-too-large' },
    });
    expect(proxy.endlessBytes).toBeLessThan(96 * 1024 * 1024);
  });
});
