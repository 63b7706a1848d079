/** What an operator sees of the program as it is started: the routes are there, and each figure is what happened. */
import { afterEach, expect, test, vi } from 'vitest';
import { DEAD_QUEUE } from '../../../src/store/jobs.ts';
import { commandLine } from '../../support/command-line.ts';
import { startDaemon, urlIn, writeConfig } from '../../support/program.ts';
import { createWorld, ourRows } from '../../support/world.ts';

const SLOWLY = { timeout: 240_000, interval: 250 };
const HOOK_SECRET = 'a-secret-of-some-length';
const SCHEDULE =
  "{ head: '*/3 * * * * *', sweep: '*/10 * * * * *', pages: '*/4 * * * * *', crm: '*/3 * * * * *', feeds: '0 3 * * *', audit: '0 3 * * *' }";
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Of the one series of this name with these labels; null where none is told. */
function figure(text: string, series: string): number | null {
  const [name, labels = ''] = series.replace('}', '').split('{');
  const wanted = labels === '' ? [] : labels.split(',').map((label) => label.replace(/=(.*)/, '="$1"'));
  for (const line of text.split('\n')) {
    const [, found, has = '', value = ''] = /^([a-z]\w*)(?:\{([^}]*)\})? (\S+)$/.exec(line) ?? [];
    if (found !== name || !wanted.every((label) => has.split(',').includes(label))) continue;
    return value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
  }
  return null;
}

