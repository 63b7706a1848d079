/** What the daemon tells about itself: metrics and readiness, from its workers and its database. */
import type { PairConfig } from '../config/schema.ts';
import { SIDES, type SideName } from '../core/record.ts';
import { createPairWorker, type PairWorker } from '../daemon/pair-worker.ts';
import { monotonicOf, type PairRuntime } from '../engine/context.ts';
import type { CycleReport } from '../engine/cycle.ts';
import { measuredSide } from '../engine/measured-side.ts';
import { SyncError } from '../errors.ts';
import { createBreakers } from '../http/breakers.ts';
import { listDeadLetters } from '../store/dead-letters.ts';
import type { PairGauges } from '../store/gauges.ts';
import { quotaUsed } from '../store/pair-status.ts';
import { keptSince } from '../store/retention.ts';
import type { ReplicaState } from '../store/schema/replica.ts';
import type { Db } from '../store/tx.ts';
import { type HistoryGauge, type QuotaGauge, shareFigures } from '../web/figures.ts';
import type { Readiness } from '../web/health.ts';
import type { HookCounts } from '../web/hooks.ts';
import { createMetrics, type Metrics } from '../web/metrics.ts';
import { readinessOf } from '../web/readiness.ts';
import type { Runtime, WatchedCalls } from './runtime.ts';
import { steadyGauges } from './steady-gauges.ts';

/** Who asks for the readiness gives up after seconds, and a database that hangs is one that does not answer. */
const PATIENCE_MS = 2_000;

export interface Monitoring {
  readonly metrics: Metrics;
  /** A worker whose cycles and writes are measured. */
  worker(pair: PairRuntime, onCycle?: (report: CycleReport) => void): PairWorker;
  /** What watches the calls of the pair's sides; their circuit breakers are the same at each call. */
  calls(pair: string): Readonly<Record<SideName, WatchedCalls>>;
  openBreakers(): ReplicaState['breakers'];
  countHooks(counts: Readonly<HookCounts>): void;
  readiness(workers: readonly PairWorker[]): Promise<Readiness>;
}

export function createMonitoring({ config, engine }: Runtime): Monitoring {
  const names = config.pairs.map(({ name }) => name);
  let hooks: Readonly<HookCounts> | null = null;
  const time = { monotonic: monotonicOf(engine), now: () => engine.clock().getTime() };
  const breakers = new Map(
    names.map((name) => [name, { udesk: createBreakers(time), crm: createBreakers(time) }]),
  );
  const openBreakers = () =>
    [...breakers].flatMap(([pair, sides]) =>
      SIDES.flatMap((side) => sides[side].open().map((open) => ({ pair, side, ...open }))),
    );
  const gaugesOf = steadyGauges(engine, names);
  const figures = shareFigures(async () => {
    const [pairs, quota, deadLetters, history] = await Promise.all([
      gaugesOf(),
      quotaOf(engine.db, config.pairs),
      listDeadLetters(engine.db),
      historyOf(engine.db, engine.clock()),
    ]);
    return { pairs, quota, deadLetters, history };
  }, engine.clock);
  const metrics = createMetrics({ pairs: names, figures, breakers: openBreakers, hooks: () => hooks });
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
    calls(pair) {
      const made = breakers.get(pair);
      if (made === undefined) throw new SyncError('invariant', `no pair ${pair} is open`);
      const of = (side: SideName): WatchedCalls => ({
        breakers: made[side],
        onAttempt: (attempt) => metrics.called(pair, side, attempt),
      });
      return { udesk: of('udesk'), crm: of('crm') };
    },
    openBreakers,
    countHooks(counts) {
      hooks = counts;
    },
    async readiness(workers) {
      let rows: readonly PairGauges[];
      try {
        ({ pairs: rows } = await figures(PATIENCE_MS));
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

async function quotaOf(db: Db, pairs: readonly PairConfig[]): Promise<QuotaGauge[]> {
  const found: QuotaGauge[] = [];
  for (const { name, udesk } of pairs) {
    const [busiest] = await quotaUsed(db, udesk.baseUrl);
    found.push({ pair: name, used: busiest?.calls ?? 0, perMinute: udesk.quota.perMinute });
  }
  return found;
}

async function historyOf(db: Db, now: Date): Promise<HistoryGauge[]> {
  return Object.entries(await keptSince(db)).map(([kind, { held, lookedAt }]) => {
    const lookAgeMs = lookedAt === null ? null : now.getTime() - Date.parse(lookedAt);
    return { kind, held, lookAgeMs };
  });
}
