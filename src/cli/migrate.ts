/** `udesk-sync migrate`: the tables as this version needs them. Every start does it too; this does only it. */
import type { Command } from 'commander';
import { type Database, openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import type { CliContext } from './context.ts';
import { progress } from './output.ts';

export function registerMigrate(program: Command, context: CliContext): void {
  program
    .command('migrate')
    .description('bring the database to this version (safe to run twice, or twice at once)')
    .action(() => runMigrate(context));
}

async function runMigrate(context: CliContext): Promise<void> {
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
    line.stop();
    if (context.json) context.printJson({ migrated: { database: database.description, applied } });
    else if (applied.length === 0) context.print(`Nothing to do: ${database.description} is up to date.`);
    else context.print(`Applied ${applied.join(', ')} to ${database.description}.`);
  } finally {
    line.stop();
    await database?.close();
  }
}
