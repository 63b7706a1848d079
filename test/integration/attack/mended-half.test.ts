/** What the mends about people who were entered anew leave behind. */
import { afterEach, describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/errors.ts';
import { confirmLink, rejectLink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { customerId, ourRows, type World, type WorldOptions } from '../../support/world.ts';
import { beginWorld, UNMARKED, withBin } from './bin.ts';
import { type Moment, rightBefore, syncAt } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const { db, idOf, bin, outOfTheBin, customers, openOnes, partedUnseen, keepsTomsWord, enteredAnew, takes } =
  withBin(() => world);

async function begin(options: WorldOptions = {}) {
  world = await beginWorld(options);
}

const by = (linkId: string) => ({ linkId, who: 'li', at: new Date() });

/** Back is deleted in the CRM and, perhaps, edited in Udesk; before anybody answers, somebody enters them anew. @returns the question */
async function goneAndEnteredAnew(edited = true) {
  await begin(UNMARKED);
  await bin();
  if (edited) world.simulator.tenant.edit(customerId(world, 'Back'), { description: 'Called back' });
  return await enteredAnew();
}

async function decide(take: 'udesk' | 'crm', moments: readonly Moment[] = []) {
  await takes(take);
  await syncAt(world, moments);
}

const parkedOnes = async () =>
  await ourRows(
    world,
    `select message from udesk_sync.parked where state = 'parked' and message ~ 'answer question'`,
  );

describe('a write that waits for a question goes on once it is answered with no', () => {
  test('whoever keeps the edit gets the record', async () => {
    const linkId = await goneAndEnteredAnew();
    await decide('udesk');
    expect(await parkedOnes()).toHaveLength(1);
    expect((await rejectLink(db(), by(linkId))).outcome).toBe('rejected');
    for (let n = 0; n < 4; n += 1) await world.sync();
    expect({
      parked: await parkedOnes(),
      backs: (await world.people()).filter(({ note }) => note === 'Called back').length,
    }).toEqual({
      parked: [],
      backs: 1,
    });
  });

  test('whoever settles the deletion gets it', async () => {
    const linkId = await goneAndEnteredAnew();
    const id = customerId(world, 'Back');
    await decide('crm');
    expect(await parkedOnes()).toHaveLength(1);
    expect((await rejectLink(db(), by(linkId))).outcome).toBe('rejected');
    for (let n = 0; n < 4; n += 1) await world.sync();
    expect({
      parked: await parkedOnes(),
      there: world.simulator.tenant.list().some((one) => String(one.id) === id),
    }).toEqual({
      parked: [],
      there: false,
    });
  });
});

test('P5: whoever keeps the edit gets no second record where the CRM does not say who holds an e-mail', async () => {
  const linkId = await goneAndEnteredAnew();
  const silent: Moment = {
    side: 'crm',
    call: 'lookup',
    when: 'before',
    act: () => {
      throw new SyncError('rejected', 'thousands share it');
    },
  };
  const backs = async () => (await world.people()).filter(({ name }) => name === 'Back').length;
  await decide('udesk', [silent]);
  expect([await backs(), await parkedOnes()]).toEqual([
    1,
    [{ message: expect.stringMatching(`may be who is to be created anew: answer question ${linkId} first`) }],
  ]);
  expect((await rejectLink(db(), by(linkId))).outcome).toBe('rejected');
  for (let n = 0; n < 4; n += 1) await syncAt(world, [silent]);
  expect([await backs(), await parkedOnes()]).toEqual([2, []]);
});

describe('P5: a yes to who was entered anew does not say that the one in the bin is somebody else', () => {
  test.each([
    ['flagged', false],
    ['left alone, as it was edited', true],
  ])('the link was %s', async (_, edited) => {
    const linkId = await goneAndEnteredAnew(edited);
    expect((await confirmLink(db(), by(linkId))).outcome).toBe('confirmed');
    for (let n = 0; n < 3; n += 1) await world.sync();
    await world.crm`update bin set emails = array['old@example.com'], name = 'Old'`;
    await outOfTheBin();
    for (let n = 0; n < 3; n += 1) await world.sync();
    const asked = await listLinks(db(), { state: 'candidate', limit: 10 });
    expect([customers(), asked.length]).toEqual([['Back', 'Stays'], 1]);
  });
});

describe('P2, P3: an edit that our write replaced, found once its customer is linked with a new record', () => {
  const away: Moment = {
    side: 'udesk',
    call: 'history',
    when: 'before',
    act: () => {
      throw new SyncError('transient', 'the history does not answer');
    },
  };

  async function foundLate() {
    await begin({
      ...UNMARKED,
      pair: { create: '{ inUdesk: false, inCrm: false }' },
      people: [
        { name: 'Stays', emails: ['stays@example.com'] },
        { name: 'Back', emails: ['back@example.com'] },
      ],
    });
    const id = customerId(world, 'Back');
    await world.crm`update contact set note = 'one' where name = 'Back'`;
    await syncAt(world, [
      rightBefore('udesk', 'update', () => world.simulator.tenant.edit(id, { description: 'by Tom' })),
      away,
    ]);
    const { crmId } = await partedUnseen();
    await world.crm`update contact set emails = array['else@example.com'], name = 'Else' where id = ${crmId}::bigint`;
    await world.crm`insert into contact (name, emails) values ('Back', array['back@example.com'])`;
    await syncAt(world, [away]);
    await syncAt(world, [away]);
    const links = await listLinks(db(), { state: 'confirmed', limit: 10 });
    expect(links.filter(({ udeskId }) => udeskId === id).map((one) => one.crmId)).toEqual([
      await idOf('Back'),
    ]);
    await world.sync();
    await world.sync();
    expect(await openOnes()).toContain('by Tom');
    return id;
  }

  test('stays open when the record that it had before is linked with somebody else', async () => {
    await foundLate();
    world.simulator.tenant.create({ nick_name: 'Else', email: 'else@example.com' });
    for (let n = 0; n < 3; n += 1) await world.sync();
    expect(await openOnes()).toContain('by Tom');
  });

  test('and a decision about it is carried out', async () => {
    const id = await foundLate();
    await keepsTomsWord(id);
  });
});
