/** The engine between a simulated Udesk and a HubSpot account of the documented contract. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandLine } from '../../support/command-line.ts';
import { type HubspotCrm, startHubspotCrm } from '../../support/hubspot-crm.ts';
import type { Contact } from '../../support/hubspot-store.ts';
import { createWorld, ourRows, UNITING_FIELDS, type World } from '../../support/world.ts';

let crm: HubspotCrm;
let world: World;

beforeEach(async () => {
  crm = await startHubspotCrm();
  const han = crm.store.insert({
    firstname: 'Han Meimei',
    email: 'han@example.com',
    mobilephone: '13900000002',
  });
  crm.store.addOther(han, 'h2@example.com');
  world = await createWorld({
    customers: [
      { nick_name: 'Li Lei', email: 'li@example.com', cellphones: ['13800000001'] },
      { nick_name: 'Wang', email: 'wang@example.com' },
    ],
    crmBlock: { ...crm.block, overlapMs: 60_000 },
    pair: { fields: UNITING_FIELDS },
  });
  await world.sync();
});
afterEach(async () => {
  await world.close();
  await crm.close();
});

const value = (contact: Contact, name: string) => crm.store.value(contact, name);
const named = (name: string): Contact => {
  const found = crm.store.live().filter((one) => value(one, 'firstname') === name);
  if (found.length !== 1 || found[0] === undefined)
    throw new Error(`${found.length} contacts are called ${name}`);
  return found[0];
};
const customer = (email: string) => {
  const found = world.simulator.tenant.find('email', email);
  if (found === null) throw new Error(`nobody has ${email}`);
  return found;
};
const contents = (points: readonly { readonly content: string }[]) => points.map(({ content }) => content);
const writes = () => ({ udesk: world.simulator.counts().writes, crm: crm.store.writes });

test('P6: creates and edits go both ways, a double edit is held, an archived contact is flagged, then it is quiet (P4)', async () => {
  const li = named('Li Lei');
  expect(crm.store.emails(li)).toEqual(['li@example.com']);
  expect(value(li, 'mobilephone')).toBe('13800000001');
  expect(value(li, 'udesk_id')).toBe(customer('li@example.com').id);
  const han = customer('han@example.com');
  expect(contents(han.other_emails)).toEqual(['h2@example.com']);
  expect(contents(han.cellphones)).toEqual(['13900000002']);

  world.simulator.tenant.edit(han.id, { nick_name: 'Han 2' });
  crm.store.edit(li, { note: 'calls on Mondays' });
  crm.store.addOther(named('Han Meimei'), 'h3@example.com');
  await world.sync();

  expect(crm.store.emails(named('Han 2'))).toEqual(['han@example.com', 'h2@example.com', 'h3@example.com']);
  expect(customer('li@example.com').description).toBe('calls on Mondays');
  expect(contents(customer('han@example.com').other_emails)).toEqual(['h2@example.com', 'h3@example.com']);
  expect(await world.conflicts()).toEqual([]);

  world.simulator.tenant.edit(han.id, { nick_name: 'Han of Udesk' });
  crm.store.edit(named('Han 2'), { firstname: 'Han of HubSpot' });
  await world.sync();

  expect(await world.conflicts()).toMatchObject([{ field: 'nick_name', state: 'open' }]);
  expect(customer('han@example.com').nick_name).toBe('Han of Udesk');

  crm.store.archive(li);
  await world.sync({ observe: { udesk: 'none', crm: 'changes' } });

  expect(
    await ourRows(world, `select crm_id, decided_by from udesk_sync.link where state = 'broken'`),
  ).toEqual([{ crm_id: li.id, decided_by: 'flag' }]);
  expect(customer('li@example.com').nick_name).toBe('Li Lei');

  const before = writes();
  expect(await world.sync()).toMatchObject({ outcome: 'done' });
  await world.sync();
  expect(writes()).toEqual(before);
});

test('P5: lost answers of a create and of an update leave one contact, written once', async () => {
  world.simulator.tenant.create({ nick_name: 'Zhang', email: 'zhang@example.com' });
  crm.faults.push({ on: 'write', kind: 'cut-after' });
  await world.sync();
  await world.sync();
  const zhang = named('Zhang');
  expect(value(zhang, 'udesk_id')).toBe(customer('zhang@example.com').id);

  const before = zhang.writes;
  world.simulator.tenant.edit(value(zhang, 'udesk_id') ?? '', { nick_name: 'Zhang 2' });
  crm.faults.push({ on: 'write', kind: 'cut-after' });
  await world.sync();
  await world.sync();
  expect(named('Zhang 2').writes).toBe(before + 1);
  expect(await world.conflicts()).toEqual([]);
  expect(await ourRows(world, `select distinct state from udesk_sync.intent`)).toEqual([
    { state: 'settled' },
  ]);
});

test('P5: a write that was lost on its way is sent again after a look, and arrives once', async () => {
  crm.faults.push({ on: 'write', kind: 'cut-before' });
  world.simulator.tenant.create({ nick_name: 'Zhang', email: 'zhang@example.com' });
  await world.sync();
  await world.sync();
  expect(value(named('Zhang'), 'udesk_id')).toBe(customer('zhang@example.com').id);
  expect(named('Zhang').writes).toBe(1);
});

test('P2: an edit of a person between our look and our write is kept in a conflict, with its author', async () => {
  const li = named('Li Lei');
  world.simulator.tenant.edit(value(li, 'udesk_id') ?? '', { nick_name: 'Li of Udesk' });
  crm.onRequest = ({ method }) => {
    if (method !== 'PATCH') return;
    crm.onRequest = () => {};
    crm.store.edit(li, { firstname: 'Li in the window' });
  };
  await world.sync();

  expect(value(li, 'firstname')).toBe('Li of Udesk');
  expect(await world.conflicts()).toMatchObject([
    {
      field: 'nick_name',
      kind: 'overwritten-in-window',
      crm: 'Li of Udesk',
      overwritten: [{ side: 'crm', value: 'Li in the window', author: { id: 'user:77' } }],
    },
  ]);
});

test('P4: what the search still shows of the time before our write is no edit', async () => {
  const li = named('Li Lei');
  crm.search.lags = true;
  world.simulator.tenant.edit(value(li, 'udesk_id') ?? '', { nick_name: 'Li Lei 2' });
  await world.sync();
  const before = writes();
  // The search still finds what it knew, under its old time; what it holds is read elsewhere.
  await world.sync({ observe: { udesk: 'none', crm: 'changes' } });
  crm.search.catchUp();
  await world.sync({ observe: { udesk: 'none', crm: 'changes' } });
  await world.sync();
  expect(writes()).toEqual(before);
  expect(customer('li@example.com').nick_name).toBe('Li Lei 2');
});

test('P7: of two contacts that were merged the link follows the first, and nobody is deleted', async () => {
  const [li, wang] = [named('Li Lei'), named('Wang')];
  const merged = crm.store.merge(li, wang);
  await world.sync();
  await world.sync();

  const links = await ourRows(world, `select crm_id, state from udesk_sync.link order by state, crm_id`);
  expect(links.filter(({ state }) => state === 'confirmed').map(({ crm_id }) => crm_id)).toContain(merged.id);
  expect(await ourRows(world, `select decided_by from udesk_sync.link where state = 'broken'`)).toEqual([
    { decided_by: 'merged' },
  ]);
  expect(customer('li@example.com').nick_name).toBe('Li Lei');
  expect(customer('wang@example.com').nick_name).toBe('Wang');
  expect(crm.store.live()).toHaveLength(2);
});

test('`check` writes nothing, says plainly that the live service was never tried, and shows no secret', async () => {
  const before = writes();
  const line = commandLine(world);
  const { code, stdout, stderr } = await line.run('check', '--json');
  line.close();
  expect(code).toBe(0);
  expect(stdout).toContain('not yet verified against the live service');
  expect(stdout).toContain('keeps the id of the other side, once each');
  expect(stdout).not.toContain('cannot be witnessed');
  expect(`${stdout}${stderr}`).not.toContain('s3cret');
  expect(writes()).toEqual(before);
});

test('a look at the changes alone carries an edit of HubSpot to Udesk', async () => {
  crm.store.edit(named('Li Lei'), { note: 'new' });
  crm.requests.length = 0;
  await world.sync({ observe: { udesk: 'none', crm: 'changes' } });
  expect(customer('li@example.com').description).toBe('new');
  expect(crm.requests.some(({ path }) => path.endsWith('/search'))).toBe(true);
  expect(crm.requests.some(({ query }) => query.get('archived') === 'false')).toBe(false);
});
