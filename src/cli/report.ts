/** `udesk-sync report`: the conflict and sync report, to read, mail, print, or count with. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { SyncError } from '../errors.ts';
import { syncReportCsv } from '../report/sync/csv.ts';
import type { SyncReport } from '../report/sync/document.ts';
import { syncReportHtml } from '../report/sync/html.ts';
import { loadSyncReport } from '../report/sync/load.ts';
import { parseSince } from '../report/sync/period.ts';
import type { Locale } from '../report/sync/words.ts';
import type { CliContext } from './context.ts';
import { choosePairs } from './runtime.ts';
import { saveFile } from './save-file.ts';
import { withRuntime } from './with-runtime.ts';

type Format = 'html' | 'csv' | 'json';

interface ReportOptions {
  readonly since: string;
  readonly format?: Format;
  readonly out?: string;
  readonly pair?: string;
}

export function registerReport(program: Command, context: CliContext): void {
  program
    .command('report')
    .description('the conflict and sync report: what was opened and closed, how long edits take, what failed')
    .option(
      '--since <when>',
      'a duration (24h, 7d, 4w), a day (2026-11-01) or a moment (2026-11-01T09:00:00+08:00)',
      '7d',
    )
    .addOption(
      new Option(
        '--format <format>',
        'html to read, print and mail (the default), csv for spreadsheets, json for programs',
      ).choices(['html', 'csv', 'json']),
    )
    .option('--out <file>', 'write to this file, which only you may read')
    .option('--pair <name>', 'only this pair')
    .action((options: ReportOptions) => runReport(context, options));
}

async function runReport(context: CliContext, options: ReportOptions): Promise<void> {
  const format = options.format ?? (context.json ? 'json' : 'html');
  if (context.json && format !== 'json') {
    throw new SyncError('config', '--json and --format differ', {
      code: 'usage',
      advice: 'Leave one of them out.',
    });
  }
  const { timezone, locale } = context.loadConfig();
  const until = new Date();
  const since = parseSince(options.since, until, timezone);
  await withRuntime(context, 'report', async ({ config, database }) => {
    const pairs = choosePairs(config, options.pair);
    const report = await loadSyncReport(database.db, config, pairs, { since, until });
    const text = context.redact(write(report, format, locale));
    if (options.out === undefined) context.stdout.write(text);
    else {
      saveFile(resolve(context.cwd, options.out), text);
      context.say(`The report is in ${options.out}.`);
    }
  });
}

function write(report: SyncReport, format: Format, locale: Locale): string {
  switch (format) {
    case 'html':
      return syncReportHtml(report, locale);
    case 'csv':
      return syncReportCsv(report);
    case 'json':
      return `${JSON.stringify({ report }, null, 2)}\n`;
  }
}
