/** What the doctor finds by asking Postgres: each finding here comes of rows that are really there. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addMonths, monthOf } from '../../../src/core/retention.ts';
import { diagnoseDatabase, diagnosePair } from '../../../src/report/doctor.ts';
import { databaseFacts, pairFacts } from '../../../src/store/doctor.ts';
import { DEAD_QUEUE, openJobs } from '../../../src/store/jobs.ts';
import { type CommandLine, commandLine } from '../../support/command-line.ts';
import { createWorld, type World } from '../../support/world.ts';

const CALLS = { perMinute: 1_000, shards: 0 };
let world: World;
let cli: CommandLine;
beforeEach(async () => {
  world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
  cli = commandLine(world);
  await world.sync();
  const { tenant } = world.simulator;
  tenant.edit(tenant.list()[0]?.id ?? '', { description: 'moved' });
  // The history is looked after by it.
  expect((await cli.run('sync')).code).toBe(0);
  const jobs = await openJobs(world.database, { warn() {} });
  await jobs.close();
});
afterEach(async () => {
  cli.close();
  await world.close();
});

async function findings(now = new Date()) {
  const { db } = world.database;
  return [
    ...diagnoseDatabase(await databaseFacts(db, ['main'], now)),
    ...diagnosePair(await pairFacts(db, 'main'), CALLS, now),
  ].filter(({ code }) => code !== 'autovacuum-off'); // the server of these tests is made for speed
}

test('finds nothing where all is well, and each of these where it is, with what to do', async () => {
  expect(await findings()).toEqual([]);
  const nextMonth = addMonths(monthOf(new Date()), 1).replace('-', 'm');
  await world.database.sql.unsafe(`
    insert into udesk_sync.observation overriding system value
      select (jsonb_populate_record(o, '{"at": "1990-01-01T00:00:00Z"}')).* from udesk_sync.observation o limit 1;
    update udesk_sync.retention set held = 3 where kind = 'observation';
    drop table udesk_sync.feed_y${nextMonth};
    insert into udesk_sync_jobs.job (name, data) values ('${DEAD_QUEUE}', '{"pair": "main", "lane": "sweep"}');
    insert into udesk_sync.replica (owner, seen_at, state) values ('host:7', now(),
      '{"pairs": ["main"], "breakers": [{"pair": "main", "side": "udesk", "endpoint": "GET u/customers", "state": "open", "waitMs": 1}]}');
    update udesk_sync.pair set udesk_total = 5000000;`);
  const found = await findings();
  expect(found.map(({ code }) => code)).toEqual([
    'history-stray',
    'history-held',
    'history-months',
    'dead-letters',
    'breaker-open',
    'quota-slow',
  ]);
  expect(found.map(({ sentence }) => sentence)).toEqual([
    '1 row of udesk_sync.observation is of a time without a partition (1990-01 to 1990-01)',
    '3 months of udesk_sync.observation are due to go, and no more than two go at once by themselves',
    expect.stringMatching(/^udesk_sync\.feed has partitions for 0 months ahead; they were last looked after/),
    'the lane sweep failed so often in a row that 1 job of it was put aside',
    'the daemon leaves GET u/customers (udesk) alone for now, because it failed too often in a row',
    expect.stringMatching(/^with 1000 calls a minute, reading all 5000000 customers takes about \d+ min/),
  ]);
  for (const { code, fix } of found) expect(fix, code).not.toBe('');
});

test('finds dead rows in our tables and in those of the jobs, and measures the size and the clock of the server', async () => {
  await world.database.sql.begin(async (tx) => {
    await tx`insert into udesk_sync.quota_call (scope, at, n) select 's' || n, now(), 1 from generate_series(1, 10001) n`;
    await tx`insert into udesk_sync_jobs.job (name, data) select ${DEAD_QUEUE}, '{}' from generate_series(1, 10002)`;
  });
  await world.database.sql.begin(async (tx) => {
    await tx`delete from udesk_sync.quota_call where scope like 's%'`;
    await tx`delete from udesk_sync_jobs.job where name = ${DEAD_QUEUE}`;
    await tx`select pg_stat_force_next_flush()`;
  });
  const now = new Date(Date.now() - 120_000);
  const found = await findings(now);
  expect(found.map(({ code }) => code)).toEqual(['database-bloat', 'database-bloat', 'database-clock']);
  expect(found.map(({ sentence }) => sentence)).toEqual([
    expect.stringMatching(/^udesk_sync_jobs\.\w+ holds 10002 dead rows beside 0 live ones$/),
    expect.stringMatching(/^udesk_sync\.quota_call holds \d+ dead rows beside \d+ live ones$/),
    expect.stringMatching(/^the clock of the database is 1\d\d s ahead of the clock of this machine$/),
  ]);
  expect(found[0]?.fix).toMatch(/^vacuum \(analyze\) udesk_sync_jobs\.\w+;/);
  const { sizeBytes } = await databaseFacts(world.database.db, ['main'], now);
  const [size] = await world.database.sql`select pg_database_size(current_database())::float8 as bytes`;
  expect(sizeBytes).toBeGreaterThan(1_000_000);
  expect(Math.abs((sizeBytes ?? 0) - (size?.bytes as number))).toBeLessThan(1_000_000);
});
