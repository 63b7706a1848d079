import { afterEach, describe, expect, test } from 'vitest';
import { batchCalls, fill, fillCrm, later, names, namesOf } from '../../support/backfill.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(() => world.close());

const BATCH = { path: '/customers/batch_import_async' };
const parked = () => ourRows(world, `select kind, message from udesk_sync.parked where state = 'parked'`);

describe('P5: a batch whose answer is lost', () => {
  test('and that was carried out is settled by reading, and not sent again', async () => {
    world = await createWorld();
    await fillCrm(world, 250);
    world.simulator.tenant.faults.push({ kind: 'reset-after-commit', match: BATCH, times: 2 });

    await fill(world);

    expect(names(world)).toEqual(namesOf(250));
    expect(batchCalls(world)).toBe(3);
    expect(world.simulator.counts().byCall).not.toHaveProperty('GET /open_api_v1/customers/get_customer');
    expect(world.simulator.counts().byCall).not.toHaveProperty('POST /open_api_v1/customers');
    expect(await parked()).toEqual([]);
  });

  test('and that never arrived stops further batches until its rows were looked for one by one', async () => {
    world = await createWorld();
    await fillCrm(world, 150);
    world.simulator.tenant.faults.push({ kind: 'reset', match: BATCH });

    const first = await fill(world);
    expect(first.at(-1)?.backfill).toMatchObject({ done: 0, unknown: 99, left: 150, more: false });
    await fill(world);
    expect(names(world)).toEqual([]);
    expect(batchCalls(world)).toBe(1);
    await fill(world, {}, later(world));

    expect(names(world)).toEqual(namesOf(150));
    expect(batchCalls(world)).toBe(2);
    expect(await parked()).toEqual([]);
  });

  test('whose rows come late are taken for nobody else', async () => {
    world = await createWorld({ switches: { 'batch.delay_ms': '1500' } });
    await fillCrm(world, 150);

    for (const _batch of [1, 2]) {
      await fill(world);
      await world.simulator.settled();
    }
    await fill(world);

    expect(names(world)).toEqual(namesOf(150));
    expect(batchCalls(world)).toBe(2);
    expect(await world.people()).toHaveLength(150);
    expect(await ourRows(world, `select state, count(*)::int as n from udesk_sync.link group by 1`)).toEqual([
      { state: 'confirmed', n: 150 },
    ]);
  });

  test('that is refused as a whole is sent row by row', async () => {
    world = await createWorld();
    await fillCrm(world, 110);
    const refusal = { kind: 'status', status: 200, body: '{"code":2000,"message":"no"}' } as const;
    world.simulator.tenant.faults.push({ ...refusal, match: BATCH });

    await fill(world);

    expect(names(world)).toEqual(namesOf(110));
  });
});

describe('somebody who is known got a phone of a waiting person, unseen', () => {
  /** First plan shown, then the edit, then the backfill without another look at Udesk's list from end to end. */
  async function unseenEdit(duplicates: string, aheadMs = 0): Promise<string> {
    world = await createWorld({
      // The oldest, so that no look at the head of the list shows the edit.
      customers: [
        { nick_name: 'Old hand', email: 'old@example.com', cellphones: ['13000001000'] },
        ...Array.from({ length: 150 }, (_, n) => ({ nick_name: `U${n}`, email: `u${n}@example.com` })),
      ],
      pair: { firstRun: 'review', create: '{ inCrm: false, inUdesk: true }' },
      switches: { 'batch.duplicates': duplicates },
    });
    await fillCrm(world, 120);
    await world.sync();
    const old = world.simulator.tenant.list().find(({ nick_name }) => nick_name === 'Old hand');
    world.simulator.tenant.edit(old?.id ?? '', { cellphones: ['13000000005'] });
    const options = { acceptFirstPlan: { who: 'ann' }, observe: { udesk: 'none', crm: 'none' } } as const;
    await fill(world, options, later(world, aheadMs));
    return old?.id ?? '';
  }
  const linkOf = async (udeskId: string) =>
    await ourRows(
      world,
      `select state, crm_id from udesk_sync.link where udesk_id = '${udeskId}' and state = 'confirmed'`,
    );

  test.each(['error', 'skip'])(
    'duplicates: %s: the row was not created, and matching finds the two',
    async (how) => {
      const old = await unseenEdit(how);
      await fill(world, { observe: { udesk: 'none', crm: 'none' } }, later(world));

      expect(await linkOf(old)).toEqual([{ state: 'confirmed', crm_id: '6' }]);
      expect(await parked()).toEqual([]);
      expect(world.simulator.tenant.count).toBe(151 + 119);
    },
  );

  test('duplicates: update: the batch wrote over that customer, and a person is told', async () => {
    const old = await unseenEdit('update');
    await fill(world, { observe: { udesk: 'none', crm: 'none' } }, later(world));

    expect(await parked()).toEqual([
      { kind: 'uncertain-create', message: expect.stringContaining(`record ${old} was there before`) },
    ]);
    const [history] = await ourRows(
      world,
      `select delta -> 'nick_name' ->> 0 as name from udesk_sync.observation where remote_id = '${old}' order by id desc limit 1`,
    );
    expect(history?.name).toBe('Old hand');
  });

  test('duplicates: update: so it is told where our clock was set back before a list showed it', async () => {
    const old = await unseenEdit('update', 3_600_000);
    await fill(world, { observe: { udesk: 'full', crm: 'none' } });
    await ourRows(world, `update udesk_sync.intent set not_before = null`);
    await fill(world, { observe: { udesk: 'none', crm: 'none' } });

    expect(await parked()).toEqual([
      { kind: 'uncertain-create', message: expect.stringContaining(`record ${old} was there before`) },
    ]);
  });
});
