/** What the sides are asked and what they answer: the adapters where they map to the engine's contract. */
import { describe, expect, test } from 'vitest';
import { createHttpSide } from '../../../src/crm/http/adapter.ts';
import { httpConfigSchema } from '../../../src/crm/http/config.ts';
import { createOdooSide } from '../../../src/crm/odoo/adapter.ts';
import { odooConfigSchema } from '../../../src/crm/odoo/config.ts';
import { createSalesforceSide } from '../../../src/crm/salesforce/adapter.ts';
import { salesforceConfigSchema } from '../../../src/crm/salesforce/config.ts';
import { DEFAULT_RETRY } from '../../../src/http/retry.ts';
import { markFeedsDue } from '../../../src/store/feeds.ts';
import { CONTEXT, failure, person, readAll, scalar } from '../../conformance/harness.ts';
import { type HubspotCrm, startHubspotCrm } from '../../support/hubspot-crm.ts';
import type { Contact } from '../../support/hubspot-store.ts';
import { createMappedWorld } from '../../support/mapped-world.ts';
import { FAKE_DATABASE, FAKE_KEY, startFakeJson2 } from '../../support/odoo/fake-json2.ts';
import { startRestCrm } from '../../support/rest-crm.ts';
import { type SalesforceCrm, startSalesforce } from '../../support/salesforce/server.ts';
import { ourRows, UNITING_FIELDS, type World } from '../../support/world.ts';
import { JOINED, joinedIn } from './joined.ts';
import { rightBefore, syncAt } from './moments.ts';
import { opened } from './opened.ts';

const { closing, worldOf } = opened();

async function hubspot(): Promise<HubspotCrm> {
  const crm = await startHubspotCrm();
  closing(() => crm.close());
  return crm;
}

async function salesforce(): Promise<SalesforceCrm> {
  const crm = await startSalesforce();
  closing(() => crm.close());
  return crm;
}

describe('Salesforce', () => {
  test('P2: changes that cannot be read do not keep the look at the changes from its end', async () => {
    const crm = await salesforce();
    const config = salesforceConfigSchema.parse({ ...crm.block, limits: { perMinute: 1_000_000 } });
    const side = await createSalesforceSide(config, CONTEXT, { pageRecords: 20 });
    closing(() => side.close());
    const { cursor } = (await readAll(side.enumerate())).end;
    const bad = crm.org.plant('Contact', { LastName: 'bad' }, 50).map((row) => String(row.Id));
    const good = crm.org.plant('Contact', { LastName: 'good' }, 5).map((row) => String(row.Id));
    // The field became another one since we asked what it is.
    garble(crm, bad);
    let queries = 0;
    const ids: string[] = [];
    let dropped = 0;
    for await (const page of side.changes(cursor ?? '')) {
      queries += 1;
      dropped += page.dropped.length;
      ids.push(...page.records.map(({ id }) => id));
      if (queries > 20) break;
    }
    expect(queries).toBeLessThan(10);
    expect(ids).toEqual(good);
    expect(dropped).toBe(50);
  });

  test('P2: an edit of a part of a joined name that no condition shows is found in the field history', async () => {
    const [crm, world] = await tracked({ nick_name: 'Lei Li' });
    await world.sync();
    const [li] = crm.org.live('Contact');
    world.simulator.tenant.edit(String(li?.Udesk_Id__c), { nick_name: 'Lei Han' });
    crm.onRequest = ({ method }) => {
      if (method !== 'PATCH') return;
      crm.onRequest = () => {};
      crm.org.automated('Contact', String(li?.Id), { LastName: 'of a flow' });
    };
    await world.sync();
    await world.sync();
    expect(await world.conflicts()).toMatchObject([
      {
        field: 'nick_name',
        kind: 'overwritten-in-window',
        overwritten: [{ side: 'crm', value: 'Lei of a flow' }],
      },
    ]);
  });
});

/** An org whose history tells who changed which part of a name. */
async function tracked(world: { nick_name: string }): Promise<readonly [SalesforceCrm, World]> {
  const crm = await salesforce();
  crm.org.hurry = true;
  crm.org.trackHistory = true;
  for (const name of ['FirstName', 'LastName']) crm.org.field('Contact', name).tracked = true;
  return [
    crm,
    await worldOf({
      customers: [{ ...world, email: 'li@example.com' }],
      crmBlock: {
        ...crm.block,
        history: true,
        fields: { emails: ['Email', 'Email_2__c'], phones: ['MobilePhone', 'Phone'] },
      },
      pair: { fields: JOINED('FirstName', 'LastName') },
    }),
  ];
}

