/** A deletion whose answer was lost: what one look does not find may still be there. */
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
import { NOTHING } from '../attack/moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

/**
 * Two linked customers, one of which is deleted in Udesk; the answer to its deletion in the CRM is lost, and the look after
 * it does not find the record.
 */
async function start(kind: 'ambiguous-before' | 'ambiguous-after') {
  world = await createWorld({
    customers: ['Stays', 'Goes'].map((name) => ({ nick_name: name, email: `${name}@example.com` })),
    pair: { deletes: 'propagate', guards: '{ deletes: { max: 3, share: 1 } }' },
  });
  const crm = createMemoryCrm();
  let isLying = false;
  let afterMs = 0;
  const side: typeof crm.side = {
    ...crm.side,
    read: async (...asked) => {
      if (!isLying) return await crm.side.read(...asked);
      isLying = false;
      return null;
    },
    delete: async (...asked) => {
      isLying = crm.faults.length > 0;
      await crm.side.delete(...asked);
    },
  };
  const sync = (observe: 'full' | 'none') =>
    runCycle(
      { ...world.engine, clock: () => new Date(Date.now() + afterMs) },
      { spec: world.pair.spec, sides: { udesk: world.pair.sides.udesk, crm: side } },
      { trigger: 'sync', observe: observe === 'none' ? NOTHING : { udesk: 'full', crm: 'full' } },
    );
  await sync('full');
  const { tenant } = world.simulator;
  tenant.delete(tenant.list().find(({ nick_name }) => nick_name === 'Goes')?.id ?? '');
  crm.faults.push({ on: 'delete', kind });
  await sync('full');
  expect(crm.faults).toEqual([]);
  expect(await deletions()).toEqual([{ state: 'unknown' }]);
  expect(await links()).toEqual([{ state: 'confirmed', n: '2' }]);
  const aMinuteLater = () => {
    afterMs += 61_000;
  };
  const names = () => crm.table.list().map(({ fields }) => fields.name);
  return { sync, aMinuteLater, names };
}

const deletions = () => ourRows(world, `select state from udesk_sync.intent where op = 'delete'`);
const links = () =>
  ourRows(world, `select state, count(*)::text as n from udesk_sync.link group by state order by state`);

describe('P7: a deletion of unknown outcome is settled by two looks', () => {
  test('a record that was not found for a moment is deleted after all, and is nobody new', async () => {
    const { sync, aMinuteLater, names } = await start('ambiguous-before');
    await sync('full');
    expect(names()).toEqual(['Stays', 'Goes']);
    expect(await links()).toEqual([{ state: 'confirmed', n: '2' }]);

    aMinuteLater();
    await sync('full');
    await sync('full');

    expect(names()).toEqual(['Stays']);
    expect(world.simulator.tenant.list().map(({ nick_name }) => nick_name)).toEqual(['Stays']);
    expect(await deletions()).toEqual([{ state: 'settled' }]);
  });

  test('a record that is not found a while later either is gone', async () => {
    const { sync, aMinuteLater } = await start('ambiguous-after');
    aMinuteLater();
    await sync('none');

    expect(await deletions()).toEqual([{ state: 'settled' }]);
    expect(await links()).toEqual([
      { state: 'broken', n: '1' },
      { state: 'confirmed', n: '1' },
    ]);
  });
});
