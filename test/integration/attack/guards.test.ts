import { afterEach, describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/errors.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
import { NOTHING, syncAt, syncPair } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const down = () => {
  throw new SyncError('transient', 'the side does not answer');
};
const many = Array.from({ length: 30 }, (_, n) => ({
  nick_name: `Customer ${n}`,
  email: `c${n}@example.com`,
}));
const outcomeOf = (cycle: Promise<{ outcome: string }>) =>
  cycle.then(
    ({ outcome }) => outcome,
    (error: unknown) => (error instanceof SyncError ? error.kind : String(error)),
  );

describe('P8 blast radius', () => {
  test('deletes that wait for a side that is down count against the limit of the next plan', async () => {
    world = await createWorld({
      customers: many,
      pair: { deletes: 'propagate', guards: '{ deletes: { max: 3, share: 1 } }' },
    });
    await world.sync();
    const people = await world.people();
    const remove = async (from: number) => {
      for (const { id } of people.slice(from, from + 3))
        await world.crm`delete from contact where id = ${id}`;
    };
    const downNow = [{ side: 'udesk', call: 'read', when: 'before', act: down }] as const;

    await remove(0);
    await syncAt(world, downNow);
    await remove(3);
    await syncAt(world, downNow);
    await remove(6);
    await syncAt(world, downNow);
    // The pauses before another try are over.
    await ourRows(world, `update udesk_sync.intent set not_before = null`);
    const last = await world.sync();

    expect(world.simulator.tenant.count).toBeGreaterThanOrEqual(27);
    expect(last.outcome).toBe('waiting');
  });

  test('deletes of the plan that ends the first run count against the limit of the next plan', async () => {
    world = await createWorld({
      customers: many,
      people: many.slice(1).map(({ nick_name, email }) => ({ name: nick_name, emails: [email] })),
      pair: { deletes: 'propagate', guards: '{ deletes: { max: 3, share: 1 } }' },
    });
    const stop = new AbortController();
    await expect(
      world.sync({ signal: stop.signal, progress: (text) => text === 'planning' && stop.abort() }),
    ).rejects.toThrow();
    const remove = (from: number, to: number) => {
      for (const { id } of world.simulator.tenant.list().slice(from, to)) world.simulator.tenant.delete(id);
    };

    remove(0, 3);
    expect((await world.sync()).outcome).toBe('done');
    expect(await world.people()).toHaveLength(27);
    remove(0, 1);
    expect((await world.sync()).outcome).toBe('waiting');
    expect(await world.people()).toHaveLength(27);
  });

  test('deletes beside the creates that a person approved count against the limit of the next plan', async () => {
    world = await createWorld({
      customers: many,
      pair: { deletes: 'propagate', guards: '{ deletes: { max: 3, share: 1 }, creates: { perHour: 1 } }' },
    });
    await world.sync();
    const [one, two, three, four] = world.simulator.tenant.list();
    for (const n of [1, 2]) await world.insert({ name: `New ${n}`, emails: [`new${n}@example.com`] });
    const held = await world.sync();
    expect(held.waiting?.tripped.map(({ guard }) => guard)).toEqual(['creates']);

    for (const gone of [one, two, three]) world.simulator.tenant.delete(gone?.id ?? '');
    expect((await world.sync({ approve: held.waiting?.hash ?? '' })).outcome).toBe('done');
    expect(await world.people()).toHaveLength(29);
    world.simulator.tenant.delete(four?.id ?? '');
    expect((await world.sync()).outcome).toBe('waiting');
    expect(await world.people()).toHaveLength(29);
  });

  test('many small plans of updates, cycle after cycle, are held where one large plan would be', async () => {
    world = await createWorld({ customers: many, pair: { guards: '{ updates: { share: 0.3 } }' } });
    await world.sync();
    // Blanks that are filled take nothing away: they count neither now nor later.
    await world.crm`update contact set note = 'first'`;
    expect((await world.sync()).outcome).toBe('done');
    const outcomes: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      // Somebody who is edited again counts once.
      await world.crm`update contact set note = ${`round ${n}`} where name in ('Customer 0', ${`Customer ${3 * n + 1}`},
        ${`Customer ${3 * n + 2}`})`;
      outcomes.push((await world.sync()).outcome);
    }

    // 3, 5, 7, 9 links of 30: nine are allowed. Two more are too many.
    expect(outcomes).toEqual(['done', 'done', 'done', 'done']);
    await world.crm`update contact set note = 'late' where name in ('Customer 20', 'Customer 21')`;
    const held = await world.sync();
    expect(held.outcome).toBe('waiting');
    expect(held.waiting?.tripped.map(({ guard }) => guard)).toEqual(['updates']);
    const notes = world.simulator.tenant.list().filter(({ description }) => description === 'late');
    expect(notes).toHaveLength(0);

    // An hour later the same plan is nothing special.
    await ourRows(world, `update udesk_sync.intent set sent_at = sent_at - interval '61 minutes'`);
    expect((await world.sync()).outcome).toBe('done');
  });

  test('what an empty side holds back is not released by a cycle that did not look at that side', async () => {
    world = await createWorld({ customers: many });
    await world.sync();
    await world.crm`delete from contact`;
    world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com' });
    const held = await world.sync();
    expect(held).toMatchObject({ outcome: 'waiting', observed: { emptySide: 'crm' } });
    expect(held.waiting?.tripped.map(({ guard }) => guard)).toContain('empty-side');

    const next = await world.sync({ observe: { udesk: 'head', crm: 'changes' } });

    expect(next.outcome).toBe('waiting');
    expect(await world.people()).toEqual([]);
  });

  test('deletes that a wrong clock holds back are not released by a cycle that did not look at the clock', async () => {
    world = await createWorld({
      customers: many,
      pair: { deletes: 'propagate', guards: '{ deletes: { max: 5, share: 1 } }' },
    });
    await world.sync();
    world.simulator.tenant.delete(world.simulator.tenant.list()[0]?.id ?? '');
    const sides = {
      ...world.pair.sides,
      crm: new Proxy(world.pair.sides.crm, {
        get: (target, key) =>
          key === 'check'
            ? async (...args: [never]) => ({ ...(await target.check(...args)), clockSkewMs: 600_000 })
            : (Reflect.get(target, key) as unknown),
      }),
    };
    const held = await syncPair(world, { spec: world.pair.spec, sides });
    expect(held).toMatchObject({ outcome: 'waiting', plan: { deletes: { crm: 1 } } });
    expect(held.waiting?.tripped.map(({ guard }) => guard)).toEqual(['clock-skew']);

    const next = await syncPair(
      world,
      { spec: world.pair.spec, sides },
      { observe: { udesk: 'head', crm: 'changes' } },
    );

    expect(next.outcome).toBe('waiting');
    expect(await world.people()).toHaveLength(30);
  });

  test('Udesk’s clock, too: where it is ten minutes off and its calls are taken anyway, a delete waits for a yes', async () => {
    // The signatures with a nonce are refused by then (api.md §1.8); the first generation has no window.
    world = await createWorld({ customers: many, pair: { deletes: 'propagate' }, sign: 'sha1' });
    await world.sync();
    const [gone] = await world.people();
    await world.crm`delete from contact where id = ${gone?.id ?? ''}`;
    world.simulator.set('clock.offset', '600');
    const held = await world.sync();

    expect(held).toMatchObject({ outcome: 'waiting', plan: { deletes: { udesk: 1 } } });
    expect(held.waiting?.tripped.map(({ guard }) => guard)).toEqual(['clock-skew']);
    expect(world.simulator.tenant.count).toBe(30);

    expect((await world.sync({ approve: held.waiting?.hash ?? '' })).outcome).toBe('done');
    expect(world.simulator.tenant.count).toBe(29);
  });

  test('only what takes away waits: an edit beside deletes that are held arrives in the same cycle', async () => {
    world = await createWorld({
      customers: many,
      pair: { deletes: 'propagate', guards: '{ deletes: { max: 3, share: 1 } }' },
    });
    await world.sync();
    const listed = world.simulator.tenant.list();
    for (const { id } of listed.slice(0, 5)) world.simulator.tenant.delete(id);
    world.simulator.tenant.edit(listed[10]?.id ?? '', { nick_name: 'Renamed' });
    world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com' });
    const held = await world.sync();

    expect(held).toMatchObject({ outcome: 'waiting', plan: { deletes: { crm: 5 } } });
    const names = (await world.people()).map(({ name }) => name);
    expect(names).toHaveLength(31);
    expect(names).toEqual(expect.arrayContaining(['Renamed', 'New']));
  });

  test('a table that was exchanged is refused by the lane that reads changes too', async () => {
    world = await createWorld({ customers: [{ nick_name: 'A', email: 'a@example.com' }] });
    await world.sync();
    await world.crm`alter table contact rename to contact_old`;
    await world.crm`create table contact (like contact_old including all)`;
    await world.crm`insert into contact (id, name, emails) overriding system value
      select id, 'Somebody else', array['else@example.com'] from contact_old`;

    const outcome = await outcomeOf(world.sync({ observe: { udesk: 'none', crm: 'changes' } }));

    expect(world.simulator.tenant.list()[0]).toMatchObject({ nick_name: 'A', email: 'a@example.com' });
    expect(outcome).toBe('guard');
  });

  test.each([
    {
      how: 'by its e-mail and phone',
      old: { nick_name: 'Old entry', email: 'old@example.com', cellphones: ['13800000001'] },
    },
    // Only that tells who took its place.
    {
      how: 'by nothing but a phone, kept as it was typed',
      old: { nick_name: 'Old entry', cellphones: ['+86 138-0000-0001'] },
    },
  ])(
    'a merge of two customers in Udesk does not delete the person of the merged one in the CRM, known $how',
    async (merged) => {
      world = await createWorld({
        customers: [...many, merged.old],
        pair: { deletes: 'propagate' },
      });
      await world.sync();
      const [old] = world.simulator.tenant.list();
      const survivor = world.simulator.tenant.list()[5];
      world.simulator.tenant.merge(old?.id ?? '', survivor?.id ?? '');

      await world.sync();
      await world.sync();

      expect(await world.people()).toHaveLength(31);
    },
  );
});

