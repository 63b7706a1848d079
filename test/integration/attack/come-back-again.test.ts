/** Records that come back, once more: survivors of flagged links, what people said and took back, and edits that two links know. */
import { afterEach, describe, expect, test } from 'vitest';
import { forget } from '../../../src/engine/forget.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { confirmLink, rejectLink, unlink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { customerId, ourRows, type World, type WorldOptions } from '../../support/world.ts';
import { beginWorld, UNMARKED, withBin } from './bin.ts';
import { syncPair } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const {
  db,
  customers,
  names,
  bin,
  outOfTheBin,
  createdAnew,
  somebodyElse,
  questions,
  hiding,
  overwrittenByTom,
  foundWhileGone,
  openOnes,
  bothGone,
  partedAndOneAgain,
} = withBin(() => world);

async function begin(options: WorldOptions = {}) {
  world = await beginWorld(options);
}

describe('the survivor of another leaves the flagged link, whose own record is back later', () => {
  test('merged in Udesk while the CRM record of the survivor was in the bin', async () => {
    await begin({
      ...UNMARKED,
      customers: [
        { nick_name: 'Stays', email: 'stays@example.com' },
        { nick_name: 'One', email: 'one@example.com' },
        { nick_name: 'Two', email: 'two@example.com' },
      ],
    });
    const two = customerId(world, 'Two');
    const id = await bin('Two');
    await world.sync();
    world.simulator.tenant.merge(customerId(world, 'One'), two);
    await world.sync();
    await world.sync();
    await outOfTheBin();
    await world.sync();
    await world.sync();
    await world.crm`update contact set note = 'edited' where id = ${id}::bigint`;
    await world.sync();
    await world.sync();
    const told = world.simulator.tenant.list().map(({ description }) => description);
    expect(told.includes('edited') || (await questions()) > 0).toBe(true);
  });

  test('merged in the CRM while the customer of the survivor was not shown', async () => {
    await begin({
      ...UNMARKED,
      customers: [
        { nick_name: 'Stays', email: 'stays@example.com' },
        { nick_name: 'One', email: 'one@example.com' },
        { nick_name: 'Two', email: 'two@example.com' },
      ],
    });
    const two = customerId(world, 'Two');
    const hidden = new Set([two]);
    const pair = hiding(hidden);
    await syncPair(world, pair);
    await world.crm`delete from contact where name = 'One'`;
    await world.crm`update contact set emails = array['two@example.com', 'one@example.com'] where name = 'Two'`;
    await syncPair(world, pair);
    await syncPair(world, pair);
    hidden.clear();
    await syncPair(world, pair);
    world.simulator.tenant.edit(two, { description: 'edited' });
    await syncPair(world, pair);
    await syncPair(world, pair);
    const notes = (await world.people()).map(({ note }) => note);
    // The conflict of names between One and Two is another question.
    const asked = (await listLinks(db(), { state: 'candidate', limit: 10 })).length;
    expect(notes.includes('edited') || asked > 0).toBe(true);
  });

  test('a person ended the wrong merge: the two are one again, or are asked about', async () => {
    await begin({
      ...UNMARKED,
      customers: [
        { nick_name: 'Stays', email: 'stays@example.com' },
        { nick_name: 'One', email: 'one@example.com' },
        { nick_name: 'Two' },
      ],
    });
    const two = customerId(world, 'Two');
    const id = await bin('Two');
    await world.sync();
    world.simulator.tenant.merge(customerId(world, 'One'), two);
    await world.sync();
    await world.sync();
    const [moved] = await ourRows(
      world,
      `select id from udesk_sync.link where state = 'confirmed' and udesk_id = '${two}'`,
    );
    expect((await unlink(db(), { linkId: String(moved?.id), who: 'li', at: new Date() })).outcome).toBe(
      'unlinked',
    );
    await outOfTheBin();
    await world.sync();
    await world.sync();
    await world.crm`update contact set note = 'edited' where id = ${id}::bigint`;
    await world.sync();
    await world.sync();
    const told = world.simulator.tenant.list().map(({ description }) => description);
    expect(told.includes('edited') || (await questions()) > 0).toBe(true);
  });
});

describe('forget', () => {
  test('whom a person parted, and then said to be one again, is erased on both sides', async () => {
    await begin(UNMARKED);
    const { id, crmId } = await partedAndOneAgain();
    await forget(world.engine, { pair: 'main', side: 'udesk', id, who: 'li', keepOut: true });
    expect(
      await ourRows(
        world,
        `select side, remote_id from udesk_sync.record where side = 'crm' and remote_id = '${crmId}'`,
      ),
    ).toEqual([]);
  });

  test('who was said to be somebody else stays, also after the other one was merged in Udesk', async () => {
    await begin(UNMARKED);
    const old = await createdAnew({ email: 'new@example.com' });
    const first = customerId(world, 'Back');
    await outOfTheBin();
    await world.sync();
    await world.crm`update contact set name = 'Else' where id = ${old}::bigint`;
    await world.sync();
    await somebodyElse();
    await world.sync();
    const other = customerId(world, 'Else');
    expect(customers()).toEqual(['Back', 'Else', 'Stays']);
    // A second customer of Back's, who has no record of their own in the CRM yet.
    world.simulator.tenant.create({ nick_name: 'Survivor', email: 'survivor@example.com' });
    const survivor = customerId(world, 'Survivor');
    world.simulator.tenant.merge(first, survivor);
    await world.sync();
    await world.sync();
    await forget(world.engine, { pair: 'main', side: 'udesk', id: survivor, who: 'li', keepOut: true });
    expect(await ourRows(world, `select side from udesk_sync.kept_out where remote_id = '${other}'`)).toEqual(
      [],
    );
  });
});

