import { afterEach, describe, expect, test } from 'vitest';
import type { CycleOptions } from '../../../src/engine/cycle.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const many = Array.from({ length: 30 }, (_, n) => ({
  nick_name: `Customer ${n}`,
  email: `c${n}@example.com`,
}));
/** A cycle that is killed when a part of its plan is in the outbox, and nothing of it released. */
const killedWhilePlanning = async (options: Partial<CycleOptions> = {}) => {
  const stop = new AbortController();
  let shown = options.acceptFirstPlan !== undefined;
  const progress = (text: string) => {
    if (text !== 'planning') return;
    // The first of two is the plan that is accepted.
    if (shown) shown = false;
    else stop.abort();
  };
  await expect(world.sync({ ...options, signal: stop.signal, progress })).rejects.toThrow();
};

describe('P8, P9 a first plan that was accepted, and interrupted before it was released', () => {
  test('goes on whatever it is where the configuration accepts it', async () => {
    world = await createWorld({
      customers: many,
      people: [{ name: 'Customer 0', emails: ['c0@example.com'] }],
      pair: { guards: '{ creates: { perHour: 5 } }' },
    });
    await killedWhilePlanning();

    const report = await world.sync();

    expect(report.outcome).toBe('done');
    expect(await world.people()).toHaveLength(30);
  });

  const differing = [
    { name: 'Somebody else', emails: ['c0@example.com'], note: 'of the CRM', phones: ['13800000001'] },
    { name: 'Customer 1', emails: ['c1@example.com', 'second@example.com'] },
  ];
  const begin = async () => {
    world = await createWorld({
      customers: many,
      people: differing,
      pair: { firstRun: 'review', guards: '{ creates: { perHour: 5 } }' },
    });
    expect((await world.sync()).outcome).toBe('waiting');
  };

  test('goes on by itself where nothing moved', async () => {
    await begin();
    await killedWhilePlanning({ acceptFirstPlan: { who: 'ann' } });

    const report = await world.sync();

    expect(report).toMatchObject({ outcome: 'done', firstPlan: false, waiting: null });
    expect(await world.people()).toHaveLength(30);
  });

  test('releases nothing that came meanwhile: a person is shown the plan as it is now', async () => {
    await begin();
    await killedWhilePlanning({ acceptFirstPlan: { who: 'ann' } });
    const [shown] = await ourRows(world, 'select first_plan_hash as hash from udesk_sync.pair');
    for (let n = 0; n < 10; n += 1)
      await world.insert({ name: `Import ${n}`, emails: [`i${n}@example.com`] });

    const report = await world.sync();

    expect(report).toMatchObject({ outcome: 'waiting', firstPlan: true, plan: { creates: { udesk: 10 } } });
    expect(world.simulator.tenant.count).toBe(30);
    expect(await world.people()).toHaveLength(12);
    expect(await ourRows(world, 'select first_run from udesk_sync.pair')).toEqual([{ first_run: 'pending' }]);
    // The log says who accepted it; that it was not carried out, the row says.
    expect(await ourRows(world, 'select hash, state from udesk_sync.approval')).toEqual([
      { hash: shown?.hash, state: 'moved' },
    ]);
    expect((await world.sync()).outcome).toBe('waiting');

    expect((await world.sync({ acceptFirstPlan: { who: 'ann' } })).outcome).toBe('done');
    expect(world.simulator.tenant.count).toBe(40);
    expect(await world.people()).toHaveLength(40);
  });

  test('is accepted as it is now by whoever starts it again with a yes', async () => {
    await begin();
    await killedWhilePlanning({ acceptFirstPlan: { who: 'ann' } });
    await world.insert({ name: 'Late', emails: ['late@example.com'] });

    expect((await world.sync({ acceptFirstPlan: { who: 'ann' } })).outcome).toBe('done');
    expect(world.simulator.tenant.count).toBe(31);
  });
});
