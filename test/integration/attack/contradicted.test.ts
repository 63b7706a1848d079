/** Whom a search shows before a create, and nobody finds by their id (decision 0006). */
import { describe, expect, test } from 'vitest';
import type { SideRecord } from '../../../src/core/record.ts';
import type { Side } from '../../../src/crm/adapter.ts';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import type { PairRuntime } from '../../../src/engine/context.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { retryParked } from '../../../src/store/parked-decisions.ts';
import { fillCrm } from '../../support/backfill.ts';
import { customerId, ourRows, type World } from '../../support/world.ts';
import { opened } from './opened.ts';

const { worldOf } = opened();

const customers = (world: World) => world.simulator.tenant.list().map(({ nick_name }) => nick_name);

/** Reads both sides whole, so much later than the cycle before by our clock. */
function syncing(world: World, sides: PairRuntime['sides']) {
  let aheadMs = 0;
  return async (laterMs = 0) => {
    aheadMs += laterMs;
    return await runCycle(
      { ...world.engine, clock: () => new Date(Date.now() + aheadMs) },
      { spec: world.pair.spec, sides },
      { trigger: 'sync', observe: { udesk: 'full', crm: 'full' } },
    );
  };
}

describe('P5, P6: whom a search shows, and nobody finds by their id', () => {
  /** Longer than a create waits for search and id to agree. */
  const LATER_MS = 6 * 60_000;

  /** New customers in Udesk, whose e-mails a search of the CRM finds at somebody whom no list and no read shows. */
  async function contradictory(names: readonly string[] = ['New'], pair = {}) {
    const world = await worldOf({ pair, customers: [{ nick_name: 'Linked', email: 'linked@example.com' }] });
    const crm = createMemoryCrm({ asksMany: false, manifest: { externalId: null } });
    const inSearch = new Map<string, SideRecord[]>();
    /** Of any search, in its place. */
    const answers: { lookup: (kind: string) => SideRecord[] | null } = { lookup: () => null };
    const lookup: Side['lookup'] = async (kind, value, call) =>
      answers.lookup(kind) ?? inSearch.get(value) ?? (await crm.side.lookup(kind, value, call));
    const sides = { udesk: world.pair.sides.udesk, crm: { ...crm.side, lookup } };
    const sync = syncing(world, sides);
    const enter = (name: string) =>
      world.simulator.tenant.create({ nick_name: name, email: `${name.toLowerCase()}@example.com` });
    await sync();
    for (const [n, name] of names.entries()) {
      const { email } = enter(name);
      const fields = { name: 'Entered and deleted', emails: [{ id: null, value: email ?? '' }] };
      inSearch.set(email ?? '', [
        { id: `${987 + n}`, externalId: null, version: null, updatedAt: null, fields },
      ]);
    }
    await sync();
    const inCrm = () => crm.table.list().map(({ fields }) => fields.name);
    const parked = () =>
      ourRows(world, `select id, kind, message from udesk_sync.parked where state = 'parked'`);
    return { world, crm, inSearch, answers, sync, enter, inCrm, parked };
  }

  test('may be there, so nobody is created beside them; once the search has caught up, somebody is', async () => {
    const { world, inSearch, sync, inCrm, parked } = await contradictory();
    await sync(LATER_MS);
    expect(inCrm()).toEqual(['Linked']);
    expect(await parked()).toEqual([]);
    inSearch.clear();
    await sync(LATER_MS);

    expect(inCrm()).toEqual(['Linked', 'New']);
    // P7: nor was anybody taken for deleted with them.
    expect(customers(world).toSorted()).toEqual(['Linked', 'New']);
  });

  test('is matched once the side shows them', async () => {
    const { world, crm, inSearch, sync, inCrm } = await contradictory();
    inSearch.clear();
    crm.table.insert({ name: 'New', emails: ['new@example.com'] });
    for (let n = 0; n < 2; n += 1) await sync(LATER_MS);

    expect(inCrm()).toEqual(['Linked', 'New']);
    expect(customers(world).toSorted()).toEqual(['Linked', 'New']);
  });

  test('keeps nobody else waiting, and counts as no failure of the side', async () => {
    const { sync, enter, inCrm } = await contradictory([...'ABCDEFGHIJKL']);
    enter('Innocent');
    const report = await sync(LATER_MS);

    expect(inCrm()).toEqual(['Linked', 'Innocent']);
    expect(report.push).toMatchObject({ settled: 1, pausedSides: [] });
  });

  test('does not keep an edit of their source waiting', async () => {
    const { world, sync, inCrm } = await contradictory();
    world.simulator.tenant.edit(customerId(world, 'New'), { email: 'right@example.com' });
    for (let n = 0; n < 2; n += 1) await sync(LATER_MS);

    expect(inCrm()).toEqual(['Linked', 'New']);
  });

  test('whoever is kept out among them, too', async () => {
    const { world, sync, inCrm, parked } = await contradictory();
    await ourRows(
      world,
      `insert into udesk_sync.kept_out (pair, side, remote_id, at) values ('main', 'crm', '987', now()) returning 1`,
    );
    await sync(LATER_MS);
    expect([inCrm(), await parked()]).toEqual([['Linked'], []]);
  });

  test('for half an hour: a person is asked, and asked again at once where it was tried again in vain', async () => {
    const { world, inSearch, sync, inCrm, parked } = await contradictory();
    for (let n = 0; n < 7; n += 1) await sync(LATER_MS);
    expect(await parked()).toEqual([]);
    await sync(LATER_MS);
    expect(inCrm()).toEqual(['Linked']);
    const message =
      'crm shows record 987 to whoever searches for one of its e-mails or phones, and not to whoever reads it by its id';
    const tryAgain = async () => {
      const [row] = await parked();
      expect(row).toMatchObject({ kind: 'rejected', message });
      await retryParked(world.database.db, { parkedId: String(row?.id), who: 'ann', at: new Date() });
      await sync(LATER_MS);
    };
    await tryAgain();
    inSearch.clear();
    await tryAgain();
    expect(await parked()).toEqual([]);
    expect(inCrm()).toEqual(['Linked', 'New']);
  });

  test('where nobody looks more often than once an hour, a person is asked after the second look', async () => {
    const { sync, parked } = await contradictory();
    expect(await parked()).toEqual([]);
    await sync(3_600_000);
    expect(await parked()).toMatchObject([{ kind: 'rejected' }]);
  });

  test('and by an office line that thousands hold, does not keep others out', async () => {
    const line = '01012345678';
    const { world, crm, answers, sync, inCrm } = await contradictory([], {
      create: '{ inCrm: true, inUdesk: false }',
    });
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8])
      crm.table.insert({ name: `P${n}`, emails: [`p${n}@example.com`], phones: [line] });
    const fields = { name: 'Ghost', phones: [{ id: null, value: line }] };
    const ghost = { id: '987', externalId: null, version: null, updatedAt: null, fields };
    answers.lookup = (kind) => (kind === 'cellphone' ? [ghost] : null);
    await sync(LATER_MS);
    world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com', cellphones: [line] });
    await sync(LATER_MS);
    expect(inCrm()).toContain('New');
  });

  test('and of a create that the CRM would not take for the moment nobody says that it may have happened', async () => {
    const { crm, inSearch, sync, enter, inCrm, parked } = await contradictory([]);
    const { email } = enter('New');
    crm.faults.push({ on: 'create', kind: 'throttled' });
    await sync();
    const fields = { name: 'Entered and deleted', emails: [{ id: null, value: email ?? '' }] };
    inSearch.set(email ?? '', [{ id: '987', externalId: null, version: null, updatedAt: null, fields }]);
    for (let n = 0; n < 3; n += 1) await sync(LATER_MS);
    expect([inCrm(), await parked()]).toEqual([['Linked'], []]);
    inSearch.clear();
    await sync(LATER_MS);
    expect(inCrm()).toEqual(['Linked', 'New']);
  });

  test.each([false, true])(
    'and may be what a create of ours made: a person is asked at once (source edited meanwhile: %s)',
    async (isEdited) => {
      const { world, crm, sync, enter, parked, answers } = await contradictory([]);
      const { id } = enter('New');
      const made = () => crm.table.all().filter(({ fields }) => fields.name === 'New');
      crm.faults.push({ on: 'create', kind: 'ambiguous-after' });
      // Lists and reads leave out what it made, and the search shows it once the create counts as lost.
      let looks = 0;
      answers.lookup = () => {
        const [record] = made();
        if (record === undefined) return null;
        crm.table.hide(record.id);
        looks += 1;
        return looks <= 2 ? [] : [{ ...record, version: null, updatedAt: null }];
      };
      await sync();
      const [question] = await parked();
      expect(question).toMatchObject({ kind: 'uncertain-create' });
      if (isEdited) world.simulator.tenant.edit(id, { email: 'other@example.com' });
      await sync(LATER_MS);
      answers.lookup = () => null;
      crm.table.show(made()[0]?.id ?? '');
      for (let n = 0; n < 3; n += 1) await sync(LATER_MS);
      expect(made()).toHaveLength(1);
      expect(customers(world).toSorted()).toEqual(['Linked', 'New']);
    },
  );
});

