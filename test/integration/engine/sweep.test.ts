import { afterEach, describe, expect, test } from 'vitest';
import { runCycle } from '../../../src/engine/cycle.ts';
import { type SweepHolder, startSweep } from '../../../src/engine/sweep.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const many = Array.from({ length: 250 }, (_, n) => ({
  nick_name: `Customer ${n}`,
  email: `c${n}@example.com`,
}));

/** One page per cycle, as when the quota is nearly used up. Our clock stands still: on a slow machine no time is left for any. */
function slice(holder: SweepHolder) {
  const at = new Date();
  return runCycle({ ...world.engine, clock: () => at }, world.pair, {
    trigger: 'sync',
    observe: { udesk: 'none', crm: 'changes', sweep: { holder, budgetMs: 0 } },
  });
}

describe('a sweep in slices', () => {
  test('what people do meanwhile is carried over between two slices, not after the sweep', async () => {
    world = await createWorld({ customers: many });
    await world.sync();
    const holder: SweepHolder = { current: startSweep(world.pair, 'udesk', new Date()) };

    await slice(holder);
    await world.crm`update contact set note = 'urgent' where name = 'Customer 3'`;
    await slice(holder);

    expect(holder.current).not.toBeNull();
    expect(world.simulator.tenant.find('email', 'c3@example.com')?.description).toBe('urgent');
  });

  test('P7: it is certified as a whole, and only then a deleted customer counts as deleted', async () => {
    world = await createWorld({ customers: many });
    await world.sync();
    const [gone] = world.simulator.tenant.list();
    world.simulator.tenant.delete(gone?.id ?? '');
    const holder: SweepHolder = { current: startSweep(world.pair, 'udesk', new Date()) };
    const deleted = () =>
      ourRows(world, `select remote_id from udesk_sync.record where state = 'deleted' and side = 'udesk'`);

    const first = await slice(holder);
    expect(first.observed.udesk).toMatchObject({ certified: false, deleted: 0 });
    expect(await deleted()).toEqual([]);
    let last = first;
    while (holder.current !== null) last = await slice(holder);

    expect(last.observed.udesk).toMatchObject({ certified: true, deleted: 1 });
    expect(await deleted()).toEqual([{ remote_id: gone?.id }]);
  });

  test('a failure ends the sweep: the next one starts anew', async () => {
    world = await createWorld({ customers: many });
    await world.sync();
    const holder: SweepHolder = { current: startSweep(world.pair, 'udesk', new Date()) };
    await slice(holder);
    world.simulator.set('tenant.state', 'unpaid');

    await expect(slice(holder)).rejects.toThrow();

    expect(holder.current).toBeNull();
  });
});
