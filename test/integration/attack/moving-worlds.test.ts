/** What was planned, accepted or put back while the world moved: a backup, a backfill, another configuration, a forgotten person. */
import { describe, expect, test } from 'vitest';
import { createMemoryCrm } from '../../../src/crm/memory/memory.ts';
import { runCycle } from '../../../src/engine/cycle.ts';
import { forget } from '../../../src/engine/forget.ts';
import { SyncError } from '../../../src/errors.ts';
import { rejectLink, unlink } from '../../../src/store/link-decisions.ts';
import { listLinks } from '../../../src/store/links.ts';
import { fill, fillCrm, names, namesOf } from '../../support/backfill.ts';
import { type Backup, copyOf } from '../../support/backup.ts';
import { customerId, ourRows, type World } from '../../support/world.ts';
import { reopen, syncAt, syncPair } from './moments.ts';
import { opened } from './opened.ts';

const { closing, worldOf } = opened();

async function backUp(world: World): Promise<Backup> {
  const backup = await copyOf(world.databaseUrl);
  closing(() => backup.remove());
  return backup;
}

const CUSTOMERS = Array.from({ length: 8 }, (_, n) => ({ nick_name: `C${n}`, email: `c${n}@example.com` }));
const customers = (world: World) => world.simulator.tenant.list().map(({ nick_name }) => nick_name);
const people = async (world: World) => (await world.people()).map(({ name }) => name);

describe('P5, P8: a database that went back', () => {
  test('creates nobody a second time, and asks first, where edits have to be left alone for a while', async () => {
    const world = await worldOf({
      customers: CUSTOMERS,
      crm: ['table: contact', 'updatedAt: updated_at'],
      pair: { quietMs: '60000' },
    });
    await world.sync();
    const backup = await backUp(world);
    // Nothing tells that these two are one person, but the link that the backup does not know.
    world.simulator.tenant.create({ nick_name: 'Nothing to know him by' });
    await world.sync();
    expect(await people(world)).toHaveLength(9);
    await backup.restore();

    const cycle = (lateMs: number) =>
      runCycle({ ...world.engine, clock: () => new Date(Date.now() + lateMs) }, world.pair, {
        trigger: 'run',
        observe: { udesk: 'full', crm: 'full' },
      });
    const first = await cycle(0);
    await cycle(95_000);
    await cycle(190_000);

    expect(customers(world)).toHaveLength(9);
    expect(await people(world)).toHaveLength(9);
    expect(first.waiting?.tripped.map(({ guard }) => guard)).toEqual(['restored']);
  });

  test('P2: a link that had ended in the backup, and is taken up again, decides nothing by its old bases', async () => {
    const world = await worldOf({ customers: CUSTOMERS });
    await world.sync();
    await world.crm`create table bin as select * from contact where name = 'C0'`;
    await world.crm`delete from contact where name = 'C0'`;
    await world.sync();
    const backup = await backUp(world);
    await world.crm`insert into contact overriding system value select * from bin`;
    await world.sync();
    world.simulator.tenant.edit(customerId(world, 'C0'), { nick_name: 'Carried' });
    await world.sync();
    expect(await people(world)).toContain('Carried');
    await world.crm`update contact set name = 'C0' where name = 'Carried'`;
    await backup.restore();

    await world.sync();

    expect(await people(world)).toContain('C0');
    expect((await world.conflicts()).map(({ field, kind }) => ({ field, kind }))).toEqual([
      { field: 'nick_name', kind: 'restored' },
    ]);
  });
});

describe('a backfill whose people go on living', () => {
  const CHANGES = { udesk: 'none', crm: 'full' } as const;

  test('P8: makes nobody who was deleted while their batch waited', async () => {
    const world = await worldOf({});
    await fillCrm(world, 700);
    await world.sync();
    await world.crm`delete from contact where name = 'Person 650'`;

    await world.sync({ observe: CHANGES });
    await fill(world);

    expect(names(world)).toEqual(namesOf(700).filter((name) => name !== 'Person 650'));
  });

  test('P5: makes nobody a second time who was entered on both sides under another address meanwhile', async () => {
    const world = await worldOf({});
    await fillCrm(world, 700);
    await world.sync();
    world.simulator.tenant.create({ nick_name: 'Person 650', email: 'other@example.com' });
    await world.crm`update contact set emails = array['other@example.com'] where name = 'Person 650'`;

    await world.sync({ observe: CHANGES });
    await fill(world);

    expect(names(world).filter((name) => name === 'Person 650')).toHaveLength(1);
  });
});

