import { afterEach, describe, expect, test } from 'vitest';
import { runCycle } from '../../../src/engine/cycle.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
let lateMs: number;
afterEach(async () => {
  await world.close();
});

/** A cycle of the daemon, whose clock is so much later than when the edits were made. */
function cycle() {
  const clock = () => new Date(Date.now() + lateMs);
  return runCycle({ ...world.engine, clock }, world.pair, {
    trigger: 'run',
    observe: { udesk: 'full', crm: 'full' },
  });
}

const names = async () => (await world.people()).map(({ name }) => name);

describe('T24: half-typed values do not travel', () => {
  test('a name that is saved twice while somebody types crosses once, and whole; a new customer too (T24)', async () => {
    lateMs = 0;
    world = await createWorld({
      customers: [{ nick_name: 'Zhang', email: 'a@example.com' }],
      pair: { quietMs: '60000' },
    });
    await world.sync();
    const id = world.simulator.tenant.list()[0]?.id ?? '';

    world.simulator.tenant.edit(id, { nick_name: 'Zhang S' });
    world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com' });
    await cycle();
    world.simulator.tenant.edit(id, { nick_name: 'Zhang San' });
    lateMs = 30_000;
    await cycle();
    expect(await names()).toEqual(['Zhang']);

    lateMs = 95_000;
    await cycle();
    expect(await names()).toEqual(['Zhang San', 'New']);
    expect((await world.people())[0]?.row_version).toBe(2);
  });

  test('a cycle that a person runs carries it at once', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'Zhang', email: 'a@example.com' }],
      pair: { quietMs: '60000' },
    });
    await world.sync();
    world.simulator.tenant.edit(world.simulator.tenant.list()[0]?.id ?? '', { nick_name: 'Zhang San' });

    await world.sync();

    expect(await names()).toEqual(['Zhang San']);
  });
});
