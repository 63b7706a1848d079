import { type ConflictDocument, conflictText } from './conflict-document.ts';
import { CSV_START, csvLine } from './csv.ts';

const COLUMNS: readonly (readonly [name: string, value: (row: ConflictDocument) => string | null])[] = [
  ['id', (row) => row.id],
  ['pair', (row) => row.pair],
  ['kind', (row) => row.kind],
  ['field', (row) => row.field],
  ['state', (row) => row.state],
  ['udeskId', (row) => row.udeskId],
  ['crmId', (row) => row.crmId],
  ['base', (row) => conflictText(row, row.base)],
  ['udesk', (row) => conflictText(row, row.udesk)],
  ['crm', (row) => conflictText(row, row.crm)],
  ['udeskAt', (row) => row.udeskAt],
  ['crmAt', (row) => row.crmAt],
  ['openedAt', (row) => row.openedAt],
  ['closedAt', (row) => row.closedAt],
  ['resolvedBy', (row) => row.resolvedBy],
  ['reason', (row) => row.reason],
  ['udeskAuthor', ({ authors }) => authors.udesk?.name ?? null],
  ['udeskAuthorAt', ({ authors }) => authors.udesk?.at ?? null],
  ['udeskAuthorKnownBy', ({ authors }) => authors.udesk?.knownBy ?? null],
  ['crmAuthor', ({ authors }) => authors.crm?.name ?? null],
  ['crmAuthorAt', ({ authors }) => authors.crm?.at ?? null],
  ['crmAuthorKnownBy', ({ authors }) => authors.crm?.knownBy ?? null],
];

/** The columns have the names of the JSON document; `authors.udesk.at` is `udeskAuthorAt`. */
export function conflictsCsv(rows: readonly ConflictDocument[]): string {
  const lines = rows.map((row) => csvLine(COLUMNS.map(([, value]) => value(row) ?? '')));
  return CSV_START + csvLine(COLUMNS.map(([name]) => name)) + lines.join('');
}
