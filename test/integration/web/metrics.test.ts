import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { createMonitoring, type Monitoring } from '../../../src/cli/monitoring.ts';
import { openPair, type Runtime } from '../../../src/cli/runtime.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { crmAdapters } from '../../../src/crm/registry.ts';
import type { PairWorker } from '../../../src/daemon/pair-worker.ts';
import { forget } from '../../../src/engine/forget.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { postgresLedger } from '../../../src/store/quota-ledger.ts';
import { type HttpServer, healthRoutes, serve } from '../../../src/web/health.ts';
import { surviveAsTheProgram } from '../../support/driver-faults.ts';
import { type PostgresProxy, startProxy } from '../../support/postgres-proxy.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

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
  const rest = surviveAsTheProgram();
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
    async () => rest(),
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

/** An edit was carried, and its page was looked at by itself: then there is a figure for everything. */
async function fullDay(): Promise<string> {
  await cycle();
  await carryAnEdit();
  worker.due('pages');
  worker.due('sweep');
  await vi.waitFor(async () => {
    worker.due('pages');
    expect(await ourRows(world, 'select 1 from report.freshness where bound is not null')).toHaveLength(1);
  }, 60_000);
  return await scrape();
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

interface Selector {
  readonly name: string;
  /** Labels that must be exactly as said; those that a panel chooses, or that must not be so, are left out. */
  readonly labels: readonly string[];
  /** What the expression says before it. */
  readonly before: string;
}

/** Every series that an expression asks for. */
function selectorsIn(expression: string): Selector[] {
  return [...expression.matchAll(/\b((?:udesk_sync|nodejs|process)_[a-z0-9_]+)(?:\{([^}]*)\})?/g)].map(
    ({ 1: name = '', 2: labels = '', index }) => ({
      name,
      labels: labels.match(/\w+="[^"]*"/g) ?? [],
      before: expression.slice(0, index),
    }),
  );
}

/** Names of which a scrape shows a figure; a series that nobody ever set has a type and no figure. */
function sampledIn(text: string): Set<string> {
  return new Set([...text.matchAll(/^([a-z]\w*)(?:\{[^}]*\})? \S+$/gm)].map(([, name = '']) => name));
}

function isSampled({ name, labels }: Selector, text: string): boolean {
  return text.split('\n').some((line) => {
    const [, found, has = ''] = /^([a-z]\w*)(?:\{([^}]*)\})? \S+$/.exec(line) ?? [];
    return found === name && labels.every((label) => has.split(',').includes(label));
  });
}

const DASHBOARD = JSON.parse(readFileSync(join(CONFIG, 'grafana-dashboard.json'), 'utf8')) as {
  panels: { title: string; targets: { expr: string }[] }[];
  templating: { list: { query: string | { query: string } }[] };
};
const ALERTS = (
  parse(readFileSync(join(CONFIG, 'prometheus-alerts.yaml'), 'utf8')) as {
    groups: {
      rules: { alert: string; expr: string; annotations: { summary: string; action: string } }[];
    }[];
  }
).groups.flatMap(({ rules }) => rules);
const PANELS = DASHBOARD.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const EXPRESSIONS = [...PANELS, ...ALERTS.map(({ expr }) => expr)];

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

test('100 requests of /readyz and /metrics ask the database once in ten seconds', async () => {
  await cycle();
  const ready = async () => (await fetch(`${server.url}/readyz`)).status;
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    expect(await ready()).toBe(200);
    // Whatever is asked of it from now on gets no answer.
    proxy.freeze(true);
    const before = performance.now();
    for (let n = 0; n < 99; n++) expect(await ready()).toBe(200);
    expect(value(await scrape(), 'udesk_sync_database_up')).toBe('1');
    expect(performance.now() - before, 'nobody waited for it').toBeLessThan(60_000);

    vi.setSystemTime(Date.now() + 10_000);
    expect(await ready()).toBe(503);
    proxy.freeze(false);
    proxy.cutAll();
    await vi.waitFor(async () => expect(await ready()).toBe(200), 30_000);
  } finally {
    vi.useRealTimers();
  }
});

