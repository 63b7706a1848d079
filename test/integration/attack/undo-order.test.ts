/** What is undone is undone from the newest write back, also where our clock was set back between two of them. */
import { afterEach, expect, test } from 'vitest';
import { runCycle } from '../../../src/engine/cycle.ts';
import { previewRevert } from '../../../src/engine/revert.ts';
import { requestRevert } from '../../../src/store/reverts.ts';
import { createWorld, customerId, ourRows, type World } from '../../support/world.ts';

let world: World;
let aheadMs = 0;
afterEach(() => world.close());

const clock = () => new Date(Date.now() + aheadMs);
const sync = () =>
  runCycle({ ...world.engine, clock }, world.pair, {
    trigger: 'sync',
    observe: { udesk: 'full', crm: 'full' },
  });
const note = async () => (await world.people())[0]?.note;
const id = () => customerId(world, 'Base');

async function begin() {
  aheadMs = 0;
  world = await createWorld({
    customers: [{ nick_name: 'Base', email: 'p@example.com', description: 'A' }],
    pair: {
      fields:
        '[{ udesk: nick_name, crm: name }, { udesk: emails, crm: emails }, { udesk: description, crm: note }]',
    },
  });
  await sync();
  aheadMs = 200_000;
  world.simulator.tenant.edit(id(), { description: 'B' });
  await sync();
  aheadMs = 0;
  expect(await note()).toBe('B');
}

async function undo() {
  const [link] = await ourRows(world, 'select id from udesk_sync.link');
  const { db } = world.database;
  const scope = { link: String(link?.id), field: 'description' };
  const { wishes, items } = await previewRevert({ db, clock }, world.pair.spec, scope, true);
  await requestRevert(db, { pair: 'main', who: 'li', scope, at: clock() }, wishes);
  await sync();
  await sync();
  return items;
}

test('nobody edited since: what was there before our first write comes back', async () => {
  await begin();
  world.simulator.tenant.edit(id(), { description: 'C' });
  await sync();
  expect(await note()).toBe('C');

  const items = await undo();

  expect(items.map(({ side, outcome }) => [side, outcome])).toEqual([
    ['udesk', 'restore'],
    ['crm', 'restore'],
  ]);
  expect(await note()).toBe('A');
  expect((await world.conflicts()).filter(({ state }) => state === 'open')).toEqual([]);
});

test('what a person wrote between two writes of ours comes back, and not what was there before', async () => {
  await begin();
  await world.crm`update contact set note = 'by a person'`;
  await sync();
  world.simulator.tenant.edit(id(), { description: 'B' });
  await sync();
  expect(await note()).toBe('B');

  await undo();

  expect(await note()).toBe('by a person');
});
