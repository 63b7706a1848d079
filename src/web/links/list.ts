/** The list of links: questions first, with the first plans that wait above them. */
import { type Html, html } from '../../report/html.ts';
import type { LinkPage } from '../../store/link-pages.ts';
import type { LinkRowState } from '../../store/links.ts';
import type { FieldLabels } from '../conflicts/show.ts';
import { pager } from '../ui/pager.ts';
import type { SignedVisit } from '../visit.ts';
import { linkCard, type ShownLink } from './card.ts';
import { LINK_TABS, type LinkParams, linkCursorText, linksAddress } from './query.ts';

export interface LinksView {
  readonly params: LinkParams;
  readonly page: LinkPage;
  readonly counts: Readonly<Record<LinkRowState, number>>;
  readonly shown: readonly ShownLink[];
  readonly labels: FieldLabels;
  /** Above the list. */
  readonly firstPlans: Html | null;
}

export function linkList(visit: SignedVisit, view: LinksView): Html {
  const { t, format } = visit;
  const { params, counts, shown, page } = view;
  const count = t('conflicts.count', {
    n: format.number(shown.length),
    total: format.number(counts[params.state]),
  });
  return html`<div class="inbox">
<div class="title"><h1>${t('links.title')}</h1><p class="muted">${count}</p></div>
<div class="tabs">${LINK_TABS.map(
    (state) =>
      html`<a href="${linksAddress(params, { state })}"${params.state === state && html` aria-current="true"`}>${t(`links.tab.${state}`)}${counts[state] > 0 && html` <b>${format.number(counts[state])}</b>`}</a>`,
  )}</div>
${filters(visit, params)}
<div class="results">
${view.firstPlans}
${shown.length === 0 ? nothing(visit, params) : shown.map((one) => linkCard(visit, one, { labels: view.labels }))}
${pager(visit, 'links.title', {
  previous: page.previous === null ? null : linksAddress(params, { cursor: linkCursorText(page.previous) }),
  next: page.next === null ? null : linksAddress(params, { cursor: linkCursorText(page.next) }),
})}
${params.state === 'candidate' && shown.length > 0 && html`<p class="keys muted small">${t('links.keys')}</p>`}
</div></div>`;
}

function filters(visit: SignedVisit, params: LinkParams): Html {
  const { t, services } = visit;
  const several = services.config.pairs.length > 1;
  return html`<form class="filters card" method="get" action="/links" role="search" aria-label="${t('filter.title')}" data-auto>
<input type="hidden" name="state" value="${params.state}">
<label class="search">${t('filter.search')}<input type="search" name="q" value="${params.q ?? ''}" placeholder="${t('filter.search-hint')}" maxlength="200" data-search></label>
${
  several &&
  html`<label>${t('filter.pair')}<select name="pair"><option value="">${t('filter.any')}</option>${services.config.pairs.map(
    ({ name }) => html`<option value="${name}"${name === params.pair && html` selected`}>${name}</option>`,
  )}</select></label>`
}
<div class="buttons"><button class="primary">${t('filter.submit')}</button>${
    (params.q !== undefined || params.pair !== undefined) &&
    html`<a href="${linksAddress({ state: params.state })}">${t('filter.clear')}</a>`
  }</div></form>`;
}

function nothing({ t }: SignedVisit, { state, q, pair }: LinkParams): Html {
  const done = state === 'candidate' && q === undefined && pair === undefined;
  return html`<div class="card nothing"><h2>${t(done ? 'links.done' : 'links.none')}</h2><p class="muted">${t(done ? 'links.done-detail' : 'conflicts.none-detail')}</p></div>`;
}
