/** `udesk-sync migrate`: the tables as this version needs them. Every start does it too; this does only it. */
import type { Command } from 'commander';
import { type Database, openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { grantReporting } from '../store/reporting-role.ts';
import type { CliContext } from './context.ts';
import { progress } from './output.ts';

interface Options {
  readonly reportingRole?: string;
}

export function registerMigrate(program: Command, context: CliContext): void {
  program
    .command('migrate')
    .description('bring the database to this version (safe to run twice, or twice at once)')
    .option(
      '--reporting-role <name>',
      'a role that may read the schema report and nothing else; made if missing',
    )
    .action((options: Options) => runMigrate(context, options));
}

async function runMigrate(context: CliContext, { reportingRole }: Options): Promise<void> {
  const config = context.loadConfig();
  const line = progress(context, 'migrating');
  let database: Database | null = null;
  try {
    database = await openDatabase({
      ...config.database,
      applicationName: 'udesk-sync migrate',
      log: context.logger('warn'),
    });
    const { applied } = await migrate(database);
    const role = reportingRole === undefined ? null : await grantReporting(database, reportingRole);
    line.stop();
    if (context.json) {
      context.printJson({ migrated: { database: database.description, applied, reportingRole: role } });
      return;
    }
    if (applied.length === 0) context.print(`Nothing to do: ${database.description} is up to date.`);
    else context.print(`Applied ${applied.join(', ')} to ${database.description}.`);
    if (role !== null) {
      const made = role.created ? ' was created without LOGIN and' : '';
      context.print(`The role ${role.name}${made} may read the ${role.views} views of the schema report.`);
    }
  } finally {
    line.stop();
    await database?.close();
  }
}
