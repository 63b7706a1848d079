/** Owners, groups and organizations through the whole program: names in the CRM, ids in Udesk, and people who come and go. */
import { afterEach, describe, expect, test } from 'vitest';
import { openPair } from '../../../src/cli/runtime.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { putById } from '../../../src/simulator/directory.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import { commandLine } from '../../support/command-line.ts';
import { createWorld, ourRows, type Person, type World } from '../../support/world.ts';

/** The columns of the world's table: the owner's e-mail, the group's name, the organization's name. */
const FIELDS = `[
      { udesk: nick_name, crm: name },
      { udesk: emails, crm: emails },
      { udesk: owner, crm: tier },
      { udesk: owner_group, crm: industry },
      { udesk: organization, crm: note }
    ]`;
const TOM = 'tom@agents.example.com';
const JERRY = 'jerry@agents.example.com';

let world: World;
afterEach(() => world.close());

async function start(customers: readonly object[], people: readonly Person[] = []): Promise<void> {
  world = await createWorld({ customers, people, pair: { fields: FIELDS } });
}

/** A start of the program, as after an upgrade or a change of the configuration. */
async function restartAndSync(configText = world.configText): Promise<void> {
  const config = loadConfig({ env: {}, readFile: () => configText, adapters: crmAdapters });
  const [pair] = config.pairs;
  if (pair === undefined) throw new Error('no pair');
  const { database, engine } = world;
  const ledger = postgresLedger(database.sql);
  const open = await openPair({ config, database, engine, ledger, close: async () => {} }, pair);
  try {
    await runCycle(engine, open, { trigger: 'sync', observe: { udesk: 'full', crm: 'full' } });
  } finally {
    await open.close();
  }
}

/** Time passes for the directory: what was read is old. */
const directoryGrowsOld = () =>
  world.database.sql`update udesk_sync.directory set observed_at = observed_at - interval '2 hours'`;

const ada = (over: object = {}) => ({ nick_name: 'Ada', email: 'ada@example.com', ...over });
const customer = (email = 'ada@example.com') => world.simulator.tenant.find('email', email);
const person = async (name = 'Ada') => (await world.people()).find((one) => one.name === name);
const writes = () => world.simulator.counts().writes;
const open = async () => (await world.conflicts()).filter(({ state }) => state === 'open');

describe('references travel by name', () => {
  test('the owner arrives as an e-mail, group and organization as names, and names of the CRM become ids in Udesk', async () => {
    await start([ada({ owner_id: 8, owner_group_id: 16, organization_id: 2 })]);
    await world.sync();
    expect(await person()).toMatchObject({ tier: TOM, industry: '售前组', note: '北京云帆科技有限公司' });
    await world.crm`update contact set tier = ${JERRY.toUpperCase()}, industry = '售后组', note = 'Northwind Traders'`;
    await world.sync();
    expect(customer()).toMatchObject({ owner_id: 9, owner_group_id: 17, organization_id: 4 });
    const before = writes();
    await world.sync();
    expect(writes()).toBe(before);
    expect(await world.conflicts()).toEqual([]);
  });

  test('a person of the CRM is created in Udesk with owner, group and organization', async () => {
    await start(
      [],
      [{ name: 'Bo', emails: ['bo@example.com'], tier: TOM, industry: '默认组', note: 'two_org' }],
    );
    await world.sync();
    expect(customer('bo@example.com')).toMatchObject({ owner_id: 8, owner_group_id: 15, organization_id: 1 });
  });

  test('an owner that is emptied on one side is emptied on the other', async () => {
    await start([ada({ owner_id: 8, organization_id: 2 })]);
    await world.sync();
    await world.crm`update contact set tier = null`;
    world.simulator.tenant.edit(customer()?.id ?? '', { organization_id: null });
    await world.sync();
    expect(customer()?.owner_id).toBeNull();
    expect((await person())?.note ?? '').toBe('');
    expect(await world.conflicts()).toEqual([]);
  });

  test('`as: id` keeps the ids of Udesk', async () => {
    const fields = '[{ udesk: nick_name, crm: name }, { udesk: owner, crm: tier, as: id }]';
    world = await createWorld({ customers: [ada({ owner_id: 8 })], pair: { fields } });
    await world.sync();
    expect((await person())?.tier).toBe('8');
    expect(Object.keys(world.simulator.counts().byCall)).not.toContain('GET /open_api_v1/agents');
  });
});

