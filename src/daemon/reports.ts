/**
 * Sends the scheduled reports, each to each of its receivers once per period, however many processes run: a receiver is
 * claimed in the database while it is looked at, as an alert channel is. Sent first, written down afterwards: a kill in
 * between sends it once more, and never leaves it unsent. One receiver that fails keeps no other waiting.
 */
import { type DuePeriod, type ReportEvery, reportDue } from '../core/report-period.ts';
import { backoffMs } from '../core/retry.ts';
import { toError } from '../errors.ts';
import type { Logger } from '../lib/log.ts';
import { localDay, localTime } from '../lib/zoned-time.ts';
import { claimChannel, releaseChannel, saveSaid } from '../store/alerts.ts';
import type { Db } from '../store/tx.ts';
import { DeliveryFailure } from './alert-send.ts';

const TICK_MS = 30_000;
/** Longer than a report takes to be made and sent, with all attempts; who is killed lets go by itself after it. */
const CLAIM_MS = 10 * 60_000;
const BACKOFF = { baseMs: 60_000, maxMs: 30 * 60_000 };

export interface ReportReceiver<Report> {
  /** Known by it in the database: no part of an address. */
  readonly id: string;
  /** Known by it in the log: its place in the configuration. */
  readonly name: string;
  send(report: Report, signal: AbortSignal): Promise<void>;
}

export interface ScheduledReport<Report> {
  readonly every: ReportEvery;
  /** Time of day, `07:00`. */
  readonly at: string;
  readonly receivers: readonly ReportReceiver<Report>[];
  make(period: DuePeriod): Promise<Report>;
}

export interface ReportSource {
  readonly db: Db;
  readonly log: Logger;
  readonly clock: () => Date;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Differs per process. */
  readonly owner: string;
  readonly timezone: string;
  readonly claimMs?: number;
}

export interface Reports {
  /** Until the signal is aborted. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** One look at everything. Never rejects. */
  tick(signal: AbortSignal): Promise<void>;
}

export function createReports<Report>(
  source: ReportSource,
  scheduled: readonly ScheduledReport<Report>[],
): Reports {
  const { monotonic, log } = source;
  /** By receiver: how often it failed in a row, and until when (monotonic) it is left alone. */
  const trouble = new Map<string, { readonly failures: number; readonly notBefore: number }>();

  async function tick(signal: AbortSignal): Promise<void> {
    for (const report of scheduled) {
      for (const receiver of report.receivers) {
        const key = `report:${report.every}:${receiver.id}`;
        const before = trouble.get(key);
        if (signal.aborted || (before !== undefined && monotonic() < before.notBefore)) continue;
        try {
          await turn(source, report, receiver, key, signal);
          if (trouble.delete(key))
            log.info({ kind: 'report', receiver: receiver.name }, 'reports arrive again');
        } catch (thrown) {
          if (!signal.aborted) failed(key, receiver.name, toError(thrown));
        }
      }
    }
  }

  function failed(key: string, receiver: string, error: Error): void {
    const failures = (trouble.get(key)?.failures ?? 0) + 1;
    const delayMs = backoffMs(failures, source.random, BACKOFF);
    trouble.set(key, { failures, notBefore: monotonic() + delayMs });
    const own = (error as { code?: unknown }).code;
    const code = error instanceof DeliveryFailure ? error.code : typeof own === 'string' ? own : 'database';
    log.warn({ kind: 'report', receiver, code, failures, delayMs }, 'a report could not be delivered yet');
  }

  return {
    tick,
    async run(signal) {
      while (!signal.aborted) {
        await tick(signal);
        await source.sleep(TICK_MS, signal).catch(() => {});
      }
    },
  };
}

async function turn<Report>(
  source: ReportSource,
  { every, at, make }: ScheduledReport<Report>,
  receiver: ReportReceiver<Report>,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  const { db, owner, timezone, log, claimMs = CLAIM_MS } = source;
  const memory = await claimChannel(db, key, owner, claimMs);
  if (memory === null) return;
  try {
    const now = source.clock();
    const today = { day: localDay(now, timezone), time: localTime(now, timezone) };
    const due = reportDue(memory.digestDay, today, every, at);
    if (due === null) return;
    if (due.send !== null) {
      await receiver.send(await make(due.send), signal);
      log.info({ kind: 'report', receiver: receiver.name, every, ...due.send }, 'a report was sent');
    }
    await saveSaid(db, key, owner, { said: [], forget: [], digestDay: due.until });
  } finally {
    await releaseChannel(db, key, owner);
  }
}
