/** Records that come back: survivors, what a person said of them once, and what was asked about them. */
import { afterEach, describe, expect, test } from 'vitest';
import { forget } from '../../../src/engine/forget.ts';
import { SyncError } from '../../../src/errors.ts';
import { decideConflict } from '../../../src/store/conflict-decisions.ts';
import { loadHistory } from '../../../src/store/history.ts';
import { confirmLink, rejectLink, unlink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { requestRevert } from '../../../src/store/reverts.ts';
import { customerId, ourRows, type World, type WorldOptions } from '../../support/world.ts';
import { beginWorld, UNMARKED, withBin } from './bin.ts';
import { syncPair, withMoments } from './moments.ts';

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
  openOnes,
  partedAndOneAgain,
} = withBin(() => world);

async function begin(options: WorldOptions = {}) {
  world = await beginWorld(options);
}

const keptOut = async () =>
  (await ourRows(world, `select side, remote_id from udesk_sync.kept_out order by 1, 2`)).map(
    ({ side, remote_id }) => `${side} ${remote_id}`,
  );

describe('forget, too much: a no about two whose link a deletion had ended', () => {
  test('settled, back as somebody else: who was said to be somebody else stays', async () => {
    await begin(UNMARKED);
    const back = customerId(world, 'Back');
    const old = await bin();
    await world.sync();
    const [flagged] = await listLinks(db(), { state: 'broken', limit: 10 });
    await unlink(db(), { linkId: flagged?.id ?? '', who: 'li', at: new Date() });
    await world.sync();
    await world.crm`update bin set name = 'Else', emails = array['else@example.com']`;
    await outOfTheBin();
    await world.sync();
    await somebodyElse();
    await world.sync();
    const other = customerId(world, 'Else');
    expect(customers()).toEqual(['Back', 'Else', 'Stays']);
    await forget(world.engine, { pair: 'main', side: 'udesk', id: back, who: 'li', keepOut: true });
    expect(await keptOut()).not.toContain(`crm ${old}`);
    expect(await keptOut()).not.toContain(`udesk ${other}`);
  });

  test('both gone at once, both back without a common e-mail, "not the same": the other one stays', async () => {
    await begin(UNMARKED);
    const back = customerId(world, 'Back');
    const hidden = new Set([back]);
    const pair = hiding(hidden);
    const old = await bin();
    await syncPair(world, pair);
    await syncPair(world, pair);
    await world.crm`update bin set name = 'Else', emails = array['else@example.com']`;
    await outOfTheBin();
    hidden.clear();
    await syncPair(world, pair);
    await syncPair(world, pair);
    await somebodyElse();
    await world.sync();
    const other = customerId(world, 'Else');
    expect(customers()).toEqual(['Back', 'Else', 'Stays']);
    await forget(world.engine, { pair: 'main', side: 'udesk', id: back, who: 'li', keepOut: true });
    expect(await keptOut()).not.toContain(`crm ${old}`);
    expect(await keptOut()).not.toContain(`udesk ${other}`);
  });
});

describe('forget, too much: the no came after a merge', () => {
  test('created anew, merged in Udesk, back, "not the same": the other one stays', async () => {
    await begin(UNMARKED);
    const old = await createdAnew({ email: 'new@example.com' });
    const first = customerId(world, 'Back');
    world.simulator.tenant.create({ nick_name: 'Survivor', email: 'survivor@example.com' });
    const survivor = customerId(world, 'Survivor');
    world.simulator.tenant.merge(first, survivor);
    await world.sync();
    await world.sync();
    await world.crm`update bin set name = 'Else', emails = array['else@example.com']`;
    await outOfTheBin();
    await world.sync();
    const [asked] = await listLinks(db(), { state: 'candidate', limit: 10 });
    expect(asked?.candidates).toEqual({ udesk: [survivor], crm: [old] });
    await somebodyElse();
    await world.sync();
    const other = customerId(world, 'Else');
    expect(other).not.toBe('');
    await forget(world.engine, { pair: 'main', side: 'udesk', id: survivor, who: 'li', keepOut: true });
    expect(await keptOut()).not.toContain(`crm ${old}`);
    expect(await keptOut()).not.toContain(`udesk ${other}`);
  });
});

