/** A choice about an edit that our write had replaced, which came too late, played by the whole engine. */
import { afterEach, describe, expect, test } from 'vitest';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { createWorld, type World, writesSoFar } from '../../support/world.ts';
import { rightBefore, syncAt } from '../attack/moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const first = () => world.simulator.tenant.list()[0]?.id ?? '';

describe('P3: a choice about an overwritten edit', () => {
  test.each(['before', 'after'] as const)(
    'is asked for again where the other side was edited right %s it',
    async (when) => {
      world = await createWorld({
        customers: [{ nick_name: 'P', email: 'p@example.com', description: 'before' }],
      });
      await world.sync();
      await world.crm`update contact set note = 'by the CRM'`;
      await syncAt(world, [
        rightBefore('udesk', 'update', () => world.simulator.tenant.edit(first(), { description: 'by Tom' })),
      ]);
      const decide = async () => {
        const [row] = (await world.conflicts()).filter(({ state }) => state === 'open');
        const choice = { who: 'li', take: 'value', value: 'by Tom', at: new Date() } as const;
        expect(await decideConflict(world.database.db, { conflictId: row?.id ?? '', ...choice })).toBe(true);
      };
      if (when === 'after') await decide();
      await world.crm`update contact set note = 'Z'`;
      if (when === 'before') {
        await world.sync();
        await decide();
      }
      await world.sync();
      await world.sync();

      expect(world.simulator.tenant.get(first())?.description).toBe('Z');
      const open = (await world.conflicts()).filter(({ state }) => state === 'open');
      expect(open).toMatchObject([{ kind: 'overwritten-in-window', overwritten: [{ value: 'by Tom' }] }]);
      const quiet = await writesSoFar(world);
      await world.sync();
      expect(await writesSoFar(world)).toEqual(quiet);
      // At the latest the next choice is carried out.
      await decide();
      await world.sync();
      if (when === 'after') {
        await decide();
        await world.sync();
      }
      expect(world.simulator.tenant.get(first())?.description).toBe('by Tom');
      expect((await world.people())[0]?.note).toBe('by Tom');
      expect((await world.conflicts()).filter(({ state }) => state !== 'resolved')).toEqual([]);
    },
  );
});
