/** A create that may have happened: its record is not known, and a person is asked (sync design §8). */
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { confirmLink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
import { NOTHING, syncPair } from '../attack/moments.ts';

const PHONE = '13800000001';

let world: World;
afterEach(async () => {
  await world.close();
});

/** One linked customer, and a new one whose create was carried out without an answer, and is kept in another form. */
async function start() {
  world = await createWorld({ customers: [{ nick_name: 'Linked', email: 'linked@example.com' }] });
  const { tenant } = world.simulator;
  const crm = createMemoryCrm({
    manifest: { externalId: null },
    normalise: (field, value) => (field === 'name' ? value.toUpperCase() : value),
  });
  const sides = { udesk: world.pair.sides.udesk, crm: crm.side };
  const sync = () =>
    runCycle(
      world.engine,
      { spec: world.pair.spec, sides },
      { trigger: 'sync', observe: { udesk: 'full', crm: 'full' } },
    );
  await sync();
  const linked = tenant.list()[0]?.id ?? '';
  const { id: fresh } = tenant.create({ nick_name: 'New', email: 'new@example.com', cellphones: [PHONE] });
  crm.faults.push({ on: 'create', kind: 'ambiguous-after' });
  await sync();
  const names = () => crm.table.list().map(({ fields }) => fields.name);
  expect(names()).toEqual(['LINKED', 'NEW']);
  expect(await parked()).toEqual([{ kind: 'uncertain-create' }]);
  return { tenant, crm, sync, linked, fresh, names };
}

const parked = () => ourRows(world, `select kind from udesk_sync.parked where state = 'parked'`);

describe('P5: whoever a person is asked about is not created again', () => {
  // Found by the simulation (whole-2).
  test('because it takes over the e-mail of somebody who is linked', async () => {
    const { tenant, sync, linked, fresh, names } = await start();
    tenant.edit(linked, { email: 'other@example.com' });
    tenant.edit(fresh, { email: 'linked@example.com' });
    tenant.edit(linked, { email: 'new@example.com' });

    await sync();
    await sync();

    expect(names()).toEqual(['LINKED', 'NEW']);
    expect(await parked()).toEqual([{ kind: 'uncertain-create' }]);
  });

  // Found by the simulation (d1-27): matched with several it was in a question, and nobody knew any more of its create.
  test('because others could be meant as well for a while', async () => {
    const { tenant, crm, sync, fresh, names } = await start();
    tenant.edit(fresh, { email: 'moved@example.com' });
    tenant.create({ nick_name: 'Other', email: 'new@example.com' });
    await sync();
    const made = crm.table.list().find(({ fields }) => fields.name === 'NEW');
    crm.table.edit(made?.id ?? '', { phones: [] });

    await sync();
    await sync();

    expect(names().filter((name) => name === 'NEW')).toHaveLength(1);
    expect(await parked()).toEqual([{ kind: 'uncertain-create' }]);
  });

  test('and whoever says which record it is ends the create with it', async () => {
    const { tenant, crm, sync, fresh, names } = await start();
    await sync();
    const { db } = world.database;
    const [question] = await listLinks(db, { state: 'candidate', limit: 10 });
    expect(question).toMatchObject({ reason: 'the customer is linked to another CRM record' });

    const answer = await confirmLink(db, { linkId: question?.id ?? '', who: 'li', at: new Date() });
    tenant.edit(fresh, { email: 'next@example.com' });
    await sync();

    expect(answer).toMatchObject({ outcome: 'confirmed', udeskId: fresh });
    expect(names()).toEqual(['LINKED', 'NEW']);
    expect(await parked()).toEqual([]);
    const made = crm.table.list().find(({ fields }) => fields.name === 'NEW');
    expect(JSON.stringify(made?.fields)).toContain('next@example.com');
  });

  test('and once it moves, it is matched with the record that holds what was sent', async () => {
    const { tenant, sync, fresh, names } = await start();
    tenant.edit(fresh, { description: 'moved' });

    await sync();

    expect(names()).toEqual(['LINKED', 'NEW']);
    expect(await parked()).toEqual([]);
  });
});

test('P5: what a side shows only a while after it was created is found, and not created a second time', async () => {
  world = await createWorld({ customers: [{ nick_name: 'New', email: 'new@example.com' }] });
  let now = Date.UTC(2026, 0, 1);
  const crm = createMemoryCrm({ clock: () => now, manifest: { externalId: null, lookupLagMs: 5_000 } });
  const sleep = async (ms: number) => {
    now += ms;
  };
  crm.faults.push({ on: 'create', kind: 'ambiguous-after' });
  const sides = { udesk: world.pair.sides.udesk, crm: crm.side };

  await runCycle(
    { ...world.engine, sleep },
    { spec: world.pair.spec, sides },
    { trigger: 'sync', observe: { udesk: 'full', crm: 'full' } },
  );

  expect(crm.table.list()).toHaveLength(1);
  expect(await parked()).toEqual([]);
});

describe('P5: a create that is sent again', () => {
  test('so that a list from between two of them does not tell whether the last one was carried out', async () => {
    world = await createWorld({ customers: [{ nick_name: 'Linked', email: 'linked@example.com' }] });
    const crm = createMemoryCrm({ manifest: { externalId: null } });
    const sync = () => syncPair(world, { ...world.pair, sides: { ...world.pair.sides, crm: crm.side } });
    await sync();
    // Nothing to look it up by.
    world.simulator.tenant.create({ nick_name: 'Keyless' });
    crm.faults.push(
      { on: 'create', kind: 'throttled', retryAfterMs: 0 },
      { on: 'create', kind: 'throttled', retryAfterMs: 0 },
      { on: 'create', kind: 'ambiguous-after' },
    );

    await sync();
    // Its first push is throttled once more; the list of this cycle comes before the try that is carried out.
    await sync();
    expect(crm.faults).toEqual([]);
    await sync();

    expect(crm.table.list().map(({ fields }) => fields.name)).toEqual(['Linked', 'Keyless']);
    expect(await parked()).toEqual([]);
    expect(await ourRows(world, `select distinct state from udesk_sync.intent`)).toEqual([
      { state: 'settled' },
    ]);
  });

  test('is looked for twice each time, also by a process that finds it sent again', async () => {
    world = await createWorld({ customers: [{ nick_name: 'Linked', email: 'linked@example.com' }] });
    let creates = 0;
    const crm = createMemoryCrm({
      manifest: { externalId: null },
      onStep: (operation) => {
        if (operation !== 'create') return;
        creates += 1;
        // Nobody can look right after the second sending.
        if (creates === 2) crm.faults.push({ on: 'lookup', kind: 'transient' });
      },
    });
    /** Searches that do not show yet what was just created. */
    let lagging = 0;
    const side: typeof crm.side = {
      ...crm.side,
      lookup: async (...asked) => {
        const found = await crm.side.lookup(...asked);
        lagging -= 1;
        return lagging < 0 ? found : [];
      },
    };
    const sync = (options = {}) =>
      syncPair(world, { ...world.pair, sides: { ...world.pair.sides, crm: side } }, options);
    await sync();
    creates = 0;
    world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com' });
    crm.faults.push({ on: 'create', kind: 'ambiguous-before' }, { on: 'create', kind: 'ambiguous-after' });
    await sync();
    expect({ creates, faults: crm.faults }).toEqual({ creates: 2, faults: [] });

    lagging = 1;
    await sync({ observe: NOTHING });

    expect(crm.table.list().map(({ fields }) => fields.name)).toEqual(['Linked', 'New']);
  });
});
