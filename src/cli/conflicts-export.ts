/** `udesk-sync conflicts export`: for a spreadsheet, a mail, or a program. */

import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Config } from '../config/schema.ts';
import { SyncError } from '../errors.ts';
import { counted } from '../lib/counted.ts';
import { conflictsCsv } from '../report/conflict-csv.ts';
import { type ConflictDocument, conflictDocuments } from '../report/conflict-document.ts';
import { conflictsHtml } from '../report/conflict-html.ts';
import {
  addFilter,
  checkFilter,
  type FilterOptions,
  type StateOption,
  selectConflicts,
  stateOption,
  statesOf,
} from './conflict-filter.ts';
import type { CliContext } from './context.ts';
import { saveFile } from './save-file.ts';
import { decider } from './who.ts';
import { withRuntime } from './with-runtime.ts';

interface ExportOptions extends FilterOptions {
  readonly format?: 'csv' | 'json' | 'html';
  readonly out?: string;
  readonly state: StateOption;
}

export function registerExport(conflicts: Command, context: CliContext): void {
  addFilter(conflicts.command('export').description('all conflicts that fit, on stdout or in a file'))
    .addOption(
      new Option(
        '--format <format>',
        'csv for spreadsheets, html to read and mail, json for programs',
      ).choices(['csv', 'json', 'html']),
    )
    .addOption(stateOption())
    .option('--out <file>', 'write to this file, which only you may read')
    .action((options: ExportOptions) => runExport(context, options));
}

async function runExport(context: CliContext, options: ExportOptions): Promise<void> {
  const format = options.format ?? (context.json ? 'json' : null);
  if (format === null || (context.json && format !== 'json')) {
    throw new SyncError('config', format === null ? 'no format was given' : '--json and --format differ', {
      code: 'usage',
      advice: 'Add --format csv, --format html or --format json.',
    });
  }
  await withRuntime(context, 'conflicts export', async ({ config, database }) => {
    checkFilter(config, options);
    const rows = await selectConflicts(
      database.db,
      { config, me: decider(context, undefined) },
      { ...options, states: statesOf(options.state) },
    );
    const documents = await conflictDocuments(database.db, rows);
    const text = context.redact(write(documents, format, config));
    if (options.out === undefined) context.stdout.write(text);
    else {
      saveFile(resolve(context.cwd, options.out), text);
      context.say(`${counted(rows.length, 'conflict', 'is')} in ${options.out}.`);
    }
  });
}

function write(
  documents: readonly ConflictDocument[],
  format: 'csv' | 'json' | 'html',
  config: Config,
): string {
  switch (format) {
    case 'csv':
      return conflictsCsv(documents);
    case 'json':
      return `${JSON.stringify({ conflicts: documents }, null, 2)}\n`;
    case 'html':
      return conflictsHtml(documents, { locale: config.locale, timezone: config.timezone, at: new Date() });
  }
}
