import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { createMonitoring, type Monitoring } from '../../../src/cli/monitoring.ts';
import { openPair, type Runtime } from '../../../src/cli/runtime.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import type { PairWorker } from '../../../src/daemon/pair-worker.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import { type HttpServer, healthRoutes, serve } from '../../../src/web/health.ts';
import { type PostgresProxy, startProxy } from '../../support/postgres-proxy.ts';
import { createWorld, type World } from '../../support/world.ts';

const CONFIG = join(import.meta.dirname, '../../../config');
let world: World;
let proxy: PostgresProxy;
let monitoring: Monitoring;
let worker: PairWorker;
let server: HttpServer;
let stop: AbortController;
let closing: (() => Promise<void>)[];

/** The daemon's own wiring over a database that can be frozen; no schedule wakes the worker. */
beforeEach(async () => {
  closing = [];
  world = await createWorld({
    customers: [
      { nick_name: 'Ann Secret', email: 'ann@example.com', cellphones: ['13800138000'] },
      { nick_name: 'Bob', email: 'bob@example.com' },
    ],
    people: [{ name: 'Other name', emails: ['bob@example.com'] }],
  });
  proxy = await startProxy(world.databaseUrl);
  const database = await openDatabase({ url: proxy.url, dataDir: '/nonexistent', max: 6 });
  const config = loadConfig({ env: {}, readFile: () => world.configText, adapters: crmAdapters });
  const runtime: Runtime = {
    config,
    database,
    engine: { ...world.engine, db: database.db },
    ledger: postgresLedger(database.sql),
    close: async () => {},
  };
  monitoring = createMonitoring(runtime);
  const [pairConfig] = config.pairs;
  if (pairConfig === undefined) throw new Error('no pair');
  const pair = await openPair(runtime, pairConfig, {}, monitoring.calls('main'));
  worker = monitoring.worker(pair);
  const routes = healthRoutes({ readiness: () => monitoring.readiness([worker]) });
  routes.route('/', monitoring.metrics.routes);
  server = await serve(routes, '127.0.0.1', 0);
  stop = new AbortController();
  const running = worker.run(stop.signal);
  closing.push(
    async () => {
      stop.abort();
      await running;
    },
    () => server.close(),
    () => pair.close(),
    () => database.close(),
    () => proxy.close(),
    () => world.close(),
  );
});
afterEach(async () => {
  for (const close of closing) await close();
});

const OF_INTEREST = [
  ...['freshness_bound_seconds', 'breakers_open', 'dead_letters', 'guards_waiting', 'history_held_months'],
  ...[
    'crm_calls_total',
    'udesk_calls_total',
    'retries_total',
    'quota_refused_total',
    'certified_age_seconds',
  ],
].map((name) => `udesk_sync_${name}`);

async function cycle(): Promise<void> {
  const before = worker.health.lastGoodAtMs;
  worker.due('sweep');
  await vi.waitFor(() => expect(worker.health.lastGoodAtMs).not.toBe(before), 30_000);
}

async function carryAnEdit(): Promise<void> {
  world.simulator.tenant.edit(world.simulator.tenant.list()[0]?.id ?? '', { description: 'moved' });
  await cycle();
}

async function scrape(): Promise<string> {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/plain');
  return await response.text();
}

const value = (text: string, series: string) =>
  text
    .split('\n')
    .find((line) => line.startsWith(`${series} `))
    ?.slice(series.length + 1);

/** Every name of a metric that an expression asks for. */
function metricsIn(expression: string): string[] {
  return [...expression.matchAll(/\b(?:udesk_sync|nodejs|process)_[a-z0-9_]+/g)].map(([name]) => name);
}

