/** Custom fields through the whole program: labels in the CRM, option values in Udesk, and an administrator in between. */
import { afterEach, describe, expect, test } from 'vitest';
import { openPair } from '../../../src/cli/runtime.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import { commandLine } from '../../support/command-line.ts';
import { createWorld, ourRows, type Person, type World } from '../../support/world.ts';

const FIELDS = `[
      { udesk: nick_name, crm: name },
      { udesk: emails, crm: emails },
      { udesk: custom.SelectField_1, crm: phones },
      { udesk: custom.TextField_2, crm: industry }
    ]`;
/** ['官网', '展会', '转介绍', '电话'] in the simulator. */
const [WEB, FAIR, FRIEND, PHONE] = ['官网', '展会', '转介绍', '电话'] as const;

let world: World;
afterEach(() => world.close());

async function start(customers: readonly object[], people: readonly Person[] = []): Promise<void> {
  world = await createWorld({ customers, people, pair: { fields: FIELDS } });
}

const ada = (option: string) => ({
  nick_name: 'Ada',
  email: 'ada@example.com',
  custom_fields: { SelectField_1: [option], TextField_2: 'trade' },
});

/** A start of the program: the definitions are read anew. */
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

/** As an administrator does: the field with other options. */
function setOptions(options: readonly string[], over: object = {}): void {
  world.simulator.tenant.customFields = world.simulator.tenant.customFields.map((field) =>
    field.name === 'SelectField_1' ? { ...field, options, ...over } : field,
  );
}

const sourceOf = async (name = 'Ada') =>
  (await world.people()).find((person) => person.name === name)?.phones;
const chosen = (email = 'ada@example.com') =>
  world.simulator.tenant.find('email', email)?.custom_fields.SelectField_1;
const parked = () =>
  ourRows(world, `select message from udesk_sync.parked where state = 'parked' order by id`);

describe('selections travel as labels', () => {
  test('a label arrives in the CRM, and a label of the CRM becomes its option in Udesk', async () => {
    await start([ada('1')]);
    await world.sync();
    expect(await sourceOf()).toEqual([FAIR]);
    await world.crm`update contact set phones = ${[FRIEND]}`;
    await world.sync();
    expect(chosen()).toEqual(['2']);
    const after = await world.sync();
    expect(after.push?.settled ?? 0).toBe(0);
  });

  test('a person of the CRM is created in Udesk with the option', async () => {
    await start([], [{ name: 'Bo', emails: ['bo@example.com'], phones: [PHONE] }]);
    await world.sync();
    expect(chosen('bo@example.com')).toEqual(['3']);
  });

  test('a label that Udesk does not have is parked with those that it has; nothing is sent', async () => {
    await start([], [{ name: 'Bo', emails: ['bo@example.com'], phones: ['Private words'] }]);
    await world.sync();
    const [row] = await parked();
    expect(row?.message).toContain(`"${WEB}", "${FAIR}", "${FRIEND}", "${PHONE}"`);
    expect(row?.message).not.toContain('Private words');
    expect(world.simulator.counts().writes).toBe(0);
  });
});

