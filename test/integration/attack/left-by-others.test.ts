/** What is left of whom others were taken for: forgotten since, or merged into them. */
import { afterEach, describe, expect, test } from 'vitest';
import { forget } from '../../../src/engine/forget.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { confirmLink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { customerId, ourRows, type World, type WorldOptions } from '../../support/world.ts';
import { beginWorld, ONE_OR_TWO, UNMARKED, withBin } from './bin.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const { bin, overwrittenByTom, openOnes, parted, db, idOf } = withBin(() => world);

async function begin(options: WorldOptions = {}) {
  world = await beginWorld(options);
}

const erase = (side: 'udesk' | 'crm', id: string) =>
  forget(world.engine, { pair: 'main', side, id, who: 'li', keepOut: true });

describe('forget', () => {
  test('both of two whom a person parted, one after the other: no link is left that names nobody', async () => {
    await begin(UNMARKED);
    const { id, crmId } = await parted();
    await erase('crm', crmId);
    await erase('udesk', id);
    const left = await ourRows(
      world,
      `select udesk_id, crm_id, state, decided_by, evidence from udesk_sync.link where udesk_id is null and crm_id is null`,
    );
    expect(left).toEqual([]);
  });
});

describe('forget, decision 0021: the question itself goes', () => {
  test('nothing names them in a question about several that was answered with yes, about somebody else', async () => {
    await begin(ONE_OR_TWO);
    const [one, two] = [await idOf('One'), await idOf('Two')];
    const [question] = await listLinks(db(), { state: 'candidate', limit: 10 });
    const yes = {
      linkId: question?.id ?? '',
      who: 'li',
      at: new Date(),
      udeskId: customerId(world, 'Back'),
      crmId: one,
    };
    expect((await confirmLink(db(), yes)).outcome).toBe('confirmed');
    await world.crm`delete from contact where name = 'Two'`;
    await world.sync();
    await world.sync();
    await forget(world.engine, { pair: 'main', side: 'crm', id: two, who: 'li', keepOut: false });
    const links = await ourRows(world, `select candidates, evidence from udesk_sync.link`);
    expect(JSON.stringify(links)).not.toMatch(new RegExp(`"${two}\\\\*"`));
  });
});

describe('P2, P6: an edit that a write of ours had replaced, of a customer who becomes the survivor of another', () => {
  test.each([
    { deletes: 'flag', choice: 'nobody has chosen yet' },
    { deletes: 'flag', choice: 'a choice waits with their link' },
    { deletes: 'unlink', choice: 'nobody has chosen yet' },
  ])(
    'is asked about again by the link that goes over to them (deletes: $deletes, $choice)',
    async ({ deletes, choice }) => {
      await begin({ ...UNMARKED, pair: { deletes } });
      await overwrittenByTom();
      if (choice !== 'nobody has chosen yet') {
        const [row] = await world.conflicts();
        const said = { conflictId: row?.id ?? '', who: 'li', take: 'value', value: 'by Tom' } as const;
        expect(await decideConflict(db(), { ...said, at: new Date() })).toBe(true);
      }
      await bin();
      await world.sync();
      await world.sync();
      expect(await openOnes()).toBe('[]');
      const back = customerId(world, 'Back');
      world.simulator.tenant.merge(customerId(world, 'Stays'), back);
      for (let n = 0; n < 3; n += 1) await world.sync();
      const links = await listLinks(db(), { state: 'confirmed', limit: 10 });
      expect(links.map(({ udeskId }) => udeskId)).toEqual([back]);
      expect(await openOnes()).toContain('by Tom');
    },
  );
});

describe('P2: an edit of a customer that a write of ours had replaced, and whose former counterpart is forgotten', () => {
  test.each([false, true])(
    'is asked about again once they are linked anew (forgotten: %s)',
    async (forgotten) => {
      await begin(UNMARKED);
      await overwrittenByTom();
      const { crmId } = await parted();
      await world.crm`update contact set emails = array['else@example.com'], name = 'Else' where id = ${crmId}::bigint`;
      await world.sync();
      if (forgotten) await erase('crm', crmId);
      await world.crm`insert into contact (name, emails) values ('Back', array['back@example.com'])`;
      await world.sync();
      await world.sync();
      const links = await listLinks(db(), { state: 'confirmed', limit: 10 });
      expect(links.map(({ udeskId }) => udeskId)).toContain(customerId(world, 'Back'));
      expect(await openOnes()).toContain('by Tom');
    },
  );
});
