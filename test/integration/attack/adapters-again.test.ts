/** The adapters' mends against lost edits, looked at again: what they refuse, ask for or take for an edit that is none. */
import { describe, expect, test } from 'vitest';
import { createHubspotSide } from '../../../src/crm/hubspot/adapter.ts';
import { hubspotConfigSchema } from '../../../src/crm/hubspot/config.ts';
import { createSalesforceSide } from '../../../src/crm/salesforce/adapter.ts';
import { salesforceConfigSchema } from '../../../src/crm/salesforce/config.ts';
import { DEFAULT_RETRY } from '../../../src/http/retry.ts';
import { CONTEXT, failure, readAll } from '../../conformance/harness.ts';
import { type HubspotCrm, startHubspotCrm } from '../../support/hubspot-crm.ts';
import type { Contact } from '../../support/hubspot-store.ts';
import { startSalesforce } from '../../support/salesforce/server.ts';
import { ourRows, UNITING_FIELDS } from '../../support/world.ts';
import { joinedIn } from './joined.ts';
import { opened } from './opened.ts';

const NOW = { retry: { ...DEFAULT_RETRY, minDelayMs: 1 }, sleep: async () => {} };
const { closing, worldOf } = opened();

async function hubspot(): Promise<HubspotCrm> {
  const crm = await startHubspotCrm();
  closing(() => crm.close());
  return crm;
}

const CHANGES = { observe: { udesk: 'none', crm: 'changes' } } as const;

describe('fields that are joined into one', () => {
  test('P4: a part that the side keeps in its own form is no edit of somebody', async () => {
    const crm = await hubspot();
    const world = await worldOf(joinedIn(crm));
    crm.store.clock = () => Date.now() - 5_000;
    await world.sync();
    crm.store.clock = Date.now;
    const [li] = crm.store.live() as [Contact];
    const edit = crm.store.edit.bind(crm.store);
    crm.store.edit = (contact, values, source) => edit(contact, capitals(values), source);
    world.simulator.tenant.edit(crm.store.value(li, 'udesk_id') ?? '', { nick_name: 'meimei Li' });
    await world.sync();
    await world.sync();
    expect(crm.store.value(li, 'firstname')).toBe('Meimei');
    expect(await world.conflicts()).toEqual([]);
  });

  test('P4: a write of one part, half a second after the create of both, is witnessed as clean', async () => {
    const crm = await hubspot();
    const world = await worldOf(joinedIn(crm));
    await world.sync();
    const [li] = crm.store.live() as [Contact];
    const created = Date.parse(li.versions.get('lastname')?.at(-1)?.timestamp ?? '');
    world.simulator.tenant.edit(crm.store.value(li, 'udesk_id') ?? '', { nick_name: 'Meimei Li' });
    crm.store.clock = () => created + 500;
    await world.sync();
    expect(await world.conflicts()).toEqual([]);
    expect(
      await ourRows(world, `select witness from udesk_sync.intent where op = 'update' and side = 'crm'`),
    ).toEqual([{ witness: 'clean' }]);
  });
});

function capitals(values: Readonly<Record<string, string>>): Record<string, string> {
  const { firstname } = values;
  if (firstname === undefined) return { ...values };
  return { ...values, firstname: firstname.replace(/^./, (letter) => letter.toUpperCase()) };
}

