import { afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/simulator/random.ts';
import { loadPairStatus } from '../../../src/store/pair-status.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const many = Array.from({ length: 12 }, (_, n) => ({
  nick_name: `Customer ${n}`,
  email: `c${n}@example.com`,
}));

function audit(links: number, budgetMs = 60_000) {
  return world.sync({
    observe: { udesk: 'head', crm: 'changes', audit: { links, budgetMs, suspects: new Set() } },
  });
}

describe('the audit', () => {
  test('finds a CRM row that changed without its time moving, carries it over, counts it, and status says so', async () => {
    world = await createWorld({ customers: many });
    await world.sync();
    await world.crm`alter table contact disable trigger contact_touch`;
    await world.crm`update contact set updated_at = updated_at - interval '1 day'`;
    await world.crm`update contact set note = 'by hand in the database' where name = 'Customer 3'`;
    // No other lane sees it.
    await world.sync({ observe: { udesk: 'head', crm: 'changes' } });
    expect(world.simulator.tenant.find('email', 'c3@example.com')?.description ?? '').toBe('');

    const report = await audit(many.length * 3);

    expect(report.observed.audit).toMatchObject({ differences: { udesk: 0, crm: 1 }, left: 0 });
    expect(world.simulator.tenant.find('email', 'c3@example.com')?.description).toBe(
      'by hand in the database',
    );
    expect(await ourRows(world, `select side from udesk_sync.observation where lane = 'audit'`)).toEqual([
      { side: 'crm' },
    ]);
    const status = await loadPairStatus(world.database.db, 'main', [], 5);
    expect(status.audit).toEqual({ links: report.observed.audit?.links, differences: 1 });
  });

  test('finds an edit in Udesk that the shape of its answers hid', async () => {
    world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
    await world.sync();
    const id = world.simulator.tenant.list()[0]?.id ?? '';
    world.simulator.set('shape.other_emails', 'o4');
    world.simulator.tenant.edit(id, { other_emails: ['second@example.com'] });
    await world.sync();
    expect((await world.people())[0]?.emails).toEqual(['ann@example.com']);
    world.simulator.set('shape.other_emails', 'o1');

    const report = await world.sync({
      observe: { udesk: 'none', crm: 'none', audit: { links: 5, budgetMs: 60_000, suspects: new Set() } },
    });

    expect(report.observed.audit?.differences).toEqual({ udesk: 1, crm: 0 });
    expect((await world.people())[0]?.emails).toEqual(['ann@example.com', 'second@example.com']);
  });

  test('P7: a record that it does not find is counted and nothing more', async () => {
    world = await createWorld({ customers: many, pair: { deletes: 'propagate' } });
    await world.sync();
    const gone = world.simulator.tenant.list()[0]?.id ?? '';
    world.simulator.tenant.delete(gone);

    const report = await audit(many.length * 3);

    expect(report.observed.audit).toMatchObject({ missing: { udesk: 1, crm: 0 } });
    expect(await world.people()).toHaveLength(many.length);
    expect(
      await ourRows(
        world,
        `select state from udesk_sync.record where side = 'udesk' and remote_id = '${gone}'`,
      ),
    ).toEqual([{ state: 'live' }]);
  });

  test('draws by the chance that it is given: the same seed looks at the same links', async () => {
    world = await createWorld({ customers: many });
    await world.sync();
    const drawn = async (seed: number) => {
      const ids: string[] = [];
      const { crm } = world.pair.sides;
      const read = crm.read;
      crm.read = async (id, call) => {
        ids.push(id);
        return await read(id, call);
      };
      const random = seededRandom(seed);
      const { engine } = world;
      const original = engine.random;
      Object.assign(engine, { random: () => random.next() });
      await audit(3);
      Object.assign(engine, { random: original });
      crm.read = read;
      return ids;
    };
    const first = await drawn(1);
    expect(first).toHaveLength(3);
    expect(await drawn(1)).toEqual(first);
    expect(await drawn(2)).not.toEqual(first);
  });
});