test('P5: a create that waits for search and id to agree goes in no batch that begins meanwhile', async () => {
  const world = await worldOf({ pair: { create: '{ inCrm: false, inUdesk: true }' } });
  const { udesk, crm } = world.pair.sides;
  const there: SideRecord = {
    ...{ id: '98765', externalId: null, version: null, updatedAt: null },
    fields: { nick_name: 'There', emails: [{ id: null, value: 'new@example.com' }] },
  };
  const lookup: Side['lookup'] = async (kind, value, call) =>
    value === 'new@example.com' ? [there] : await udesk.lookup(kind, value, call);
  const read: Side['read'] = async (id, call) => (id === there.id ? null : await udesk.read(id, call));
  const own = { lookup, read };
  const sides = {
    crm,
    udesk: new Proxy(udesk, { get: (side, key) => Reflect.get(key in own ? own : side, key) as unknown }),
  };
  const sync = syncing(world, sides);
  await sync();
  await world.insert({ name: 'New', emails: ['new@example.com'] });
  await sync();
  await fillCrm(world, 150);
  for (let n = 0; n < 2; n += 1) await sync(6 * 60_000);

  expect(customers(world)).toHaveLength(150);
  expect(customers(world)).not.toContain('New');
  expect(await ourRows(world, `select 1 from udesk_sync.intent where state = 'pending'`)).toHaveLength(1);
});