/** The names of these contacts are shown as what no name is. */
function garble(crm: SalesforceCrm, ids: readonly string[]): void {
  for (const row of crm.org.rows('Contact'))
    if (ids.includes(String(row.Id))) Object.assign(row, { LastName: { of: 'another type' } });
}

describe('HubSpot', () => {
  test('P7: of a merge that the search does not show yet nobody is taken for deleted', async () => {
    const crm = await hubspot();
    crm.store.switches.mergedListed = 'since the merge';
    const world = await worldOf({
      customers: [{ nick_name: 'Li Lei', email: 'li@example.com' }],
      crmBlock: { ...crm.block, overlapMs: 60_000 },
      pair: { fields: UNITING_FIELDS, deletes: 'propagate', guards: '{ deletes: { max: 20, share: 1 } }' },
    });
    await world.sync();
    const [li] = crm.store.live();
    if (li === undefined) throw new Error('nobody was created');
    const other = crm.store.insert({ firstname: 'Li', phone: '13900000009' });
    crm.search.lags = true;
    const customer = crm.store.value(li, 'udesk_id');
    const merged = crm.store.merge(li, other);
    await world.sync({ observe: { udesk: 'none', crm: 'changes' } });
    await world.sync({ observe: { udesk: 'none', crm: 'changes' } });
    crm.search.catchUp();
    await world.sync();
    expect(world.simulator.tenant.find('email', 'li@example.com')?.id).toBe(customer);
    expect(await ourRows(world, `select crm_id, state from udesk_sync.link`)).toEqual([
      { crm_id: merged.id, state: 'confirmed' },
    ]);
  });

  test('one contact that cannot be read does not keep the changes of all others away', async () => {
    const crm = await hubspot();
    const world = await worldOf({
      customers: [{ nick_name: 'Li Lei', email: 'li@example.com' }],
      crmBlock: { ...crm.block, overlapMs: 60_000 },
      pair: { fields: UNITING_FIELDS },
    });
    await world.sync();
    const [li] = crm.store.live() as [Contact];
    const strange = crm.store.insert({ firstname: 'strange', email: 's@example.com' });
    Object.assign(strange.versions.get('firstname')?.at(-1) ?? {}, { value: { of: 'another type' } });
    crm.store.edit(li, { firstname: 'Li Lei 2' });
    await world.sync({ observe: { udesk: 'none', crm: 'changes' } });
    expect(world.simulator.tenant.find('email', 'li@example.com')?.nick_name).toBe('Li Lei 2');
  });

  test('P2: an edit of a part of a joined name, between our look and our write, is kept in a conflict', async () => {
    const crm = await hubspot();
    const world = await worldOf(joinedIn(crm));
    await world.sync();
    const [li] = crm.store.live() as [Contact];
    world.simulator.tenant.edit(crm.store.value(li, 'udesk_id') ?? '', { nick_name: 'Meimei Han' });
    crm.onRequest = ({ method }) => {
      if (method !== 'PATCH') return;
      crm.onRequest = () => {};
      crm.store.edit(li, { lastname: 'in the window' });
      crm.store.clock = () => Date.now() + 10;
    };
    await world.sync();
    expect(crm.store.value(li, 'lastname')).toBe('Han');
    expect(await world.conflicts()).toMatchObject([
      {
        field: 'nick_name',
        kind: 'overwritten-in-window',
        overwritten: [{ side: 'crm', value: 'Lei in the window' }],
      },
    ]);
  });

  test('P2: an edit of the part that we do not write, between our look and our write, is not taken for agreed on', async () => {
    const crm = await hubspot();
    const world = await worldOf(joinedIn(crm));
    await world.sync();
    const [li] = crm.store.live() as [Contact];
    const id = crm.store.value(li, 'udesk_id') ?? '';
    world.simulator.tenant.edit(id, { nick_name: 'Meimei Li' });
    crm.onRequest = ({ method }) => {
      if (method !== 'PATCH') return;
      crm.onRequest = () => {};
      crm.store.edit(li, { lastname: 'Wang' });
      crm.store.clock = () => Date.now() + 10;
    };
    await world.sync();
    await world.sync();
    expect(crm.store.value(li, 'lastname')).toBe('Wang');
    expect(await world.conflicts()).toMatchObject([
      { field: 'nick_name', state: 'open', udesk: 'Meimei Li', crm: 'Meimei Wang' },
    ]);
  });

  test('P4: a write of both parts of a joined name is witnessed as clean', async () => {
    const crm = await hubspot();
    const world = await worldOf(joinedIn(crm));
    await world.sync();
    const [li] = crm.store.live() as [Contact];
    world.simulator.tenant.edit(crm.store.value(li, 'udesk_id') ?? '', { nick_name: 'Meimei Han' });
    await world.sync();
    expect(await world.conflicts()).toEqual([]);
    expect(
      await ourRows(world, `select witness from udesk_sync.intent where op = 'update' and side = 'crm'`),
    ).toEqual([{ witness: 'clean' }]);
  });
});