describe('a name that Udesk does not know', () => {
  test('is held alone: the customer is created and edited without it, and gets it once the agent is there', async () => {
    await start([], [{ name: 'Bo', emails: ['bo@example.com'], tier: 'new@agents.example.com' }]);
    await world.sync();
    expect(customer('bo@example.com')?.owner_id).toBeNull();
    await world.crm`update contact set name = 'Bob'`;
    await world.sync();
    expect(customer('bo@example.com')?.nick_name).toBe('Bob');
    const [conflict, ...others] = await open();
    expect(others).toEqual([]);
    expect(conflict).toMatchObject({ field: 'owner', kind: 'unmappable' });
    expect(conflict?.reason).toContain('owner names nobody that Udesk knows');
    expect(conflict?.reason).not.toContain('new@');

    const quiet = writes();
    await world.sync();
    expect(writes()).toBe(quiet);

    world.simulator.tenant.agents = [
      ...world.simulator.tenant.agents,
      { id: 40, nick_name: 'New', email: 'new@agents.example.com' },
    ];
    await directoryGrowsOld();
    await restartAndSync();
    expect(customer('bo@example.com')?.owner_id).toBe(40);
    await world.sync();
    expect(await open()).toEqual([]);
  });

  test('of two groups with one name none is guessed, and `check` tells them', async () => {
    await start([ada({ owner_group_id: 16 }), { nick_name: 'Cy', email: 'cy@example.com' }]);
    world.simulator.tenant.groups = [...world.simulator.tenant.groups, { id: 30, name: '售前组' }];
    await world.sync();
    // What Udesk holds has a name, whoever else has it.
    expect((await person())?.industry).toBe('售前组');
    await world.crm`update contact set industry = '售前组' where name = 'Cy'`;
    await world.sync();
    expect(customer('cy@example.com')?.owner_group_id).toBeNull();
    const found = await open();
    expect(found).toMatchObject([{ field: 'owner_group', kind: 'unmappable' }]);
    expect(found[0]?.reason).toContain('is the name of several in Udesk');
    const cli = commandLine(world);
    const checked = await cli.run('check');
    expect(checked.stdout).toContain('2 groups of Udesk (16, 30) have one name');
    expect(checked.stdout).toContain('owner_group: 1 name of the CRM cannot be written to Udesk');
    cli.close();
  });
});

describe('people come and go', () => {
  test('an agent that is met for the first time is looked up at once, by one call', async () => {
    await start([ada({ owner_id: 8 })]);
    await world.sync();
    world.simulator.tenant.agents = [
      ...world.simulator.tenant.agents,
      { id: 41, nick_name: 'Fay', email: 'fay@agents.example.com' },
    ];
    world.simulator.tenant.edit(customer()?.id ?? '', { owner_id: 41 });
    world.simulator.clearLog();
    await world.sync();
    expect((await person())?.tier).toBe('fay@agents.example.com');
    expect(world.simulator.counts().byCall).toMatchObject({ 'GET /open_api_v1/agents/get_agent': 1 });
  });

  test('an agent who left keeps the name; nobody is given to that agent any more', async () => {
    await start([ada({ owner_id: 8 }), { nick_name: 'Cy', email: 'cy@example.com' }]);
    await world.sync();
    world.simulator.tenant.agents = world.simulator.tenant.agents.filter(({ id }) => id !== 8);
    await directoryGrowsOld();
    await restartAndSync();
    expect((await person())?.tier).toBe(TOM);
    expect(await open()).toEqual([]);
    await world.crm`update contact set tier = ${TOM} where name = 'Cy'`;
    await restartAndSync();
    expect(customer('cy@example.com')?.owner_id).toBeNull();
    expect(await open()).toMatchObject([{ field: 'owner', kind: 'unmappable' }]);
  });

  test('an owner without a name that is known blanks nothing', async () => {
    await start([ada({ owner_id: 8 })]);
    await world.sync();
    world.simulator.tenant.edit(customer()?.id ?? '', { owner_id: 99_999 });
    await world.sync();
    expect((await person())?.tier).toBe(TOM);
    expect(await ourRows(world, `select owner_id from report.customer`)).toEqual([{ owner_id: '99999' }]);
  });

  test('a renamed group is no edit by anybody: nothing is written until a person accepts the name', async () => {
    await start([ada({ owner_group_id: 16 })]);
    await world.sync();
    const { groups } = world.simulator.tenant;
    world.simulator.tenant.groups = putById(groups, { id: 16, name: '售前部' });
    await directoryGrowsOld();
    const before = await person();
    await restartAndSync();
    expect(await person()).toEqual(before);
    // The new name is understood, and means the same group.
    await world.crm`update contact set industry = '售前部'`;
    const sent = writes();
    await restartAndSync();
    expect(writes()).toBe(sent);
    await world.crm`update contact set industry = '售前组'`;
    await restartAndSync();
    expect(await world.conflicts()).toEqual([]);

    const cli = commandLine(world);
    expect((await cli.run('check')).stdout).toContain('group 16 is called "售前部" and travels as "售前组"');
    await cli.run('check', '--pin-options');
    expect((await cli.run('check')).stdout).not.toContain('travels as');
    cli.close();
    await restartAndSync();
    expect((await person())?.industry).toBe('售前部');
    expect(await open()).toEqual([]);
  });
});