describe('an administrator of Udesk changes the options', () => {
  test('a new order is drift: no value changes its meaning on either side, and a person can accept it', async () => {
    await start([ada('1')]);
    await world.sync();
    setOptions([FAIR, WEB, FRIEND, PHONE]);
    await restartAndSync();
    expect(await sourceOf()).toEqual([FAIR]);
    expect(chosen()).toEqual(['1']);

    // An edit of the CRM does not become the option that stands in that place today.
    await world.crm`update contact set phones = ${[WEB]}`;
    await restartAndSync();
    expect(chosen()).toEqual(['1']);
    expect(await parked()).toHaveLength(1);
    await world.crm`update contact set phones = ${[FAIR]}`;

    const cli = commandLine(world);
    const status = await cli.run('status');
    expect(status.stdout).toContain(`option 0 was "${WEB}" and is "${FAIR}" now`);
    expect(status.stdout).toContain('udesk-sync check --pin-options --pair main');
    const checked = await cli.run('check');
    expect(checked.code).toBe(0);
    expect(checked.stdout).toContain(`option 1 was "${FAIR}" and is "${WEB}" now`);
    const accepted = await cli.run('check', '--pin-options');
    expect(accepted.stdout).not.toContain(' was "');
    expect((await cli.run('status')).stdout).not.toContain(' was "');
    cli.close();
    await restartAndSync();
    // Accepted: what Udesk shows for option 1 today.
    expect(await sourceOf()).toEqual([WEB]);
  });

  test('a new order that keeps the values of the options (second generation) is no drift', async () => {
    await start([ada('1')]);
    await world.sync();
    setOptions([FAIR, WEB, FRIEND, PHONE], { values: ['1', '0', '2', '3'] });
    await restartAndSync();
    expect(await sourceOf()).toEqual([FAIR]);
    expect(await ourRows(world, `select 1 from udesk_sync.parked`)).toEqual([]);
    const cli = commandLine(world);
    expect((await cli.run('check')).stdout).not.toContain('custom.SelectField_1');
    cli.close();
  });

  test('a removed option leaves its customers alone, and the others go on', async () => {
    await start([ada('3'), { ...ada('0'), nick_name: 'Cy', email: 'cy@example.com' }]);
    await world.sync();
    setOptions([WEB, FAIR, FRIEND]);
    world.simulator.tenant.edit(world.simulator.tenant.find('email', 'cy@example.com')?.id ?? '', {
      custom_fields: { SelectField_1: ['2'] },
    });
    await restartAndSync();
    expect(await sourceOf('Ada')).toEqual([PHONE]);
    expect(await sourceOf('Cy')).toEqual([FRIEND]);
    const cli = commandLine(world);
    expect((await cli.run('status')).stdout).toContain(`option 3 ("${PHONE}") was removed`);
    cli.close();
  });

  test('a new option is used at once: it changes no meaning', async () => {
    await start([ada('1')]);
    await world.sync();
    setOptions([WEB, FAIR, FRIEND, PHONE, 'Radio']);
    await world.crm`update contact set phones = ${['Radio']}`;
    await restartAndSync();
    expect(chosen()).toEqual(['4']);
    expect(await parked()).toEqual([]);
  });

  test('a field that is removed blanks nothing, and comes back', async () => {
    await start([ada('1')]);
    await world.sync();
    const before = world.simulator.tenant.customFields;
    world.simulator.tenant.customFields = before.filter(({ name }) => !name.endsWith('_2'));
    const id = world.simulator.tenant.find('email', 'ada@example.com')?.id ?? '';
    world.simulator.tenant.edit(id, { custom_fields: { TextField_2: null } });
    await restartAndSync();
    expect((await world.people())[0]?.industry).toBe('trade');
    const cli = commandLine(world);
    const checked = await cli.run('check');
    expect(checked.stdout).toContain('custom.TextField_2 is not among the custom fields of Udesk any more');
    expect((await cli.run('status', '--json')).json()).toMatchObject({
      pairs: [{ fieldDrift: [{ field: 'custom.TextField_2', kind: 'vanished' }] }],
    });
    world.simulator.tenant.customFields = before;
    expect((await cli.run('check')).stdout).not.toContain('any more');
    cli.close();
  });

  test('a field of another type is told, until it is accepted', async () => {
    await start([ada('1')]);
    setOptions([WEB, FAIR, FRIEND, PHONE], { type: 'radio' });
    const cli = commandLine(world);
    expect((await cli.run('check')).stdout).toContain('was of the type droplist and is radio now');
    await cli.run('check', '--pin-options');
    expect((await cli.run('check')).stdout).not.toContain('was of the type');
    cli.close();
  });
});

describe('what Udesk would refuse is not sent', () => {
  test('a required field that is empty in the CRM parks the create', async () => {
    await start([], [{ name: 'Bo', emails: ['bo@example.com'] }]);
    setOptions([WEB, FAIR], { required: true });
    await restartAndSync();
    expect((await parked()).map(({ message }) => message)).toEqual([
      'custom.SelectField_1 is required in Udesk and would be empty',
    ]);
    expect(world.simulator.counts().writes).toBe(0);
  });

  test('a mapped field that Udesk does not have ends the command with the one that is meant', async () => {
    await start([]);
    const wrong = world.configText
      .replace('custom.SelectField_1', 'custom.SelectField_11')
      .replace('custom.TextField_2', 'custom.行业');
    const cli = commandLine({ ...world, configText: wrong });
    for (const command of [['check'], ['plan']]) {
      const ran = await cli.run(...command);
      expect(ran.code).toBe(2);
      expect(ran.stderr).toContain('Did you mean "custom.SelectField_1" (客户来源)?');
      expect(ran.stderr).toContain('Did you mean "custom.TextField_2" (行业)?');
    }
    cli.close();
  });

  test('Udesk that does not answer is no reason to stop: the definitions of before are used', async () => {
    await start([ada('1')]);
    await world.sync();
    world.simulator.tenant.faults.push({
      kind: 'status',
      status: 400,
      match: { path: '/custom_fields' },
      times: 50,
    });
    const readAt = () => ourRows(world, 'select max(observed_at)::text as at from udesk_sync.custom_field');
    const before = await readAt();
    await world.crm`update contact set phones = ${[FRIEND]}`;
    await restartAndSync();
    expect(chosen()).toEqual(['2']);
    expect(await readAt()).toEqual(before);
  });
});
