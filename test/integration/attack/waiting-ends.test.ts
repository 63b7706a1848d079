/** What a person said, or wanted undone, and what becomes of it once what it was about is over. */
import { afterEach, expect, test } from 'vitest';
import { previewRevert } from '../../../src/engine/revert.ts';
import { SyncError } from '../../../src/errors.ts';
import { judgePlan } from '../../../src/store/approvals.ts';
import { confirmLink, unlink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { requestRevert } from '../../../src/store/reverts.ts';
import { createWorld, customerId, ourRows, type World } from '../../support/world.ts';
import { beginWorld, UNMARKED, withBin } from './bin.ts';
import { syncAt } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const { db, bin, customers, outOfTheBin, openOnes } = withBin(() => world);

test.each(['the link is unlinked and confirmed again', 'the record is deleted, and back'])(
  'P6: what an undo left apart is asked about, also where the link ended before the next plan: %s',
  async (how) => {
    world = await createWorld({
      ...UNMARKED,
      customers: ['Stays', 'Back'].map((name) => ({
        nick_name: name,
        email: `${name.toLowerCase()}@example.com`,
        description: 'before',
      })),
      pair: { deletes: 'unlink' },
    });
    await world.sync();
    const id = customerId(world, 'Back');
    world.simulator.tenant.edit(id, { description: 'wrong' });
    const { runId } = await world.sync();
    const scope = { run: runId };
    const { wishes } = await previewRevert(world.engine, world.pair.spec, scope, false);
    expect(
      (await requestRevert(db(), { pair: 'main', who: 'li', scope, at: new Date() }, wishes)).taken,
    ).toBe(1);
    // The program is stopped once the undo is written.
    const stop = new AbortController();
    const stopped = syncAt(world, [{ side: 'crm', call: 'update', when: 'after', act: () => stop.abort() }], {
      signal: stop.signal,
    });
    await expect(stopped).rejects.toThrow();
    const noteOf = async () => (await world.people()).find(({ name }) => name === 'Back')?.note;
    expect(await noteOf()).toBe('before');
    expect(await ourRows(world, `select state, carried from udesk_sync.revert_field`)).toEqual([
      { state: 'waiting', carried: ['crm'] },
    ]);
    if (how.includes('unlinked')) {
      const [link] = await ourRows(world, `select id from udesk_sync.link where udesk_id = '${id}'`);
      const said = { linkId: String(link?.id), who: 'li', at: new Date() };
      expect((await unlink(db(), said)).outcome).toBe('unlinked');
      await world.sync();
      expect((await confirmLink(db(), { ...said, at: new Date() })).outcome).toBe('confirmed');
    } else {
      await bin();
      await world.sync();
      await world.sync();
      await outOfTheBin();
    }
    for (let n = 0; n < 3; n += 1) await world.sync();
    const links = await ourRows(world, `select state from udesk_sync.link where udesk_id = '${id}'`);
    expect(links).toEqual([{ state: 'confirmed' }]);
    const equal = (await noteOf()) === world.simulator.tenant.get(id)?.description;
    expect(equal || (await openOnes()).includes('description')).toBe(true);
  },
);

test('a no to a plan is not about the same deletion of another time, which nobody would be told of', async () => {
  world = await beginWorld({ pair: { deletes: 'propagate', guards: '{ deletes: { max: 0, share: 0 } }' } });
  await bin();
  await world.sync();
  const first = await world.sync();
  expect(first.outcome).toBe('waiting');
  const hash = first.waiting?.hash ?? '';
  const no = { pair: 'main', kind: 'guard', hash, verdict: 'reject', who: 'li', at: new Date() } as const;
  expect(await judgePlan(db(), no)).toBe('stored');
  await world.sync();
  await outOfTheBin('with marker');
  await world.sync();
  expect((await world.sync()).outcome).toBe('done');
  const over = await ourRows(world, `select state from udesk_sync.guard`);
  await bin();
  await world.sync();
  const again = await world.sync();
  expect(again.outcome).toBe('waiting');
  const now = await ourRows(
    world,
    `select hash, state from udesk_sync.guard where hash = '${again.waiting?.hash}'`,
  );
  expect([over, now.map(({ state }) => state)]).toEqual([[{ state: 'superseded' }], ['waiting']]);
});

test.each(['a guard', 'Udesk'])(
  'P7: a deletion that waited for %s is not carried out while a person is asked whether who was entered anew is that one',
  async (why) => {
    const guards: Record<string, string> =
      why === 'a guard' ? { guards: '{ deletes: { max: 0, share: 0 } }' } : {};
    world = await beginWorld({ ...UNMARKED, pair: { deletes: 'propagate', ...guards } });
    const id = customerId(world, 'Back');
    const away = {
      side: 'udesk',
      call: 'delete',
      when: 'before',
      act: () => {
        throw new SyncError('transient', 'Udesk does not answer');
      },
    } as const;
    await bin();
    await syncAt(world, [away]);
    await syncAt(world, [away]);
    expect(world.simulator.tenant.get(id)).toBeDefined();
    await world.crm`insert into contact (name, emails) values ('Back', array['back@example.com'])`;
    await syncAt(world, [away]);
    const asked = await syncAt(world, [away]);
    const [question] = await listLinks(db(), { state: 'candidate', limit: 10 });
    expect(question?.candidates?.udesk).toEqual([id]);
    await ourRows(world, `update udesk_sync.intent set not_before = null`);
    await world.sync(asked.waiting === null ? {} : { approve: asked.waiting.hash });
    expect(customers()).toEqual(['Back', 'Stays']);
    expect(customerId(world, 'Back')).toBe(id);
  },
);
