/** A create of unknown outcome that a person left alone: what becomes of it, and of whoever has to do with it. */
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { mayForget } from '../../../src/engine/forget.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { dropParked, retryParked } from '../../../src/store/parked-decisions.ts';
import { rebaseline } from '../../../src/store/restore.ts';
import { createWorld, customerId, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const db = () => world.database.db;
const email = (value: string) => [{ id: null, value }];

/** A CRM that keeps names in capitals: what a create without an answer made there cannot be told for certain. */
async function start() {
  world = await createWorld({ customers: [{ nick_name: 'Linked', email: 'linked@example.com' }] });
  const crm = createMemoryCrm({
    manifest: { externalId: null },
    normalise: (field, value) => (field === 'name' ? value.toUpperCase() : value),
  });
  const sides = { udesk: world.pair.sides.udesk, crm: crm.side };
  const wall = { aheadMs: 0 };
  const sync = (approve = '') =>
    runCycle(
      { ...world.engine, clock: () => new Date(Date.now() + wall.aheadMs) },
      { spec: world.pair.spec, sides },
      { trigger: 'sync', observe: { udesk: 'full', crm: 'full' }, approve },
    );
  const names = () => crm.table.list().map(({ fields }) => fields.name);
  const customers = () => world.simulator.tenant.list().map(({ nick_name }) => nick_name);
  const idOf = (name: string) => crm.table.list().find(({ fields }) => fields.name === name)?.id ?? '';
  await sync();
  return { crm, sync, names, customers, idOf, wall };
}

/** The ids of what people are asked about at the moment. */
async function asked(): Promise<string[]> {
  const found = await ourRows(world, `select id from udesk_sync.parked where state = 'parked' order by id`);
  return found.map(({ id }) => String(id));
}

/** With those about who is who. */
async function questions(): Promise<number> {
  return (await asked()).length + (await listLinks(db(), { state: 'candidate', limit: 10 })).length;
}

const decision = (parkedId = '') => ({ parkedId, who: 'li', at: new Date() });

async function leaveAlone(): Promise<void> {
  const open = await ourRows(world, `select id, kind from udesk_sync.parked where state = 'parked'`);
  expect(open.map(({ kind }) => kind)).toEqual(['uncertain-create']);
  expect((await dropParked(db(), decision(String(open[0]?.id)))).outcome).toBe('done');
}

/** New is entered in Udesk; the CRM makes NEW and its answer is lost; somebody gives NEW another e-mail; the create is left alone. */
async function leftAlone() {
  const all = await start();
  world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com' });
  all.crm.faults.push({ on: 'create', kind: 'ambiguous-after' });
  await all.sync();
  all.crm.table.edit(all.idOf('NEW'), { emails: email('other@example.com') });
  await all.sync();
  await leaveAlone();
  await all.sync();
  expect(await asked()).toEqual([]);
  return all;
}

describe('P6: a create that is left alone', () => {
  test('it can be left alone once more, after its record has changed: until that changes again', async () => {
    const { sync, names } = await leftAlone();
    const id = customerId(world, 'New');
    world.simulator.tenant.edit(id, { description: 'Called back' });
    await sync();
    await leaveAlone();
    await sync();
    await sync();
    expect(await asked()).toEqual([]);
    world.simulator.tenant.edit(id, { description: 'Called back twice' });
    await sync();
    expect(await asked()).toHaveLength(1);
    expect(names()).toEqual(['LINKED', 'NEW']);
  });

  test('once its record is deleted, somebody is asked what to do with whom it may have made', async () => {
    const { crm, sync, idOf } = await leftAlone();
    world.simulator.tenant.delete(customerId(world, 'New'));
    await sync();
    crm.table.edit(idOf('NEW'), { note: 'edited' });
    await sync();
    await sync();
    expect(await asked()).toHaveLength(1);
  });

  test.each([
    ['retried', retryParked],
    ['left alone', dropParked],
  ])(
    'once its record is deleted and it is %s, whoever is entered anew with the e-mail is created',
    async (_, answer) => {
      const { crm, sync, names, idOf } = await start();
      world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com' });
      crm.faults.push({ on: 'create', kind: 'ambiguous-after' });
      await sync();
      crm.table.delete(idOf('NEW'));
      world.simulator.tenant.delete(customerId(world, 'New'));
      await sync();
      const [id] = await asked();
      expect((await answer(db(), decision(id))).outcome).toBe('done');
      world.simulator.tenant.create({ nick_name: 'Anew', email: 'new@example.com' });
      await sync();
      await sync();
      await sync();
      expect(names()).toContain('ANEW');
    },
  );

  test('what a person then decides about the deletion is carried out, or somebody is asked', async () => {
    const { crm, sync, idOf, customers } = await start();
    crm.table.delete(idOf('LINKED'));
    world.simulator.tenant.edit(customerId(world, 'Linked'), { description: 'edited' });
    await sync();
    const decide = async (take: 'udesk' | 'crm') => {
      const [open] = (await world.conflicts()).filter(({ state }) => state === 'open');
      expect(open?.field).toBe('*');
      const choice = { conflictId: open?.id ?? '', who: 'li', take, value: null, at: new Date() };
      expect(await decideConflict(db(), choice)).toBe(true);
    };
    await decide('udesk');
    crm.faults.push({ on: 'create', kind: 'ambiguous-after' });
    await sync();
    await leaveAlone();
    await sync();
    await decide('crm');
    await sync();
    await sync();
    expect(!customers().includes('Linked') || (await asked()).length > 0).toBe(true);
  });

  test('after a restore, whom it may have made is taken up like everybody else', async () => {
    const { sync, customers } = await leftAlone();
    const [home] = await ourRows(world, `select home from udesk_sync.pair`);
    await db().transaction((tx) => rebaseline(tx, world.pair.spec.name, String(home?.home), new Date()));
    const { waiting } = await sync();
    await sync(waiting?.hash);
    await sync();
    expect(customers()).toContain('NEW');
  });
});

describe('forgetting a person', () => {
  test('whom a create that is left alone may have made is known before its person is forgotten', async () => {
    const { sync, customers } = await leftAlone();
    const id = customerId(world, 'New');
    world.simulator.tenant.delete(id);
    await sync();
    const wish = { pair: world.pair.spec.name, side: 'udesk' as const, id, who: 'li', keepOut: false };
    await expect(mayForget(world.engine, wish)).rejects.toMatchObject({ details: { code: 'in-flight' } });
    expect(customers()).not.toContain('NEW');
  });
});

describe('P6: who shares an e-mail with a create that is left alone', () => {
  test('whoever is entered on the other side with its e-mail is linked, or somebody is asked', async () => {
    const { crm, sync } = await leftAlone();
    crm.table.insert({ name: 'Entered', emails: email('new@example.com') });
    await sync();
    await sync();
    const links = await ourRows(
      world,
      `select 1 from udesk_sync.link where state = 'confirmed' and udesk_id = '${customerId(world, 'New')}' and crm_id is not null`,
    );
    expect(links.length > 0 || (await questions()) > 0).toBe(true);
  });
});

test('P5: where our clock was set back, whom a create made that was left alone is not created once more on the other side', async () => {
  const { crm, sync, customers, wall } = await start();
  world.simulator.tenant.create({ nick_name: 'New' });
  wall.aheadMs = 3_600_000;
  crm.faults.push({ on: 'create', kind: 'ambiguous-after' });
  await sync();
  wall.aheadMs = 0;
  await sync();
  await leaveAlone();
  await sync();
  await sync();
  expect(customers().toSorted()).toEqual(['Linked', 'New']);
  // Of whoever comes later it is known that no create before made them.
  crm.table.insert({ name: 'Later' });
  await sync();
  expect(customers().toSorted()).toEqual(['LATER', 'Linked', 'New']);
});
