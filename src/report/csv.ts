/**
 * CSV for spreadsheets (RFC 4180): UTF-8 with a byte order mark, CRLF, and no cell that a spreadsheet would take for a
 * formula. A customer called `=HYPERLINK(…)` stays a name.
 */
export const CSV_START = '\ufeff';

/** One line with its CRLF. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** Beginnings that make a cell a formula (OWASP, "CSV Injection"; the wide signs count in East Asian versions). */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

export function csvCell(text: string): string {
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n;\t]|^\s|\s$/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
