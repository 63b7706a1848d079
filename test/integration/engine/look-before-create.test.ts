/** Before a create in a CRM whoever holds its e-mail or phone is looked for (decision 0006), and what that look may not do. */
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryCrm, type MemoryCrmOptions } from '../../../src/crm/memory/memory.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { SyncError } from '../../../src/errors.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

const PHONE = '13800000001';

let world: World;
afterEach(async () => {
  await world.close();
});

/** One linked customer; another, who is new in Udesk, is to be created in the CRM, which is asked by `lookup`. */
async function start(options: MemoryCrmOptions = {}) {
  world = await createWorld({ customers: [{ nick_name: 'Linked', email: 'linked@example.com' }] });
  const crm = createMemoryCrm(options);
  const asked: string[] = [];
  const lookup: typeof crm.side.lookup = async (kind, value, call) => {
    asked.push(`${kind}:${value}`);
    return await crm.side.lookup(kind, value, call);
  };
  const sides = { udesk: world.pair.sides.udesk, crm: { ...crm.side, lookup } };
  const sync = (observe: 'full' | 'none' = 'full') =>
    runCycle(
      world.engine,
      { spec: world.pair.spec, sides },
      { trigger: 'sync', observe: { udesk: 'full', crm: observe } },
    );
  await sync();
  asked.length = 0;
  world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com', cellphones: [PHONE] });
  const names = () => crm.table.list().map(({ fields }) => fields.name);
  return { crm, sides, asked, sync, names };
}

const parked = () => ourRows(world, `select kind from udesk_sync.parked where state = 'parked'`);

describe('P5: whoever was entered in the CRM since it was read is not created there again', () => {
  test('but linked, and what both know is united', async () => {
    const { crm, sync, names } = await start();
    crm.table.insert({ name: 'New', emails: [{ id: null, value: 'new@example.com' }] });
    await sync('none');
    await sync();
    expect(names()).toEqual(['Linked', 'New']);
    expect(await parked()).toEqual([]);
  });

  test('each e-mail and phone is asked for once, whatever forms it has', async () => {
    const { asked, sync, names } = await start();
    await sync('none');
    expect(names()).toEqual(['Linked', 'New']);
    expect(asked.map((one) => one.split(':')[0]).sort()).toEqual(['cellphone', 'email']);
  });
});

describe('a look that is there to spare a double holds nobody up', () => {
  test('nor does a search that shows somebody as they were put that back into the mirror', async () => {
    const { crm, sides, sync, names } = await start();
    const other = crm.table.insert({ name: 'Other', emails: [{ id: null, value: 'other@example.com' }] });
    await sync();
    const old = await crm.side.read(other);
    crm.table.edit(other, { name: 'Renamed' });
    await sync();
    const lookup = sides.crm.lookup;
    sides.crm.lookup = async (kind, value, call) => {
      const found = await lookup(kind, value, call);
      return value === 'late@example.com' && old !== null ? [old] : found;
    };
    world.simulator.tenant.create({ nick_name: 'Late', email: 'late@example.com' });
    await sync('none');
    const everybody = ['Late', 'Linked', 'New', 'Renamed'];
    expect(
      world.simulator.tenant
        .list()
        .map(({ nick_name }) => nick_name)
        .sort(),
    ).toEqual(everybody);
    expect(names().sort()).toEqual(everybody);
  });

  test('where the CRM refuses the question, as for a line that thousands share', async () => {
    const { sides, sync, names } = await start();
    sides.crm.lookup = () => Promise.reject(new SyncError('contract', 'too many', { side: 'crm' }));
    await sync();
    expect(names()).toEqual(['Linked', 'New']);
    expect(await parked()).toEqual([]);
  });

  test('where our clock was set back since everybody who shares the address was seen', async () => {
    world = await createWorld({
      pair: { match: '{ stopAfter: 2 }', create: '{ inCrm: true, inUdesk: false }' },
    });
    const crm = createMemoryCrm();
    for (const name of ['One', 'Two', 'Three'])
      crm.table.insert({ name, phones: [{ id: null, value: PHONE }] });
    let off = 3_600_000;
    const clock = () => new Date(Date.now() + off);
    const sides = { udesk: world.pair.sides.udesk, crm: crm.side };
    const sync = () =>
      runCycle(
        { ...world.engine, clock },
        { spec: world.pair.spec, sides },
        { trigger: 'sync', observe: { udesk: 'full', crm: 'full' } },
      );
    await sync();
    off = 0;
    world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com', cellphones: [PHONE] });
    await sync();
    await sync();
    expect(crm.table.list().map(({ fields }) => fields.name)).toEqual(['One', 'Two', 'Three', 'New']);
  });

  test('nor reads a list from end to end for each of them', async () => {
    const { asked, sync, names } = await start({ manifest: { scans: ['email', 'cellphone'] } });
    await sync();
    expect(names()).toEqual(['Linked', 'New']);
    expect(asked).toEqual([]);
  });
});