describe('a database whose bases hold ids', () => {
  const byId = (text: string) =>
    text.replaceAll(/(udesk: (owner|owner_group|organization), crm: \w+)/g, '$1, as: id');

  for (const policy of ['hold', 'udesk']) {
    test(`nothing is written by the upgrade itself (policy ${policy}): a person takes the name over`, async () => {
      world = await createWorld({
        customers: [ada({ owner_id: 8 })],
        pair: {
          fields: `[{ udesk: nick_name, crm: name }, { udesk: owner, crm: tier, direction: to-crm, policy: ${policy}, as: id }]`,
        },
      });
      await world.sync();
      expect((await person())?.tier).toBe('8');
      const upgraded = world.configText.replace(', as: id', '');
      const before = [await world.people(), writes()];
      await restartAndSync(upgraded);
      expect([await world.people(), writes()]).toEqual(before);
      expect(await open()).toMatchObject([{ field: 'owner', kind: 'first-link', udesk: TOM, crm: '8' }]);
      const cli = commandLine({ ...world, configText: upgraded });
      await cli.run('conflicts', 'resolve', '--field', 'owner', '--take', 'udesk', '--yes');
      cli.close();
      await restartAndSync(upgraded);
      expect((await person())?.tier).toBe(TOM);
      expect(await open()).toEqual([]);
    });
  }

  test("both ways, an id that the CRM holds is nobody's name: held, and nothing is written", async () => {
    world = await createWorld({ customers: [ada({ owner_id: 8 })], pair: { fields: byId(FIELDS) } });
    await world.sync();
    const before = [await world.people(), writes()];
    await restartAndSync(world.configText.replaceAll(', as: id', ''));
    expect([await world.people(), writes()]).toEqual(before);
    expect(await open()).toMatchObject([{ field: 'owner', kind: 'unmappable', udesk: TOM, crm: '8' }]);
  });
});

test('reports know the id, the name and the e-mail, whichever of them travels', async () => {
  await start([ada({ owner_id: 8, owner_group_id: 16, organization_id: 2 })]);
  await world.sync();
  const columns =
    'owner_id, owner_name, owner_group_id, owner_group_name, organization_id, organization_name';
  const row = {
    owner_id: '8',
    owner_name: 'Tom',
    owner_group_id: '16',
    owner_group_name: '售前组',
    organization_id: '2',
    organization_name: '北京云帆科技有限公司',
  };
  expect(await ourRows(world, `select ${columns}, owner_email from report.customer`)).toEqual([
    { ...row, owner_email: TOM },
  ]);
  expect(await ourRows(world, `select ${columns} from report.customer_asof(now())`)).toEqual([row]);
});
