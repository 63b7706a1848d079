/** `/runs`: the last cycles with what they did, and why they failed. */

import type { CycleReport } from '../../engine/cycle.ts';
import { isRowId } from '../../lib/row-id.ts';
import { type Html, html } from '../../report/html.ts';
import { type PairRun, runPage } from '../../store/run-pages.ts';
import { duration, runMs } from '../dashboard/view.ts';
import type { Page } from '../page.ts';
import { Refusal } from '../refusal.ts';
import { respondPage } from '../respond.ts';
import { pager } from '../ui/pager.ts';
import { time } from '../ui/time.ts';
import type { SignedVisit } from '../visit.ts';

const PAGE_ROWS = 40;

export const runsPage: Page = {
  nav: { path: '/runs', label: 'nav.runs' },
  routes: [{ method: 'GET', path: '/runs', access: 'viewer', handle: runs }],
};

async function runs(visit: SignedVisit): Promise<Response> {
  const { t, services, url } = visit;
  const before = url.searchParams.get('before');
  const pair = url.searchParams.get('pair') || null;
  const trouble = url.searchParams.get('trouble') === '1';
  if (before !== null && !isRowId(before)) throw new Refusal('bad-request');
  const found = await runPage(services.db, { pair, before, trouble, limit: PAGE_ROWS + 1 });
  const shown = found.slice(0, PAGE_ROWS);
  const address = (change: Record<string, string>) => {
    const kept = { ...(pair === null ? {} : { pair }), ...(trouble ? { trouble: '1' } : {}), ...change };
    const search = new URLSearchParams(Object.entries(kept).filter(([, value]) => value !== ''));
    return search.size === 0 ? '/runs' : `/runs?${search}`;
  };
  const last = shown.at(-1)?.id;
  const title = t('runs.title');
  return respondPage(visit, {
    title,
    body: html`<div class="detail"><div class="title"><h1>${title}</h1></div>
<div class="tabs"><a href="${address({ trouble: '' })}"${!trouble && html` aria-current="true"`}>${t('runs.all')}</a><a href="${address({ trouble: '1' })}"${trouble && html` aria-current="true"`}>${t('runs.trouble')}</a></div>
${shown.length === 0 ? html`<div class="card nothing"><h2>${t('runs.none')}</h2></div>` : html`<ol class="plain runs card">${shown.map((run) => runItem(visit, run))}</ol>`}
${pager(visit, 'runs.title', {
  previous: before === null ? null : address({}),
  next: found.length > PAGE_ROWS && last !== undefined ? address({ before: last }) : null,
})}</div>`,
  });
}

function runItem(visit: SignedVisit, run: PairRun): Html {
  const { t } = visit;
  const outcome = run.outcome ?? 'unfinished';
  const ms = runMs(run);
  return html`<li class="${outcome}"><p class="head"><b>${time(visit, run.startedAt)}</b> <span class="badge outcome-${outcome}">${t(`run.outcome.${outcome}`)}</span>
<span class="muted small">${visit.services.config.pairs.length > 1 && html`${run.pair} · `}${t('run.number', { id: run.id })} · ${t(`run.trigger.${run.trigger as 'run'}`)}${ms !== null && html` · ${duration(visit, ms)}`}</span></p>
${counts(visit, run.stats as Partial<CycleReport>)}
${run.error !== null && html`<p class="differs" lang="en">${run.error}</p>`}</li>`;
}

/** What of a cycle is worth a word: zeros are left out. */
function counts({ t, format }: SignedVisit, stats: Partial<CycleReport>): Html | null {
  const { observed, plan, push } = stats;
  if (observed === undefined || plan === undefined) return null;
  const sum = (n: { readonly udesk: number; readonly crm: number }) => n.udesk + n.crm;
  const told: readonly (readonly [text: string, n: number])[] = [
    [t('run.count.seen'), observed.udesk.seen + observed.crm.seen],
    [t('run.count.changed'), observed.udesk.changed + observed.crm.changed],
    [t('run.count.creates'), sum(plan.creates)],
    [t('run.count.updates'), sum(plan.updates)],
    [t('run.count.deletes'), sum(plan.deletes)],
    [t('run.count.settled'), push?.settled ?? 0],
    [t('run.count.conflicts'), stats.openConflicts ?? 0],
    [t('run.count.parked'), stats.parked ?? 0],
  ];
  const shown = told.filter(([, n]) => n > 0);
  return shown.length === 0
    ? html`<p class="muted small">${t('run.nothing')}</p>`
    : html`<p class="small counts">${shown.map(([text, n]) => html`<span><b>${format.number(n)}</b> ${text}</span> `)}</p>`;
}
