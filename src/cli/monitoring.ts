/** What the daemon tells about itself: metrics and readiness, from its workers and its database. */

import { createPairWorker, type PairWorker } from '../daemon/pair-worker.ts';
import type { PairRuntime } from '../engine/context.ts';
import type { CycleReport } from '../engine/cycle.ts';
import { measuredSide } from '../engine/measured-side.ts';
import { withTimeout } from '../lib/with-timeout.ts';
import { loadGauges, type PairGauges } from '../store/gauges.ts';
import { quotaUsed } from '../store/pair-status.ts';
import type { Readiness } from '../web/health.ts';
import type { HookCounts } from '../web/hooks.ts';
import { createMetrics, type Metrics } from '../web/metrics.ts';
import type { QuotaGauge } from '../web/metrics-gauges.ts';
import { readinessOf } from '../web/readiness.ts';
import type { Runtime } from './runtime.ts';

/** Who asks for the readiness gives up after seconds, and a database that hangs is one that does not answer. */
const PATIENCE_MS = 2_000;

export interface Monitoring {
  readonly metrics: Metrics;
  /** A worker whose cycles and writes are measured. */
  worker(pair: PairRuntime, onCycle?: (report: CycleReport) => void): PairWorker;
  countHooks(counts: Readonly<HookCounts>): void;
  readiness(workers: readonly PairWorker[]): Promise<Readiness>;
}

export function createMonitoring({ config, engine }: Runtime): Monitoring {
  const names = config.pairs.map(({ name }) => name);
  let hooks: Readonly<HookCounts> | null = null;
  const metrics = createMetrics({
    pairs: names,
    clock: engine.clock,
    hooks: () => hooks,
    gauges: () => loadGauges(engine.db, names),
    async quota() {
      const found: QuotaGauge[] = [];
      for (const { name, udesk } of config.pairs) {
        const [busiest] = await quotaUsed(engine.db, udesk.baseUrl);
        found.push({ pair: name, used: busiest?.calls ?? 0, perMinute: udesk.quota.perMinute });
      }
      return found;
    },
  });
  return {
    metrics,
    worker(pair, onCycle) {
      const { name } = pair.spec;
      const timed = (side: 'udesk' | 'crm') =>
        measuredSide(
          side,
          pair.sides[side],
          () => performance.now(),
          (sample) => metrics.wrote(name, sample),
        );
      return createPairWorker(
        engine,
        { ...pair, sides: { udesk: timed('udesk'), crm: timed('crm') } },
        onCycle,
        (end) => metrics.cycleEnded(name, end),
      );
    },
    countHooks(counts) {
      hooks = counts;
    },
    async readiness(workers) {
      let rows: readonly PairGauges[];
      try {
        rows = await withTimeout(loadGauges(engine.db, names), PATIENCE_MS);
      } catch {
        return { reason: 'the database does not answer', pairs: [] };
      }
      const pairs = workers.flatMap(({ name, health }) => {
        const row = rows.find(({ pair }) => pair === name);
        return row === undefined ? [] : [readinessOf(health, row)];
      });
      const unfit = pairs.filter(({ reason }) => reason !== null);
      const reason = unfit.map((each) => `${each.pair}: ${each.reason}`).join('; ');
      return { reason: unfit.length === 0 ? null : reason, pairs };
    },
  };
}