test('the daemon serves /healthz, /readyz and /metrics, and after an edit, a decision, a callback and a refusal each figure is what happened', async () => {
  const world = await createWorld({
    customers: [
      { nick_name: 'Ann', email: 'ann@example.com' },
      { nick_name: 'Bob', email: 'bob@example.com' },
    ],
    people: [{ name: 'Other name', emails: ['bob@example.com'] }],
    pair: { schedule: SCHEDULE },
  });
  cleanups.push(() => world.close());
  // Nobody can work on the second pair, so that what lies there stays as it is.
  const [, block = ''] = world.configText.split('pairs:\n');
  const still = block.replace('- name: main', '- name: still').replace(/:\d+\/t_/, ':1/t_');
  const hook = block.replace(/(\n +quota:)/, `\n      webhook: { secret: ${HOOK_SECRET} }$1`);
  const config = writeConfig(
    `http: { port: 0 }\ndatabase: { url: '${world.databaseUrl}' }\npairs:\n${hook}${still}`,
  );
  cleanups.push(() => config.remove());
  const daemon = startDaemon(config.file);
  cleanups.push(() => daemon.kill());
  const url = await vi.waitFor(() => urlIn(daemon.said()), SLOWLY);
  const scrape = async () => await (await fetch(`${url}/metrics`)).text();

  // One edit, one decision, one callback.
  const { tenant } = world.simulator;
  const ann = tenant.find('email', 'ann@example.com')?.id ?? '';
  await vi.waitFor(async () => expect(await world.conflicts()).toHaveLength(1), SLOWLY);
  tenant.edit(ann, { description: 'moved' });
  await vi.waitFor(
    async () => expect((await world.people()).map(({ note }) => note)).toContain('moved'),
    SLOWLY,
  );
  const cli = commandLine(world);
  cleanups.push(() => cli.close());
  expect((await cli.run('conflicts', 'resolve', '--pair', 'main', '--take', 'udesk', '--yes')).code).toBe(0);
  await vi.waitFor(
    async () => expect((await world.conflicts()).map(({ state }) => state)).toEqual(['resolved']),
    SLOWLY,
  );
  const callback = { action: 'Customer_update', message: { id: Number(ann) } };
  const told = { method: 'POST', body: JSON.stringify(callback) };
  expect((await fetch(`${url}/hooks/udesk/main/${HOOK_SECRET}`, told)).status).toBe(204);

  await ourRows(world, `insert into udesk_sync.pair (name) values ('still')`);
  await ourRows(
    world,
    `insert into udesk_sync.guard (pair, hash, state, tripped, writes, opened_at) values ('still', 'h', 'waiting', '[]', 7, now())`,
  );
  await ourRows(
    world,
    `insert into udesk_sync.account_change (pair, hash, side, state, before, now, opened_at)
     values ('still', 'a', 'crm', 'waiting', '{}', '{}', now())`,
  );
  await ourRows(
    world,
    `insert into udesk_sync.parked (pair, side, kind, message, state, at) values ('still', 'udesk', 'rejected', 'no', 'parked', now())`,
  );
  await ourRows(
    world,
    `insert into udesk_sync.intent overriding system value
     select (jsonb_populate_record(i, jsonb_build_object('pair', 'still', 'state', 'pending', 'side', 'crm',
       'created_at', now() - interval '2 hours'))).* from udesk_sync.intent i limit 1`,
  );
  const dead = `insert into udesk_sync_jobs.job (name, data) select '${DEAD_QUEUE}', '{"pair": "still", "lane": "crm"}' from generate_series(1, 2)`;
  // The tables of the jobs are made while the first cycles run.
  await vi.waitFor(() => ourRows(world, dead), SLOWLY);
  await vi.waitFor(async () => {
    const held = `update udesk_sync.retention set held = 3 where kind = 'observation' and looked_at is not null returning 1`;
    expect(await ourRows(world, held)).toHaveLength(1);
  }, SLOWLY);
  await vi.waitFor(
    async () =>
      expect(await ourRows(world, 'select 1 from report.freshness where bound is not null')).toHaveLength(1),
    SLOWLY,
  );

  world.simulator.set('rate.per_minute', '1');
  await vi.waitFor(async () => {
    const refused = figure(await scrape(), 'udesk_sync_quota_refused_total{pair=main,side=udesk}');
    expect(refused).toBeGreaterThan(0);
  }, SLOWLY);
  world.simulator.set('rate.per_minute', '0');

  const exactly: Record<string, number> = {
    udesk_sync_database_up: 1,
    'udesk_sync_leased{pair=main}': 1,
    'udesk_sync_last_good_cycle_age_seconds{pair=still}': Number.POSITIVE_INFINITY,
    'udesk_sync_coverage_ratio{pair=main,side=udesk}': 1,
    'udesk_sync_uncertified{pair=main,side=udesk}': 0,
    'udesk_sync_records{pair=main,side=udesk}': 2,
    'udesk_sync_records{pair=main,side=crm}': 2,
    'udesk_sync_linked_records{pair=main,side=udesk}': 2,
    'udesk_sync_linked_records{pair=main,side=crm}': 2,
    'udesk_sync_outbox{pair=main,state=pending}': 0,
    'udesk_sync_outbox{pair=still,state=pending}': 1,
    'udesk_sync_outbox_oldest_seconds{pair=main,side=crm}': 0,
    'udesk_sync_parked{pair=main}': 0,
    'udesk_sync_parked{pair=still}': 1,
    'udesk_sync_conflicts{pair=main,state=open}': 0,
    'udesk_sync_conflicts_opened_total{pair=main}': 1,
    'udesk_sync_conflicts_closed_total{pair=main}': 1,
    'udesk_sync_guards_waiting{pair=main}': 0,
    'udesk_sync_guards_waiting{pair=still}': 1,
    'udesk_sync_guarded_writes{pair=still}': 7,
    'udesk_sync_accounts_changed{pair=main}': 0,
    'udesk_sync_accounts_changed{pair=still}': 1,
    'udesk_sync_dead_letters{pair=main}': 0,
    'udesk_sync_dead_letters{pair=still}': 2,
    'udesk_sync_history_held_months{kind=observation}': 3,
    'udesk_sync_history_held_months{kind=run}': 0,
    'udesk_sync_quota_limit{pair=main}': 1_000_000,
    'udesk_sync_hooks_total{result=taken}': 1,
    udesk_sync_hook_hints_total: 1,
    'udesk_sync_udesk_calls_total{pair=main,outcome=auth}': 0,
  };
  /** How much it is depends on the machine: above the first, and at most the second. */
  const within: Record<string, readonly [above: number, atMost: number]> = {
    'udesk_sync_last_good_cycle_age_seconds{pair=main}': [0, 900],
    'udesk_sync_lag_seconds{pair=main,side=crm,quantile=0.95}': [0, 900],
    'udesk_sync_certified_age_seconds{pair=main,side=udesk}': [0, 900],
    'udesk_sync_certified_age_seconds{pair=main,side=crm}': [0, 900],
    'udesk_sync_freshness_bound_seconds{pair=main}': [0, 86_400],
    'udesk_sync_freshness_active_bound_seconds{pair=main}': [0, 86_400],
    'udesk_sync_outbox_oldest_seconds{pair=still,side=crm}': [7_199, 9_000],
    'udesk_sync_history_look_age_seconds{kind=observation}': [0, 900],
    'udesk_sync_quota_used{pair=main}': [0, 1_000_000],
    'udesk_sync_quota_refused_total{pair=main,side=udesk}': [0, 1_000],
    'udesk_sync_retries_total{pair=main,side=udesk}': [0, 1_000],
    'udesk_sync_cycles_total{pair=main,outcome=done}': [0, 10_000],
    'udesk_sync_crm_calls_total{pair=main,outcome=done}': [0, 100_000],
    'udesk_sync_write_duration_seconds_count{pair=main,side=crm,op=update,outcome=done}': [0, 10],
    'udesk_sync_write_duration_seconds_sum{pair=main,side=crm,op=update,outcome=done}': [0, 600],
    nodejs_eventloop_lag_p99_seconds: [0, 600],
    process_resident_memory_bytes: [10_000_000, 2_000_000_000],
  };
  // Between its cycles a pair is nobody's, and what comes from the database is as old as ten seconds: a lease that was given
  // back stays with its owner for longer than that, and for less than a cycle waits for it.
  const stay = () =>
    ourRows(
      world,
      `update udesk_sync.lease set expires_at = now() + interval '15 s' where pair = 'main' and expires_at <= now() returning 1`,
    );
  await vi.waitFor(async () => {
    await stay();
    const text = await scrape();
    const figures = Object.keys(exactly).map((series) => [series, figure(text, series)]);
    expect(Object.fromEntries(figures)).toEqual(exactly);
    const outside = Object.entries(within).flatMap(([series, [above, atMost]]) => {
      const is = figure(text, series);
      return is !== null && is > above && is <= atMost ? [] : [`${series} ${is}`];
    });
    expect(outside).toEqual([]);
  }, SLOWLY);

  const health = await fetch(`${url}/healthz`);
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
  await vi.waitFor(async () => {
    await stay();
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      status: 'not ready',
      reason: expect.stringMatching(/^still: its cycles fail \(transient\)$/),
      pairs: [
        { pair: 'main', lease: 'here', reason: null, certifiedAgeMs: { udesk: expect.any(Number) } },
        { pair: 'still', reason: expect.any(String) },
      ],
    });
  }, SLOWLY);
}, 600_000);
