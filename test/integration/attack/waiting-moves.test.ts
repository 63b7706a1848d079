/** What waits while the link under it moves. */
import { afterEach, describe, expect, test } from 'vitest';
import { previewRevert } from '../../../src/engine/revert.ts';
import { SyncError } from '../../../src/errors.ts';
import { confirmLink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { requestRevert } from '../../../src/store/reverts.ts';
import { createWorld, customerId, ourRows, type World, type WorldOptions } from '../../support/world.ts';
import { beginWorld, UNMARKED, withBin } from './bin.ts';
import { type Moment, reopen, rightBefore, syncAt, syncPair } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const { db, bin, outOfTheBin, openOnes, partedUnseen, keepsTomsWord, customers, enteredAnew, takes } =
  withBin(() => world);

async function begin(options: WorldOptions = {}) {
  world = await beginWorld(options);
}

const away: Moment = {
  side: 'udesk',
  call: 'history',
  when: 'before',
  act: () => {
    throw new SyncError('transient', 'the history does not answer');
  },
};
const byTom = () =>
  rightBefore('udesk', 'update', () =>
    world.simulator.tenant.edit(customerId(world, 'Back'), { description: 'by Tom' }),
  );

describe('undo: it touches only what is ours', () => {
  /** Ann gets phone and note of the CRM by a write of ours, Bob the same by a person; then Ann goes, and the link to Bob. */
  async function annWritten(): Promise<{ runId: string; ann: string }> {
    world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
    await world.sync();
    await world.crm`update contact set phones = array['13800000001'], note = 'pays late'`;
    const { runId } = await world.sync();
    const ann = customerId(world, 'Ann');
    expect(writtenOn(ann)).toEqual(['13800000001', 'pays late']);
    return { runId, ann };
  }

  async function intoBob(ann: string): Promise<string> {
    const { tenant } = world.simulator;
    tenant.delete(ann);
    const written = { cellphones: ['13800000001'], description: 'pays late' };
    const { id } = tenant.create({ nick_name: 'Bob', email: 'bob@example.com', ...written });
    await world.sync();
    await world.sync();
    const links = await listLinks(db(), { state: 'confirmed', limit: 10 });
    expect(links.map(({ udeskId }) => udeskId)).toEqual([id]);
    expect(writtenOn(id)).toEqual(['13800000001', 'pays late']);
    return id;
  }

  function writtenOn(id: string) {
    const { cellphones, description } = world.simulator.tenant.get(id) ?? {};
    return [...(cellphones ?? []).map(({ content }) => content), description];
  }

  test('asked for after a merge: what was written to the record that is gone is not taken from the survivor', async () => {
    const { runId, ann } = await annWritten();
    const bob = await intoBob(ann);
    const { spec } = world.pair;
    const { wishes } = await previewRevert(world.engine, spec, { run: runId }, false);
    await requestRevert(db(), { pair: 'main', who: 'li', scope: { run: runId }, at: new Date() }, wishes);
    await world.sync();
    await world.sync();
    expect(writtenOn(bob)).toEqual(['13800000001', 'pays late']);
  });

  test('asked for before a merge, and answered with yes after it: the same', async () => {
    const { runId, ann } = await annWritten();
    const { spec } = world.pair;
    // As `revert` shows it, and asks.
    const { wishes } = await previewRevert(world.engine, spec, { run: runId }, false);
    const bob = await intoBob(ann);
    await requestRevert(db(), { pair: 'main', who: 'li', scope: { run: runId }, at: new Date() }, wishes);
    await world.sync();
    await world.sync();
    expect(writtenOn(bob)).toEqual(['13800000001', 'pays late']);
  });
});

describe('P5: a create of unknown outcome, and another mapping', () => {
  test('a stranger who holds nothing of what was sent is not taken for what it made', async () => {
    const fields = (name: string, emails: string) =>
      `[{ udesk: nick_name, crm: ${name} }, { udesk: emails, crm: ${emails} }]`;
    world = await createWorld({
      ...UNMARKED,
      customers: [{ nick_name: 'Stays', email: 'stays@example.com' }],
      pair: { fields: fields('name', 'emails') },
      crmSql: `alter table contact add column full_name text; alter table contact add column mails text[] not null default '{}';`,
    });
    await world.sync();
    world.simulator.tenant.create({ nick_name: 'Ann', email: 'ann@example.com' });
    let sent = false;
    await syncAt(world, [
      rightBefore('crm', 'create', () => {
        sent = true;
        throw new SyncError('ambiguous', 'no answer');
      }),
      {
        side: 'crm',
        call: 'lookup',
        when: 'before',
        act: () => {
          if (sent) throw new SyncError('transient', 'the CRM does not answer');
        },
      },
    ]);
    expect(await ourRows(world, `select op from udesk_sync.intent where state = 'unknown'`)).toEqual([
      { op: 'create' },
    ]);
    // The CRM's columns are renamed, and so is the mapping; meanwhile somebody else is entered.
    await world.crm`update contact set full_name = name, mails = emails`;
    await world.crm`insert into contact (full_name, mails) values ('Bob', array['bob@example.com'])`;
    const [changed] = await reopen(world, (yaml) =>
      yaml.replace(fields('name', 'emails'), fields('full_name', 'mails')),
    );
    if (changed === undefined) throw new Error('no pair');
    try {
      for (let n = 0; n < 3; n += 1) await syncPair(world, changed);
    } finally {
      await changed.close();
    }
    const bob = await world.crm`select mails from contact where 'bob@example.com' = any(mails)`;
    expect(bob.map(({ mails }) => mails as unknown)).toEqual([['bob@example.com']]);
    const ann = world.simulator.tenant.get(customerId(world, 'Ann'));
    expect([ann?.email, ...(ann?.other_emails ?? []).map(({ content }) => content)]).toEqual([
      'ann@example.com',
    ]);
  });
});

describe('P2, P3: an edit that our write replaced, found once its link has ended, and asked about with the link that is gone', () => {
  test.each(['the policy', 'a person'])(
    'where %s ended it and the customer is linked with a new record by then',
    async (who) => {
      await begin({ ...UNMARKED, pair: { deletes: who === 'a person' ? 'flag' : 'unlink' } });
      const id = customerId(world, 'Back');
      await world.crm`update contact set note = 'one' where name = 'Back'`;
      await syncAt(world, [byTom(), away]);
      if (who === 'the policy') {
        await bin();
        await syncAt(world, [away]);
      } else {
        const { crmId } = await partedUnseen();
        await world.crm`update contact set emails = array['else@example.com'], name = 'Else' where id = ${crmId}::bigint`;
        await syncAt(world, [away]);
      }
      await world.sync();
      expect(await openOnes()).toContain('by Tom');
      await world.crm`insert into contact (name, emails) values ('Back', array['back@example.com'])`;
      await world.sync();
      await world.sync();
      const links = await listLinks(db(), { state: 'confirmed', limit: 10 });
      expect(links.map(({ udeskId }) => udeskId)).toContain(id);
      await keepsTomsWord(id);
    },
  );
});

test('P6: whose create waited while they were deleted and seemed merged is created, or asked about, once they are back', async () => {
  await begin(UNMARKED);
  await world.insert({ name: 'New', emails: ['new@example.com'] });
  const down: Moment = {
    side: 'udesk',
    call: 'create',
    when: 'before',
    act: () => {
      throw new SyncError('transient', 'Udesk does not answer');
    },
  };
  await syncAt(world, [down]);
  await bin('New');
  await world.crm`update contact set emails = emails || 'new@example.com'::text where name = 'Stays'`;
  await syncAt(world, [down]);
  await world.sync();
  await world.crm`update contact set emails = array['stays@example.com'] where name = 'Stays'`;
  await world.sync();
  await world.sync();
  await outOfTheBin();
  await ourRows(world, `update udesk_sync.intent set not_before = null`);
  for (let n = 0; n < 4; n += 1) await world.sync();
  const asked = await listLinks(db(), { state: 'candidate', limit: 10 });
  expect(asked.length > 0 || customers().includes('New')).toBe(true);
});

describe('a person is asked about a deletion against an edit, and the deleted one is entered anew', () => {
  /** Back is deleted in the CRM and edited in Udesk; before anybody answers, somebody enters them anew. */
  async function goneAndEnteredAnew() {
    await begin(UNMARKED);
    await bin();
    world.simulator.tenant.edit(customerId(world, 'Back'), { description: 'Called back' });
    const linkId = await enteredAnew();
    expect(await openOnes()).toContain('"field":"*"');
    return linkId;
  }
  const backs = async () =>
    (await world.people()).filter(({ emails }) => emails.includes('back@example.com'));

  test('P5: who keeps the edit does not make them a second time, as somebody is asked whether they are there', async () => {
    await goneAndEnteredAnew();
    await takes('udesk');
    for (let n = 0; n < 3; n += 1) await world.sync();
    expect((await backs()).length).toBe(1);
  });

  test('P6: a yes to that question is taken, as it is where the link was flagged', async () => {
    const linkId = await goneAndEnteredAnew();
    expect((await confirmLink(db(), { linkId, who: 'li', at: new Date() })).outcome).toBe('confirmed');
    for (let n = 0; n < 3; n += 1) await world.sync();
    expect((await backs()).map(({ note }) => note)).toEqual(['Called back']);
  });
});