describe('an overwritten edit', () => {
  test('both gone at once, both back: asked about again', async () => {
    await begin();
    await overwrittenByTom();
    const { pair, hidden } = await bothGone();
    await outOfTheBin('with marker');
    hidden.clear();
    await syncPair(world, pair);
    await syncPair(world, pair);
    expect(await openOnes()).toContain('by Tom');
  });

  test('flag, gone in turn, back in turn, where nobody is created in Udesk', async () => {
    await begin({ ...UNMARKED, pair: { create: '{ inUdesk: false }' } });
    await overwrittenByTom();
    const hidden = new Set<string>();
    const pair = hiding(hidden);
    await bin();
    await syncPair(world, pair);
    hidden.add(customerId(world, 'Back'));
    await syncPair(world, pair);
    await syncPair(world, pair);
    await outOfTheBin();
    await syncPair(world, pair);
    hidden.clear();
    await syncPair(world, pair);
    await syncPair(world, pair);
    expect(await openOnes()).toContain('by Tom');
  });

  test('unlink policy, and a person had said of somebody else that they are not the same', async () => {
    await begin({ ...UNMARKED, pair: { deletes: 'unlink' } });
    await overwrittenByTom();
    await bin();
    await world.sync();
    // Somebody with the same e-mail twice: a question; answered with no.
    await world.crm`insert into contact (name, emails) values ('X', array['back@example.com']), ('Y', array['back@example.com'])`;
    await world.sync();
    const [asked] = await listLinks(db(), { state: 'candidate', limit: 10 });
    expect((await rejectLink(db(), { linkId: asked?.id ?? '', who: 'li', at: new Date() })).outcome).toBe(
      'rejected',
    );
    await world.crm`delete from contact where name in ('X', 'Y')`;
    await world.sync();
    await outOfTheBin();
    await world.sync();
    await world.sync();
    expect(await openOnes()).toContain('by Tom');
    expect(
      await ourRows(
        world,
        `select decided_by from udesk_sync.link where state = 'confirmed' and udesk_id = '${customerId(world, 'Back')}'`,
      ),
    ).toEqual([{ decided_by: 'restored' }]);
  });

  test('a settled deletion, back, and "the same person": asked about again', async () => {
    await begin(UNMARKED);
    await overwrittenByTom();
    await bin();
    await world.sync();
    const [flagged] = await listLinks(db(), { state: 'broken', limit: 10 });
    await unlink(db(), { linkId: flagged?.id ?? '', who: 'li', at: new Date() });
    await world.sync();
    await outOfTheBin();
    await world.sync();
    const [asked] = await listLinks(db(), { state: 'candidate', limit: 10 });
    expect((await confirmLink(db(), { linkId: asked?.id ?? '', who: 'li', at: new Date() })).outcome).toBe(
      'confirmed',
    );
    await world.sync();
    expect(await openOnes()).toContain('by Tom');
  });
});

describe('settled, back, and "not the same person"', () => {
  test('whom a person settled is not created anew', async () => {
    await begin(UNMARKED);
    await bin();
    await world.sync();
    const [flagged] = await listLinks(db(), { state: 'broken', limit: 10 });
    await unlink(db(), { linkId: flagged?.id ?? '', who: 'li', at: new Date() });
    await world.sync();
    await world.crm`update bin set name = 'Else', emails = array['else@example.com']`;
    await outOfTheBin();
    await world.sync();
    await somebodyElse();
    await world.sync();
    expect(await names()).toEqual(['Else', 'Stays']);
  });
});

describe('both are gone for good', () => {
  test('what a person decides about an edit that was found while the link was flagged does not hang for ever', async () => {
    await begin();
    const id = customerId(world, 'Back');
    const row = await foundWhileGone();
    world.simulator.tenant.delete(id);
    await world.sync();
    await world.sync();
    await decideConflict(db(), {
      conflictId: row?.id ?? '',
      who: 'li',
      take: 'value',
      value: 'by Tom',
      at: new Date(),
    });
    for (let n = 0; n < 3; n += 1) await world.sync();
    const states = (await world.conflicts()).map(({ state }) => state);
    expect([states.includes('resolving'), states.includes('open')]).toEqual([false, false]);
  });
});

describe('parted once, and said to be one again', () => {
  test('both gone at once, both back without a common e-mail: they go on, or a person is asked', async () => {
    await begin(UNMARKED);
    const { id } = await partedAndOneAgain();
    const hidden = new Set([id]);
    const pair = hiding(hidden);
    await bin();
    await syncPair(world, pair);
    await syncPair(world, pair);
    await world.crm`update bin set emails = array['other@example.com']`;
    await outOfTheBin();
    hidden.clear();
    await syncPair(world, pair);
    await syncPair(world, pair);
    await world.crm`update contact set note = 'edited' where name = 'Back'`;
    await syncPair(world, pair);
    await syncPair(world, pair);
    const told = world.simulator.tenant.list().map(({ description }) => description);
    expect(told.includes('edited') || (await questions()) > 0).toBe(true);
  });
});
