import { afterEach, describe, expect, test } from 'vitest';
import { SyncError } from '../../../src/errors.ts';
import { confirmLink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';
import { syncAt } from './moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const at = new Date();
const down = () => {
  throw new SyncError('transient', 'the side does not answer');
};
const db = () => world.database.db;
const names = () => world.simulator.tenant.list().map(({ nick_name }) => nick_name);

describe('P9: whatever failed once, the next cycle goes on', () => {
  test('a cycle that cannot write its first row gives the lease back', async () => {
    world = await createWorld({ customers: [{ nick_name: 'A', email: 'a@example.com' }] });
    await ourRows(
      world,
      `create function no() returns trigger language plpgsql as $$ begin raise exception 'disk full'; end $$`,
    );
    await ourRows(
      world,
      `create trigger no before insert on udesk_sync.run for each row execute function no()`,
    );
    await expect(world.sync()).rejects.toThrow();
    await ourRows(world, `drop trigger no on udesk_sync.run`);

    expect((await world.sync({ leaseWaitMs: 0 })).outcome).toBe('done');
  });

  test('a customer who turns out to be linked to somebody else does not stop the pair when its create is settled', async () => {
    world = await createWorld({
      people: [
        { name: 'First', emails: ['same@example.com'] },
        { name: 'Second', emails: ['same@example.com'] },
      ],
    });
    world.simulator.tenant.faults.push({
      kind: 'reset-after-commit',
      match: { method: 'POST', path: '/customers' },
    });
    // The answer of the create is lost, and cannot be looked up for now; the sweep shows the customer.
    const downOnceCreated = () => (world.simulator.counts().committed > 0 ? down() : undefined);
    await syncAt(world, [{ side: 'udesk', call: 'lookup', when: 'before', act: downOnceCreated }]);
    await syncAt(world, [{ side: 'udesk', call: 'lookup', when: 'before', act: downOnceCreated }]);
    const questions = await listLinks(db(), { state: 'candidate', limit: 10 });
    const [, second] = await world.people();
    const answers = [];
    for (const { id } of questions) {
      answers.push((await confirmLink(db(), { linkId: id, who: 'li', at, crmId: second?.id })).outcome);
    }
    expect(answers).toContain('confirmed');

    await world.insert({ name: 'Bystander', emails: ['by@example.com'] });
    await world.sync();

    expect(names()).toContain('Bystander');
  });

  test('a CRM row that carries the id of another customer does not stop the pair', async () => {
    world = await createWorld({
      pair: { match: '{ by: [email] }' },
      customers: [{ nick_name: 'U', email: 'u@example.com' }],
    });
    const id = world.simulator.tenant.list()[0]?.id ?? '';
    await world.insert({ name: 'C', emails: ['c@example.com'], udesk_id: id });
    await world.insert({ name: 'Bystander', emails: ['by@example.com'] });

    await world.sync().catch(() => {});
    await world.sync();

    expect(names()).toContain('Bystander');
    expect((await world.sync()).outcome).toBe('done');
  });

  test('an unknown create whose look-up Udesk refuses is parked, and the rest goes on', async () => {
    world = await createWorld({ people: [{ name: 'Odd', emails: ['odd@example.com'] }] });
    world.simulator.tenant.faults.push({
      kind: 'reset-after-commit',
      match: { method: 'POST', path: '/customers' },
    });
    const refuse = () => {
      if (world.simulator.counts().committed === 0) return;
      throw new SyncError('contract', 'GET /customers/get_customer: Udesk refused the call (code 2005)');
    };
    // The first look is before the create, the second after its answer was lost.
    const refused = [{ side: 'udesk', call: 'lookup', when: 'before', times: 2, act: refuse }] as const;
    await world.insert({ name: 'Bystander', emails: ['by@example.com'] });

    await syncAt(world, refused);

    expect(names()).toContain('Bystander');
    expect(await ourRows(world, `select kind from udesk_sync.parked where state = 'parked'`)).toHaveLength(1);
  });
});

describe('P6: nothing is out of reach for ever', () => {
  test('a phone that moves from one person to another arrives, whichever of the two is written first', async () => {
    world = await createWorld({
      customers: [
        { nick_name: 'Older', email: 'o@example.com', cellphones: ['13800000001'] },
        { nick_name: 'Newer', email: 'n@example.com', cellphones: ['13800000002'] },
      ],
    });
    await world.sync();
    await world.crm.begin(async (tx) => {
      await tx`update contact set phones = '{}' where name = 'Newer'`;
      await tx`update contact set phones = phones || '13800000002'::text where name = 'Older'`;
    });

    await world.sync();
    await world.sync();

    const phonesOf = (name: string) =>
      world.simulator.tenant
        .list()
        .find(({ nick_name }) => nick_name === name)
        ?.cellphones.map(({ content }) => content);
    expect(phonesOf('Newer')).toEqual([]);
    expect(phonesOf('Older')).toEqual(['13800000001', '13800000002']);
  });
});

describe('a parked record', () => {
  test('is put away by itself when the edit that was refused is taken back', async () => {
    world = await createWorld({
      customers: [
        { nick_name: 'One', email: 'o@example.com', cellphones: ['13800000001'] },
        { nick_name: 'Two', email: 't@example.com', cellphones: ['13800000002'] },
      ],
    });
    await world.sync();
    await world.crm`update contact set phones = array['13800000001', '13800000002'] where name = 'One'`;
    expect((await world.sync()).parked).toBe(1);
    await world.crm`update contact set phones = array['13800000001'] where name = 'One'`;

    expect((await world.sync()).parked).toBe(0);
  });

  test('is told of when Udesk leaves the written field out of its point reads: it is not planned again for ever in silence', async () => {
    world = await createWorld({
      customers: [{ nick_name: 'A', email: 'a@example.com', other_emails: ['b@example.com'] }],
    });
    await world.sync();
    await world.crm`update contact set emails = emails || 'c@example.com'::text`;
    world.simulator.set('shape.other_emails', 'o4');
    const count = async () =>
      Number((await ourRows(world, `select count(*)::int as n from udesk_sync.intent`))[0]?.n);
    await world.sync();
    const before = await count();

    const report = await world.sync();

    expect(report.parked + report.openConflicts).toBeGreaterThan(0);
    expect(await count()).toBe(before);
  });
});
