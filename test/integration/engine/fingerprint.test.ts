import { afterEach, expect, test } from 'vitest';
import { isSyncError, SyncError } from '../../../src/errors.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';
import { NOTHING, reopen, syncAt, syncPair } from '../attack/moments.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

test('P7, P8: a CRM table that is not the one we knew is refused before anything of it is stored, until a person approves (T1)', async () => {
  world = await createWorld({
    customers: [{ nick_name: 'A', email: 'a@example.com' }],
    pair: { deletes: 'propagate' },
  });
  await world.sync();
  await world.crm`alter table contact rename to contact_old`;
  await world.crm`create table contact (like contact_old including all)`;
  const before = await writesSoFar(world);

  const refusal = await world.sync().then(
    () => null,
    (error: unknown) => error,
  );

  expect(isSyncError(refusal, 'guard')).toBe(true);
  expect(await writesSoFar(world)).toEqual({ ...before, crm: 0 });
  expect(world.simulator.tenant.count).toBe(1);
  expect(await ourRows(world, `select state from udesk_sync.record where side = 'crm'`)).toEqual([
    { state: 'live' },
  ]);

  const advice = isSyncError(refusal) ? (refusal.details.advice ?? '') : '';
  const hash = /--approve (\w+)/.exec(advice)?.[1] ?? '';
  await world.sync({ approve: hash });
  expect(world.simulator.tenant.count).toBe(1);
});

test('P2: a position in the changes of the old table says nothing about the new one, also where reading that one fails at first', async () => {
  world = await createWorld({ customers: [{ nick_name: 'A', email: 'a@example.com' }] });
  await world.sync();
  await world.crm`alter table contact rename to contact_old`;
  await world.crm`create table contact (like contact_old including all)`;
  await world.crm`insert into contact (name, updated_at) values ('B', now() - interval '1 year')`;
  const refusal = await world.sync().then(
    () => null,
    (error: unknown) => error,
  );
  const hash = /--approve (\w+)/.exec(isSyncError(refusal) ? (refusal.details.advice ?? '') : '')?.[1] ?? '';
  let checks = 0;
  const away = (): void => {
    checks += 1;
    // The first one is before the table is accepted, the second before it is read.
    if (checks === 2) throw new SyncError('transient', 'the CRM does not answer');
  };
  await expect(
    syncAt(world, [{ side: 'crm', call: 'check', when: 'after', act: away }], { approve: hash }),
  ).rejects.toThrow('does not answer');

  await world.sync({ observe: { udesk: 'none', crm: 'changes' } });

  expect(
    await ourRows(world, `select fields->>'name' as name from udesk_sync.record where side = 'crm'`),
  ).toContainEqual({
    name: 'B',
  });
});

test('an account that never answered is none that we know: after a mistyped address the right one needs no approval', async () => {
  world = await createWorld({ customers: [{ nick_name: 'A', email: 'a@example.com' }] });
  world.simulator.set('tenant.state', 'unpaid');
  await expect(world.sync()).rejects.toThrow();

  expect(await ourRows(world, `select udesk_fingerprint from udesk_sync.pair`)).toEqual([
    { udesk_fingerprint: null },
  ]);
  world.simulator.set('tenant.state', 'ok');
  expect((await world.sync()).outcome).toBe('done');
});

test('P7, P8: what an earlier process left to be written is not written to a table that we do not know', async () => {
  world = await createWorld({ customers: [{ nick_name: 'A', email: 'a@example.com' }] });
  await world.sync();
  world.simulator.tenant.create({ nick_name: 'B', email: 'b@example.com' });
  const away = (): never => {
    throw new SyncError('transient', 'the CRM does not answer');
  };
  await syncAt(world, [{ side: 'crm', call: 'create', when: 'before', act: away }]);
  const outbox = () =>
    ourRows(world, `select state from udesk_sync.intent where side = 'crm' and state <> 'settled'`);
  expect(await outbox()).toEqual([{ state: 'pending' }]);

  await world.crm`alter table contact rename to contact_old`;
  await world.crm`create table contact (like contact_old including all)`;
  await ourRows(world, `update udesk_sync.intent set not_before = null`);
  const [restarted] = await reopen(world, (yaml) => yaml);
  if (restarted === undefined) throw new Error('no pair');
  try {
    // A cycle that reads nothing, and one that reads.
    await syncPair(world, restarted, { observe: NOTHING });
    await expect(syncPair(world, restarted)).rejects.toThrow('is not the account or table');
    expect(await world.people()).toEqual([]);
    expect(await outbox()).toEqual([{ state: 'pending' }]);

    await world.crm`drop table contact`;
    await world.crm`alter table contact_old rename to contact`;
    await syncPair(world, restarted);
    expect((await world.people()).map(({ name }) => name).sort()).toEqual(['A', 'B']);
  } finally {
    await restarted.close();
  }
});
