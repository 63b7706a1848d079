/**
 * The report as one table for spreadsheets: each row is one figure of one section, and each open conflict is one row.
 * Filter by `section`. Names of sections and measures are those of the JSON, in both languages of the page.
 */
import { conflictText } from '../conflict-document.ts';
import { CSV_START, csvLine } from '../csv.ts';
import type { Group, SyncReport } from './document.ts';

const COLUMNS = [
  'section',
  'pair',
  'side',
  'item',
  'measure',
  'value',
  'udeskId',
  'crmId',
  'field',
  'base',
  'udesk',
  'crm',
  'at',
] as const;
type Row = Partial<Record<(typeof COLUMNS)[number], string | number | null>>;

/** Times are ISO 8601 UTC, durations milliseconds (their measures end in `Ms`), days those of the report's time zone. */
export function syncReportCsv(report: SyncReport): string {
  const rows = [
    ...head(report),
    ...conflictRows(report),
    ...openRows(report),
    ...flowRows(report),
    ...stateRows(report),
  ];
  const lines = rows.map((row) => csvLine(COLUMNS.map((name) => String(row[name] ?? ''))));
  return CSV_START + csvLine(COLUMNS) + lines.join('');
}

function head(report: SyncReport): Row[] {
  return [
    { section: 'report', item: 'since', at: report.since },
    { section: 'report', item: 'until', at: report.until },
    { section: 'report', item: 'timezone', value: report.timezone },
    ...report.pairs.map((pair): Row => ({ section: 'report', item: 'pair', pair })),
  ];
}

/** One row per measure; what is not known has none. */
function measures(row: Row, values: Readonly<Record<string, number | null>>): Row[] {
  return Object.entries(values).flatMap(([measure, value]) =>
    value === null ? [] : [{ ...row, measure, value }],
  );
}

function conflictRows({ conflicts }: SyncReport): Row[] {
  const { open, resolving, opened, closed, medianOpenMs, oldestOpenMs } = conflicts;
  const groups = (section: string, among: readonly Group[]) =>
    among.flatMap(({ name: item, ...counts }) => measures({ section, item }, counts));
  return [
    ...measures({ section: 'conflicts' }, { open, resolving, opened, closed, medianOpenMs, oldestOpenMs }),
    ...conflicts.daily.flatMap(({ day: item, ...counts }) =>
      measures({ section: 'conflicts.daily', item }, counts),
    ),
    ...groups('conflicts.byField', conflicts.byField),
    ...groups('conflicts.byKind', conflicts.byKind),
    ...groups('conflicts.byAuthor', conflicts.byAuthor),
    ...groups('conflicts.authorUnknown', [conflicts.authorUnknown]),
    ...groups('conflicts.byCrmAuthor', conflicts.byCrmAuthor),
    ...groups('conflicts.crmAuthorUnknown', [conflicts.crmAuthorUnknown]),
    ...groups('conflicts.byPolicy', conflicts.byPolicy),
    ...conflicts.closedBy.flatMap(({ name: item, ...counts }) =>
      measures({ section: 'conflicts.closedBy', item }, counts),
    ),
    ...conflicts.byAge.flatMap(({ age: item, ...counts }) =>
      measures({ section: 'conflicts.byAge', item }, counts),
    ),
  ];
}

function openRows({ conflicts }: SyncReport): Row[] {
  return conflicts.openList.map((row) => ({
    section: 'conflicts.openList',
    pair: row.pair,
    item: row.id,
    measure: row.kind,
    value: row.state,
    udeskId: row.udeskId,
    crmId: row.crmId,
    field: row.field,
    base: conflictText(row, row.base),
    udesk: conflictText(row, row.udesk),
    crm: conflictText(row, row.crm),
    at: row.openedAt,
  }));
}

function flowRows(report: SyncReport): Row[] {
  return [
    ...report.lag.flatMap(({ pair, target: side, cause, ...values }) =>
      measures({ section: 'lag', pair, side, item: cause }, { ...values }),
    ),
    ...report.lagDaily.flatMap(({ day: item, ...values }) =>
      measures({ section: 'lagDaily', item }, { ...values }),
    ),
    ...report.changes.fields.flatMap(({ pair, side, field, ...values }) =>
      measures({ section: 'changes.fields', pair, side, field }, { ...values }),
    ),
    ...report.changes.records.flatMap(({ pair, side, recordId: item, ...values }) =>
      measures({ section: 'changes.records', pair, side, item }, { ...values }),
    ),
    ...report.runs.flatMap(({ pair, ...values }) => measures({ section: 'runs', pair }, { ...values })),
    ...report.failures.map(
      ({ pair, error, times, lastAt }): Row => ({
        section: 'failures',
        pair,
        item: error,
        measure: 'times',
        value: times,
        at: lastAt,
      }),
    ),
  ];
}

function stateRows(report: SyncReport): Row[] {
  return [
    ...report.coverage.flatMap(({ pair, side, certifiedAt, uncertified, live, linked, total, ageMs }) => [
      ...measures({ section: 'coverage', pair, side, at: certifiedAt }, { live, linked, total, ageMs }),
      ...(uncertified === null
        ? []
        : [{ section: 'coverage', pair, side, measure: 'uncertified', value: uncertified }]),
    ]),
    { section: 'parked', measure: 'now', value: report.parked.now },
    ...report.parked.reasons.flatMap(({ pair, side, message: item, kind: field, ...values }) =>
      measures({ section: 'parked.reasons', pair, side, item, field }, { ...values }),
    ),
    ...report.quota.flatMap(({ pair, used, perMinute }) =>
      measures({ section: 'quota', pair }, { used, perMinute }),
    ),
  ];
}
