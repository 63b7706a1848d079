/** P9, P3: a kill between the two halves of a look at a write of unknown outcome. */
import { afterEach, expect, test } from 'vitest';
import { SyncError } from '../../../src/errors.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { createWorld, customerId, ourRows, type World } from '../../support/world.ts';
import { type Moment, syncAt } from './moments.ts';

let world: World;
afterEach(() => world.close());

test.each([false, true])(
  'what it may have replaced is asked about once, and a choice about it holds (killed: %s)',
  async (killed) => {
    world = await createWorld({
      customers: [{ nick_name: 'Base', email: 'p@example.com', description: 'before' }],
      pair: { fields: '[{ udesk: description, crm: note }]' },
      switches: { 'feeds.wording': 'strange' },
    });
    await world.sync();
    const id = customerId(world, 'Base');
    const now = () => world.simulator.tenant.get(id)?.description;
    await world.crm`update contact set note = 'by the CRM'`;
    world.simulator.tenant.faults.push({ kind: 'reset-after-commit', match: { method: 'PUT' } });
    const down: Moment = {
      side: 'udesk',
      call: 'read',
      when: 'before',
      act: () => {
        if (now() === 'by the CRM') throw new SyncError('transient', 'Udesk does not answer');
      },
    };
    await syncAt(world, [down]);
    expect(now()).toBe('by the CRM');
    world.simulator.tenant.edit(id, { description: 'after our write' });

    if (killed) {
      // The process ends once what may be lost is kept, and before the write is.
      await world.database.sql.unsafe(`
      create function kill() returns trigger language plpgsql as $$ begin raise exception 'killed'; end $$;
      create trigger kill before update on udesk_sync.intent for each row
        when (old.state = 'unknown' and new.state <> 'unknown') execute function kill();`);
      await expect(world.sync()).rejects.toThrow();
      await world.database.sql.unsafe('drop trigger kill on udesk_sync.intent; drop function kill()');
    } else {
      await world.sync();
    }
    /** Whoever looks at the inbox says that Udesk is right. */
    const choose = async () => {
      for (const { id: conflictId, state } of await world.conflicts()) {
        if (state !== 'open') continue;
        const choice = { conflictId, who: 'li', take: 'udesk', value: null } as const;
        expect(await decideConflict(world.database.db, { ...choice, at: new Date() })).toBe(true);
      }
    };
    await choose();
    await world.sync();
    await choose();
    await world.sync();

    expect(
      await ourRows(world, `select jsonb_array_length(overwritten) as n, state from udesk_sync.conflict`),
    ).toEqual([{ n: 2, state: 'resolved' }]);
    expect(await ourRows(world, 'select who from udesk_sync.decision')).toEqual([{ who: 'li' }]);
    expect(now()).toBe('after our write');
    expect((await world.people())[0]?.note).toBe('after our write');
  },
);
