/** A tug-of-war that a person ended is over, also where our clock was set back between the fight and their word. */
import { afterEach, expect, test } from 'vitest';
import { runCycle } from '../../../src/engine/cycle.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { createWorld, customerId, type World } from '../../support/world.ts';

let world: World;
afterEach(() => world.close());

test.each([0, 200_000])('the field is free again (clock ahead by %i ms during the fight)', async (ms) => {
  world = await createWorld({
    customers: [{ nick_name: 'Ann', email: 'ann@example.com', description: 'by Udesk' }],
  });
  let aheadMs = ms;
  const clock = () => new Date(Date.now() + aheadMs);
  const sync = () =>
    runCycle({ ...world.engine, clock }, world.pair, {
      trigger: 'sync',
      observe: { udesk: 'full', crm: 'full' },
    });
  const inUdesk = (description: string) =>
    world.simulator.tenant.edit(customerId(world, 'Ann'), { description });
  const fought = async () => (await world.conflicts()).filter(({ kind }) => kind === 'tug-of-war');
  await sync();
  for (let n = 0; n < 10 && (await fought()).length === 0; n += 1) {
    await world.crm`update contact set note = 'by the CRM'`;
    await sync();
    if (world.simulator.tenant.get(customerId(world, 'Ann'))?.description !== 'by Udesk') inUdesk('by Udesk');
    await sync();
  }
  const [row] = await fought();
  expect(row?.state).toBe('open');

  // Somebody turns the automations off, and a person decides.
  aheadMs = 0;
  const choice = { conflictId: row?.id ?? '', who: 'ann', take: 'crm', value: null } as const;
  expect(await decideConflict(world.database.db, { ...choice, at: clock() })).toBe(true);
  await sync();
  await sync();
  expect((await world.conflicts()).map(({ state }) => state)).toEqual(['resolved']);
  inUdesk('new');
  await sync();

  expect((await world.people())[0]?.note).toBe('new');
  expect((await world.conflicts()).map(({ state }) => state)).toEqual(['resolved']);
});
