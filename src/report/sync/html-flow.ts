/** The parts of the page that are about the flow: lag, coverage, parked records, changes, cycles, quota. */
import { daysFrom } from '../../lib/zoned-time.ts';
import { type Html, html } from '../html.ts';
import { bar, lagChart, responsive } from './charts.ts';
import { type Column, dataTable, legend, section, type View } from './html-parts.ts';
import { periodDays } from './period.ts';

/** Where there is one pair only, its name in every row says nothing. */
function pairColumn<Row extends { readonly pair: string }>({ report, words }: View): Column<Row>[] {
  return report.pairs.length > 1 ? [{ title: words.openList.pair, cell: (row) => row.pair }] : [];
}

function none({ words }: View): Html {
  return html`<p class="empty">${words.nothing}</p>`;
}

export function lagSection(view: View): Html {
  const { report, words, format } = view;
  const w = words.lag;
  if (report.lag.length === 0) return section('lag', w.title, w.hint, none(view));
  const { duration, number } = format;
  const byDay = new Map(report.lagDaily.map((day) => [day.day, day]));
  const [first, last] = periodDays(new Date(report.since), new Date(report.until), report.timezone);
  const days = daysFrom(first, last).map((day) => ({
    label: format.day(day),
    p50Ms: byDay.get(day)?.p50Ms ?? null,
    p95Ms: byDay.get(day)?.p95Ms ?? null,
  }));
  const most = (pick: 'p50Ms' | 'p95Ms') =>
    duration(Math.max(0, ...report.lagDaily.map((day) => day[pick] ?? 0)));
  const summary = w.chartSummary(most('p50Ms'), most('p95Ms'));
  const chart =
    report.lagDaily.length === 0
      ? html``
      : html`<h3>${w.chart}</h3>${responsive('lagdays', (frame) => lagChart({ ...frame, title: w.chart, summary }, days, duration))}${legend(
          [
            ['p50', w.p50],
            ['p95', w.p95],
          ],
        )}`;
  const table = dataTable(report.lag, [
    { title: w.to, cell: (row) => words.sides[row.target] },
    ...pairColumn<(typeof report.lag)[number]>(view),
    { title: w.cause, cell: (row) => w.causes[row.cause ?? 'unknown'] },
    { title: w.writes, kind: 'n', cell: (row) => number(row.writes) },
    { title: w.p50, kind: 'n', cell: (row) => duration(row.p50Ms) },
    { title: w.p95, kind: 'n', cell: (row) => duration(row.p95Ms) },
    { title: w.max, kind: 'n', cell: (row) => duration(row.maxMs) },
  ]);
  return section('lag', w.title, w.hint, html`${chart}${table}`);
}

export function coverageSection(view: View): Html {
  const { report, words, format, told } = view;
  const w = words.coverage;
  if (report.coverage.length === 0) return section('coverage', w.title, w.hint, none(view));
  const table = dataTable(report.coverage, [
    { title: w.side, cell: (row) => words.sides[row.side] },
    ...pairColumn<(typeof report.coverage)[number]>(view),
    { title: w.live, kind: 'n', cell: (row) => format.number(row.live) },
    { title: w.linked, kind: 'n', cell: (row) => format.number(row.linked) },
    { title: w.total, kind: 'n', cell: (row) => (row.total === null ? '–' : format.number(row.total)) },
    {
      title: w.certified,
      cell: (row) =>
        row.certifiedAt === null
          ? html`<span class="tag warn">${w.never}</span>`
          : html`${w.ago(format.duration(row.ageMs))}<br><span class="ids">${format.time(row.certifiedAt)}</span>`,
    },
    {
      title: w.state,
      cell: (row) => {
        if (row.uncertified !== null)
          return html`<span class="tag warn">${w.incomplete}</span><br><span class="ids">${told(row.uncertified)}</span>`;
        return row.certifiedAt === null ? '–' : html`<span class="tag good">✓ ${w.complete}</span>`;
      },
    },
  ]);
  return section('coverage', w.title, w.hint, table);
}

export function parkedSection(view: View): Html {
  const { report, words, format, told } = view;
  const w = words.parked;
  const { reasons } = report.parked;
  if (reasons.length === 0) return section('parked', w.title, null, none(view));
  const table = dataTable(reasons, [
    { title: words.coverage.side, cell: (row) => words.sides[row.side] },
    ...pairColumn<(typeof reasons)[number]>(view),
    { title: w.kind, cell: (row) => html`<code>${row.kind}</code>` },
    { title: w.reason, cell: (row) => html`<span class="free">${told(row.message)}</span>` },
    { title: w.records, kind: 'n', cell: (row) => format.number(row.records) },
    { title: w.now, kind: 'n', cell: (row) => format.number(row.now) },
  ]);
  return section('parked', w.title, w.hint, table);
}

