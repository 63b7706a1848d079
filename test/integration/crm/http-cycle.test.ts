/** The engine between a simulated Udesk and two CRMs that are known by configuration alone (docs/adapters/http.md). */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { conflictDocuments } from '../../../src/report/conflict-document.ts';
import { commandLine } from '../../support/command-line.ts';
import { CRM_SYNC, type CrmPeople, type CrmPerson, type CrmServer } from '../../support/crm-server.ts';
import { startEnvelopeCrm } from '../../support/envelope-crm.ts';
import { startRestCrm } from '../../support/rest-crm.ts';
import { createWorld, ourRows, UNITING_FIELDS, type World } from '../../support/world.ts';

interface Crm extends CrmServer {
  readonly people: CrmPeople;
  readonly block: Readonly<Record<string, unknown>>;
}

/** Not who made the records: their times are whole seconds, and one person twice in one is taken for one edit. */
const WEI_HUA = { id: 13, name: 'Wei Hua' };

const REST = { start: startRestCrm, remove: (people: CrmPeople, person: CrmPerson) => people.remove(person) };
const ENVELOPE = {
  start: startEnvelopeCrm,
  remove: (people: CrmPeople, person: CrmPerson) => {
    person.archived = true;
    people.touch(person);
  },
};

describe.each([
  ['REST, offsets, ETags', REST],
  ['envelopes, cursor, codes', ENVELOPE],
])('%s', (_name, family) => {
  let crm: Crm;
  let world: World;

  beforeEach(async () => {
    crm = await family.start();
    crm.people.insert({
      name: 'Han Meimei',
      emails: ['han@example.com', 'h2@example.com'],
      phones: ['13900000002'],
    });
    world = await createWorld({
      customers: [{ nick_name: 'Li Lei', email: 'li@example.com', cellphones: ['13800000001'] }],
      crmBlock: { ...crm.block, limits: { perMinute: 100_000 } },
      pair: { fields: UNITING_FIELDS },
    });
  });
  afterEach(async () => {
    await world.close();
    await crm.close();
  });

  const person = (name: string): CrmPerson => {
    const found = crm.people.live().filter((one) => one.name === name);
    if (found.length !== 1 || found[0] === undefined)
      throw new Error(`${found.length} people are called ${name}`);
    return found[0];
  };
  const customer = (email: string) => {
    const found = world.simulator.tenant.find('email', email);
    if (found === null) throw new Error(`nobody has ${email}`);
    return found;
  };
  const texts = (points: readonly { readonly value: string }[]) =>
    points.map(({ value }) => value).filter((value) => value !== '');
  const writes = () => ({ udesk: world.simulator.counts().writes, crm: crm.people.writes });

  test('P6: creates and edits go both ways, a double edit is held, a deletion is flagged, then it is quiet (P4)', async () => {
    await world.sync();

    const li = person('Li Lei');
    expect(texts(li.emails)).toEqual(['li@example.com']);
    expect(texts(li.phones)).toEqual(['13800000001']);
    expect(li.externalId).toBe(customer('li@example.com').id);
    const han = customer('han@example.com');
    expect(han).toMatchObject({ nick_name: 'Han Meimei' });
    expect(han.other_emails.map(({ content }) => content)).toEqual(['h2@example.com']);
    expect(han.cellphones.map(({ content }) => content)).toEqual(['13900000002']);

    world.simulator.tenant.edit(li.externalId ?? '', { nick_name: 'Li Lei 2' });
    crm.people.edit(li, { note: 'calls on Mondays' });
    crm.people.edit(person('Han Meimei'), { phones: ['13900000002', '13900000003'] });
    await world.sync();

    expect(person('Li Lei 2').note).toBe('calls on Mondays');
    expect(customer('li@example.com').description).toBe('calls on Mondays');
    expect(customer('han@example.com').cellphones.map(({ content }) => content)).toEqual([
      '13900000002',
      '13900000003',
    ]);
    expect(await world.conflicts()).toEqual([]);

    world.simulator.tenant.edit(han.id, { nick_name: 'Han of Udesk' });
    crm.people.edit(person('Han Meimei'), { name: 'Han of the CRM' });
    await world.sync();

    expect(await world.conflicts()).toMatchObject([{ field: 'nick_name', state: 'open' }]);
    expect(person('Han of the CRM').note).toBeNull();
    expect(customer('han@example.com').nick_name).toBe('Han of Udesk');

    family.remove(crm.people, person('Li Lei 2'));
    await world.sync();

    expect(
      await ourRows(world, `select udesk_id, decided_by from udesk_sync.link where state = 'broken'`),
    ).toEqual([{ udesk_id: li.externalId, decided_by: 'flag' }]);
    expect(customer('li@example.com').nick_name).toBe('Li Lei 2');

    const before = writes();
    expect(await world.sync()).toMatchObject({ outcome: 'done' });
    await world.sync();
    expect(writes()).toEqual(before);
  });

  test('P10: calls of a CRM that has a limit are counted in the database, as those of Udesk are', async () => {
    await world.sync();
    const scopes = await ourRows(world, 'select distinct scope from udesk_sync.quota_call order by scope');
    expect(scopes).toContainEqual({ scope: `crm ${String(crm.block.baseUrl)}` });
  });

  test('P12: a conflict names both people, and a write of ours is nobody’s edit', async () => {
    await world.sync();
    const id = customer('han@example.com').id;
    crm.people.edit(person('Han Meimei'), { note: 'from the CRM' });
    crm.people.touch(person('Han Meimei'), WEI_HUA);
    world.simulator.tenant.edit(id, { description: 'from Udesk' }, { id: 8, nick_name: 'Tom' });
    await world.sync({ readFeeds: true });
    await world.sync({ readFeeds: true });

    const [conflict] = await conflictDocuments(world.database.db, await world.conflicts());
    expect(conflict).toMatchObject({
      field: 'description',
      authors: {
        udesk: { name: 'Tom', knownBy: 'history' },
        crm: { name: WEI_HUA.name, knownBy: 'field' },
      },
    });

    world.simulator.tenant.edit(customer('li@example.com').id, { nick_name: 'Li Lei 2' });
    await world.sync();
    await world.sync();
    expect(person('Li Lei 2').editor).toEqual(CRM_SYNC);
    expect(
      await ourRows(
        world,
        `select field, who from report.customer_history
         where side = 'crm' and observation_id is not null and field <> 'emails' and field <> 'phones'
         order by observation_id`,
      ),
    ).toEqual([
      { field: 'note', who: WEI_HUA.name },
      { field: 'name', who: 'udesk-sync' },
    ]);
  });

  test('P5: lost answers of a create and of an update leave one record, written once', async () => {
    crm.faults.push({ on: 'write', kind: 'cut-after' });
    await world.sync();
    await world.sync();
    const li = person('Li Lei');
    expect(crm.people.live()).toHaveLength(2);
    expect(li.externalId).toBe(customer('li@example.com').id);

    const { version } = li;
    world.simulator.tenant.edit(li.externalId ?? '', { nick_name: 'Li Lei 2' });
    crm.faults.push({ on: 'write', kind: 'cut-after' });
    await world.sync();
    await world.sync();
    expect(person('Li Lei 2').version).toBe(version + 1);
    expect(await world.conflicts()).toEqual([]);
    expect(await ourRows(world, `select distinct state from udesk_sync.intent`)).toEqual([
      { state: 'settled' },
    ]);
  });

  test('P5: a write that was lost on its way is sent again after a look, and arrives once', async () => {
    crm.faults.push({ on: 'write', kind: 'cut-before' });
    await world.sync();
    await world.sync();
    expect(crm.people.live().filter(({ name }) => name === 'Li Lei')).toHaveLength(1);

    crm.faults.push({ on: 'write', kind: 'cut-before' });
    world.simulator.tenant.edit(person('Li Lei').externalId ?? '', { nick_name: 'Li Lei 2' });
    await world.sync();
    await world.sync();
    expect(person('Li Lei 2').externalId).toBe(customer('li@example.com').id);
  });

  test('`check` reads and writes nothing, tells what the API can do, and shows no secret', async () => {
    const before = writes();
    const line = commandLine(world);
    const { code, stdout, stderr } = await line.run('check', '--json');
    line.close();
    expect(code).toBe(0);
    expect(stdout).toContain('keeps the id of the other side, once each');
    expect(`${stdout}${stderr}`).not.toMatch(/s3cret|k3y-of/);
    expect(writes()).toEqual(before);
  });

  test('a look at the changes alone carries an edit of the CRM to Udesk', async () => {
    await world.sync();
    crm.people.edit(person('Li Lei'), { note: 'new' });
    crm.requests.length = 0;

    await world.sync({ observe: { udesk: 'none', crm: 'changes' } });

    expect(customer('li@example.com').description).toBe('new');
    expect(
      crm.requests.some(({ text, query }) => `${text}${query}`.match(/updated_since|modified_from/)),
    ).toBe(true);
  });
});
