import { afterEach, describe, expect, test } from 'vitest';
import { loadIntents } from '../../../src/store/intents.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
import { syncAt } from '../attack/moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const PHONES = ['13800000001', '13800000002', '13800000003'] as const;
const people = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    nick_name: `N${n}`,
    email: `n${n}@example.com`,
    cellphones: [PHONES[n] ?? ''],
  }));
const udeskPhones = () =>
  Object.fromEntries(
    world.simulator.tenant
      .list()
      .map(({ nick_name, cellphones }) => [nick_name, cellphones.map(({ content }) => content)]),
  );
const give = (name: string, ...phones: string[]) =>
  world.crm`update contact set phones = ${phones} where name = ${name}`;
const quiet = async () => {
  const before = world.simulator.counts().writes;
  await world.sync();
  expect(world.simulator.counts().writes).toBe(before);
  expect(await ourRows(world, `select 1 from udesk_sync.parked where state = 'parked'`)).toEqual([]);
  expect(await world.conflicts()).toEqual([]);
};

describe('release before claim', () => {
  test('a phone that moves from one customer to another is given up first', async () => {
    world = await createWorld({ customers: people(2) });
    await world.sync();
    await give('N0', PHONES[0], PHONES[1]);
    await give('N1');
    await world.sync();

    expect(udeskPhones()).toEqual({ N0: [PHONES[0], PHONES[1]], N1: [] });
    await quiet();
  });

  test.each([2, 3])('%i customers who swap their phones in a circle all get theirs', async (count) => {
    world = await createWorld({ customers: people(count) });
    await world.sync();
    for (let n = 0; n < count; n += 1) await give(`N${n}`, PHONES[(n + 1) % count] ?? '');
    await world.sync();

    for (let n = 0; n < count; n += 1) expect(udeskPhones()[`N${n}`]).toEqual([PHONES[(n + 1) % count]]);
    await quiet();
  });

  test('P9: a swap that is cut off after one has given up goes on, and nobody loses a number', async () => {
    world = await createWorld({ customers: people(2) });
    await world.sync();
    await give('N0', PHONES[1]);
    await give('N1', PHONES[0]);
    const cut = new Error('the power is gone');
    const gaveUp = () => {
      if (Object.values(udeskPhones()).some((phones) => phones.length === 0)) throw cut;
    };
    await expect(
      syncAt(world, [{ side: 'udesk', call: 'update', when: 'after', act: gaveUp }]),
    ).rejects.toThrow(cut);
    await world.sync();
    await world.sync();

    expect(udeskPhones()).toEqual({ N0: [PHONES[1]], N1: [PHONES[0]] });
    await quiet();
  });

  test('a swap in two steps, of which the first was refused and parked, is made good by the second', async () => {
    world = await createWorld({ customers: people(2) });
    await world.sync();
    await give('N0', PHONES[1]);
    await world.sync();
    expect(await ourRows(world, `select 1 from udesk_sync.parked where state = 'parked'`)).toHaveLength(1);
    await give('N1', PHONES[0]);
    await world.sync();
    await world.sync();

    expect(udeskPhones()).toEqual({ N0: [PHONES[1]], N1: [PHONES[0]] });
    await quiet();
  });
});

describe('the order of the outbox', () => {
  test('a person’s decision goes before all that has not waited for a day, and what has waited long overtakes what is new', async () => {
    world = await createWorld({ customers: people(2) });
    const insert = (id: number, priority: number, minutes: number) =>
      `insert into udesk_sync.intent (pair, link_id, run_id, side, op, guard_class, patch, reasons, source, state, priority, created_at)
       values ('main', ${id}, 1, 'udesk', 'update', 'fill', '{}', '{}', '{}', 'pending', ${priority}, now() - interval '${minutes} minutes')`;
    for (const [id, priority, minutes] of [
      [101, 3, 0],
      [102, 2, 0],
      [103, 0, 0],
      [104, 3, 35],
      [105, 3, 25 * 60],
    ] as const) {
      await ourRows(world, insert(id, priority, minutes));
    }
    const order = await loadIntents(world.database.db, 'main', 'pending', { limit: 10, now: new Date() });

    expect(order.map(({ linkId }) => linkId)).toEqual(['105', '103', '104', '102', '101']);
  });
});
