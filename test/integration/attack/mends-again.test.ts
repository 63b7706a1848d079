/** A second reading of mends: each of these came with one of them, or was left open by it. */
import { describe, expect, test } from 'vitest';
import type { Side } from '../../../src/crm/adapter.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { forget } from '../../../src/engine/forget.ts';
import { letIn } from '../../../src/store/forget.ts';
import { unlink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { fill, fillCrm } from '../../support/backfill.ts';
import { customerId, ourRows, type World } from '../../support/world.ts';
import { reopen, rightBefore, syncAt, syncPair } from './moments.ts';
import { opened } from './opened.ts';

const { closing, worldOf } = opened();

const customers = (world: World) => world.simulator.tenant.list().map(({ nick_name }) => nick_name);
const people = async (world: World) => (await world.people()).map(({ name }) => name);
const wish = (side: 'udesk' | 'crm', id: string) => ({
  ...{ pair: 'main', side, id, who: 'ann', keepOut: true },
});

describe('forgetting one person', () => {
  test('P2, P6: does not take along from whom a person parted them after a deletion that was taken back', async () => {
    const world = await worldOf({
      customers: [{ nick_name: 'Other' }, { nick_name: 'Wrong', email: 'office@example.com' }],
      people: [{ name: 'Wrong', emails: ['office@example.com'] }],
    });
    await world.sync();
    await world.crm`create table bin as select * from contact where emails <> '{}'`;
    await world.crm`delete from contact where emails <> '{}'`;
    await world.sync();
    await world.crm`insert into contact overriding system value select * from bin`;
    await world.sync();
    const wrong = customerId(world, 'Wrong');
    const link = (await listLinks(world.database.db, { limit: 9 })).find(({ udeskId }) => udeskId === wrong);
    expect(link).toMatchObject({ state: 'confirmed', decidedBy: 'restored' });
    await unlink(world.database.db, { linkId: link?.id ?? '', who: 'ann', at: new Date() });

    await forget(world.engine, wish('udesk', wrong));

    expect(await ourRows(world, `select side, remote_id from udesk_sync.kept_out`)).toEqual([
      { side: 'udesk', remote_id: wrong },
    ]);
  });

  test('P5, P6: who is let in again is matched with whoever waited for that', async () => {
    const world = await worldOf({ customers: [{ nick_name: 'Gone', email: 'same@example.com' }] });
    await world.sync();
    const gone = customerId(world, 'Gone');
    await forget(world.engine, wish('udesk', gone));
    world.simulator.tenant.delete(gone);
    world.simulator.tenant.create({ nick_name: 'Again', email: 'same@example.com' });
    await world.sync();
    const person = (await world.people())[0]?.id ?? '';

    await letIn(world.database.db, 'main', 'crm', person);
    await world.sync();
    await world.sync();

    expect(await people(world)).toHaveLength(1);
    expect(customers(world)).toHaveLength(1);
    // The external id of the CRM's record names the customer who is gone: a person is asked.
    const again = customerId(world, 'Again');
    expect(
      await ourRows(
        world,
        `select state, candidates -> 'udesk' ->> 0 as udesk, candidates -> 'crm' ->> 0 as crm
         from udesk_sync.link where state <> 'broken'`,
      ),
    ).toEqual([{ state: 'candidate', udesk: again, crm: person }]);
    expect(await ourRows(world, `select kind from udesk_sync.parked where state = 'parked'`)).toEqual([]);
  });

  test('P6: an office line that one of them held keeps nobody else out', async () => {
    const phones = ['01012345678'];
    const world = await worldOf({
      people: Array.from({ length: 8 }, (_, n) => ({ name: `P${n}`, emails: [`p${n}@example.com`], phones })),
      pair: { create: '{ inCrm: true, inUdesk: false }' },
    });
    await world.sync();
    const [first] = await world.people();
    await forget(world.engine, wish('crm', first?.id ?? ''));
    world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com', cellphones: phones });

    await world.sync();
    await world.sync();

    expect(await people(world)).toContain('New');
  });
});

describe('P12: an edit of a person', () => {
  test('is not taken for ours where it follows a write of ours of the same field within seconds', async () => {
    const world = await worldOf({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
    await world.sync();
    await world.crm`update contact set note = 'from the CRM'`;
    await world.sync();
    await world.crm`update contact set name = 'Anna'`;
    const edit = rightBefore('udesk', 'update', () =>
      world.simulator.tenant.edit(customerId(world, 'Ann'), { description: 'of a person' }),
    );
    await syncAt(world, [edit], { observe: { udesk: 'none', crm: 'full' } });

    const history = await ourRows(
      world,
      `select new, who = 'udesk-sync' as ours from report.customer_history
       where side = 'udesk' and field = 'description' and observation_id is not null order by observation_id`,
    );
    expect(history).toEqual([
      { new: 'from the CRM', ours: true },
      { new: 'of a person', ours: false },
    ]);
  });
});

describe('a backfill', () => {
  test('P8: whose creates are turned off ends at once', async () => {
    const world = await worldOf({ pair: { create: '{ inCrm: true, inUdesk: true }' } });
    await fillCrm(world, 700);
    await world.sync();
    const [off] = await reopen(world, (yaml) => yaml.replace('inUdesk: true', 'inUdesk: false'));
    if (off === undefined) throw new Error('no pair');
    closing(() => off.close());

    const report = await syncPair(world, off);

    expect(report.backfill?.more ?? false).toBe(false);
    expect(
      await ourRows(world, `select count(*)::int as n from udesk_sync.intent where state = 'pending'`),
    ).toEqual([{ n: 0 }]);
  });

  test('P2: that wrote over somebody who was there is told, also where a search still shows them as they were', async () => {
    const world = await worldOf({
      customers: [
        { nick_name: 'Old hand', email: 'old@example.com', cellphones: ['13000001000'] },
        ...Array.from({ length: 150 }, (_, n) => ({ nick_name: `U${n}`, email: `u${n}@example.com` })),
      ],
      pair: { firstRun: 'review', create: '{ inCrm: false, inUdesk: true }' },
      switches: { 'batch.duplicates': 'update' },
    });
    await fillCrm(world, 120);
    await world.sync();
    const old = customerId(world, 'Old hand');
    world.simulator.tenant.edit(old, { cellphones: ['13000000005'] });
    const nothing = { udesk: 'none', crm: 'none' } as const;
    await fill(world, { acceptFirstPlan: { who: 'ann' }, observe: nothing });
    const { udesk } = world.pair.sides;
    const lookup: Side['lookup'] = async (...asked) =>
      (await udesk.lookup(...asked)).map((one) =>
        one.id === old ? { ...one, fields: { ...one.fields, nick_name: 'Old hand' } } : one,
      );
    const lagging = new Proxy(udesk, {
      get: (side, key) => (key === 'lookup' ? lookup : Reflect.get(side, key)),
    });
    await runCycle(
      { ...world.engine, clock: () => new Date(Date.now() + 600_000) },
      { spec: world.pair.spec, sides: { ...world.pair.sides, udesk: lagging } },
      { trigger: 'sync', observe: nothing },
    );

    expect(
      await ourRows(world, `select kind, message from udesk_sync.parked where state = 'parked'`),
    ).toEqual([
      { kind: 'uncertain-create', message: expect.stringContaining(`record ${old} was there before`) },
    ]);
  });

  test('P5, P10: sends no row again while more newcomers came than one look reads', async () => {
    const world = await worldOf({});
    await fillCrm(world, 150);
    const { udesk } = world.pair.sides;
    const { tenant } = world.simulator;
    let pages = 0;
    let lost = false;
    const enumerate: Side['enumerate'] = async function* (...asked) {
      for await (const page of udesk.enumerate(...asked)) {
        pages += 1;
        yield page;
      }
    };
    const batchCreate = {
      ...udesk.batchCreate,
      async send(...asked: Parameters<NonNullable<typeof udesk.batchCreate>['send']>) {
        await udesk.batchCreate?.send(...asked);
        await world.simulator.settled();
        if (lost) return;
        lost = true;
        for (const name of ['Person 2', 'Person 3', 'Person 4'])
          tenant.edit(customerId(world, name), {
            email: `${name.slice(-1)}@example.com`,
            cellphones: [`1390000000${name.slice(-1)}`],
          });
        throw new Error('killed');
      },
    };
    const sides = (own: object) => ({
      ...world.pair.sides,
      udesk: new Proxy(udesk, { get: (side, key) => Reflect.get(key in own ? own : side, key) }),
    });
    const cycle = (own: object, lateMs: number, lane: 'full' | 'none') =>
      runCycle(
        { ...world.engine, clock: () => new Date(Date.now() + lateMs) },
        { spec: world.pair.spec, sides: sides(own) },
        { trigger: 'sync', observe: { udesk: lane, crm: lane } },
      );
    tenant.create({ nick_name: 'Known', email: 'known@example.com' });
    await expect(cycle({ batchCreate }, 0, 'full')).rejects.toThrow('killed');
    for (let n = 0; n < 2_100; n += 1) tenant.create({ nick_name: `New ${n}`, email: `new${n}@example.com` });

    await cycle({ enumerate }, 600_000, 'none');
    expect(pages).toBeLessThan(60);
    await cycle({}, 1_200_000, 'full');

    expect(customers(world).filter((name) => name === 'Person 3')).toHaveLength(1);
    expect(await ourRows(world, `select kind from udesk_sync.parked where state = 'parked'`)).toEqual(
      Array.from({ length: 3 }, () => ({ kind: 'uncertain-create' })),
    );
  });
});
