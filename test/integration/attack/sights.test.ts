/** What was seen, and when: an answer that comes late, people who are kept out, a clock that was ahead, a refusal, a write that waited. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { forget } from '../../../src/engine/forget.ts';
import { SyncError } from '../../../src/errors.ts';
import { createWorld, customerId, ourRows, type World } from '../../support/world.ts';
import { syncAt, syncPair } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const HOUR = 3_600_000;
const customer = (name: string) => ({ nick_name: name, email: `${name.toLowerCase()}@example.com` });
const stateOf = async (id: string) =>
  (
    await ourRows(world, `select state from udesk_sync.record where side = 'udesk' and remote_id = '${id}'`)
  )[0]?.state;

describe('P2, P4: an answer that is older than what the mirror holds', () => {
  test.each(['of a search', 'of a look at whom a search found'])(
    '%s, that comes after our write of the same record, takes nothing back',
    async (late) => {
      world = await createWorld({
        customers: [customer('Linked')],
        pair: {
          create: '{ inCrm: true, inUdesk: false }',
          fields: '[{ udesk: nick_name, crm: name }, { udesk: emails, crm: emails, direction: to-crm }]',
        },
      });
      const crm = createMemoryCrm({ manifest: { compareAndSet: false }, asksMany: false });
      const settled = async () =>
        (await ourRows(world, `select 1 from udesk_sync.intent where op = 'update' and state = 'settled'`))
          .length > 0;
      const written = async () => {
        for (let tries = 0; tries < 100 && !(await settled()); tries += 1)
          await new Promise((resolve) => setTimeout(resolve, 20));
      };
      const begun = Promise.withResolvers<void>();
      let isBegun = false;
      const looked = Promise.withResolvers<void>();
      let slow = false;
      const update: Side['update'] = async (...asked) => {
        isBegun = true;
        begun.resolve();
        await looked.promise;
        return await crm.side.update(...asked);
      };
      const lookup: Side['lookup'] = async (...asked) => {
        if (slow) await begun.promise;
        const found = await crm.side.lookup(...asked);
        if (!slow || found.length === 0 || late !== 'of a search') return found;
        looked.resolve();
        await written();
        return found;
      };
      const read: Side['read'] = async (...asked) => {
        const isLater = slow && late !== 'of a search' && isBegun;
        const now = await crm.side.read(...asked);
        if (isLater) {
          looked.resolve();
          await written();
        }
        return now;
      };
      const sides = { udesk: world.pair.sides.udesk, crm: { ...crm.side, lookup, read, update } };
      const sync = (lane: 'full' | 'none') =>
        runCycle(
          world.engine,
          { spec: world.pair.spec, sides },
          { trigger: 'sync', observe: { udesk: 'full', crm: lane } },
        );
      await sync('full');
      slow = true;
      const [row] = crm.table.list();
      crm.table.edit(row?.id ?? '', {
        emails: ['linked@example.com', 'new@example.com'].map((value) => ({ id: null, value })),
      });
      world.simulator.tenant.edit(customerId(world, 'Linked'), { nick_name: 'edited' });
      world.simulator.tenant.create(customer('New'));
      await sync('none');

      expect(world.simulator.tenant.list().map(({ nick_name }) => nick_name)).toContain('edited');
      expect(
        await ourRows(
          world,
          `select delta -> 'name' as name from udesk_sync.observation where side = 'crm' and delta ? 'name'`,
        ),
      ).toEqual([{ name: '["Linked", "edited"]' }]);
    },
  );
});

describe('P6, P7: who is gone is missed', () => {
  test('also where somebody who was forgotten is still listed', async () => {
    world = await createWorld({ customers: ['Stays', 'Forgotten', 'Goes'].map(customer) });
    await world.sync();
    const gone = customerId(world, 'Goes');
    await forget(world.engine, {
      ...{ pair: 'main', side: 'udesk', id: customerId(world, 'Forgotten'), who: 'tester', keepOut: true },
    });
    world.simulator.tenant.delete(gone);
    await world.sync();
    await world.sync();
    expect(await stateOf(gone)).toBe('deleted');
  });

  test('also who was last seen by a clock of next year', async () => {
    world = await createWorld({ customers: ['Stays', 'Goes'].map(customer) });
    await world.sync();
    const gone = customerId(world, 'Goes');
    world.simulator.tenant.edit(gone, { description: 'edited' });
    const clock = () => new Date(Date.now() + 365 * 24 * HOUR);
    await runCycle({ ...world.engine, clock }, world.pair, {
      trigger: 'sync',
      observe: { udesk: 'full', crm: 'full' },
    });
    world.simulator.tenant.delete(gone);
    await world.sync();
    expect(await stateOf(gone)).toBe('deleted');
  });

  test('also where the side refuses to show whoever stands first in its list', async () => {
    world = await createWorld({ customers: ['Stays', 'Goes', 'Newest'].map(customer) });
    await world.sync();
    const [gone, newest] = [customerId(world, 'Goes'), customerId(world, 'Newest')];
    world.simulator.tenant.delete(gone);
    const { spec, sides } = world.pair;
    const read: Side['read'] = async (id, call) => {
      if (id === newest) throw new SyncError('contract', 'cannot be read', { side: 'udesk' });
      return await sides.udesk.read(id, call);
    };
    await syncPair(world, { spec, sides: { ...sides, udesk: { ...sides.udesk, read } } });
    expect(await stateOf(gone)).toBe('deleted');
  });
});

describe('P12: our own write', () => {
  const whoWrote = () =>
    ourRows(
      world,
      `select side, who from report.customer_history
       where field in ('description', 'note') and observation_id is not null order by observation_id`,
    );

  test('is ours also where it was sent by a later cycle than the one that planned it', async () => {
    world = await createWorld({ customers: [customer('Ann')] });
    await world.sync();
    await world.crm`update contact set note = 'from the CRM'`;
    const busy = () => {
      throw new SyncError('transient', 'busy', { side: 'udesk', retryAfterMs: 0 });
    };
    await syncAt(world, [{ side: 'udesk', call: 'update', when: 'before', act: busy }]);
    await world.sync({ readFeeds: true });
    expect(await whoWrote()).toEqual([
      { side: 'crm', who: null },
      { side: 'udesk', who: 'udesk-sync' },
    ]);
  });

  test('is ours also where its answer was lost, and a later cycle found that it had happened', async () => {
    world = await createWorld({ customers: [customer('Ann')] });
    await world.sync();
    await world.crm`update contact set note = 'from the CRM'`;
    const killed = () => {
      throw new Error('killed');
    };
    await expect(
      syncAt(world, [{ side: 'udesk', call: 'update', when: 'after', act: killed }]),
    ).rejects.toThrow('killed');
    await world.sync({ readFeeds: true });
    expect(await whoWrote()).toEqual([
      { side: 'crm', who: null },
      { side: 'udesk', who: 'udesk-sync' },
    ]);
  });
});
