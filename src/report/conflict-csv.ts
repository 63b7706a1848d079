import type { ConflictRow } from '../store/conflicts.ts';
import { conflictText } from './conflict-document.ts';
import { CSV_START, csvLine } from './csv.ts';

const COLUMNS: readonly (readonly [name: string, value: (row: ConflictRow) => string | null])[] = [
  ['id', (row) => row.id],
  ['pair', (row) => row.pair],
  ['kind', (row) => row.kind],
  ['field', (row) => row.field],
  ['state', (row) => row.state],
  ['udeskId', (row) => row.udeskId],
  ['crmId', (row) => row.crmId],
  ['base', (row) => conflictText(row, row.base?.udesk ?? null)],
  ['udesk', (row) => conflictText(row, row.udesk)],
  ['crm', (row) => conflictText(row, row.crm)],
  ['udeskAt', (row) => row.udeskAt],
  ['crmAt', (row) => row.crmAt],
  ['openedAt', (row) => row.openedAt],
  ['closedAt', (row) => row.closedAt],
  ['resolvedBy', (row) => row.resolvedBy],
  ['reason', (row) => row.reason],
];

/** The columns have the names of the JSON document. */
export function conflictsCsv(rows: readonly ConflictRow[]): string {
  const lines = rows.map((row) => csvLine(COLUMNS.map(([, value]) => value(row) ?? '')));
  return CSV_START + csvLine(COLUMNS.map(([name]) => name)) + lines.join('');
}
