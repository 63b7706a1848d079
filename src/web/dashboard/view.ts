/** The overview: per pair whether it is well, what waits, and how it goes. */
import { type Html, html } from '../../report/html.ts';
import type { PairNow } from '../../report/status-document.ts';
import { bar, dayChart, responsive } from '../../report/sync/charts.ts';
import type { PairStatus } from '../../store/pair-status.ts';
import type { RunRow } from '../../store/pairs.ts';
import { ago } from '../ui/time.ts';
import type { Visit } from '../visit.ts';
import { healthList } from './health.ts';
import type { PairLately } from './load.ts';

/** Replaced as a whole while the page is open. */
export function nowPart(visit: Visit, pairs: readonly PairNow[]): Html {
  return html`<div id="now" data-live data-events="/api/v1/events" hx-get="/overview/now" hx-trigger="changed" hx-swap="outerHTML">${pairs.map((pair) => pairCard(visit, pair))}</div>`;
}

function pairCard(visit: Visit, { pair: name, status, health, quota }: PairNow): Html {
  const { t, format } = visit;
  const { sides, outbox, conflicts, links, coverage } = status;
  const figure = (label: string, value: string | Html, detail: string | Html = '') =>
    html`<div><dt>${label}</dt><dd><b>${value}</b>${detail !== '' && html` <small class="muted">${detail}</small>`}</dd></div>`;
  const number = format.number;
  return html`<section class="card pair-now ${health.health}" aria-labelledby="pair-${name}"><div class="head"><h2 id="pair-${name}">${name}</h2><span class="badge health-${health.health}">${t(`health.${health.health}`)}</span><span class="meta muted">${lastCycle(visit, status)}</span></div>
${healthList(visit, name, status, health)}
<dl class="figures">
${figure(t('figure.customers'), number(links.confirmed), t('figure.sides', { udesk: number(sides.udesk.records), crm: number(sides.crm.records) }))}
${figure(t('figure.conflicts'), number(conflicts.open), t('figure.resolving', { n: number(conflicts.resolving) }))}
${figure(t('figure.outbox'), number(outbox.pending), t('figure.held', { held: number(outbox.held), unknown: number(outbox.unknown) }))}
${figure(t('figure.coverage'), covered(visit, status), coverage.oldestVerifiedAt === null ? '' : html`${t('figure.oldest')} ${ago(visit, coverage.oldestVerifiedAt)}`)}
${figure(t('figure.fresh'), fresh(visit, sides.udesk.certifiedAt), html`CRM ${fresh(visit, sides.crm.certifiedAt)}`)}
${figure(t('figure.quota'), number(quota.used), t('figure.quota-detail', { n: number(quota.perMinute) }))}
</dl>
${status.backfills.map((one) => html`<p>${t('figure.backfill', { side: t(`side.${one.side}`), done: number(one.done), total: number(one.total) })}</p>`)}
</section>`;
}

function fresh(visit: Visit, at: string | null): Html {
  return at === null ? html`${visit.t('customer.never')}` : ago(visit, at);
}

/** Share of Udesk's customers that the mirror knows. */
function covered({ t, format }: Visit, { coverage, sides }: PairStatus): string {
  if (coverage.total === null || coverage.total === 0)
    return sides.udesk.certifiedAt === null ? '–' : t('figure.all');
  const share = Math.min(100, Math.floor((100 * sides.udesk.records) / coverage.total));
  return share === 100 ? t('figure.all') : `${format.number(share)} %`;
}

function lastCycle(visit: Visit, { runs, lease }: PairStatus): Html {
  const [last] = runs;
  if (last === undefined) return html`${visit.t('run.none')}`;
  const running = last.finishedAt === null && lease !== null;
  return html`<a href="/runs">${visit.t(running ? 'run.running' : 'run.last')}</a> ${ago(visit, last.finishedAt ?? last.startedAt)}`;
}

