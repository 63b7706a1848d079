/** Records that come back, further: both of a link, merged ones, whom a person parted, and what `forget` makes of them. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import { forget } from '../../../src/engine/forget.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { unlink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { dropParked } from '../../../src/store/parked-decisions.ts';
import { requestRevert } from '../../../src/store/reverts.ts';
import { customerId, ourRows, type World, type WorldOptions } from '../../support/world.ts';
import { beginWorld, UNMARKED, withBin } from './bin.ts';
import { createLost } from './lost-create.ts';
import { syncPair } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const NOBODY_HAS_AN_EMAIL: WorldOptions = {
  ...UNMARKED,
  customers: [{ nick_name: 'Stays' }, { nick_name: 'Back' }],
};

const {
  db,
  customers,
  names,
  idOf,
  bin,
  outOfTheBin,
  createdAnew,
  somebodyElse,
  questions,
  hiding,
  overwrittenByTom,
  foundWhileGone,
  openOnes,
} = withBin(() => world);

async function begin(options: WorldOptions = {}) {
  world = await beginWorld(options);
}

const stateOf = async (side: string, id: string) =>
  (
    await ourRows(world, `select state from udesk_sync.record where side = '${side}' and remote_id = '${id}'`)
  )[0]?.state;

/** Both are gone, one after the other: first in the CRM, then in Udesk. */
async function bothGone() {
  const id = customerId(world, 'Back');
  const crmId = await bin();
  await world.sync();
  const hidden = new Set([id]);
  const pair = hiding(hidden);
  const sync = () => syncPair(world, pair);
  await sync();
  expect([await stateOf('udesk', id), await stateOf('crm', crmId)]).toEqual(['deleted', 'deleted']);
  return { id, crmId, hidden, sync };
}

describe('flag: both were gone, one after the other', () => {
  test('and are back together, without e-mails: they are not made a second time', async () => {
    await begin(NOBODY_HAS_AN_EMAIL);
    const { hidden, sync } = await bothGone();
    await outOfTheBin();
    hidden.clear();
    await sync();
    await sync();
    expect([await names(), customers()]).toEqual([
      ['Back', 'Stays'],
      ['Back', 'Stays'],
    ]);
  });

  test('and are back one after the other, without e-mails: nobody is made twice on both sides unasked', async () => {
    await begin(NOBODY_HAS_AN_EMAIL);
    const { hidden, sync } = await bothGone();
    await outOfTheBin();
    await sync();
    hidden.clear();
    await sync();
    await sync();
    expect((await names()).length === 2 || (await questions()) > 0).toBe(true);
  });

  test('and are back: an overwritten edit is asked about again', async () => {
    await begin();
    await overwrittenByTom();
    const { hidden, sync } = await bothGone();
    await outOfTheBin('with marker');
    hidden.clear();
    await sync();
    await sync();
    expect(await openOnes()).toContain('by Tom');
  });

  test('a wish to undo ends with the link', async () => {
    await begin();
    await world.crm`update contact set note = 'one' where name = 'Back'`;
    await world.sync();
    const [link] = await ourRows(
      world,
      `select id from udesk_sync.link where udesk_id = '${customerId(world, 'Back')}'`,
    );
    const linkId = String(link?.id);
    const writes = { udesk: [{ before: null, result: 'one' }] };
    await requestRevert(db(), { pair: 'main', who: 'li', scope: { link: linkId }, at: new Date() }, [
      { linkId, field: 'description', writes, bothSides: false },
    ]);
    await bin();
    await world.sync();
    world.simulator.tenant.delete(customerId(world, 'Back'));
    await world.sync();
    await outOfTheBin('with marker');
    await world.sync();
    await world.sync();
    expect(
      await ourRows(world, `select state, decided_by from udesk_sync.link where id = ${linkId}`),
    ).toEqual([{ state: 'broken', decided_by: 'close' }]);
    expect(await ourRows(world, `select state from udesk_sync.revert_field`)).not.toEqual([
      { state: 'waiting' },
    ]);
  });

  test('what a person decides about an edit that was found while the link was flagged does not hang for ever', async () => {
    await begin();
    const id = customerId(world, 'Back');
    const row = await foundWhileGone();
    world.simulator.tenant.delete(id);
    await outOfTheBin('with marker');
    await world.sync();
    await world.sync();
    const choice = {
      conflictId: row?.id ?? '',
      who: 'li',
      take: 'value',
      value: 'by Tom',
      at: new Date(),
    } as const;
    await decideConflict(db(), choice);
    for (let n = 0; n < 3; n += 1) await world.sync();
    const states = (await world.conflicts()).map(({ state }) => state);
    expect([states.includes('resolving'), states.includes('open')]).toEqual([false, false]);
  });
});

