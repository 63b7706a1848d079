/** The alerts of the configuration, wired to the workers of this daemon. */
import type { AlertConfig } from '../config/schema.ts';
import { guessFormat } from '../daemon/alert-formats.ts';
import { type AlertChannel, type Alerts, createAlerts } from '../daemon/alerts.ts';
import type { PairWorker } from '../daemon/pair-worker.ts';
import { sha256 } from '../lib/hash.ts';
import { withTimeout } from '../lib/with-timeout.ts';
import { loadGauges } from '../store/gauges.ts';
import type { Runtime } from './runtime.ts';

/** A database that takes longer counts as one that does not answer. */
const PATIENCE_MS = 5_000;

export function createAlerting({ config, engine }: Runtime, workers: readonly PairWorker[]): Alerts {
  const names = config.pairs.map(({ name }) => name);
  const { db, log, clock, random, sleep, owner } = engine;
  return createAlerts(
    {
      db,
      log,
      clock,
      random,
      sleep,
      owner,
      workers,
      gauges: () => withTimeout(loadGauges(db, names), PATIENCE_MS),
      place: { locale: config.locale, publicUrl: config.http.publicUrl ?? null },
      timezone: config.timezone,
    },
    config.alerts.map(channelOf),
  );
}

export function channelOf(alert: AlertConfig, n: number): AlertChannel {
  const { url, on, format = guessFormat(url), secret = null } = alert;
  return {
    // What is said on it is remembered by this: other events at the same address are another channel.
    id: sha256(JSON.stringify([url, [...on].sort()])).slice(0, 24),
    name: `alerts[${n}]`,
    target: { url, format, secret },
    on,
    limits: { cycleMs: alert.stalledMinutes * 60_000, sweepMs: alert.sweepHours * 3_600_000 },
    remindMs: alert.remindHours * 3_600_000,
    digestAt: alert.digestAt,
  };
}
