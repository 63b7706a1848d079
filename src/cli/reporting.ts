/** The scheduled reports of the configuration, wired to a directory and to the alert channels that want them. */
import { mkdirSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ReportConfig } from '../config/schema.ts';
import { type DuePeriod, type ReportEvery, shift } from '../core/report-period.ts';
import type { AlertMessage } from '../daemon/alert-formats.ts';
import { type DeliveryPolicy, deliver } from '../daemon/alert-send.ts';
import { reportItem } from '../daemon/alert-text.ts';
import { createReports, type ReportReceiver, type Reports } from '../daemon/reports.ts';
import { monotonicOf } from '../engine/context.ts';
import { sha256 } from '../lib/hash.ts';
import { startOfDay } from '../lib/zoned-time.ts';
import { syncReportCsv } from '../report/sync/csv.ts';
import type { SyncReport } from '../report/sync/document.ts';
import { syncReportHtml } from '../report/sync/html.ts';
import { loadSyncReport } from '../report/sync/load.ts';
import { channelsOf } from './alerting.ts';
import type { CliContext } from './context.ts';
import type { Runtime } from './runtime.ts';
import { saveFile } from './save-file.ts';

/** A report is larger than an alert. */
const DELIVERY: DeliveryPolicy = { retries: 2, minDelayMs: 1_000, timeoutMs: 60_000 };
const TYPES = { html: 'text/html', csv: 'text/csv', json: 'application/json' } as const;

interface MadeReport {
  readonly message: AlertMessage;
  readonly files: NonNullable<AlertMessage['attachments']>;
}

export function createReporting(context: Pick<CliContext, 'cwd' | 'redact'>, runtime: Runtime): Reports {
  const { config, engine } = runtime;
  const { db, log, clock, random, sleep, owner } = engine;
  return createReports<MadeReport>(
    { db, log, clock, monotonic: monotonicOf(engine), random, sleep, owner, timezone: config.timezone },
    config.reports.map((report) => ({
      ...{ every: report.every, at: report.at },
      receivers: receiversOf(context, runtime, report),
      make: (period: DuePeriod) => makeReport(context, runtime, report, period),
    })),
  );
}

function receiversOf(
  context: Pick<CliContext, 'cwd'>,
  { config, engine }: Runtime,
  { every, directory }: ReportConfig,
): ReportReceiver<MadeReport>[] {
  const found: ReportReceiver<MadeReport>[] = [];
  if (directory !== undefined) {
    const place = resolve(context.cwd, directory);
    found.push({
      id: `directory:${sha256(place).slice(0, 24)}`,
      name: `reports.${every}.directory`,
      send: async ({ files }) => writeFiles(place, files),
    });
  }
  for (const { id, name, target, on } of channelsOf(config.alerts)) {
    if (!on.includes('report')) continue;
    found.push({
      ...{ id, name },
      send: ({ message }, signal) => deliver(target, message, engine.clock, signal, DELIVERY),
    });
  }
  return found;
}

/** A file that is there is whole: it gets its name once it is written. The same period has the same name. */
function writeFiles(place: string, files: MadeReport['files']): void {
  mkdirSync(place, { recursive: true, mode: 0o700 });
  for (const { name, text } of files) {
    const file = join(place, name);
    saveFile(`${file}.part`, text);
    renameSync(`${file}.part`, file);
  }
}

async function makeReport(
  { redact }: Pick<CliContext, 'redact'>,
  { config, database }: Runtime,
  { every, formats, pairs }: ReportConfig,
  { since, until }: DuePeriod,
): Promise<MadeReport> {
  const { timezone, locale } = config;
  const chosen = config.pairs.filter(({ name }) => pairs === undefined || pairs.includes(name));
  const period = { since: startOfDay(since, timezone), until: startOfDay(until, timezone) };
  const report = await loadSyncReport(database.db, config, chosen, period);
  const lastDay = shift(until, -1);
  const files = formats.map((format) => ({
    name: `udesk-sync-${every}-${since}--${lastDay}.${format}`,
    type: TYPES[format],
    text: redact(write(report, format, locale)),
  }));
  const item = reportItem(figuresOf(report, every, since, lastDay), {
    locale,
    publicUrl: config.http.publicUrl ?? null,
  });
  const message = { title: item.title, lines: [item.text], items: [item], attachments: files };
  return { message, files };
}

function write(report: SyncReport, format: keyof typeof TYPES, locale: 'zh-CN' | 'en'): string {
  if (format === 'html') return syncReportHtml(report, locale);
  return format === 'csv' ? syncReportCsv(report) : `${JSON.stringify({ report }, null, 2)}\n`;
}

function figuresOf(
  { conflicts, parked, lag, pairs }: SyncReport,
  every: ReportEvery,
  since: string,
  lastDay: string,
) {
  const edits = lag.filter(({ cause }) => cause === 'edit').flatMap(({ p95Ms }) => p95Ms ?? []);
  const { open, opened, closed } = conflicts;
  return {
    ...{ every, since, lastDay, pairs, open, opened, closed },
    ...{ parked: parked.now, p95Ms: edits.length === 0 ? null : Math.max(...edits) },
  };
}