test('both were gone at once, and are back together, without e-mails: nobody is made twice on both sides unasked', async () => {
  await begin(NOBODY_HAS_AN_EMAIL);
  const hidden = new Set([customerId(world, 'Back')]);
  const pair = hiding(hidden);
  await bin();
  await syncPair(world, pair);
  await syncPair(world, pair);
  await outOfTheBin();
  hidden.clear();
  await syncPair(world, pair);
  await syncPair(world, pair);
  expect((await names()).length === 2 || (await questions()) > 0).toBe(true);
});

describe('unlink: both were gone, one after the other', () => {
  test('whoever is back second is asked about, and carried over once a person has said that they are two', async () => {
    await begin({ ...NOBODY_HAS_AN_EMAIL, pair: { deletes: 'unlink' } });
    const { id, hidden, sync } = await bothGone();
    await outOfTheBin();
    await sync();
    await sync();
    expect(customers()).toEqual(['Back', 'Back', 'Stays']);
    hidden.clear();
    await sync();
    world.simulator.tenant.edit(id, { description: 'edited' });
    await sync();
    await sync();
    expect(await questions()).toBe(1);
    await somebodyElse();
    await sync();
    expect((await world.people()).map(({ note }) => note)).toContain('edited');
    expect(await questions()).toBe(0);
  });
});

describe('forgetting', () => {
  test.each(['the one', 'the other'])(
    'of two of whom a person said that they are not the same, forgetting %s leaves the other',
    async (whom) => {
      await begin(UNMARKED);
      const old = await createdAnew({ email: 'new@example.com' });
      const first = customerId(world, 'Back');
      await outOfTheBin();
      await world.sync();
      await world.crm`update contact set name = 'Else' where id = ${old}::bigint`;
      await world.sync();
      await somebodyElse();
      await world.sync();
      expect(customers()).toEqual(['Back', 'Else', 'Stays']);
      const other = customerId(world, 'Else');
      await forget(world.engine, {
        pair: 'main',
        side: 'udesk',
        id: whom === 'the one' ? first : other,
        who: 'li',
        keepOut: true,
      });
      const left = await ourRows(
        world,
        `select side, remote_id from udesk_sync.record where side = 'udesk' and remote_id in ('${first}', '${other}')`,
      );
      expect(left).toEqual([{ side: 'udesk', remote_id: whom === 'the one' ? other : first }]);
    },
  );
});

test('whose link had gone over to a survivor by mistake, and was ended by a person, is forgotten with their own former record', async () => {
  await begin(UNMARKED);
  const id = customerId(world, 'Back');
  const old = await idOf('Back');
  await bin();
  await world.crm`insert into contact (name, emails) values ('Else', array['back@example.com', 'else@example.com'])`;
  await world.sync();
  const [moved] = await ourRows(
    world,
    `select id, crm_id from udesk_sync.link where state = 'confirmed' and udesk_id = '${id}'`,
  );
  expect(moved?.crm_id).not.toBe(old);
  expect((await unlink(db(), { linkId: String(moved?.id), who: 'li', at: new Date() })).outcome).toBe(
    'unlinked',
  );
  await world.sync();
  await forget(world.engine, { pair: 'main', side: 'udesk', id, who: 'li', keepOut: true });
  expect(
    await ourRows(
      world,
      `select side, remote_id from udesk_sync.record where side = 'crm' and remote_id = '${old}'`,
    ),
  ).toEqual([]);
});

