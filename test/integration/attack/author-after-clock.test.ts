/** Who made an edit is known by Udesk's history, whatever our clock said when the customer was seen before. */
import { afterEach, expect, test } from 'vitest';
import { runCycle } from '../../../src/engine/cycle.ts';
import { createWorld, customerId, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(() => world.close());

const AHEAD_MS = 3_600_000;
const TOM = { id: 8, nick_name: 'Tom' };
const ANN = { id: 9, nick_name: 'Ann' };

const sync = (aheadMs: number) =>
  runCycle({ ...world.engine, clock: () => new Date(Date.now() + aheadMs) }, world.pair, {
    trigger: 'sync',
    observe: { udesk: 'full', crm: 'full' },
    readFeeds: true,
  });
const authors = () =>
  ourRows(
    world,
    `select new, who from report.customer_history
     where side = 'udesk' and field = 'nick_name' and old is not null order by observation_id`,
  );
const lines = async () =>
  (await ourRows(world, `select 1 from udesk_sync.feed where kind = 'Alteration'`)).length;

test('P3: an edit has its author where the customer was first seen while our clock was ahead', async () => {
  world = await createWorld({ customers: [{ nick_name: 'Kim', email: 'kim@example.com' }] });
  await sync(AHEAD_MS);
  world.simulator.tenant.edit(customerId(world, 'Kim'), { nick_name: 'Kim Lee' }, TOM);
  await sync(0);
  await sync(0);
  expect(await authors()).toEqual([{ new: 'Kim Lee', who: 'Tom' }]);
});

test('P3: an older edit that went the same way is not taken for it, where the clock was set back between', async () => {
  let behindMs = 10_000;
  world = await createWorld({
    customers: [{ nick_name: 'Kim', email: 'kim@example.com' }],
    clock: () => Date.now() - behindMs,
  });
  await sync(0);
  const id = customerId(world, 'Kim');
  for (const nick_name of ['Lee', 'Kim']) {
    const before = await lines();
    world.simulator.tenant.edit(id, { nick_name }, ANN);
    // Read before the next look at the customer: how soon a history is read depends on how busy the machine is.
    while ((await lines()) === before) await sync(AHEAD_MS);
  }
  // Udesk's history tells seconds: of two lines of one second nobody can say which is nearer.
  behindMs = 0;
  // In two steps, neither of which goes the whole way.
  for (const nick_name of ['Pat', 'Lee']) world.simulator.tenant.edit(id, { nick_name }, TOM);
  await sync(0);
  await sync(0);
  expect((await authors()).at(-1)).toEqual({ new: 'Lee', who: 'Tom' });
});