export function changesSection(view: View): Html {
  const { report, words, format } = view;
  const w = words.changes;
  const { fields, records } = report.changes;
  if (fields.length === 0) return section('changes', w.title, null, none(view));
  const most = Math.max(0, ...fields.map(({ edits }) => edits));
  const mostOf = Math.max(0, ...records.map(({ edits }) => edits));
  const several = report.pairs.length > 1;
  const place = (row: { pair: string; side: 'udesk' | 'crm' }) =>
    html`<span class="ids">${words.sides[row.side]}${several ? ` · ${row.pair}` : ''}</span>`;
  return section(
    'changes',
    w.title,
    w.hint,
    html`<div class="groups">
<div><table><caption>${w.fields}</caption><thead><tr><th scope="col">${w.field}</th><th scope="col" colspan="2" class="n">${w.edits}</th><th scope="col" class="n">${w.written}</th></tr></thead><tbody>
${fields.map((row) => html`<tr><th scope="row"><code>${row.field}</code> ${place(row)}</th><td class="b">${bar(row.edits, most)}</td><td class="n">${format.number(row.edits)}</td><td class="n">${format.number(row.written)}</td></tr>\n`)}</tbody></table></div>
<div><table><caption>${w.records}</caption><thead><tr><th scope="col">${w.record}</th><th scope="col" colspan="2" class="n">${w.edits}</th></tr></thead><tbody>
${records.map((row) => html`<tr><th scope="row">${row.recordId} ${place(row)}</th><td class="b">${bar(row.edits, mostOf)}</td><td class="n">${format.number(row.edits)}</td></tr>\n`)}</tbody></table></div>
</div>`,
  );
}

export function runsSection(view: View): Html {
  const { report, words, format, told } = view;
  const w = words.runs;
  if (report.runs.length === 0) return section('runs', w.title, null, none(view));
  const { number, duration } = format;
  const rest = (row: (typeof report.runs)[number]) =>
    [
      [row.waiting, w.waiting],
      [row.abandoned, w.abandoned],
      [row.unfinished, w.unfinished],
    ] as const;
  const table = dataTable(report.runs, [
    { title: words.openList.pair, cell: (row) => row.pair },
    { title: w.cycles, kind: 'n', cell: (row) => number(row.cycles) },
    { title: w.done, kind: 'n', cell: (row) => number(row.done) },
    {
      title: w.failed,
      kind: 'n',
      cell: (row) => (row.failed === 0 ? '0' : html`<span class="tag warn">${number(row.failed)}</span>`),
    },
    {
      title: w.otherwise,
      cell: (row) =>
        rest(row)
          .filter(([n]) => n > 0)
          .map(([n, what]) => `${number(n)} ${what}`)
          .join(' · '),
    },
    {
      title: w.duration,
      kind: 'n',
      cell: (row) => `${duration(row.p50Ms)} · ${duration(row.p95Ms)} · ${duration(row.maxMs)}`,
    },
    {
      title: w.writes,
      kind: 'n',
      cell: (row) => `${number(row.udeskWrites)} · ${number(row.crmWrites)}`,
    },
  ]);
  const failures =
    report.failures.length === 0
      ? html`<p class="good">✓ ${w.noFailures}</p>`
      : html`<h3>${w.failures}</h3>${dataTable(report.failures, [
          {
            title: w.reason,
            cell: (row) => html`<span class="free">${row.error ? told(row.error) : w.noReason}</span>`,
          },
          ...pairColumn<(typeof report.failures)[number]>(view),
          { title: w.times, kind: 'n', cell: (row) => number(row.times) },
          { title: w.last, kind: 'n', cell: (row) => format.time(row.lastAt) },
        ])}`;
  return section('runs', w.title, null, html`${table}<div class="gap"></div>${failures}`);
}

export function quotaSection({ report, words, format }: View): Html {
  const w = words.quota;
  const rows = report.quota.map(({ pair, used, perMinute, scope }) => {
    const text = w.used(format.number(used), format.number(perMinute));
    return html`<tr><th scope="row">${pair}${scope === 'endpoint' ? html`<br><span class="ids">${w.busiest}</span>` : ''}</th><td class="b">${bar(Math.min(used, perMinute), perMinute)}</td><td class="n">${text}</td></tr>\n`;
  });
  return section(
    'quota',
    w.title,
    w.hint,
    html`<div class="groups"><table><tbody>${rows}</tbody></table></div>`,
  );
}