/** Replaced as a whole, too. */
export function latelyPart(visit: Visit, pairs: readonly PairLately[]): Html {
  const { t, format } = visit;
  const several = pairs.length > 1;
  return html`<div id="lately" data-live hx-get="/overview/lately" hx-trigger="changed" hx-swap="outerHTML">${pairs.map(
    (pair) => {
      const { name, lag, runs, days } = pair;
      const counts = days.reduce(
        (sum, day) => ({ opened: sum.opened + day.opened, closed: sum.closed + day.closed }),
        { opened: 0, closed: 0 },
      );
      const summary = t('chart.summary', {
        opened: format.number(counts.opened),
        closed: format.number(counts.closed),
        open: format.number(days.at(-1)?.openAtEnd ?? 0),
      });
      const columns = days.map((day) => ({
        label: format.day(day.day),
        opened: day.opened,
        closed: day.closed,
        open: day.openAtEnd,
      }));
      return html`<section class="card lately"><h2>${t('lately.title')}${several && html` · ${name}`}</h2>
<dl class="figures"><div><dt>${t('figure.lag')}</dt><dd><b>${duration(visit, lag.all?.p50Ms ?? null)}</b> <small class="muted">${lagDetail(visit, lag)}</small></dd></div>
<div><dt>${t('figure.writes')}</dt><dd><b>${format.number((runs?.udeskWrites ?? 0) + (runs?.crmWrites ?? 0))}</b> <small class="muted">${t('plan.sides', { udesk: format.number(runs?.udeskWrites ?? 0), crm: format.number(runs?.crmWrites ?? 0) })}</small></dd></div>
<div><dt>${t('figure.cycles')}</dt><dd><b>${format.number(runs?.cycles ?? 0)}</b> <small class="muted">${t('figure.failed', { n: format.number(runs?.failed ?? 0) })}</small></dd></div></dl>
<h3>${t('chart.title')}</h3>
${responsive(`days-${name.replace(/\W/g, '-')}`, (frame) => dayChart({ ...frame, title: t('chart.title'), summary }, columns, format.number))}
<ul class="legend"><li><i class="opened"></i>${t('chart.opened')}</li><li><i class="closed"></i>${t('chart.closed')}</li><li><i class="backlog"></i>${t('chart.open')}</li></ul>
<details id="table-${name.replace(/\W/g, '-')}"><summary>${t('chart.table')}</summary><table><thead><tr><th scope="col">${t('chart.day')}</th><th scope="col">${t('chart.opened')}</th><th scope="col">${t('chart.closed')}</th><th scope="col">${t('chart.open')}</th></tr></thead><tbody>${days.map((day) => html`<tr><th scope="row"><time datetime="${day.day}">${format.day(day.day)}</time></th><td>${format.number(day.opened)}</td><td>${format.number(day.closed)}</td><td>${format.number(day.openAtEnd)}</td></tr>`)}</tbody></table></details>
${freshness(visit, pair)}</section>`;
    },
  )}</div>`;
}

function lagDetail(visit: Visit, { all, udesk, crm }: PairLately['lag']): Html {
  const { t } = visit;
  if (all === null) return html`${t('figure.no-edits')}`;
  const to = { udesk: duration(visit, udesk?.p50Ms ?? null), crm: duration(visit, crm?.p50Ms ?? null) };
  return html`${t('figure.lag-detail', { p95: duration(visit, all.p95Ms) })}; ${t('figure.lag-sides', to)}`;
}

/** A row per class of age, a bar per side. */
function freshness(visit: Visit, { freshness: classes }: PairLately): Html {
  const { t, format } = visit;
  const most = Math.max(1, ...classes.flatMap(({ udesk, crm }) => [udesk, crm]));
  const cell = (n: number) => html`<td>${format.number(n)} ${bar(n, most)}</td>`;
  const label = (ms: number | null) =>
    ms === null ? t('fresh.older') : t('fresh.within', { time: duration(visit, ms) });
  return html`<h3>${t('fresh.title')}</h3><p class="muted small">${t('fresh.hint')}</p>
<table class="ages"><thead><tr><th scope="col">${t('fresh.age')}</th><th scope="col">${t('side.udesk')}</th><th scope="col">${t('side.crm')}</th></tr></thead><tbody>${classes.map(
    ({ withinMs, udesk, crm }) =>
      html`<tr><th scope="row">${label(withinMs)}</th>${cell(udesk)}${cell(crm)}</tr>`,
  )}</tbody></table>`;
}

/** In the largest unit that leaves a number of at most three digits. */
export function duration({ t, format }: Visit, ms: number | null): string {
  if (ms === null) return '–';
  const n = (value: number) => format.number(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
  if (ms < 60_000) return t('duration.seconds', { n: n(ms / 1000) });
  if (ms < 3_600_000) return t('duration.minutes', { n: n(ms / 60_000) });
  return ms < 86_400_000
    ? t('duration.hours', { n: n(ms / 3_600_000) })
    : t('duration.days', { n: n(ms / 86_400_000) });
}

export function runMs(run: RunRow): number | null {
  return run.finishedAt === null ? null : Date.parse(run.finishedAt) - Date.parse(run.startedAt);
}
