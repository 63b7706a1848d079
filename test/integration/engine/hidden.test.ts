/** Not visible is not deleted: a CRM whose records may be out of our login's sight (manifest `mayHide`). */
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

async function start(mayHide: boolean) {
  const crm = createMemoryCrm({ manifest: { mayHide, visibleDeletes: false } });
  const sides = { udesk: world.pair.sides.udesk, crm: crm.side };
  const sync = () =>
    runCycle(
      world.engine,
      { spec: world.pair.spec, sides },
      { trigger: 'sync', observe: { udesk: 'full', crm: 'full' } },
    );
  const [gone] = ['a', 'b', 'c'].map((name) => crm.table.insert({ name, emails: [`${name}@example.com`] }));
  await sync();
  crm.table.delete(gone ?? '');
  const { observed, plan } = await sync();
  return { deleted: observed.crm.deleted, held: plan?.held };
}

const links = () => ourRows(world, 'select state, count(*)::int as n from udesk_sync.link group by state');

describe('a record that is neither listed nor found', () => {
  test('P7: is no deletion where it may only be hidden: its link stays as it is', async () => {
    world = await createWorld();
    expect(await start(true)).toEqual({ deleted: 0, held: 0 });
    expect(await links()).toEqual([{ state: 'confirmed', n: 3 }]);
  });

  test('is one where nothing can be hidden, and somebody hears of it', async () => {
    world = await createWorld();
    expect(await start(false)).toEqual({ deleted: 1, held: 1 });
  });
});