describe('fields that are joined into one', () => {
  test('P2: an edit of the part that we do not write, before our write of the other part, is not lost', async () => {
    const world = await createMappedWorld({
      customers: [{ nick_name: 'Lei Li', email: 'li@example.com' }],
      fields: JOINED('first_name', 'last_name'),
    });
    closing(() => world.close());
    await world.sync();
    const { id } = world.customer('li@example.com');
    world.simulator.tenant.edit(id, { nick_name: 'Meimei Li' });
    await syncAt(world, [rightBefore('crm', 'update', () => world.edit({ last_name: 'Wang' }))]);
    await world.sync();
    const [conflict] = await world.conflicts();
    expect(conflict ?? null).toMatchObject({
      field: 'nick_name',
      state: 'open',
      udesk: 'Meimei Li',
      crm: 'Lei Wang',
    });
    expect(await world.row()).toMatchObject({ first_name: 'Lei', last_name: 'Wang' });
  });
});

describe('histories', () => {
  test('what happened behind the page that a witness reads is read all the same', async () => {
    let backMs = 0;
    const world = await worldOf({
      customers: [{ nick_name: 'Ann', email: 'ann@example.com' }],
      clock: () => Date.now() - backMs,
    });
    await world.sync();
    const readFeeds = () => world.sync({ observe: { udesk: 'none', crm: 'none' }, readFeeds: true });
    await readFeeds();
    const ann = world.simulator.tenant.list()[0]?.id ?? '';
    backMs = 1_200_000;
    for (let n = 0; n < 30; n += 1) world.simulator.tenant.happened(ann, 'Ticket', { subject: `help ${n}` });
    world.simulator.tenant.edit(ann, { nick_name: 'Ann 2' });
    backMs = 0;
    await world.crm`update contact set note = 'called'`;
    await world.sync();
    await markFeedsDue(world.database.db, 'main', [ann]);
    await readFeeds();
    const stored = `select count(*)::int as n from udesk_sync.feed where kind = 'Ticket'`;
    expect(await ourRows(world, stored)).toEqual([{ n: 30 }]);
    expect(await ourRows(world, `select 1 from udesk_sync.record where feed_due`)).toEqual([]);
  });
});

describe('a write that a CRM put off', () => {
  const NOW = { retry: { ...DEFAULT_RETRY, minDelayMs: 1 }, sleep: async () => {} };
  const current = { externalId: null, version: null, updatedAt: null };

  test('P2: Odoo gave it up, as somebody else was writing the record: that edit is not written over', async () => {
    const odoo = await startFakeJson2();
    closing(() => odoo.close());
    const config = odooConfigSchema.parse({
      ...{
        adapter: 'odoo',
        url: odoo.url,
        database: FAKE_DATABASE,
        login: 'sync',
        apiKey: FAKE_KEY,
        fields: { note: 'comment' },
      },
    });
    const side = await createOdooSide(config, CONTEXT, NOW);
    closing(() => side.close());
    const { id } = await side.create({ patch: person({ name: 'Li Lei' }), marker: 'U1' });
    odoo.faults.push({
      get kind() {
        Object.assign(odoo.partners.get(Number(id)) ?? {}, { name: 'by a person' });
        return 'given-up' as const;
      },
    });
    const patch = { name: scalar('Li Lei', 'ours') };
    const error = await failure(side.update({ id, patch, current: { id, fields: {}, ...current } }));
    expect(error.kind).toBe('stale');
    expect(odoo.partners.get(Number(id))?.name).toBe('by a person');
  });

  test('P2: an API that compares nothing was busy: what was edited meanwhile is not written over', async () => {
    const crm = await startRestCrm();
    closing(() => crm.close());
    const { version: _, ...block } = crm.block;
    const side = createHttpSide(httpConfigSchema.parse(block), CONTEXT, NOW);
    closing(() => side.close());
    const one = crm.people.insert({ name: 'Li Lei' });
    const id = String(one.id);
    crm.faults.push({ on: 'write', kind: 'throttled' });
    crm.onRequest = ({ method }) => {
      if (method !== 'PATCH') return;
      crm.onRequest = () => {};
      crm.people.edit(one, { name: 'by a person' });
    };
    const patch = { name: scalar('Li Lei', 'ours') };
    const error = await failure(side.update({ id, patch, current: { id, fields: {}, ...current } }));
    expect(error.kind).toBe('stale');
    expect(crm.people.find(id)?.name).toBe('by a person');
  });
});
