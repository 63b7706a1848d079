/** The engine between a simulated Udesk and a Salesforce org that speaks the documented contract. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandLine } from '../../support/command-line.ts';
import { OTHER_USER } from '../../support/salesforce/org.ts';
import { type SalesforceCrm, startSalesforce } from '../../support/salesforce/server.ts';
import type { SfRow } from '../../support/salesforce/soql.ts';
import { createWorld, ourRows, UNITING_FIELDS, type World } from '../../support/world.ts';

const BY_PERSON = { user: OTHER_USER };

let crm: SalesforceCrm;
let world: World;

async function begin(block: Readonly<Record<string, unknown>> = {}, deletes = 'flag'): Promise<void> {
  world = await createWorld({
    customers: [{ nick_name: 'Li Lei', email: 'li@example.com', cellphones: ['13800000001'] }],
    crmBlock: { ...crm.block, ...block },
    pair: { fields: UNITING_FIELDS, deletes },
  });
}

beforeEach(async () => {
  crm = await startSalesforce();
  crm.org.hurry = true;
  const emails = { Email: 'han@example.com', Email_2__c: 'h2@example.com' };
  crm.org.insert('Contact', { LastName: 'Han Meimei', MobilePhone: '13900000002', ...emails }, BY_PERSON);
});
afterEach(async () => {
  await world.close();
  await crm.close();
});

const contact = (name: string): SfRow => {
  const found = crm.org.live('Contact').filter((row) => row.LastName === name);
  if (found.length !== 1 || found[0] === undefined)
    throw new Error(`${found.length} contacts are called ${name}`);
  return found[0];
};
const edit = (name: string, values: SfRow) =>
  void crm.org.update('Contact', String(contact(name).Id), values, BY_PERSON);
const customer = (email: string) => {
  const found = world.simulator.tenant.find('email', email);
  if (found === null) throw new Error(`nobody has ${email}`);
  return found;
};
const writes = () => ({ udesk: world.simulator.counts().writes, crm: crm.org.writes });

test('P6: creates and edits go both ways, a double edit is held, a deletion is flagged, then it is quiet (P4)', async () => {
  await begin();
  await world.sync();

  const li = contact('Li Lei');
  expect(li).toMatchObject({ Email: 'li@example.com', MobilePhone: '13800000001', Phone: null });
  expect(li.Udesk_Id__c).toBe(customer('li@example.com').id);
  const han = customer('han@example.com');
  expect(han).toMatchObject({ nick_name: 'Han Meimei' });
  expect(han.other_emails.map(({ content }) => content)).toEqual(['h2@example.com']);
  expect(han.cellphones.map(({ content }) => content)).toEqual(['13900000002']);

  world.simulator.tenant.edit(String(li.Udesk_Id__c), { nick_name: 'Li Lei 2' });
  edit('Li Lei', { Description: 'calls on Mondays' });
  edit('Han Meimei', { Phone: '13900000003' });
  await world.sync();

  expect(contact('Li Lei 2').Description).toBe('calls on Mondays');
  expect(customer('li@example.com').description).toBe('calls on Mondays');
  expect(customer('han@example.com').cellphones.map(({ content }) => content)).toEqual([
    '13900000002',
    '13900000003',
  ]);
  expect(await world.conflicts()).toEqual([]);

  world.simulator.tenant.edit(han.id, { nick_name: 'Han of Udesk' });
  edit('Han Meimei', { LastName: 'Han of Salesforce' });
  await world.sync();
  expect(await world.conflicts()).toMatchObject([{ field: 'nick_name', state: 'open' }]);
  expect(customer('han@example.com').nick_name).toBe('Han of Udesk');

  crm.org.remove('Contact', String(contact('Li Lei 2').Id), BY_PERSON);
  await world.sync({ observe: { udesk: 'none', crm: 'changes' } });
  expect(
    await ourRows(world, `select udesk_id, decided_by from udesk_sync.link where state = 'broken'`),
  ).toEqual([{ udesk_id: li.Udesk_Id__c, decided_by: 'flag' }]);
  expect(customer('li@example.com').nick_name).toBe('Li Lei 2');

  const before = writes();
  expect(await world.sync()).toMatchObject({ outcome: 'done' });
  await world.sync();
  expect(writes()).toEqual(before);
});

test('P5: lost answers of a create and of an update leave one contact, written once', async () => {
  await begin();
  crm.faults.push({ on: 'write', kind: 'cut-after' });
  await world.sync();
  await world.sync();
  expect(crm.org.live('Contact')).toHaveLength(2);
  const li = contact('Li Lei');
  expect(li.Udesk_Id__c).toBe(customer('li@example.com').id);

  const before = crm.org.writes;
  world.simulator.tenant.edit(String(li.Udesk_Id__c), { nick_name: 'Li Lei 2' });
  crm.faults.push({ on: 'write', kind: 'cut-after' });
  await world.sync();
  await world.sync();
  expect(contact('Li Lei 2').Id).toBe(li.Id);
  expect(crm.org.writes).toBe(before + 1);
  expect(await ourRows(world, `select distinct state from udesk_sync.intent`)).toEqual([
    { state: 'settled' },
  ]);
});

test('P2: an edit that no condition shows, between our look and our write, is found in the field history', async () => {
  crm.org.trackHistory = true;
  for (const name of ['LastName', 'Email', 'Email_2__c', 'MobilePhone', 'Phone'])
    crm.org.field('Contact', name).tracked = true;
  await begin({ history: true });
  await world.sync();
  const id = String(contact('Li Lei').Id);
  world.simulator.tenant.edit(customer('li@example.com').id, { nick_name: 'Li Lei of Udesk' });
  crm.onRequest = ({ method }) => {
    if (method !== 'PATCH') return;
    crm.onRequest = () => {};
    // A flow of the org: LastModifiedDate stays, so that If-Unmodified-Since lets our write pass.
    crm.org.automated('Contact', id, { LastName: 'Li Lei of a flow' });
  };
  await world.sync();
  await world.sync();

  const [row, ...others] = await world.conflicts();
  expect(others).toEqual([]);
  expect(row).toMatchObject({ field: 'nick_name', kind: 'overwritten-in-window', state: 'open' });
  expect(JSON.stringify(row)).toContain('Li Lei of a flow');
});

const linkOf = async (udeskId: string) =>
  await ourRows(world, `select crm_id, state, decided_by from udesk_sync.link where udesk_id = '${udeskId}'`);

test('who was merged in Salesforce keeps the link, and the survivor takes the place', async () => {
  await begin({}, 'propagate');
  await world.sync();
  const li = contact('Li Lei');
  const survivor = crm.org.insert(
    'Contact',
    { LastName: 'Li Lei of Shanghai', Email: 'li@example.com' },
    BY_PERSON,
  );
  crm.org.merge('Contact', String(survivor.Id), String(li.Id));
  await world.sync({ observe: { udesk: 'none', crm: 'changes' } });

  const { id, nick_name } = customer('li@example.com');
  expect(nick_name).toBe('Li Lei of Shanghai');
  expect(await linkOf(id)).toMatchObject([{ crm_id: survivor.Id, state: 'confirmed' }]);
  expect(world.simulator.tenant.list()).toHaveLength(2);
});

test('P7: of two known people who were merged in Salesforce no customer is deleted: a person has to look', async () => {
  await begin({}, 'propagate');
  await world.sync();
  const { id } = customer('li@example.com');
  crm.org.merge('Contact', String(contact('Han Meimei').Id), String(contact('Li Lei').Id));
  await world.sync({ observe: { udesk: 'full', crm: 'changes' } });
  await world.sync();

  expect(customer('li@example.com').nick_name).toBe('Li Lei');
  expect(await linkOf(id)).toMatchObject([{ state: 'broken', decided_by: 'merged' }]);
});

test('P7: what is only no longer shared with our user is not deleted anywhere', async () => {
  crm.org.viewAll = false;
  await begin();
  await world.sync();
  crm.org.purge(String(contact('Han Meimei').Id));
  await world.sync();
  await world.sync();
  expect(await ourRows(world, `select distinct state from udesk_sync.link`)).toEqual([
    { state: 'confirmed' },
  ]);
  expect(customer('han@example.com').nick_name).toBe('Han Meimei');
});

test('`check` writes nothing, says plainly that it was never tried live, and shows no secret', async () => {
  await begin();
  const before = writes();
  const line = commandLine(world);
  const { code, stdout, stderr } = await line.run('check');
  line.close();
  expect(code).toBe(0);
  expect(stdout).toContain('not yet verified against the live service');
  expect(stdout).toContain('keeps the id of the other side, once each');
  expect(stdout).toContain('deletions are visible');
  expect(`${stdout}${stderr}`).not.toMatch(/s3cret/);
  expect(writes()).toEqual(before);
});