describe('HubSpot', () => {
  test('P2: a merge into a contact that cannot be read does not keep the changes of all others away', async () => {
    const crm = await hubspot();
    crm.store.switches.mergedListed = 'since the merge';
    const world = await worldOf({
      customers: [{ nick_name: 'Li Lei', email: 'li@example.com' }],
      crmBlock: { ...crm.block, overlapMs: 60_000 },
      pair: { fields: UNITING_FIELDS },
    });
    await world.sync();
    const [li] = crm.store.live() as [Contact];
    const [a, b] = ['a', 'b'].map((firstname) => crm.store.insert({ firstname })) as [Contact, Contact];
    const strange = crm.store.merge(a, b);
    Object.assign(strange.versions.get('firstname')?.at(-1) ?? {}, { value: { of: 'another type' } });
    crm.store.edit(li, { firstname: 'Li Lei 2' });
    await world.sync(CHANGES);
    expect(world.simulator.tenant.find('email', 'li@example.com')?.nick_name).toBe('Li Lei 2');
  });

  test('P7: who is merged while all are listed is not taken for deleted', async () => {
    const crm = await hubspot();
    crm.store.switches.mergedListed = 'since the merge';
    const side = await createHubspotSide(hubspotConfigSchema.parse(crm.block), CONTEXT, NOW);
    closing(() => side.close());
    const [a, b] = ['a', 'b'].map((firstname) => crm.store.insert({ firstname })) as [Contact, Contact];
    const gone = crm.store.insert({ firstname: 'gone' });
    crm.onRequest = ({ query }) => {
      if (query.get('archived') !== 'true') return;
      crm.onRequest = () => {};
      crm.store.merge(a, b);
      crm.store.archive(gone);
    };
    const deleted: string[] = [];
    for await (const page of side.enumerate()) deleted.push(...page.deletedIds);
    expect(deleted).toEqual([gone.id]);
  });

  test('P7: who was merged into a contact that cannot be read is not taken for deleted', async () => {
    const crm = await hubspot();
    crm.store.switches.mergedListed = 'since the merge';
    const side = await createHubspotSide(hubspotConfigSchema.parse(crm.block), CONTEXT, NOW);
    closing(() => side.close());
    crm.store.clock = () => Date.now() - 3_600_000;
    const [a, b] = ['a', 'b'].map((firstname) => crm.store.insert({ firstname })) as [Contact, Contact];
    const strange = crm.store.merge(a, b);
    crm.store.clock = Date.now;
    Object.assign(strange.versions.get('firstname')?.at(-1) ?? {}, { value: { of: 'another type' } });
    const deleted: string[] = [];
    for await (const page of side.enumerate()) deleted.push(...page.deletedIds);
    expect(deleted).toEqual([]);
  });

  test('a full list does not ask once more for everybody who was ever archived', async () => {
    const crm = await hubspot();
    const side = await createHubspotSide(hubspotConfigSchema.parse(crm.block), CONTEXT, NOW);
    closing(() => side.close());
    crm.store.clock = () => Date.now() - 3_600_000;
    for (let n = 0; n < 20; n += 1) crm.store.archive(crm.store.insert({ firstname: `old ${n}` }));
    crm.store.clock = Date.now;
    let reads = 0;
    crm.onRequest = ({ path }) => {
      if (/contacts\/\d+$/.test(path)) reads += 1;
    };
    await readAll(side.enumerate());
    expect(reads).toBe(0);
  });

  test('P2: a delete that was put off deletes nobody who was edited meanwhile', async () => {
    const crm = await hubspot();
    const side = await createHubspotSide(hubspotConfigSchema.parse(crm.block), CONTEXT, NOW);
    closing(() => side.close());
    const li = crm.store.insert({ firstname: 'Li Lei' });
    const current = await side.read(li.id);
    if (current === null) throw new Error('nobody was created');
    crm.policy = { ...crm.policy, retryAfter: '0' };
    crm.faults.push({ on: 'write', kind: 'throttled' });
    crm.onRequest = ({ method }) => {
      if (method !== 'DELETE') return;
      crm.onRequest = () => {};
      crm.store.edit(li, { firstname: 'by a person' });
    };
    const error = await failure(side.delete(li.id, { current }));
    expect(error.kind).toBe('stale');
    expect(li.archivedAtMs).toBeNull();
  });
});

describe('Salesforce', () => {
  test('P2: a delete that was put off deletes nobody who was edited meanwhile', async () => {
    const crm = await startSalesforce();
    closing(() => crm.close());
    const config = salesforceConfigSchema.parse({ ...crm.block, limits: { perMinute: 1_000_000 } });
    const side = await createSalesforceSide(config, CONTEXT, NOW);
    closing(() => side.close());
    const [row] = crm.org.plant('Contact', { LastName: 'Li' }, 1);
    const id = String(row?.Id);
    const current = await side.read(id);
    if (current === null) throw new Error('nobody was created');
    crm.faults.push({ on: 'write', kind: 'unavailable' });
    crm.onRequest = ({ method }) => {
      if (method !== 'DELETE') return;
      crm.onRequest = () => {};
      crm.org.automated('Contact', id, { LastName: 'by a person' });
    };
    const error = await failure(side.delete(id, { current }));
    expect(error.kind).toBe('stale');
    expect(crm.org.live('Contact')).toHaveLength(1);
  });
});