describe('P5: a batch of unknown outcome', () => {
  const lostAnswer = new SyncError('ambiguous', 'the answer is lost', { side: 'udesk' });
  const killed = new Error('killed');
  test.each([
    { what: 'a lost answer', error: lostAnswer, lateMs: [0, 600_000, 1_200_000] },
    { what: 'a kill', error: killed, lateMs: [0, 600_000, 1_200_000] },
    { what: 'a kill and a clock that was set back', error: killed, lateMs: [3_600_000, 0, 600_000] },
  ] as const)(
    'after $what somebody who is given another address before we look is not made twice',
    async ({ error, lateMs: [first, second, third] }) => {
      const world = await worldOf({});
      await fillCrm(world, 150);
      const { udesk } = world.pair.sides;
      const { tenant } = world.simulator;
      let lost = false;
      const batchCreate = {
        ...udesk.batchCreate,
        async send(...args: Parameters<NonNullable<typeof udesk.batchCreate>['send']>) {
          await udesk.batchCreate?.send(...args);
          if (lost) return;
          lost = true;
          await world.simulator.settled();
          tenant.edit(customerId(world, 'Person 3'), {
            email: 'mended@example.com',
            cellphones: ['13900000003'],
          });
          throw error;
        },
      };
      const sides = {
        ...world.pair.sides,
        udesk: new Proxy(udesk, {
          get: (target, key) => (key === 'batchCreate' ? batchCreate : Reflect.get(target, key)),
        }),
      };
      const atOnce = () => ourRows(world, `update udesk_sync.intent set not_before = null`);
      const cycleAt =
        (lateMs: number): World['sync'] =>
        (options) =>
          runCycle(
            { ...world.engine, clock: () => new Date(Date.now() + lateMs) },
            { spec: world.pair.spec, sides },
            { trigger: 'sync', observe: { udesk: 'full', crm: 'full' }, ...options },
          );

      await fill(world, {}, cycleAt(first)).catch((thrown: unknown) => expect(thrown).toBe(error));
      await atOnce();
      await fill(world, { observe: { udesk: 'none', crm: 'changes' } }, cycleAt(second));
      await atOnce();
      await fill(world, {}, cycleAt(third));

      expect(names(world)).toEqual(namesOf(150));
      expect(await world.people()).toHaveLength(150);
      expect(await ourRows(world, `select kind from udesk_sync.parked where state = 'parked'`)).toEqual([
        { kind: 'uncertain-create' },
      ]);
      const creates = `select state, count(*)::int as n from udesk_sync.intent where op = 'create' group by 1 order by 1`;
      expect(await ourRows(world, creates), 'the others are known for what was created').toEqual([
        { state: 'parked', n: 1 },
        { state: 'settled', n: 149 },
      ]);
    },
  );
});

describe('P7, P8: what waits, and the configuration does not ask for any more', () => {
  const down = () => {
    throw new SyncError('transient', 'the side does not answer');
  };

  test('a deletion is not carried out once deletions are only flagged', async () => {
    const world = await worldOf({ customers: CUSTOMERS, pair: { deletes: 'propagate' } });
    await world.sync();
    world.simulator.tenant.delete(customerId(world, 'C0'));
    await syncAt(world, [{ side: 'crm', call: 'read', when: 'before', act: down }]);
    expect(await ourRows(world, `select op, state from udesk_sync.intent where op = 'delete'`)).toEqual([
      { op: 'delete', state: 'pending' },
    ]);
    await ourRows(world, `update udesk_sync.intent set not_before = null`);

    const [flagging] = await reopen(world, (yaml) => yaml.replace('deletes: propagate', 'deletes: flag'));
    if (flagging === undefined) throw new Error('no pair');
    closing(() => flagging.close());
    await syncPair(world, flagging);
    await syncPair(world, flagging);

    expect(await people(world)).toContain('C0');
    expect(
      await ourRows(
        world,
        `select state, decided_by from udesk_sync.link where udesk_id is not null and state = 'broken'`,
      ),
    ).toEqual([{ state: 'broken', decided_by: 'flag' }]);
  });

  test('a backfill stops once creates are turned off', async () => {
    const world = await worldOf({ pair: { create: '{ inCrm: true, inUdesk: true }' } });
    await fillCrm(world, 700);
    await world.sync();
    const before = world.simulator.tenant.count;
    const [off] = await reopen(world, (yaml) => yaml.replace('inUdesk: true', 'inUdesk: false'));
    if (off === undefined) throw new Error('no pair');
    closing(() => off.close());
    const cycle: World['sync'] = (options) => syncPair(world, off, options);

    await fill(world, {}, cycle);
    expect(world.simulator.tenant.count).toBe(before);
    expect((await cycle({})).backfill).toBeNull();

    // Turned on again they are planned anew.
    await fill(world);
    expect(names(world)).toEqual(namesOf(700));
  });

  test('an update is not sent against a direction that was turned off', async () => {
    const world = await worldOf({
      customers: CUSTOMERS,
      pair: { fields: '[{ udesk: nick_name, crm: name, direction: both }, { udesk: emails, crm: emails }]' },
    });
    await world.sync();
    await world.crm`update contact set name = 'of the CRM' where name = 'C0'`;
    await syncAt(world, [{ side: 'udesk', call: 'read', when: 'before', act: down }]);
    await ourRows(world, `update udesk_sync.intent set not_before = null`);
    const [oneWay] = await reopen(world, (yaml) => yaml.replace('direction: both', 'direction: to-crm'));
    if (oneWay === undefined) throw new Error('no pair');
    closing(() => oneWay.close());

    await syncPair(world, oneWay);

    expect(customers(world)).not.toContain('of the CRM');
  });
});