test('what was counted of conflicts does not fall when one of them is forgotten with its person', async () => {
  await cycle();
  await world.database.sql`update udesk_sync.conflict set state = 'resolved', closed_at = now()`;
  const counted = async () => {
    vi.setSystemTime(Date.now() + 60_000);
    const text = await scrape();
    return ['opened', 'closed'].map((what) => value(text, `udesk_sync_conflicts_${what}_total{pair="main"}`));
  };
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    expect(await counted()).toEqual(['1', '1']);
    const id = world.simulator.tenant.find('email', 'bob@example.com')?.id ?? '';
    const wish = { pair: 'main', side: 'udesk', id, who: 'ann', keepOut: true } as const;
    expect(await forget(world.engine, wish)).toMatchObject({ conflicts: 1 });
    expect(await world.conflicts()).toEqual([]);
    expect(await counted()).toEqual(['1', '1']);
  } finally {
    vi.useRealTimers();
  }
});

describe('the files for Grafana and Prometheus', () => {
  test('ask only for figures that are told, with the labels by which they ask', async () => {
    const text = await fullDay();
    const asked = [
      ...EXPRESSIONS,
      ...DASHBOARD.templating.list.map(({ query }) => (typeof query === 'string' ? query : query.query)),
    ].flatMap(selectorsIn);

    expect(new Set(asked.map(({ name }) => name)).size).toBeGreaterThan(30);
    // What an operator is told of is on the dashboard.
    const shown = PANELS.flatMap(selectorsIn).map(({ name }) => name);
    expect(shown).toEqual(expect.arrayContaining(OF_INTEREST));
    const missing = asked.filter((selector) => !isSampled(selector, text));
    expect(missing.map(({ name, labels }) => `${name}{${labels.join()}}`)).toEqual([]);
    for (const { annotations } of ALERTS) expect(annotations.summary && annotations.action).toBeTruthy();
  });

  test('take what every daemon tells of one database once, and add up what each counts for itself', async () => {
    const all = sampledIn(await fullDay());
    proxy.freeze(true);
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 60_000);
    const own = await scrape()
      .then(sampledIn)
      .finally(() => {
        vi.useRealTimers();
        proxy.freeze(false);
        proxy.cutAll();
      });
    const shared = new Set([...all].filter((name) => !own.has(name)));
    expect(shared.size).toBeGreaterThan(20);

    const folded = /\bmax by \([a-z, ]+\) \((?:(?:increase|delta)\()?$/;
    const added = /\bsum(?: by \([a-z, ]+\) )?\((?:(?:increase|rate)\()?$/;
    // Of a breaker, too: whichever daemon works on the pair has it open.
    const isShared = (name: string) => shared.has(name) || name === 'udesk_sync_breakers_open';
    const perDaemon = (name: string) => !name.startsWith('udesk_sync_') || name === 'udesk_sync_database_up';
    const wrong = EXPRESSIONS.flatMap(selectorsIn).filter(
      ({ name, before }) => !perDaemon(name) && !(isShared(name) ? folded : added).test(before),
    );
    expect(wrong.map(({ name, before }) => `${before}${name}`)).toEqual([]);
  });

  test('call a side that cannot be read completely as alerts, heartbeat and /readyz do: no alarm', () => {
    const of = (name: string) => ALERTS.find(({ alert }) => alert === name)?.expr;
    const old = 'max by (pair, side) (udesk_sync_certified_age_seconds) > 86400';
    const partial = 'max by (pair, side) (udesk_sync_uncertified) > 0';
    expect(of('UdeskSyncSweepOld')).toBe(`${old} unless ${partial}`);
    expect(of('UdeskSyncPartial')).toBe(`${old} and ${partial}`);
  });

  test('watch the credentials of both sides', () => {
    const asked = ALERTS.filter(({ alert }) => alert === 'UdeskSyncAuth').flatMap(({ expr }) =>
      selectorsIn(expr),
    );
    expect(asked).toMatchObject(
      ['udesk', 'crm'].map((side) => ({
        name: `udesk_sync_${side}_calls_total`,
        labels: ['outcome="auth"'],
      })),
    );
  });
});