describe('/metrics', () => {
  test('tells how each pair stands: records, coverage, lag, outbox, conflicts, cycles, writes and calls', async () => {
    await cycle();
    const text = await scrape();
    expect(value(text, 'udesk_sync_database_up')).toBe('1');
    for (const side of ['udesk', 'crm']) {
      expect(
        Number(value(text, `udesk_sync_certified_age_seconds{pair="main",side="${side}"}`)),
      ).toBeLessThan(60);
      expect(value(text, `udesk_sync_records{pair="main",side="${side}"}`)).toBe('2');
    }
    expect(value(text, 'udesk_sync_coverage_ratio{pair="main",side="udesk"}')).toBe('1');
    expect(value(text, 'udesk_sync_conflicts{pair="main",state="open"}')).toBe('1');
    expect(value(text, 'udesk_sync_conflicts_opened_total{pair="main"}')).toBe('1');
    expect(value(text, 'udesk_sync_outbox{pair="main",state="pending"}')).toBe('0');
    expect(value(text, 'udesk_sync_parked{pair="main"}')).toBe('0');
    expect(value(text, 'udesk_sync_quota_limit{pair="main"}')).toBe('1000000');
    expect(Number(value(text, 'udesk_sync_quota_used{pair="main"}'))).toBeGreaterThan(0);
    expect(value(text, 'udesk_sync_cycles_total{pair="main",outcome="done"}')).toBe('1');
    expect(value(text, 'udesk_sync_cycle_duration_seconds_count{pair="main",outcome="done"}')).toBe('1');
    expect(Number(value(text, 'udesk_sync_udesk_calls_total{pair="main",outcome="done"}'))).toBeGreaterThan(
      0,
    );
    expect(Number(value(text, 'udesk_sync_crm_calls_total{pair="main",outcome="done"}'))).toBeGreaterThan(0);
    for (const side of ['udesk', 'crm']) {
      expect(value(text, `udesk_sync_retries_total{pair="main",side="${side}"}`)).toBe('0');
      expect(value(text, `udesk_sync_quota_refused_total{pair="main",side="${side}"}`)).toBe('0');
      expect(value(text, `udesk_sync_breakers_open{pair="main",side="${side}"}`)).toBe('0');
    }
    const writes = text.match(
      /^udesk_sync_write_duration_seconds_count\{pair="main",side="crm",op="create",outcome="done"\} 1$/m,
    );
    expect(writes).not.toBeNull();
    expect(value(text, 'udesk_sync_hooks_total{result="taken"}')).toBe('0');
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(text).toMatch(/^process_resident_memory_bytes /m);
  });

  test('holds nothing of a customer, and no label that the configuration does not bound', async () => {
    await cycle();
    await carryAnEdit();
    const text = await scrape();
    expect(text).not.toMatch(/Ann|Secret|Bob|example\.com|1380013/);
    const labels = new Set(
      [...text.matchAll(/^udesk_sync_[^{]+\{([^}]*)\}/gm)].flatMap(([, all]) =>
        [...(all ?? '').matchAll(/(\w+)="/g)].map(([, name]) => name),
      ),
    );
    expect([...labels].sort()).toEqual([
      'kind',
      'le',
      'op',
      'outcome',
      'pair',
      'quantile',
      'result',
      'side',
      'state',
    ]);
  });

  test('answers while Postgres does not: without its figures, and with them again afterwards', async () => {
    await cycle();
    expect(await scrape()).toMatch(/^udesk_sync_conflicts\{/m);
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      proxy.freeze(true);
      vi.setSystemTime(Date.now() + 60_000);
      const frozen = await scrape();
      expect(value(frozen, 'udesk_sync_database_up')).toBe('0');
      expect(frozen).not.toMatch(/^udesk_sync_conflicts\{/m);
      expect(value(frozen, 'udesk_sync_cycles_total{pair="main",outcome="done"}')).toBe('1');
      const ready = await fetch(`${server.url}/readyz`);
      expect(ready.status).toBe(503);
      expect(await ready.json()).toMatchObject({ reason: 'the database does not answer' });
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);

      proxy.freeze(false);
      proxy.cutAll();
      await vi.waitFor(async () => {
        vi.setSystemTime(Date.now() + 60_000);
        expect(value(await scrape(), 'udesk_sync_conflicts{pair="main",state="open"}')).toBe('1');
      }, 30_000);
    } finally {
      vi.useRealTimers();
    }
  });

  test('counts failing cycles, refusals of the quota and what was sent again', async () => {
    await cycle();
    const reaches = async (series: string, least: number) =>
      await vi.waitFor(async () => {
        const text = await monitoring.metrics.registry.metrics();
        expect(Number(value(text, series))).toBeGreaterThanOrEqual(least);
      }, 60_000);

    world.simulator.set('fault.error_5xx', '1');
    worker.due('sweep');
    await reaches('udesk_sync_retries_total{pair="main",side="udesk"}', 1);
    await reaches('udesk_sync_udesk_calls_total{pair="main",outcome="transient"}', 2);
    await reaches('udesk_sync_cycles_total{pair="main",outcome="failed"}', 1);
    world.simulator.set('fault.error_5xx', '0');

    world.simulator.set('rate.per_minute', '1');
    worker.due('sweep');
    await reaches('udesk_sync_quota_refused_total{pair="main",side="udesk"}', 1);

    const text = await monitoring.metrics.registry.metrics();
    expect(value(text, 'udesk_sync_retries_total{pair="main",side="crm"}')).toBe('0');
    monitoring.calls('main').crm.onAttempt({ outcome: 'throttled', attempt: 2 });
    await reaches('udesk_sync_retries_total{pair="main",side="crm"}', 1);
    await reaches('udesk_sync_quota_refused_total{pair="main",side="crm"}', 1);
    await reaches('udesk_sync_crm_calls_total{pair="main",outcome="throttled"}', 1);
  });
});

describe('the files for Grafana and Prometheus', () => {
  test('ask only for metrics that exist', async () => {
    await cycle();
    await carryAnEdit();
    const known = new Set(
      [...(await scrape()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
      ),
    );
    const dashboard = JSON.parse(readFileSync(join(CONFIG, 'grafana-dashboard.json'), 'utf8')) as {
      panels: { title: string; targets: { expr: string }[] }[];
      templating: { list: { query: string | { query: string } }[] };
    };
    const rules = parse(readFileSync(join(CONFIG, 'prometheus-alerts.yaml'), 'utf8')) as {
      groups: {
        rules: { alert: string; expr: string; annotations: { summary: string; action: string } }[];
      }[];
    };
    const alerts = rules.groups.flatMap((group) => group.rules);
    const asked = [
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
      ...dashboard.templating.list.map(({ query }) => (typeof query === 'string' ? query : query.query)),
      ...alerts.map(({ expr }) => expr),
    ].flatMap(metricsIn);

    expect(asked.length).toBeGreaterThan(30);
    // What an operator is told of is on the dashboard.
    const shown = dashboard.panels
      .flatMap(({ targets }) => targets.map(({ expr }) => expr))
      .flatMap(metricsIn);
    expect(shown).toEqual(expect.arrayContaining(OF_INTEREST));
    expect([...new Set(asked)].filter((name) => !known.has(name))).toEqual([]);
    for (const { annotations } of alerts) expect(annotations.summary && annotations.action).toBeTruthy();
  });
});
