/** The report as one page that may be mailed, printed and opened anywhere: no script, nothing loaded, all values escaped. */
import { createHash } from 'node:crypto';
import { Html, html } from '../html.ts';
import { reasonIn } from '../reasons-zh.ts';
import type { SyncReport } from './document.ts';
import { formatFor } from './format.ts';
import { dailySection, groupsSection, openSection } from './html-conflicts.ts';
import {
  changesSection,
  coverageSection,
  lagSection,
  parkedSection,
  quotaSection,
  runsSection,
} from './html-flow.ts';
import type { View } from './html-parts.ts';
import { STYLE } from './style.ts';
import { type Locale, WORDS } from './words.ts';

export function syncReportHtml(report: SyncReport, locale: Locale): string {
  const words = WORDS[locale];
  const format = formatFor(locale, report.timezone);
  const view = { report, words, format, told: (reason: string) => reasonIn(locale, reason) };
  return html`<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${words.title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
<header>
<h1>${words.title}</h1>
<p class="meta">${words.period}: ${format.time(report.since)} – ${format.time(report.until)} (${report.timezone}) · ${words.pairs}: ${report.pairs.join(', ')}</p>
</header>
${cards(view)}
${dailySection(view)}
${openSection(view)}
${groupsSection(view)}
${lagSection(view)}
${coverageSection(view)}
${parkedSection(view)}
${changesSection(view)}
${runsSection(view)}
${quotaSection(view)}
<footer>${words.footer} · ${words.made}: ${format.time(report.until)}</footer>
</main>
</body>
</html>
`.text;
}

function cards({ report, words, format }: View): Html {
  const { conflicts, lag, runs, parked } = report;
  const { number, duration } = format;
  const edits = lag.filter(({ cause }) => cause === 'edit');
  const worst = (pick: (row: (typeof edits)[number]) => number | null) =>
    edits.length === 0 ? null : Math.max(...edits.map((row) => pick(row) ?? 0));
  const cycles = runs.reduce((sum, row) => sum + row.cycles, 0);
  const failed = runs.reduce((sum, row) => sum + row.failed, 0);
  const w = words.cards;
  const card = (title: string, figure: string, note: string, alarm = false) =>
    html`<div${alarm ? new Html(' class="alarm"') : ''}><dt>${title}</dt><dd><div class="figure">${figure}</div><div class="note">${note}</div></dd></div>`;
  const oldest = conflicts.oldestOpenMs === null ? w.noneOpen : w.oldest(duration(conflicts.oldestOpenMs));
  const resolving = conflicts.resolving === 0 ? '' : ` · ${w.resolving(number(conflicts.resolving))}`;
  return html`<dl class="cards">
${card(w.open, number(conflicts.open), oldest + resolving, conflicts.open > 0)}
${card(w.opened, number(conflicts.opened), '')}
${card(w.closed, number(conflicts.closed), conflicts.medianOpenMs === null ? '' : w.medianOpen(duration(conflicts.medianOpenMs)))}
${card(w.lag, duration(worst((row) => row.p95Ms)), edits.length === 0 ? w.lagNone : w.lagMedian(duration(worst((row) => row.p50Ms))))}
${card(w.cycles, number(failed), w.ofCycles(number(cycles)), failed > 0)}
${card(w.parked, number(parked.now), parked.now === 0 ? '' : w.parkedHint, parked.now > 0)}
</dl>`;
}

/** Nothing may be loaded, sent or run; the one style sheet is named by its digest. */
function policy(): string {
  const digest = createHash('sha256').update(STYLE).digest('base64');
  return `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
}
