import { afterEach, describe, expect, test } from 'vitest';
import { databaseHome, tellRestored } from '../../../src/store/home.ts';
import { confirmLink, unlink } from '../../../src/store/link-decisions.ts';
import { type Backup, copyOf, dumpOf, systemPostgres } from '../../support/backup.ts';
import { createWorld, ourRows, type World, type WorldOptions, writesSoFar } from '../../support/world.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const CUSTOMERS = Array.from({ length: 8 }, (_, n) => ({
  nick_name: `Customer ${n}`,
  email: `c${n}@example.com`,
  cellphones: [`1370000000${n}`],
}));

/** Whoever has no e-mail and no phone is recognised by nothing: this CRM keeps no id of the other side. */
const OPTIONS: WorldOptions = {
  customers: CUSTOMERS,
  crm: ['table: contact', 'updatedAt: updated_at'],
  pair: { deletes: 'propagate', guards: '{ deletes: { max: 20, share: 1 } }' },
};

async function begin(options: WorldOptions): Promise<World> {
  const world = await createWorld(options);
  cleanups.push(() => world.close());
  await world.sync();
  return world;
}

async function backUp(making: Promise<Backup>): Promise<Backup> {
  const backup = await making;
  cleanups.push(() => backup.remove());
  return backup;
}

/** What happens in the day after the backup; `carried` is in step on both sides when the database is lost. */
async function aDayPasses(world: World): Promise<void> {
  const { tenant } = world.simulator;
  const id = (n: number) => tenant.find('email', `c${n}@example.com`)?.id ?? '';
  tenant.edit(id(0), { nick_name: 'Carried' });
  tenant.edit(id(1), { nick_name: 'There and back' });
  tenant.create({ nick_name: 'New', email: 'new@example.com' });
  tenant.create({ nick_name: 'Nothing to know him by' });
  await world.insert({ name: 'Nothing to know her by' });
  tenant.delete(id(4));
  await world.sync();
  // The daemon goes down here, and people go on.
  await world.crm`update contact set name = 'Customer 1' where 'c1@example.com' = any(emails)`;
  tenant.edit(id(2), { description: 'told on the phone' });
  tenant.edit(id(3), { nick_name: 'Three in Udesk' });
  await world.crm`update contact set name = 'Three in the CRM' where 'c3@example.com' = any(emails)`;
  tenant.edit(id(6), { cellphones: ['13700000006', '13800000006'] });
  tenant.delete(id(5));
  tenant.create({ nick_name: 'Latest', email: 'latest@example.com' });
}

async function everything(world: World) {
  const udesk = world.simulator.tenant.list().map(({ id: _, open_api_token: __, ...rest }) => rest);
  const crm = (await world.people()).map(({ row_version: _, ...rest }) => rest);
  return { udesk, crm };
}

const kinds: readonly (readonly [name: string, start: () => Promise<StartedKind | null>])[] = [
  [
    'a copy made by the server',
    async () => ({ world: await begin(OPTIONS), backUp: (world) => copyOf(world.databaseUrl) }),
  ],
  [
    'pg_dump and pg_restore',
    async () => {
      const server = await systemPostgres();
      if (server === null) return null;
      cleanups.push(() => server.stop());
      const ours = await server.create();
      return { world: await begin({ ...OPTIONS, ours }), backUp: (world) => dumpOf(world.databaseUrl) };
    },
  ],
];

interface StartedKind {
  readonly world: World;
  backUp(world: World): Promise<Backup>;
}

describe.each(kinds)('yesterday restored by %s', (_name, start) => {
  test('P2, P5, P8: nothing is written or deleted by what the backup believes, nobody is created twice, and every edit is there or in a conflict', async (context) => {
    const started = await start();
    if (started === null)
      return context.skip('no Postgres server with a pg_dump of its version is installed');
    const { world } = started;
    const backup = await backUp(started.backUp(world));
    await aDayPasses(world);
    const left = await everything(world);
    await backup.restore();

    // A look at the newest alone is no reason to plan: nothing else of the day is known yet.
    await world.sync({ observe: { udesk: 'head', crm: 'none' } });
    expect(await everything(world)).toEqual(left);
    const report = await world.sync();

    expect(await everything(world)).toEqual(left);
    expect(report.waiting?.tripped.map(({ guard }) => guard)).toEqual(['restored']);
    const open = await world.conflicts();
    expect(open.map(({ field, kind, udesk, crm }) => ({ field, kind, udesk, crm }))).toEqual(
      expect.arrayContaining([
        { field: 'nick_name', kind: 'restored', udesk: 'There and back', crm: 'Customer 1' },
        expect.objectContaining({ field: 'description', kind: 'restored', udesk: 'told on the phone' }),
        { field: 'nick_name', kind: 'restored', udesk: 'Three in Udesk', crm: 'Three in the CRM' },
        expect.objectContaining({ field: 'cellphones', kind: 'restored' }),
      ]),
    );
    expect(open).toHaveLength(4);

    const before = await writesSoFar(world);
    await world.sync();
    expect(await writesSoFar(world)).toEqual(before);
    expect(await world.conflicts()).toEqual(open);
  });
});