describe('forgetting one person', () => {
  const wish = (id: string, keepOut: boolean) => ({
    pair: 'main',
    side: 'udesk' as const,
    id,
    who: 'ann',
    keepOut,
  });

  test('P2, P6: does not take along whom a person said is somebody else', async () => {
    const phone = '13800000001';
    const world = await worldOf({
      customers: [{ nick_name: 'Father', email: 'f@example.com', cellphones: [phone] }],
      people: [{ name: 'Son', phones: [phone], udesk_id: '99999999' }],
      pair: { create: '{ inCrm: true, inUdesk: false }' },
    });
    await world.sync();
    const [question] = await listLinks(world.database.db, { state: 'candidate', limit: 9 });
    await rejectLink(world.database.db, { linkId: question?.id ?? '', who: 'ann', at: new Date() });
    await world.sync();
    expect(await people(world)).toEqual(['Son', 'Father']);
    const son = (await world.people())[0]?.id ?? '';
    await world.crm`delete from contact where name = 'Son'`;
    await world.sync();

    // He lives on no side any more: there is nothing to keep out.
    await forget(world.engine, { ...wish(son, false), side: 'crm' });

    world.simulator.tenant.edit(customerId(world, 'Father'), { nick_name: 'Father, edited' });
    await world.sync();
    expect(await people(world)).toEqual(['Father, edited']);
    expect(await ourRows(world, `select * from udesk_sync.kept_out`)).toEqual([]);
  });

  test('P2, P6: does not take along from whom a person parted them', async () => {
    const world = await worldOf({
      customers: [{ nick_name: 'Wrong', email: 'office@example.com' }],
      people: [{ name: 'Right', emails: ['office@example.com'] }],
    });
    await world.sync();
    const [link] = await listLinks(world.database.db, { state: 'confirmed', limit: 9 });
    await unlink(world.database.db, { linkId: link?.id ?? '', who: 'ann', at: new Date() });
    const wrong = customerId(world, 'Wrong');
    await world.sync();

    const erased = await forget(world.engine, wish(wrong, true));

    expect(erased.records).toBe(1);
    expect(await ourRows(world, `select side, remote_id from udesk_sync.kept_out`)).toEqual([
      { side: 'udesk', remote_id: wrong },
    ]);
    expect(await ourRows(world, `select fields ->> 'name' as name from udesk_sync.record`)).toEqual([
      { name: 'Right' },
    ]);
  });

  test('P5: waits for what became of their create, which would come back as somebody new', async () => {
    const world = await worldOf({ customers: [{ nick_name: 'Linked', email: 'linked@example.com' }] });
    const crm = createMemoryCrm({
      manifest: { externalId: null },
      normalise: (field, value) => (field === 'name' ? value.toUpperCase() : value),
    });
    const pair = { spec: world.pair.spec, sides: { udesk: world.pair.sides.udesk, crm: crm.side } };
    await syncPair(world, pair);
    const { id } = world.simulator.tenant.create({ nick_name: 'New', email: 'new@example.com' });
    crm.faults.push({ on: 'create', kind: 'ambiguous-after' });
    await syncPair(world, pair);
    expect(await ourRows(world, `select kind from udesk_sync.parked where state = 'parked'`)).toEqual([
      { kind: 'uncertain-create' },
    ]);
    world.simulator.tenant.delete(id);
    await syncPair(world, pair);

    const answer = await forget(world.engine, wish(id, false)).catch((error: unknown) => error);
    await syncPair(world, pair);

    expect(customers(world)).toEqual(['Linked']);
    expect(answer).toMatchObject({ kind: 'rejected', details: { code: 'in-flight' } });
  });

  test('P6: somebody new who shares an address with whom is kept out is put before a person', async () => {
    const world = await worldOf({ customers: [{ nick_name: 'Gone', email: 'same@example.com' }] });
    await world.sync();
    const gone = customerId(world, 'Gone');
    await forget(world.engine, wish(gone, true));
    world.simulator.tenant.delete(gone);
    world.simulator.tenant.create({ nick_name: 'Again', email: 'same@example.com' });

    await world.sync();
    await world.sync();

    expect(await people(world)).toEqual(['Gone']);
    expect(
      await ourRows(world, `select kind, message from udesk_sync.parked where state = 'parked'`),
    ).toEqual([{ kind: 'rejected', message: expect.stringContaining('--let-in') }]);
  });
});