describe('the creates guard does not cry wolf', () => {
  test('the first new customer after an accepted first run is not held for the creates of that run', async () => {
    world = await createWorld({
      customers: many,
      pair: { firstRun: 'review', guards: '{ creates: { perHour: 20 } }' },
    });
    await world.sync();
    await world.sync({ acceptFirstPlan: { who: 'ann' } });
    expect(await world.people()).toHaveLength(30);
    world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com' });

    const report = await world.sync();

    expect(report.outcome).toBe('done');
    expect(await world.people()).toHaveLength(31);
  });
});

describe('nothing grows without bound', () => {
  test('a plan that waits for approval leaves no new rows behind each cycle', async () => {
    world = await createWorld({
      customers: many.slice(0, 5),
      pair: { guards: '{ creates: { perHour: 0 } }' },
    });
    await world.sync();
    for (let n = 0; n < 4; n += 1)
      world.simulator.tenant.create({ nick_name: `n${n}`, email: `n${n}@example.com` });
    await world.sync();
    const count = async () =>
      (await ourRows(world, `select count(*)::int as n from udesk_sync.intent`))[0]?.n;
    const before = await count();

    for (let n = 0; n < 5; n += 1) expect((await world.sync()).outcome).toBe('waiting');

    expect(await count()).toBe(before);
  });

  test('an edit for a customer who vanished, while no sweep is certified, leaves no new row behind each cycle', async () => {
    world = await createWorld({ customers: many.slice(0, 3) });
    await world.sync();
    const gone = world.simulator.tenant.list()[0]?.id ?? '';
    world.simulator.tenant.delete(gone);
    await world.crm`update contact set note = 'edited' where udesk_id = ${gone}`;
    await world.sync({ observe: { udesk: 'head', crm: 'changes' } });
    const count = async () =>
      (await ourRows(world, `select count(*)::int as n from udesk_sync.intent`))[0]?.n;
    const before = await count();

    for (let n = 0; n < 5; n += 1) await world.sync({ observe: NOTHING });

    expect(await count()).toBe(before);
  });
});
