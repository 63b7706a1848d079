import { afterEach, describe, expect, test } from 'vitest';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { createWorld, type World, writesSoFar } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const id = () => world.simulator.tenant.list()[0]?.id ?? '';
const note = async () => (await world.people())[0]?.note;
/** An automation in Udesk that wants its own text in the description, whatever anybody else writes. */
const automation = () => {
  if (world.simulator.tenant.get(id())?.description !== 'by Udesk')
    world.simulator.tenant.edit(id(), { description: 'by Udesk' });
};
const fight = async (cycles: number) => {
  for (let n = 0; n < cycles; n += 1) {
    await world.crm`update contact set note = 'by the CRM' where note <> 'by the CRM'`;
    await world.sync();
    automation();
    await world.sync();
  }
};

describe('P4 two automations that fight over a field', () => {
  test('cost a bounded number of writes, and a row that names the other writer; a decision ends it', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'Ann', email: 'ann@example.com', description: 'by Udesk' }],
    });
    await world.sync();
    await fight(5);
    const writes = await writesSoFar(world);
    await fight(5);

    const after = await writesSoFar(world);
    expect(after.udesk).toBe(writes.udesk);
    const rows = (await world.conflicts()).filter(({ kind }) => kind === 'tug-of-war');
    expect(rows).toMatchObject([{ field: 'description', state: 'open' }]);
    expect(rows[0]?.reason).toContain('Tom');
    // Everything else of the record goes on.
    world.simulator.tenant.edit(id(), { nick_name: 'Anna' });
    await world.sync();
    expect((await world.people())[0]?.name).toBe('Anna');

    // Somebody turns the automation off, and a person decides.
    await world.crm`update contact set note = 'by the CRM'`;
    await world.sync();
    const [row] = await world.conflicts();
    const decided = {
      conflictId: row?.id ?? '',
      who: 'ann',
      take: 'crm',
      value: null,
      at: new Date(),
    } as const;
    expect(await decideConflict(world.database.db, decided)).toBe(true);
    await world.sync();
    await world.sync();
    expect(world.simulator.tenant.get(id())?.description).toBe('by the CRM');
    expect((await world.conflicts()).map(({ state }) => state)).toEqual(['resolved']);

    // The field is free again.
    world.simulator.tenant.edit(id(), { description: 'new' });
    await world.sync();
    expect(await note()).toBe('new');
  });

  test('a side that stores its own form of what it is sent costs one write, not one per cycle', async () => {
    world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
    await world.crm`
      create function shorten() returns trigger language plpgsql as $$
      begin new.note := left(upper(new.note), 5); return new; end $$`;
    await world.crm`create trigger b_shorten before insert or update on contact for each row execute function shorten()`;
    await world.sync();
    const before = await writesSoFar(world);
    world.simulator.tenant.edit(id(), { description: 'a long description' });
    for (let n = 0; n < 10; n += 1) await world.sync();

    const after = await writesSoFar(world);
    expect(await note()).toBe('A LON');
    expect(after).toEqual({ udesk: before.udesk, crm: before.crm + 1 });
    expect(await world.conflicts()).toEqual([]);
  });
});
