import { afterEach, expect, test } from 'vitest';
import { isSyncError } from '../../../src/errors.ts';
import { createWorld, ourRows, type World, writesSoFar } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

test('P7, P8: a CRM table that is not the one we knew is refused before anything of it is stored, until a person approves', async () => {
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