describe('merges', () => {
  test('two who are one, merged on either side, go on', async () => {
    await begin({
      customers: [
        { nick_name: 'Stays', email: 'stays@example.com' },
        { nick_name: 'One', email: 'one@example.com' },
        { nick_name: 'Two', email: 'two@example.com' },
      ],
    });
    const one = customerId(world, 'One');
    // In Udesk Two is merged into One, in the CRM One into Two.
    world.simulator.tenant.merge(customerId(world, 'Two'), one);
    await world.crm`delete from contact where name = 'One'`;
    await world.crm`update contact set emails = array['two@example.com', 'one@example.com'] where name = 'Two'`;
    await world.sync();
    await world.sync();
    world.simulator.tenant.edit(one, { description: 'edited' });
    await world.sync();
    await world.sync();
    const notes = (await world.people()).map(({ note }) => note);
    expect(notes.includes('edited') || (await questions()) > 0).toBe(true);
  });

  test('in Udesk first, in the CRM later', async () => {
    await begin({
      customers: [
        { nick_name: 'Stays', email: 'stays@example.com' },
        { nick_name: 'One', email: 'one@example.com' },
        { nick_name: 'Two', email: 'two@example.com' },
      ],
    });
    const one = customerId(world, 'One');
    world.simulator.tenant.merge(customerId(world, 'Two'), one);
    await world.sync();
    await world.sync();
    await world.crm`delete from contact where name = 'One'`;
    await world.crm`update contact set emails = array['two@example.com', 'one@example.com'] where name = 'Two'`;
    await world.sync();
    await world.sync();
    world.simulator.tenant.edit(one, { description: 'edited' });
    await world.sync();
    await world.sync();
    const notes = (await world.people()).map(({ note }) => note);
    expect(notes.includes('edited') || (await questions()) > 0).toBe(true);
  });

  test('who was merged into another and is back without a common e-mail is asked about, and not made a second time', async () => {
    await begin(UNMARKED);
    const id = customerId(world, 'Back');
    await bin();
    await world.crm`insert into contact (name, emails) values ('Back', array['back@example.com', 'merged@example.com'])`;
    await world.sync();
    await world.sync();
    expect(customers()).toEqual(['Back', 'Stays']);
    // Another e-mail on both.
    await world.crm`update contact set emails = array['new@example.com'] where name = 'Back'`;
    await world.sync();
    await world.sync();
    expect(world.simulator.tenant.get(id)?.email).toBe('new@example.com');
    await outOfTheBin();
    await world.sync();
    await world.sync();
    expect(customers()).toEqual(['Back', 'Stays']);
  });
});

describe('un-merged', () => {
  test('forgetting somebody who was merged into another by mistake, and is on their own again, leaves the other', async () => {
    await begin(UNMARKED);
    const first = customerId(world, 'Back');
    await bin();
    await world.crm`insert into contact (name, emails) values ('Back', array['back@example.com', 'merged@example.com'])`;
    await world.sync();
    await world.crm`update contact set emails = array['new@example.com'] where name = 'Back'`;
    await world.sync();
    await world.sync();
    await world.crm`update bin set name = 'Else'`;
    await outOfTheBin();
    await world.sync();
    await world.sync();
    const other = customerId(world, 'Else');
    // As it is now they are made unasked; where they are asked about, a person says no.
    if (other === '') await somebodyElse();
    await world.sync();
    const id = customerId(world, 'Else');
    expect(id).not.toBe('');
    await forget(world.engine, { pair: 'main', side: 'udesk', id, who: 'li', keepOut: true });
    expect(await ourRows(world, `select side from udesk_sync.kept_out where remote_id = '${first}'`)).toEqual(
      [],
    );
  });
});

test('a person who settled a deletion is not overruled without a word once the record is back', async () => {
  await begin(UNMARKED);
  await bin();
  await world.sync();
  const [flagged] = await listLinks(db(), { state: 'broken', limit: 10 });
  expect((await unlink(db(), { linkId: flagged?.id ?? '', who: 'li', at: new Date() })).outcome).toBe(
    'unlinked',
  );
  await world.sync();
  await outOfTheBin();
  await world.sync();
  const by = await ourRows(
    world,
    `select decided_by from udesk_sync.link where state = 'confirmed' and udesk_id = '${customerId(world, 'Back')}'`,
  );
  expect([by, (await questions()) > 0]).toEqual([[], true]);
});

describe('clock', () => {
  test.each(['between two runs', 'within one run'])(
    'whoever is entered after a person left a create alone, %s, is carried over or asked about',
    async (moment) => {
      let before: (() => Promise<void>) | null = null;
      const stopped = (side: Side) =>
        new Proxy(side, {
          get(target, key) {
            const member = Reflect.get(target, key) as unknown;
            if (key === 'enumerate')
              return async function* (...args: Parameters<Side['enumerate']>) {
                await before?.();
                before = null;
                yield* target.enumerate(...args);
              };
            return typeof member === 'function'
              ? (...args: unknown[]) => Reflect.apply(member, target, args) as unknown
              : member;
          },
        });
      const lost = await createLost({ aheadMs: 3_600_000, before: stopped });
      world = lost.world;
      const { crm, sync } = lost;
      await sync('changes', 3_600_000);
      await sync();
      const open = await ourRows(world, `select id, kind, at from udesk_sync.parked where state = 'parked'`);
      expect(open.map(({ kind }) => kind)).toEqual(['uncertain-create']);
      const act = async () => {
        await dropParked(db(), { parkedId: String(open[0]?.id), who: 'li', at: new Date() });
        crm.table.insert({ name: 'LATER' });
      };
      if (moment === 'within one run') before = act;
      else await act();
      await sync();
      await sync();
      await sync();
      expect(customers().includes('LATER') || (await questions()) > 0).toBe(true);
    },
  );
});