describe('unlink policy: a link is restored against a no', () => {
  test('gone in turn, back in turn with a refused create, "not the same", edited', async () => {
    await begin({
      ...UNMARKED,
      pair: { deletes: 'unlink', create: '{ inCrm: false }' },
      people: [
        { name: 'Stays', emails: ['stays@example.com'] },
        { name: 'Back', emails: ['back@example.com'] },
      ],
    });
    const back = customerId(world, 'Back');
    const hidden = new Set<string>();
    const pair = hiding(hidden);
    const old = await bin();
    await syncPair(world, pair);
    hidden.add(back);
    await syncPair(world, pair);
    await outOfTheBin();
    const refusing = withMoments(pair, [
      {
        side: 'udesk',
        call: 'create',
        when: 'before',
        act: () => {
          throw new SyncError('rejected', 'no');
        },
      },
    ]);
    await syncPair(world, refusing);
    hidden.clear();
    await syncPair(world, refusing);
    const [asked] = await listLinks(db(), { state: 'candidate', limit: 10 });
    expect((await rejectLink(db(), { linkId: asked?.id ?? '', who: 'li', at: new Date() })).outcome).toBe(
      'rejected',
    );
    await syncPair(world, refusing);
    await world.crm`update contact set note = 'of somebody else' where id = ${old}::bigint`;
    await syncPair(world, refusing);
    await syncPair(world, refusing);
    expect(
      await ourRows(
        world,
        `select id from udesk_sync.link where state = 'confirmed' and udesk_id = '${back}' and crm_id = '${old}'`,
      ),
    ).toEqual([]);
  });
});

describe('what somebody wants undone', () => {
  test('flagged, the other one is not shown for a moment, both back: the wish is carried out, or a person is asked', async () => {
    await begin();
    const id = customerId(world, 'Back');
    await world.crm`update contact set note = 'one' where name = 'Back'`;
    await world.sync();
    const [link] = await ourRows(world, `select id from udesk_sync.link where udesk_id = '${id}'`);
    const linkId = String(link?.id);
    const hidden = new Set<string>();
    const pair = hiding(hidden);
    await bin();
    await syncPair(world, pair);
    await requestRevert(db(), { pair: 'main', who: 'li', scope: { link: linkId }, at: new Date() }, [
      {
        linkId,
        field: 'description',
        writes: { udesk: [{ before: 'before', result: 'one' }] },
        bothSides: true,
      },
    ]);
    await syncPair(world, pair);
    hidden.add(id);
    await syncPair(world, pair);
    await syncPair(world, pair);
    await outOfTheBin('with marker');
    hidden.clear();
    for (let n = 0; n < 3; n += 1) await syncPair(world, pair);
    const told = world.simulator.tenant.list().find(({ nick_name }) => nick_name === 'Back')?.description;
    expect(told === 'before' || (await questions()) > 0).toBe(true);
  });
});

describe('a yes whose link went over to another record', () => {
  test('parted, one again, created anew, back without a common e-mail: a person is asked', async () => {
    await begin(UNMARKED);
    const { crmId } = await partedAndOneAgain();
    expect(await createdAnew()).toBe(crmId);
    await world.crm`update bin set name = 'Old', emails = array['old@example.com']`;
    await outOfTheBin();
    await world.sync();
    await world.sync();
    expect(customers()).toEqual(['Back', 'Stays']);
    expect(await questions()).toBe(1);
  });

  test('parted, one again, created anew: forgetting erases the first record, too', async () => {
    await begin(UNMARKED);
    const { id, crmId } = await partedAndOneAgain();
    expect(await createdAnew()).toBe(crmId);
    await forget(world.engine, { pair: 'main', side: 'udesk', id, who: 'li', keepOut: true });
    expect(await keptOut()).toContain(`crm ${crmId}`);
  });
});

describe('who was once taken over from a flagged link', () => {
  async function enteredAnew(): Promise<string> {
    const old = await bin();
    await world.sync();
    await world.crm`insert into contact (name, emails) values ('Back', array['back@example.com'])`;
    await world.sync();
    const [asked] = await listLinks(db(), { state: 'candidate', limit: 10 });
    const done = await confirmLink(db(), { linkId: asked?.id ?? '', who: 'li', at: new Date() });
    expect(done.outcome).toBe('confirmed');
    await world.sync();
    return old;
  }

  async function bothGoneAndCustomerBack(name = 'Back') {
    const hidden = new Set([customerId(world, name)]);
    const pair = hiding(hidden);
    await world.crm`delete from contact where name = ${name}`;
    await syncPair(world, pair);
    await syncPair(world, pair);
    hidden.clear();
    await syncPair(world, pair);
    await syncPair(world, pair);
  }

  test('control: both gone, the customer is back: created in the CRM', async () => {
    await begin(UNMARKED);
    await bothGoneAndCustomerBack();
    expect((await names()).includes('Back') || (await questions()) > 0).toBe(true);
  });

  test('entered anew once, then both gone, the customer is back: created in the CRM, or asked about', async () => {
    await begin(UNMARKED);
    await enteredAnew();
    await bothGoneAndCustomerBack();
    expect((await names()).includes('Back') || (await questions()) > 0).toBe(true);
  });

  test('the same, and the first record is back as somebody else', async () => {
    await begin(UNMARKED);
    await enteredAnew();
    await world.crm`update bin set name = 'Else', emails = array['else@example.com']`;
    await outOfTheBin();
    await world.sync();
    await somebodyElse();
    await world.sync();
    expect(customers()).toEqual(['Back', 'Else', 'Stays']);
    await bothGoneAndCustomerBack();
    expect((await names()).includes('Back') || (await questions()) > 0).toBe(true);
  });
});

