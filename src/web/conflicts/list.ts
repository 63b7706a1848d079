/** The inbox: filters with counts at the side, conflicts page by page, and the bar for deciding many. */
import { type Html, html } from '../../report/html.ts';
import { type Facets, INBOX_AGES, INBOX_SORTS, INBOX_STATES, type InboxPage } from '../../store/inbox.ts';
import { allows } from '../auth/roles.ts';
import { csrfField } from '../ui/form.ts';
import type { SignedVisit } from '../visit.ts';
import { card } from './card.ts';
import { cursorText, type InboxParams, inboxAddress, searchOf } from './query.ts';
import type { ShownConflict } from './service.ts';
import { type FieldLabels, fieldName, kindName } from './show.ts';

export interface InboxView {
  readonly params: InboxParams;
  readonly page: InboxPage;
  readonly facets: Facets;
  readonly shown: readonly ShownConflict[];
  readonly labels: FieldLabels;
  /** Decided, and not on both sides yet. */
  readonly resolving: number;
}

export function inbox(visit: SignedVisit, view: InboxView): Html {
  const { t, format } = visit;
  const { params, facets, shown } = view;
  const count = t('conflicts.count', { n: format.number(shown.length), total: format.number(facets.total) });
  return html`<div class="inbox">
<div class="title"><h1>${t('conflicts.title')}</h1><p class="muted">${count} · <a href="/conflicts/similar">${t('similar.title')}</a></p></div>
<div class="tabs">${INBOX_STATES.map(
    (state) =>
      html`<a href="${inboxAddress(params, { state })}"${params.state === state && html` aria-current="true"`}>${t(`inbox.${state}`)}${
        state === 'resolving' && view.resolving > 0 && html` <b>${format.number(view.resolving)}</b>`
      }</a>`,
  )}</div>
${filters(visit, view)}
<div class="results">
${shown.length === 0 ? nothing(visit, view) : shown.map((one) => card(visit, one, { labels: view.labels }))}
${pager(visit, view)}
${shown.length > 0 && html`<p class="keys muted small">${t('conflicts.keys')}</p>`}
</div>
${params.state === 'open' && shown.length > 0 && allows(visit.actor.role, 'reviewer') && bulkBar(visit, view)}
</div>`;
}

function filters(visit: SignedVisit, { params, facets, labels }: InboxView): Html {
  const { t } = visit;
  const active = [params.pair, params.field, params.kind, params.age, params.pattern].filter(
    (one) => one !== undefined,
  );
  const pairOf = params.pair ?? visit.services.config.pairs[0]?.name ?? '';
  const pairs = visit.services.config.pairs.length > 1 || facets.pair.size > 1;
  const select = (
    name: 'pair' | 'field' | 'kind' | 'age',
    values: Iterable<string>,
    label: (value: string) => string,
  ) => {
    const chosen = params[name];
    const known = [...new Set([...values, ...(chosen === undefined ? [] : [chosen])])];
    return html`<label>${t(`filter.${name}`)}<select name="${name}"><option value="">${t('filter.any')}</option>${known.map(
      (value) =>
        html`<option value="${value}"${value === chosen && html` selected`}>${label(value)} (${visit.format.number(facets[name].get(value) ?? 0)})</option>`,
    )}</select></label>`;
  };
  return html`<form class="filters card" method="get" action="/conflicts" role="search" aria-label="${t('filter.title')}" data-auto>
<input type="hidden" name="state" value="${params.state}">
${params.pattern !== undefined && html`<input type="hidden" name="pattern" value="${params.pattern}"><p class="small">${t('similar.group')}</p>`}
<label class="search">${t('filter.search')}<input type="search" name="q" value="${params.q ?? ''}" placeholder="${t('filter.search-hint')}" maxlength="200" data-search></label>
<details class="selects"${active.length > 0 && html` open`}><summary>${t('filter.title')}</summary><div class="grid">
${pairs && select('pair', facets.pair.keys(), (value) => value)}
${select('field', facets.field.keys(), (value) => fieldName(visit, labels, pairOf, value))}
${select('kind', facets.kind.keys(), (value) => kindName(visit, value))}
${select('age', INBOX_AGES, (value) => t(`age.${value as (typeof INBOX_AGES)[number]}`))}
<label>${t('filter.sort')}<select name="sort">${INBOX_SORTS.map(
    (sort) =>
      html`<option value="${sort}"${sort === params.sort && html` selected`}>${t(`sort.${sort}`)}</option>`,
  )}</select></label></div></details>
<div class="buttons"><button class="primary">${t('filter.submit')}</button>${
    (active.length > 0 || params.q !== undefined) &&
    html`<a href="${inboxAddress({ state: params.state, sort: params.sort })}">${t('filter.clear')}</a>`
  }</div>
</form>`;
}

function nothing({ t }: SignedVisit, { params }: InboxView): Html {
  const filtered =
    searchOf({ ...params, sort: undefined, cursor: undefined, state: undefined }) !== '' ||
    params.state !== 'open';
  const [title, detail] = filtered
    ? [t('conflicts.none'), t('conflicts.none-detail')]
    : [t('conflicts.done'), t('conflicts.done-detail')];
  return html`<div class="card nothing"><h2>${title}</h2><p class="muted">${detail}</p></div>`;
}

function pager({ t }: SignedVisit, { params, page }: InboxView): Html | null {
  if (page.previous === null && page.next === null) return null;
  const link = (cursor: InboxPage['next'], label: string, rel: string) =>
    cursor === null
      ? html`<span></span>`
      : html`<a class="button" rel="${rel}" href="${inboxAddress(params, { cursor: cursorText(cursor) })}">${label}</a>`;
  return html`<nav class="pager" aria-label="${t('conflicts.title')}">${link(page.previous, t('conflicts.previous'), 'prev')}${link(page.next, t('conflicts.next'), 'next')}</nav>`;
}

/** Sticks to the lower edge. Whatever is chosen here is shown in full before it is done. */
function bulkBar(visit: SignedVisit, { params, facets }: InboxView): Html {
  const { t, format } = visit;
  const take = (side: 'udesk' | 'crm' | 'base') =>
    html`<option value="${side}">${t(`take.${side}`)}</option>`;
  return html`<form id="bulk" class="bulk card" method="post" action="/conflicts/bulk/preview" data-bulk data-selected="${t('bulk.selected')}">${csrfField(visit)}
<input type="hidden" name="filter" value="${searchOf({ ...params, cursor: undefined })}">
<label class="check needs-script" hidden><input type="checkbox" data-all> ${t('bulk.page')}</label>
<label class="check"><input type="checkbox" name="all" value="1"> ${t('bulk.all', { n: format.number(facets.total) })}</label>
<label class="inline">${t('bulk.label')} <span data-count class="muted"></span><select name="take">${take('udesk')}${take('crm')}${take('base')}</select></label>
<button class="primary">${t('bulk.preview')}</button>
</form>`;
}
