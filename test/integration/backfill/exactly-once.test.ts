import { afterEach, describe, expect, test } from 'vitest';
import { fill, fillCrm, names, namesOf } from '../../support/backfill.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';

let world: World;
afterEach(() => world.close());

const confirmed = () =>
  ourRows(
    world,
    `select count(*)::int as n from udesk_sync.link
     where state = 'confirmed' and udesk_id is not null and crm_id is not null`,
  );

describe('a CRM full of people and an empty Udesk', () => {
  test('P5: everybody arrives exactly once, with far fewer calls than people', async () => {
    world = await createWorld();
    await fillCrm(world, 5_000);

    const reports = await fill(world);
    expect(names(world)).toEqual(namesOf(5_000));
    expect(await confirmed()).toEqual([{ n: 5_000 }]);
    expect(world.simulator.counts().requests).toBeLessThan(5_000 / 20);
    expect(reports.at(-1)?.openConflicts).toBe(0);
    expect(await ourRows(world, `select * from udesk_sync.parked`)).toEqual([]);
    expect(await ourRows(world, `select * from udesk_sync.claim`)).toEqual([]);
    expect(await ourRows(world, `select * from udesk_sync.backfill where ended_at is null`)).toEqual([]);
  }, 300_000);

  test('P4: once it is over, the next cycle writes nothing', async () => {
    world = await createWorld();
    await fillCrm(world, 250);
    await fill(world);
    const quiet = await writesSoFar(world);

    const after = await world.sync();

    expect(after.plan).toMatchObject({ creates: { udesk: 0, crm: 0 }, updates: { udesk: 0, crm: 0 } });
    expect(await writesSoFar(world)).toEqual(quiet);
  });

  test('P6: edits of people who are there already, and of people who wait, arrive meanwhile', async () => {
    world = await createWorld();
    await fillCrm(world, 800);
    const first = await world.sync();
    expect(first.backfill).toMatchObject({ done: 495, left: 305, total: 800, more: true });
    await world.crm`update contact set note = 'edited' where name in ('Person 3', 'Person 790')`;

    await world.sync({ observe: { udesk: 'none', crm: 'changes' } });
    const { list } = world.simulator.tenant;
    const early = list().find(({ nick_name }) => nick_name === 'Person 3');
    expect(early?.description).toBe('edited');
    await fill(world, { observe: { udesk: 'none', crm: 'changes' } });

    const edited = list().filter(({ description }) => description === 'edited');
    expect(edited.map(({ nick_name }) => nick_name).sort()).toEqual(['Person 3', 'Person 790']);
    expect(names(world)).toEqual(namesOf(800));
  });

  test('an agent who enters somebody meanwhile is matched, not doubled', async () => {
    world = await createWorld();
    await fillCrm(world, 700);
    await world.sync();
    world.simulator.tenant.create({ nick_name: 'Person 650', email: 'p650@example.com' });

    await fill(world, { observe: { udesk: 'none', crm: 'changes' } });
    await fill(world);

    expect(names(world)).toEqual(namesOf(700));
    expect(await confirmed()).toEqual([{ n: 700 }]);
  });

  test('while the mirror may lack somebody, creates go one by one and are looked up first', async () => {
    world = await createWorld({ switches: { 'list.cap': '50', 'list.over_cap': 'empty' }, customers: 120 });
    await fillCrm(world, 130);

    const report = await world.sync();

    expect(report.backfill).toMatchObject({ mirrorIncomplete: true, done: 20, batches: 0 });
    expect(Object.keys(world.simulator.counts().byCall)).not.toContain(
      'POST /open_api_v1/customers/batch_import_async',
    );
  });

  test('fewer than a hundred go one by one', async () => {
    world = await createWorld();
    await fillCrm(world, 60);

    const report = await world.sync();

    expect(report.backfill).toBeNull();
    expect(names(world)).toEqual(namesOf(60));
  });
});
