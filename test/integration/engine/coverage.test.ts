import { afterEach, expect, test } from 'vitest';
import { openPair } from '../../../src/cli/runtime.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import { commandLine } from '../../support/command-line.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const TOTAL = 25_000;

test('25,000 customers: status tells the truth without shards, with them, and when they are taken away again', async () => {
  world = await createWorld({
    customers: Array.from({ length: TOTAL }, (_, n) => ({ nick_name: `Customer ${n}` })),
    pair: { create: '{ inCrm: false, inUdesk: false }' },
  });
  const cli = commandLine(world);
  const udeskOnly = { observe: { udesk: 'full', crm: 'none' } } as const;
  const status = async () => {
    const { pairs } = (await cli.run('status', '--json')).json() as unknown as {
      pairs: { coverage: Record<string, unknown> }[];
    };
    return { coverage: pairs[0]?.coverage, text: (await cli.run('status')).stdout };
  };
  const inMirror = async () =>
    (await ourRows(world, `select count(*)::int as n from udesk_sync.record where side = 'udesk'`))[0]?.n;

  await world.sync(udeskOnly);
  const without = await status();
  expect(await inMirror()).toBe(10_000);
  expect(without.coverage).toMatchObject({ total: TOTAL, listed: 10_000, unlisted: 0, unreachable: 15_000 });
  expect(without.text).toContain('15000 customers of Udesk cannot be reached');
  expect(without.text).toMatch(/coverage +Udesk says 25000, its list reaches 10000, 0 more are known/);

  const config = loadConfig({
    env: {},
    readFile: () => world.configText.replace('udesk:\n', 'udesk:\n      shards: [101, 102, 103, 104]\n'),
    adapters: crmAdapters,
  });
  const [withShards] = config.pairs;
  if (withShards === undefined) throw new Error('no pair');
  const { database, engine } = world;
  const ledger = postgresLedger(database.sql);
  const sharded = await openPair({ config, database, engine, ledger, close: async () => {} }, withShards);
  const plain = world.pair.sides.udesk.enumerate;
  world.pair.sides.udesk.enumerate = sharded.sides.udesk.enumerate;
  await world.sync(udeskOnly);
  const covered = await status();
  expect(await inMirror()).toBe(TOTAL);
  expect(covered.coverage).toMatchObject({
    total: TOTAL,
    listed: TOTAL,
    unlisted: 0,
    missing: 0,
    unreachable: 0,
  });
  expect(covered.text).toMatch(
    /coverage +Udesk says 25000, its list reaches 25000, 0 more .* 0 out of reach/,
  );

  world.pair.sides.udesk.enumerate = plain;
  await world.sync(udeskOnly);
  const again = await status();
  expect(again.coverage).toMatchObject({ total: TOTAL, listed: 10_000, unlisted: 15_000, unreachable: 0 });
  const report = await world.sync({
    observe: { udesk: 'none', crm: 'none', revisit: { budgetMs: 500 } },
  });
  expect(report.observed.revisit).toMatchObject({ left: true, missing: 0 });
  expect(
    await ourRows(
      world,
      `select listed_records, unlisted_records::int, missing_records::int, unreachable_records::int,
         oldest_verified_at < (select udesk_swept_at from udesk_sync.pair) as older
       from report.coverage where side = 'udesk'`,
    ),
  ).toEqual([
    {
      listed_records: 10_000,
      unlisted_records: 15_000,
      missing_records: 0,
      unreachable_records: 0,
      older: true,
    },
  ]);
  await sharded.close();
  cli.close();
}, 300_000);
