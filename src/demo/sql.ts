/** `npm run demo -- --sql "…"`: a person at the CRM of a running demo, where no psql is installed. */
import type { CliContext } from '../cli/context.ts';
import { formatTable } from '../cli/output.ts';
import { postgresConfigSchema } from '../crm/postgres/config.ts';
import { SyncError, toError } from '../errors.ts';
import { openCrm } from './crm-table.ts';

export async function runSql(context: CliContext, statement: string): Promise<void> {
  const [pair] = context.loadConfig().pairs;
  const sql = openCrm(postgresConfigSchema.parse(pair?.crm).url);
  try {
    const rows = await sql.unsafe(statement);
    context.print(`${rows.command ?? 'OK'} ${rows.count ?? rows.length}`);
    const names = (rows.columns ?? []).map(({ name }) => name);
    if (rows.length === 0 || names.length === 0) return;
    context.print(
      formatTable(
        [...rows],
        names.map((name) => ({ title: name, value: (row: Record<string, unknown>) => shown(row[name]) })),
      ),
    );
  } catch (thrown) {
    throw new SyncError('rejected', `the CRM's database says: ${toError(thrown).message}`, {
      advice: 'The table is contact (id, name, emails, phones, tier, industry, note).',
    });
  } finally {
    await sql.end({ timeout: 2 });
  }
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.join(', ') : String(value);
}
