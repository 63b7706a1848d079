import { afterEach, describe, expect, test } from 'vitest';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';

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
    await world.crm`update contact set note = 'by the CRM', editor = 'Robot of the CRM' where note <> 'by the CRM'`;
    await world.sync();
    automation();
    await world.sync();
  }
};

const customers = [{ nick_name: 'Ann', email: 'ann@example.com', description: 'by Udesk' }];
/** Days pass between readings when `hours` are. */
const passing = () => {
  let aheadMs = 0;
  const now = () => Date.now() + aheadMs;
  const time = { now, monotonic: now, sleep: async () => {} };
  const pass = (hours: number) => {
    aheadMs += hours * 3_600_000;
  };
  return { time, pass };
};
/** Each side puts another value there once it has seen ours. */
const alternate = async (rounds: number, pause: () => Promise<void> | void) => {
  for (let n = 0; n < rounds; n += 1) {
    await world.crm`update contact set note = ${`CRM ${n}`}`;
    await world.sync();
    await pause();
    world.simulator.tenant.edit(id(), { description: `Udesk ${n}` });
    await world.sync();
    await pause();
  }
};
const fought = async () => (await world.conflicts()).filter(({ kind }) => kind === 'tug-of-war');

describe('P4 two automations that fight over a field', () => {
  test('cost a bounded number of writes, and a row that names the other writer; a decision ends it (T7)', async () => {
    world = await createWorld({
      customers,
      crm: ['table: contact', 'externalId: udesk_id', 'updatedAt: updated_at', 'author: { name: editor }'],
    });
    await world.sync();
    await fight(5);
    const writes = await writesSoFar(world);
    await fight(5);

    const after = await writesSoFar(world);
    expect(after.udesk).toBe(writes.udesk);
    const rows = await fought();
    expect(rows).toMatchObject([{ field: 'description', state: 'open' }]);
    // Whoever changed it, and not the account that we write with, which the history names as well.
    expect(rows[0]?.reason).toMatch(
      /decide\. In Udesk it was changed by Tom\. In the CRM it was changed by Robot of the CRM$/,
    );
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

  test('are found by a counter that is never the same, too, and by readings that are hours apart', async () => {
    const { time, pass } = passing();
    world = await createWorld({ customers, time });
    await world.sync();
    await alternate(6, () => pass(9));

    expect(await fought()).toMatchObject([{ field: 'description', state: 'open' }]);
    // Three to each side, and one that a person has to decide about.
    const writes = await ourRows(
      world,
      `select side, count(*)::int as n from udesk_sync.intent where op = 'update' and state = 'settled'
         and reasons ? 'description' group by side order by side`,
    );
    expect(writes).toEqual([
      { side: 'crm', n: 3 },
      { side: 'udesk', n: 3 },
    ]);
  });

  test('are not two people who answer each other days later', async () => {
    const { time, pass } = passing();
    world = await createWorld({ customers, time });
    await world.sync();
    await alternate(4, async () => {
      for (let n = 0; n < 2; n += 1) {
        pass(12);
        await world.sync();
      }
    });

    expect(await fought()).toEqual([]);
    expect(await note()).toBe('Udesk 3');
  });

  test('are not a person who edits a field ten times a day', async () => {
    world = await createWorld({ customers });
    await world.sync();
    for (let n = 0; n < 10; n += 1) {
      world.simulator.tenant.edit(id(), { description: n % 2 === 0 ? 'on' : 'off' });
      await world.sync();
    }

    expect(await world.conflicts()).toEqual([]);
    expect(await note()).toBe('off');
  });

  test('a side that stores its own form of what it is sent costs one write, not one per cycle (T7)', async () => {
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