describe('an overwritten edit of a survivor', () => {
  test('flagged, entered anew in the CRM, "the same person": the edit is asked about again', async () => {
    await begin(UNMARKED);
    await overwrittenByTom();
    await bin();
    await world.sync();
    await world.crm`insert into contact (name, emails, note) values ('Back', array['back@example.com'], 'by the CRM')`;
    await world.sync();
    const [asked] = await listLinks(db(), { state: 'candidate', limit: 10 });
    const done = await confirmLink(db(), { linkId: asked?.id ?? '', who: 'li', at: new Date() });
    expect(done.outcome).toBe('confirmed');
    await world.sync();
    await world.sync();
    expect(await openOnes()).toContain('by Tom');
  });

  test('unlink policy, entered anew in the CRM, matched: the edit is asked about again', async () => {
    await begin({ ...UNMARKED, pair: { deletes: 'unlink' } });
    await overwrittenByTom();
    await bin();
    await world.sync();
    await world.crm`insert into contact (name, emails, note) values ('Back', array['back@example.com'], 'by the CRM')`;
    await world.sync();
    await world.sync();
    expect(await openOnes()).toContain('by Tom');
  });
});

describe('asked again on a new link', () => {
  for (const take of ['value', 'udesk', 'crm', 'base'] as const)
    test(`${take}: what a person decides is carried out`, async () => {
      await begin();
      await overwrittenByTom();
      const hidden = new Set([customerId(world, 'Back')]);
      const pair = hiding(hidden);
      await bin();
      await syncPair(world, pair);
      await syncPair(world, pair);
      await outOfTheBin('with marker');
      hidden.clear();
      await syncPair(world, pair);
      await syncPair(world, pair);
      const open = (await world.conflicts()).filter(({ state }) => state === 'open');
      expect(open.length).toBe(1);
      const value = take === 'value' ? 'by Tom' : null;
      expect(
        await decideConflict(db(), { conflictId: open[0]?.id ?? '', who: 'li', take, value, at: new Date() }),
      ).toBe(true);
      for (let n = 0; n < 3; n += 1) await world.sync();
      const left = (await world.conflicts()).filter(({ state }) => state === 'open' || state === 'resolving');
      expect(left).toEqual([]);
      const note = (await world.people()).find(({ name }) => name === 'Back')?.note ?? null;
      const told =
        world.simulator.tenant.list().find(({ nick_name }) => nick_name === 'Back')?.description ?? null;
      expect(told).toBe(note);
      if (take === 'value') expect(note).toBe('by Tom');
      await world.crm`update contact set note = 'later' where name = 'Back'`;
      await world.sync();
      await world.sync();
      expect(world.simulator.tenant.list().find(({ nick_name }) => nick_name === 'Back')?.description).toBe(
        'later',
      );
    });
});

test('explain of who went over to another, and is back, tells the link that still names them', async () => {
  await begin({ ...UNMARKED, pair: { deletes: 'propagate' } });
  const id = await bin();
  await world.sync();
  await outOfTheBin();
  await world.sync();
  await bin();
  await world.crm`insert into contact (name, emails) values ('Back', array['back@example.com', 'merged@example.com'])`;
  await world.sync();
  await world.crm`update bin set emails = array['old@example.com']`;
  await outOfTheBin();
  await world.sync();
  const links = await ourRows(
    world,
    `select id, crm_id from udesk_sync.link where udesk_id is not null and state <> 'candidate' order by id desc`,
  );
  expect(links.map(({ crm_id }) => crm_id === id)).toContain(true);
  expect(links[0]?.crm_id).not.toBe(id);
  const history = await loadHistory(db(), 'main', 'crm', id);
  expect(history?.link?.crmId).toBe(id);
});
