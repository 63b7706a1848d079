/**
 * `/metrics` for Prometheus. Labels are names of pairs and sides and fixed words: no label holds customer data, and their
 * number is bounded by the configuration. A scrape never fails because Postgres does not answer: the figures of the
 * process are still there, those of the database are left out, and `udesk_sync_database_up` is 0.
 */
import { Hono } from 'hono';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { SIDES, type SideName } from '../core/record.ts';
import type { CycleEnd, WriteSample } from '../engine/measures.ts';
import type { ReadFigures } from './figures.ts';
import type { HookCounts } from './hooks.ts';
import { createStoreGauges } from './metrics-gauges.ts';

/** A scrape waits no longer for the database; Prometheus itself gives up after ten seconds. */
const PATIENCE_MS = 3_000;

export interface MetricsSource {
  readonly figures: ReadFigures;
  /** Counted by the callbacks' route; null where none is open. */
  readonly hooks: () => Readonly<HookCounts> | null;
  /** Endpoints that this process leaves alone now, one entry each. */
  readonly breakers: () => readonly { readonly pair: string; readonly side: SideName }[];
  readonly pairs: readonly string[];
}

export interface Metrics {
  readonly routes: Hono;
  readonly registry: Registry;
  cycleEnded(pair: string, end: CycleEnd): void;
  wrote(pair: string, sample: WriteSample): void;
  /** One attempt of a call of a side. `attempt` above 1: it was sent again. */
  called(pair: string, side: SideName, call: { readonly outcome: string; readonly attempt: number }): void;
}

const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export function createMetrics(source: MetricsSource): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const cycles = new Counter({
    name: 'udesk_sync_cycles_total',
    help: 'Cycles of this process, by how they ended: done, waiting (for an approval), failed, lease-lost.',
    labelNames: ['pair', 'outcome'],
    registers,
  });
  const cycleSeconds = new Histogram({
    name: 'udesk_sync_cycle_duration_seconds',
    help: 'From the begin to the end of a cycle.',
    labelNames: ['pair', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const writeSeconds = new Histogram({
    name: 'udesk_sync_write_duration_seconds',
    help: 'One write to a side, retries included; outcome is done or the kind of the error.',
    labelNames: ['pair', 'side', 'op', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const calls = new Counter({
    name: 'udesk_sync_udesk_calls_total',
    help: 'Attempts of calls of Udesk, by outcome: done, or the kind of the error.',
    labelNames: ['pair', 'outcome'],
    registers,
  });
  const crmCalls = new Counter({
    name: 'udesk_sync_crm_calls_total',
    help: 'Attempts of calls of the CRM, by outcome: done, or the kind of the error; of a CRM in Postgres, of reads.',
    labelNames: ['pair', 'outcome'],
    registers,
  });
  const retries = new Counter({
    name: 'udesk_sync_retries_total',
    help: 'Calls of the side that were sent again after a failure.',
    labelNames: ['pair', 'side'],
    registers,
  });
  const refused = new Counter({
    name: 'udesk_sync_quota_refused_total',
    help: 'Calls that the side refused because there were too many.',
    labelNames: ['pair', 'side'],
    registers,
  });
  // What begins at 1 has not increased, to Prometheus: what its rules watch is there from the start.
  for (const pair of source.pairs) {
    for (const outcome of ['done', 'waiting', 'failed', 'lease-lost']) cycles.inc({ pair, outcome }, 0);
    for (const each of [calls, crmCalls])
      for (const outcome of ['done', 'auth']) each.inc({ pair, outcome }, 0);
    for (const side of SIDES) {
      retries.inc({ pair, side }, 0);
      refused.inc({ pair, side }, 0);
    }
  }
  hookCounters(source, registers);
  breakerGauge(source, registers);
  const store = createStoreGauges(registers);

  const routes = new Hono();
  routes.get('/metrics', async (c) => {
    // They are brought up to date, or taken away when the database does not answer in time.
    await source.figures(PATIENCE_MS).then(store.show, store.unknown);
    return c.body(await registry.metrics(), 200, { 'content-type': registry.contentType });
  });
  return {
    routes,
    registry,
    cycleEnded(pair, { outcome, durationMs }) {
      cycles.inc({ pair, outcome });
      if (outcome !== 'lease-lost') cycleSeconds.observe({ pair, outcome }, durationMs / 1000);
    },
    wrote(pair, { side, op, outcome, durationMs }) {
      writeSeconds.observe({ pair, side, op, outcome }, durationMs / 1000);
    },
    called(pair, side, { outcome, attempt }) {
      (side === 'udesk' ? calls : crmCalls).inc({ pair, outcome });
      if (attempt > 1) retries.inc({ pair, side });
      if (outcome === 'throttled') refused.inc({ pair, side });
    },
  };
}

function breakerGauge({ breakers, pairs }: MetricsSource, registers: Registry[]): void {
  new Gauge({
    name: 'udesk_sync_breakers_open',
    help: 'Endpoints of the side that are left alone because they failed too often in a row.',
    labelNames: ['pair', 'side'],
    registers,
    collect() {
      for (const pair of pairs) for (const side of SIDES) this.set({ pair, side }, 0);
      for (const { pair, side } of breakers()) this.inc({ pair, side });
    },
  });
}

/** The route counts for itself; a scrape copies what it counted. A counter belongs to its registry once it is made. */
function hookCounters({ hooks }: MetricsSource, registers: Registry[]): void {
  new Counter({
    name: 'udesk_sync_hooks_total',
    help: 'Callbacks of Udesk since the start: taken, refused (wrong secret), too-large.',
    labelNames: ['result'],
    registers,
    collect() {
      const counts = hooks();
      this.reset();
      this.inc({ result: 'taken' }, counts?.taken ?? 0);
      this.inc({ result: 'refused' }, counts?.refused ?? 0);
      this.inc({ result: 'too-large' }, counts?.tooLarge ?? 0);
    },
  });
  new Counter({
    name: 'udesk_sync_hook_hints_total',
    help: 'Customers that callbacks named.',
    registers,
    collect() {
      this.reset();
      this.inc(hooks()?.hints ?? 0);
    },
  });
}
