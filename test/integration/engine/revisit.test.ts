import { afterEach, describe, expect, test } from 'vitest';
import { loadCoverage } from '../../../src/store/reach.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const KNOWN = 130;
const CAP = 100;

/** 130 customers, all known and linked; then the list ends after the 100 newest. */
async function start(pair: Record<string, string> = {}): Promise<string[]> {
  world = await createWorld({
    customers: Array.from({ length: KNOWN }, (_, n) => ({
      nick_name: `Customer ${n}`,
      email: `c${n}@example.com`,
    })),
    pair,
  });
  await world.sync();
  world.simulator.set('list.cap', String(CAP));
  const oldestFirst = world.simulator.tenant.list().map(({ id }) => id);
  return oldestFirst.reverse();
}

const sweep = () => world.sync({ observe: { udesk: 'full', crm: 'none' } });
const revisit = (budgetMs = 60_000) =>
  world.sync({ observe: { udesk: 'none', crm: 'none', revisit: { budgetMs } } });
const coverage = () => loadCoverage(world.database.db, 'main');
const stateOf = (id: string) =>
  ourRows(
    world,
    `select state, unlisted from udesk_sync.record where side = 'udesk' and remote_id = '${id}'`,
  );
const pointReads = () => world.simulator.log.filter(({ path }) => path.endsWith('/get_customer')).length;

describe('customers that are known and that the list does not reach', () => {
  test('are read one by one, and what changed flows like any other change', async () => {
    const [oldest = ''] = await start();
    world.simulator.tenant.edit(oldest, { nick_name: 'Renamed' });
    await sweep();
    expect((await world.people()).map(({ name }) => name)).not.toContain('Renamed');

    const report = await revisit();

    expect(report.observed.revisit).toEqual({ read: KNOWN - CAP, changed: 1, missing: 0, left: false });
    expect((await world.people()).map(({ name }) => name)).toContain('Renamed');
    expect(
      await ourRows(world, `select lane from udesk_sync.observation where remote_id = '${oldest}'`),
    ).toEqual([{ lane: 'point' }]);
  });

  test('are read the longest unread first, at most once between two sweeps, and in slices', async () => {
    const beyond = (await start()).slice(0, KNOWN - CAP);
    await sweep();
    // Somebody was read on its own an hour ago, the others longer ago.
    await ourRows(
      world,
      `update udesk_sync.record set checked_at = now() - case remote_id when '${beyond[0]}' then interval '1 hour'
         when '${beyond[9]}' then interval '9 hours' else interval '5 hours' end where unlisted`,
    );
    const order: string[] = [];
    const { udesk } = world.pair.sides;
    const read = udesk.read;
    udesk.read = async (id, call) => {
      order.push(id);
      return await read(id, call);
    };
    // A budget that is used up is not gone beyond: what is left comes with the next slice.
    const first = await revisit(-1);
    expect(first.observed.revisit).toMatchObject({ read: 0, left: true });
    await revisit();
    expect([order[0], order.at(-1)]).toEqual([beyond[9], beyond[0]]);
    expect(new Set(order).size).toBe(KNOWN - CAP);

    expect((await revisit()).observed.revisit).toMatchObject({ read: 0, left: false });
    await sweep();
    expect((await revisit()).observed.revisit).toMatchObject({ read: KNOWN - CAP });
  });

  test('P7: one that is not found is never taken as deleted: it stays, is told as missing, and is asked for again', async () => {
    const [gone = ''] = await start({ deletes: 'propagate' });
    world.simulator.tenant.delete(gone);
    for (let round = 0; round < 3; round += 1) {
      await sweep();
      expect((await revisit()).observed.revisit).toMatchObject({ missing: 1 });
    }

    expect(await stateOf(gone)).toEqual([{ state: 'live', unlisted: true }]);
    expect(await coverage()).toMatchObject({ unlisted: KNOWN - CAP, missing: 1 });
    expect(await world.people()).toHaveLength(KNOWN);

    // As soon as the list reaches everybody, a certified sweep proves it.
    world.simulator.set('list.cap', '10000');
    await sweep();
    expect(await stateOf(gone)).toMatchObject([{ state: 'deleted' }]);
    expect(await coverage()).toMatchObject({ unlisted: 0, missing: 0, unreachable: 0 });
  });

  test('each row tells how long it is known to be right, and the oldest of all is told', async () => {
    const [oldest = ''] = await start();
    const at = async (id: string) =>
      String(
        (
          await ourRows(world, `select verified_at::text as at from report.customer where udesk_id = '${id}'`)
        )[0]?.at,
      );
    const newest = world.simulator.tenant.list()[0]?.id ?? '';
    await sweep();
    const before = await at(oldest);
    const certified = String(
      (await ourRows(world, `select udesk_certified_at::text as at from udesk_sync.pair`))[0]?.at,
    );
    expect(before >= certified).toBe(true);
    const seen = await at(newest);
    expect(seen > before).toBe(true);
    const { oldestVerifiedAt } = await coverage();

    await revisit();

    expect((await at(oldest)) > seen).toBe(true);
    expect((await coverage()).oldestVerifiedAt ?? '').not.toBe(oldestVerifiedAt);
  });

  test('a sweep that finds everybody where they were writes no row of a record', async () => {
    await start();
    await sweep();
    await revisit();
    const versions = () =>
      ourRows(world, `select remote_id, xmin::text from udesk_sync.record order by 1, 2`);
    const before = await versions();
    const reads = pointReads();

    await sweep();

    expect(await versions()).toEqual(before);
    expect(pointReads()).toBe(reads);
  });
});