test('after a restore a person lets exactly the waiting plan through, and then the pair is as any other', async () => {
  const world = await begin({ customers: CUSTOMERS });
  const backup = await backUp(copyOf(world.databaseUrl));
  world.simulator.tenant.create({ nick_name: 'Latest', email: 'latest@example.com' });
  await backup.restore();

  const held = await world.sync();
  expect(await world.people()).toHaveLength(8);
  await world.sync({ approve: held.waiting?.hash ?? '' });
  expect(await world.people()).toHaveLength(9);
  expect(await ourRows(world, 'select restored_at from udesk_sync.pair')).toEqual([{ restored_at: null }]);
  world.simulator.tenant.create({ nick_name: 'Next', email: 'next@example.com' });
  expect((await world.sync()).waiting).toBeNull();
  expect(await world.people()).toHaveLength(10);
});

test('a write that the backup had under way is not carried out after the restore', async () => {
  const retry = { retries: 0, minDelayMs: 1, maxDelayMs: 1, maxRetryAfterMs: 1 };
  const world = await begin({ customers: CUSTOMERS, udesk: { retry } });
  const id = world.simulator.tenant.find('email', 'c0@example.com')?.id ?? '';
  await world.crm`update contact set name = 'Yesterday' where 'c0@example.com' = any(emails)`;
  const { faults } = world.simulator.tenant;
  faults.push({ kind: 'reset-after-commit', match: { method: 'PUT' } });
  faults.push({ kind: 'reset', match: { method: 'GET', path: '/get_customer' }, skip: 1, times: 100 });
  await world.sync();
  expect(await ourRows(world, `select state from udesk_sync.intent where op = 'update'`)).toEqual([
    { state: 'unknown' },
  ]);
  const backup = await backUp(copyOf(world.databaseUrl));
  faults.clear();
  await world.sync();
  expect(world.simulator.tenant.get(id)?.nick_name).toBe('Yesterday');
  // Back to what it was before that write: to the backup it looks as if the write had never happened.
  world.simulator.tenant.edit(id, { nick_name: 'Customer 0' });
  await backup.restore();

  await world.sync();

  expect(world.simulator.tenant.get(id)?.nick_name).toBe('Customer 0');
  expect(await world.conflicts()).toMatchObject([
    { field: 'nick_name', kind: 'restored', state: 'open', udesk: 'Customer 0', crm: 'Yesterday' },
  ]);
});

test('a restart of nothing, and a cycle like any other, are no restore', async () => {
  const world = await begin({ customers: CUSTOMERS });
  const home = await databaseHome(world.database.db);
  expect(home).toMatch(/^\d+\/\d+\/\d+\/[0-9A-F]{8}$/);
  await world.sync();
  expect(await databaseHome(world.database.db)).toBe(home);
  expect(await ourRows(world, 'select home, restored_at from udesk_sync.pair')).toEqual([
    { home, restored_at: null },
  ]);
});

test('a restore that cannot be seen from inside is told by a person, and is one like any other', async () => {
  const world = await begin({ customers: CUSTOMERS });
  expect(await tellRestored(world.database.db, 'nobody')).toBe(false);
  expect(await tellRestored(world.database.db, 'main')).toBe(true);
  world.simulator.tenant.create({ nick_name: 'Latest', email: 'latest@example.com' });
  const report = await world.sync();
  expect(report.waiting?.tripped.map(({ guard }) => guard)).toEqual(['restored']);
});

test('P2: what a restore left to a person is asked about again when they end the link, and confirm it again', async () => {
  const world = await begin({ customers: CUSTOMERS });
  const { db } = world.database;
  const { tenant } = world.simulator;
  expect(await tellRestored(db, 'main')).toBe(true);
  // There and back in Udesk, as far as anybody knows: what the CRM holds may be the older one.
  await world.crm`update contact set name = 'Older' where 'c0@example.com' = any(emails)`;
  await world.sync();
  const asked = { field: 'nick_name', kind: 'restored', udesk: 'Customer 0', crm: 'Older' };
  const [row] = await world.conflicts();
  expect(row).toMatchObject({ ...asked, state: 'open' });
  const decision = { linkId: row?.linkId ?? '', who: 'li', at: new Date() };
  await unlink(db, decision);
  await world.sync();

  expect(await confirmLink(db, decision)).toMatchObject({ outcome: 'confirmed' });
  await world.sync();

  expect(tenant.find('email', 'c0@example.com')?.nick_name).toBe('Customer 0');
  expect(await world.conflicts()).toMatchObject([
    { ...asked, state: 'resolved', resolvedBy: 'link ended' },
    { ...asked, state: 'open' },
  ]);
});
