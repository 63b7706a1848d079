/** The alerts of the configuration, wired to the workers of this daemon. */
import type { AlertConfig } from '../config/schema.ts';
import { guessFormat } from '../daemon/alert-formats.ts';
import type { Receiver } from '../daemon/alert-send.ts';
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
  const { on } = alert;
  const target = receiverOf(alert);
  // Mails to somebody else are another channel; the one of a webhook is its address alone.
  const place = 'url' in target ? target.url : [target.host, target.port, target.from, target.to];
  return {
    // What is said on it is remembered by this: other events at the same address are another channel.
    id: sha256(JSON.stringify([place, [...on].sort()])).slice(0, 24),
    name: `alerts[${n}]`,
    target,
    on,
    limits: { cycleMs: alert.stalledMinutes * 60_000, sweepMs: alert.sweepHours * 3_600_000 },
    remindMs: alert.remindHours * 3_600_000,
    digestAt: alert.digestAt,
  };
}

function receiverOf(alert: AlertConfig): Receiver {
  if (alert.type === 'webhook') {
    const { url, format = guessFormat(url), secret = null } = alert;
    return { url, format, secret };
  }
  const { host, tls, from, to, user = null, password = null } = alert;
  const { port = tls === 'implicit' ? 465 : 587 } = alert;
  return { host, port, tls, user, password, from, to };
}
