/** A history that a later run than the write's was the first to show, at a time that was wrong, was not known before the write. */
import { afterEach, expect, test } from 'vitest';
import type { Time } from '../../../src/cli/runtime.ts';
import { SyncError } from '../../../src/errors.ts';
import { createWorld, customerId, ourRows, type World } from '../../support/world.ts';
import { rightBefore, syncAt } from './moments.ts';

let world: World;
afterEach(() => world.close());

test.each([0, -200_000])(
  'what a write replaced is kept, whose history is read while our clock is off by %i ms, and again when it is right',
  async (off) => {
    let passed = 0;
    let wrong = 0;
    const truly = () => Date.now() + passed;
    const time: Time = {
      now: () => truly() + wrong,
      monotonic: truly,
      sleep: async (ms) => {
        passed += ms;
      },
    };
    world = await createWorld({
      ...{ time, clock: truly },
      customers: [{ nick_name: 'Base', email: 'p@example.com', description: 'before' }],
      pair: { fields: '[{ udesk: description, crm: note }]' },
    });
    await world.sync({ readFeeds: true });
    const unread = rightBefore('udesk', 'history', () => {
      throw new SyncError('transient', 'the history does not answer');
    });
    passed += 60_000;
    await world.crm`update contact set note = 'by the CRM'`;
    await syncAt(world, [
      rightBefore('udesk', 'update', () =>
        world.simulator.tenant.edit(customerId(world, 'Base'), { description: 'by Tom' }),
      ),
      unread,
    ]);
    expect(await ourRows(world, `select witness from udesk_sync.intent where side = 'udesk'`)).toEqual([
      { witness: 'due' },
    ]);

    passed += 60_000;
    wrong = off;
    // The witness meets a fault; then the histories that are due are read.
    await syncAt(world, [unread], { readFeeds: true });
    wrong = 0;
    passed += 60_000;
    await world.sync();

    expect(await ourRows(world, `select witness from udesk_sync.intent where side = 'udesk'`)).toEqual([
      { witness: 'overwritten' },
    ]);
    expect(await world.conflicts()).toMatchObject([
      { kind: 'overwritten-in-window', overwritten: [{ value: 'by Tom', author: { name: 'Tom' } }] },
    ]);
  },
);
