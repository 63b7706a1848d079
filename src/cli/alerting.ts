/** The alerts of the configuration, wired to the workers of this daemon. */
import type { AlertConfig, EmailAlertConfig, WebhookAlertConfig } from '../config/schema.ts';
import type { AlertLimits } from '../daemon/alert-conditions.ts';
import { guessFormat } from '../daemon/alert-formats.ts';
import type { Receiver } from '../daemon/alert-send.ts';
import { type AlertChannel, type Alerts, createAlerts } from '../daemon/alerts.ts';
import { type Heartbeat, runHeartbeats } from '../daemon/heartbeat.ts';
import type { PairWorker } from '../daemon/pair-worker.ts';
import { monotonicOf } from '../engine/context.ts';
import { sha256 } from '../lib/hash.ts';
import { oneAtATime } from '../lib/one-at-a-time.ts';
import { listDeadLetters } from '../store/dead-letters.ts';
import type { Runtime } from './runtime.ts';
import { steadyGauges } from './steady-gauges.ts';

/** A database that takes longer counts as one that does not answer. */
const PATIENCE_MS = 5_000;

type SayingAlert = WebhookAlertConfig | EmailAlertConfig;

export function createAlerting({ config, engine }: Runtime, workers: readonly PairWorker[]): Alerts {
  const names = config.pairs.map(({ name }) => name);
  const { db, log, clock, random, sleep, owner } = engine;
  return createAlerts(
    {
      db,
      log,
      clock,
      monotonic: monotonicOf(engine),
      random,
      sleep,
      owner,
      workers,
      gauges: oneAtATime(steadyGauges(engine, names), PATIENCE_MS),
      place: { locale: config.locale, publicUrl: config.http.publicUrl ?? null },
      timezone: config.timezone,
    },
    channelsOf(config.alerts),
  );
}

/** Calls the heartbeats of the configuration until the signal is aborted. Never rejects. */
export async function runConfiguredHeartbeats(
  { config, engine }: Runtime,
  signal: AbortSignal,
): Promise<void> {
  const names = config.pairs.map(({ name }) => name);
  const { db, log, sleep } = engine;
  const gaugesOf = steadyGauges(engine, names);
  const look = async () => {
    const gauges = await gaugesOf();
    return { gauges, deadLetters: await listDeadLetters(db) };
  };
  const heartbeats = config.alerts.flatMap((alert, n): Heartbeat[] => {
    if (alert.type !== 'heartbeat') return [];
    const { url, method, everyMs } = alert;
    return [{ name: `alerts[${n}]`, url, method, everyMs, limits: limitsOf(alert) }];
  });
  await runHeartbeats({ log, sleep, pairs: oneAtATime(look, PATIENCE_MS) }, heartbeats, signal);
}

/** Those that something is said on, by their places in the configuration. */
export function channelsOf(alerts: readonly AlertConfig[]): AlertChannel[] {
  return alerts.flatMap((alert, n) => (alert.type === 'heartbeat' ? [] : [channelOf(alert, n)]));
}

function channelOf(alert: SayingAlert, n: number): AlertChannel {
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
    limits: limitsOf(alert),
    remindMs: alert.remindHours * 3_600_000,
    digestAt: alert.digestAt,
  };
}

function limitsOf({ stalledMinutes, sweepHours }: AlertConfig): AlertLimits {
  return { cycleMs: stalledMinutes * 60_000, sweepMs: sweepHours * 3_600_000 };
}

function receiverOf(alert: SayingAlert): Receiver {
  if (alert.type === 'webhook') {
    const { url, format = guessFormat(url), secret = null } = alert;
    return { url, format, secret };
  }
  const { host, tls, from, to, user = null, password = null } = alert;
  const { port = tls === 'implicit' ? 465 : 587 } = alert;
  return { host, port, tls, user, password, from, to };
}
