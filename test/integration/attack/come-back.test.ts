/** A record that was deleted, or seemed to be, and is there again under its id: what became of its link meanwhile. */
import { afterEach, describe, expect, test } from 'vitest';
import { tellStory } from '../../../src/core/value-story.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { forget } from '../../../src/engine/forget.ts';
import { SyncError } from '../../../src/errors.ts';
import { storyText } from '../../../src/report/story-text.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { loadHistory } from '../../../src/store/history.ts';
import { confirmLink, unlink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { dropParked } from '../../../src/store/parked-decisions.ts';
import { requestRevert } from '../../../src/store/reverts.ts';
import { customerId, ourRows, type World, type WorldOptions } from '../../support/world.ts';
import { beginWorld, UNMARKED, withBin } from './bin.ts';
import { createLost } from './lost-create.ts';
import { rightBefore, syncAt, withMoments } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const {
  db,
  customers,
  names,
  idOf,
  bin,
  outOfTheBin,
  takes,
  createdAnew,
  somebodyElse,
  questions,
  overwrittenByTom,
  foundWhileGone,
  openOnes,
} = withBin(() => world);

async function begin(options: WorldOptions = {}) {
  world = await beginWorld(options);
}

describe('forgetting', () => {
  test('whom a created-anew person was before is forgotten along', async () => {
    await begin();
    const old = await createdAnew();
    const id = customerId(world, 'Back');
    await forget(world.engine, { pair: 'main', side: 'udesk', id, who: 'li', keepOut: true });
    const left = await ourRows(
      world,
      `select side, remote_id, state from udesk_sync.record where fields::text like '%Back%'`,
    );
    const seen = await ourRows(
      world,
      `select remote_id from udesk_sync.observation where side = 'crm' and remote_id = '${old}'`,
    );
    expect([left, seen]).toEqual([[], []]);
  });

  test('and so is everybody when it is that record by whose id they are forgotten', async () => {
    await begin();
    const old = await createdAnew();
    await forget(world.engine, { pair: 'main', side: 'crm', id: old, who: 'li', keepOut: true });
    expect(
      await ourRows(world, `select side, remote_id from udesk_sync.record where fields::text like '%Back%'`),
    ).toEqual([]);
  });

  test('with --keep-out they do not come back unsaid, either, once the old one is taken out of the bin', async () => {
    await begin();
    await createdAnew();
    await outOfTheBin();
    await world.sync();
    const id = customerId(world, 'Back');
    await forget(world.engine, { pair: 'main', side: 'udesk', id, who: 'li', keepOut: true });
    await world.sync();
    await world.sync();
    expect(
      await ourRows(world, `select side, remote_id from udesk_sync.record where fields::text like '%Back%'`),
    ).toEqual([]);
  });

  test('who is back after they were forgotten is a new person', async () => {
    await begin();
    await createdAnew();
    const id = customerId(world, 'Back');
    world.simulator.tenant.delete(id);
    await world.crm`delete from contact where name = 'Back'`;
    await world.sync();
    await forget(world.engine, { pair: 'main', side: 'udesk', id, who: 'li', keepOut: false });
    await outOfTheBin();
    await world.sync();
    await world.sync();
    expect(customers().includes('Back') || (await questions()) > 0).toBe(true);
  });

  test('who was merged into somebody is forgotten along', async () => {
    await begin();
    const old = await idOf('Back');
    const id = customerId(world, 'Back');
    await world.crm`insert into contact (name, emails) values ('Merged', array['back@example.com', 'merged@example.com'])`;
    await world.crm`delete from contact where name = 'Back'`;
    await world.sync();
    expect(
      await ourRows(
        world,
        `select crm_id from udesk_sync.link where state = 'confirmed' and udesk_id = '${id}'`,
      ),
    ).not.toEqual([{ crm_id: old }]);
    await forget(world.engine, { pair: 'main', side: 'udesk', id, who: 'li', keepOut: true });
    expect(
      await ourRows(
        world,
        `select side, remote_id, state from udesk_sync.record where side = 'crm' and remote_id = '${old}'`,
      ),
    ).toEqual([]);
  });
});

describe('unlink policy', () => {
  test('an overwritten edit is asked about again', async () => {
    await begin({ pair: { deletes: 'unlink' } });
    await overwrittenByTom();
    await bin();
    await world.sync();
    expect((await world.conflicts()).map(({ state }) => state)).toEqual(['resolved']);
    await outOfTheBin('with marker');
    await world.sync();
    await world.sync();
    expect(await openOnes()).toContain('by Tom');
  });

  test('whoever has no e-mail and is back is carried over, or asked about', async () => {
    await begin({ pair: { deletes: 'unlink' }, customers: [{ nick_name: 'Stays' }, { nick_name: 'Back' }] });
    const id = await bin();
    await world.sync();
    await outOfTheBin();
    await world.sync();
    await world.crm`update contact set note = 'edited' where id = ${id}::bigint`;
    await world.sync();
    await world.sync();
    const told = world.simulator.tenant.list().map(({ description }) => description);
    expect(told.includes('edited') || (await questions()) > 0).toBe(true);
  });

  test('whoever is back after both were deleted one after the other', async () => {
    await begin({ pair: { deletes: 'unlink' } });
    await bin();
    await world.sync();
    world.simulator.tenant.delete(customerId(world, 'Back'));
    await world.sync();
    await outOfTheBin();
    await world.sync();
    await world.sync();
    expect(customers().includes('Back') || (await questions()) > 0).toBe(true);
  });
});

describe('a person', () => {
  test('who said that a newcomer is whom a deletion left is asked about the one that is back', async () => {
    await begin();
    const old = await bin();
    await world.sync();
    await world.insert({ name: 'Anew', emails: ['back@example.com'] });
    await world.sync();
    const [question] = await listLinks(db(), { state: 'candidate', limit: 10 });
    expect((await confirmLink(db(), { linkId: question?.id ?? '', who: 'li', at: new Date() })).outcome).toBe(
      'confirmed',
    );
    await world.sync();
    expect(await questions()).toBeLessThanOrEqual(1);
    for (const { id, state, field } of await world.conflicts())
      if (state === 'open')
        await decideConflict(db(), {
          conflictId: id,
          who: 'li',
          take: field === 'nick_name' ? 'udesk' : 'udesk',
          value: null,
          at: new Date(),
        });
    await world.sync();
    expect(await questions()).toBe(0);
    await outOfTheBin();
    await world.sync();
    await world.crm`update contact set note = 'edited' where id = ${old}::bigint`;
    await world.sync();
    await world.sync();
    const told = world.simulator.tenant.list().map(({ description }) => description);
    expect(told.includes('edited') || (await questions()) > 0).toBe(true);
  });

  test('who settled the deletion is asked about the one that is back', async () => {
    await begin();
    await bin();
    await world.sync();
    const [flagged] = await listLinks(db(), { state: 'broken', limit: 10 });
    expect((await unlink(db(), { linkId: flagged?.id ?? '', who: 'li', at: new Date() })).outcome).toBe(
      'unlinked',
    );
    await world.sync();
    await outOfTheBin('with marker');
    await world.sync();
    await world.crm`update contact set note = 'edited' where name = 'Back'`;
    await world.sync();
    await world.sync();
    const told = world.simulator.tenant.list().map(({ description }) => description);
    const asked = await listLinks(db(), { state: 'candidate', limit: 10 });
    expect([told.includes('edited'), asked.length, customers()]).toEqual([false, 1, ['Back', 'Stays']]);
  });
});

describe('created anew', () => {
  test.each(['with marker', 'unmarked'] as const)(
    'nobody is created anew once the one in the bin is back, %s',
    async (marked) => {
      await begin(marked === 'unmarked' ? UNMARKED : {});
      let afterMs = 0;
      const pair = withMoments(world.pair, [
        {
          side: 'crm',
          call: 'create',
          when: 'before',
          times: 1,
          act: () => {
            throw new SyncError('transient', 'away', { side: 'crm' });
          },
        },
      ]);
      const sync = () =>
        runCycle({ ...world.engine, clock: () => new Date(Date.now() + afterMs) }, pair, {
          trigger: 'sync',
          observe: { udesk: 'full', crm: 'full' },
        });
      await bin();
      world.simulator.tenant.edit(customerId(world, 'Back'), { email: 'new@example.com' });
      await sync();
      await takes('udesk');
      await sync();
      expect(
        await ourRows(
          world,
          `select state from udesk_sync.intent where op = 'create' and state <> 'settled'`,
        ),
      ).toEqual([{ state: 'pending' }]);
      await outOfTheBin('with marker');
      await sync();
      afterMs = 600_000;
      await sync();
      await sync();
      expect([await names(), customers()]).toEqual([
        ['Back', 'Stays'],
        ['Back', 'Stays'],
      ]);
    },
  );

  test('who comes back without a common e-mail is asked about, and not made a second time in Udesk', async () => {
    await begin(UNMARKED);
    await createdAnew({ email: 'new@example.com' });
    await outOfTheBin('with marker');
    await world.sync();
    await world.sync();
    expect(customers()).toEqual(['Back', 'Stays']);
  });

  test('a link does not follow a record that it held once', async () => {
    await begin(UNMARKED);
    await createdAnew({ email: 'new@example.com' });
    await outOfTheBin();
    const changes = () => world.sync({ observe: { udesk: 'none', crm: 'changes' } });
    await changes();
    const before = await ourRows(
      world,
      `select udesk_id, crm_id from udesk_sync.link where state = 'confirmed' and udesk_id = '${customerId(world, 'Back')}'`,
    );
    // Merged into somebody else in the CRM.
    await world.crm`delete from contact where emails = array['back@example.com']`;
    await world.crm`insert into contact (name, emails, note) values ('Else', array['back@example.com', 'else@example.com'], 'of Else')`;
    await world.sync();
    await world.sync();
    expect(
      await ourRows(
        world,
        `select udesk_id, crm_id from udesk_sync.link where state = 'confirmed' and udesk_id = '${before[0]?.udesk_id}'`,
      ),
    ).toEqual(before);
  });
});

describe('flag', () => {
  test('whoever is back after both were deleted one after the other', async () => {
    await begin();
    await bin();
    await world.sync();
    world.simulator.tenant.delete(customerId(world, 'Back'));
    await world.sync();
    await outOfTheBin();
    await world.sync();
    await world.sync();
    expect(customers().includes('Back') || (await questions()) > 0).toBe(true);
  });
});

test('whom a flagged link left is not forgotten where the one that is back is taken for the survivor of another', async () => {
  await begin();
  const old = await bin('Back');
  await world.sync();
  const id = customerId(world, 'Back');
  world.simulator.tenant.edit(id, { email: 'new@example.com' });
  await world.sync();
  // Somebody takes it out of the bin and merges another one into it.
  await outOfTheBin('with marker');
  await world.crm`update contact set emails = emails || array['stays@example.com'] where id = ${old}::bigint`;
  await world.crm`delete from contact where name = 'Stays'`;
  await world.insert({ name: 'Third', emails: ['third@example.com'] });
  await world.sync();
  await world.sync();
  world.simulator.tenant.edit(id, { description: 'edited' });
  await world.sync();
  await world.sync();
  const notes = (await world.people()).map(({ note }) => note);
  expect(notes).toContain('edited');
});

test('every overwritten edit is asked about again, also where another one was found while the record was gone', async () => {
  await begin();
  const id = customerId(world, 'Back');
  const away = {
    side: 'udesk',
    call: 'history',
    when: 'before',
    act: () => {
      throw new SyncError('transient', 'the history does not answer');
    },
  } as const;
  const inWindow = (text: string) =>
    rightBefore('udesk', 'update', () => world.simulator.tenant.edit(id, { description: text }));
  await world.crm`update contact set note = 'one' where name = 'Back'`;
  await syncAt(world, [inWindow('by Tom')]);
  expect((await world.conflicts()).map(({ kind, state }) => [kind, state])).toEqual([
    ['overwritten-in-window', 'open'],
  ]);
  await world.crm`update contact set note = 'two' where name = 'Back'`;
  await syncAt(world, [inWindow('by Ann'), away]);
  await bin();
  await syncAt(world, [away]);
  expect((await world.conflicts()).map(({ state }) => state)).toEqual(['resolved']);
  await world.sync();
  await outOfTheBin('with marker');
  await world.sync();
  await world.sync();
  const open = JSON.stringify((await world.conflicts()).filter(({ state }) => state === 'open'));
  expect(open).toContain('by Ann');
  expect(open).toContain('by Tom');
});

test.each(['flag', 'unlink'])(
  'with deletes: %s, what a person decides about an edit that was found after its link had ended does not hang for ever',
  async (deletes) => {
    await begin({ pair: { deletes } });
    const id = customerId(world, 'Back');
    const row = await foundWhileGone();
    const choice = {
      conflictId: row?.id ?? '',
      who: 'li',
      take: 'value',
      value: 'by Tom',
      at: new Date(),
    } as const;
    expect(await decideConflict(db(), choice)).toBe(true);
    await world.sync();
    await outOfTheBin('with marker');
    for (let n = 0; n < 3; n += 1) await world.sync();
    const states = (await world.conflicts()).map(({ state }) => state);
    expect([states.includes('resolving'), world.simulator.tenant.get(id)?.description]).toEqual([
      false,
      'by Tom',
    ]);
  },
);

test('a wish to undo ends with its link', async () => {
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
  expect((await unlink(db(), { linkId, who: 'li', at: new Date() })).outcome).toBe('unlinked');
  await world.sync();
  expect(await ourRows(world, `select state from udesk_sync.revert_field`)).not.toEqual([
    { state: 'waiting' },
  ]);
});

test('explain of a deleted one names the link of its own', async () => {
  await begin();
  const id = await createdAnew({ email: 'new@example.com' });
  await outOfTheBin();
  await world.sync();
  await somebodyElse();
  await world.sync();
  const own = await ourRows(
    world,
    `select id, udesk_id from udesk_sync.link where state = 'confirmed' and crm_id = '${id}'`,
  );
  await world.crm`delete from contact where id = ${id}::bigint`;
  await world.sync();
  const history = await loadHistory(db(), 'main', 'crm', id);
  const told =
    history === null
      ? ''
      : storyText('main', history, tellStory(history, world.pair.spec.fields, true), String);
  expect(told.split('\n')[0]).toContain(`link ${own[0]?.id}, broken`);
});

test('whom a create made that was left alone, seen before our clock was set back', async () => {
  const lost = await createLost({ aheadMs: 3_600_000 });
  world = lost.world;
  const { sync } = lost;
  await sync('changes', 3_600_000);
  await sync();
  const open = await ourRows(world, `select id, kind, at from udesk_sync.parked where state = 'parked'`);
  expect(open.map(({ kind }) => kind)).toEqual(['uncertain-create']);
  await dropParked(db(), { parkedId: String(open[0]?.id), who: 'li', at: new Date() });
  await sync();
  await sync();
  expect(customers()).toEqual(['Linked', 'New']);
});

test('explain names the flagged link of its own', async () => {
  await begin();
  const id = await createdAnew({ email: 'new@example.com' });
  await outOfTheBin();
  await world.sync();
  await somebodyElse();
  await world.sync();
  const own = await ourRows(
    world,
    `select id, udesk_id from udesk_sync.link where state = 'confirmed' and crm_id = '${id}'`,
  );
  expect(own).toHaveLength(1);
  world.simulator.tenant.delete(String(own[0]?.udesk_id));
  await world.sync();
  const history = await loadHistory(db(), 'main', 'crm', id);
  const told =
    history === null
      ? ''
      : storyText('main', history, tellStory(history, world.pair.spec.fields, true), String);
  expect(told).toContain(`link ${own[0]?.id}, broken`);
});
