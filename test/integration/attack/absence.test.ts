import { afterEach, describe, expect, test } from 'vitest';
import type { Page, Side } from '../../../src/crm/adapter.ts';
import type { PairRuntime } from '../../../src/engine/context.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
import { syncPair } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

/** The world's pair, whose Udesk lists what `edit` makes of each page. */
function listing(edit: (page: Page) => Page): PairRuntime {
  const { spec, sides } = world.pair;
  async function* enumerate(...args: Parameters<Side['enumerate']>): AsyncGenerator<Page> {
    for await (const page of sides.udesk.enumerate(...args)) yield edit(page);
  }
  return { spec, sides: { udesk: { ...sides.udesk, enumerate }, crm: sides.crm } };
}

const states = () =>
  ourRows(world, `select remote_id, state from udesk_sync.record where side = 'udesk' order by remote_id`);

describe('P7 absence safety, each condition by itself', () => {
  test('who is really gone, and is missing from an enumeration that is not certified, is not marked as deleted (T4)', async () => {
    const customers = ['a', 'b', 'c'].map((name) => ({ nick_name: name, email: `${name}@example.com` }));
    world = await createWorld({ customers });
    await world.sync();
    const gone = world.simulator.tenant.list()[0]?.id ?? '';
    world.simulator.tenant.delete(gone);
    const uncertified = listing((page) =>
      page.end === null
        ? page
        : { ...page, end: { certified: false, reason: 'a test says so', cursor: null } },
    );

    await syncPair(world, uncertified);
    expect((await states()).map(({ state }) => state)).toEqual(['live', 'live', 'live']);

    await world.sync();
    expect((await states()).filter(({ state }) => state === 'deleted')).toEqual([
      { remote_id: gone, state: 'deleted' },
    ]);
  });

  test('who is missing from a certified enumeration, and still answers a point read, is not marked as deleted (T4)', async () => {
    const customers = ['a', 'b', 'c'].map((name) => ({ nick_name: name, email: `${name}@example.com` }));
    world = await createWorld({ customers });
    await world.sync();
    const hidden = world.simulator.tenant.list()[0]?.id ?? '';
    const hiding = listing((page) => ({
      ...page,
      records: page.records.filter(({ id }) => id !== hidden),
      total: null,
    }));

    await syncPair(world, hiding);

    expect((await states()).map(({ state }) => state)).toEqual(['live', 'live', 'live']);
  });

  test('when the canary does not answer, nobody is marked as deleted: the side may answer "not found" to everything (T2)', async () => {
    const customers = ['a', 'b', 'c'].map((name) => ({ nick_name: name, email: `${name}@example.com` }));
    world = await createWorld({ customers });
    await world.sync();
    world.simulator.tenant.delete(world.simulator.tenant.list()[0]?.id ?? '');
    const { spec, sides } = world.pair;

    await syncPair(world, {
      spec,
      sides: { crm: sides.crm, udesk: { ...sides.udesk, read: async () => null } },
    });

    expect((await states()).map(({ state }) => state)).toEqual(['live', 'live', 'live']);
  });
});
