/** The inbox: filters with counts at the side, conflicts page by page, and the bar for deciding many. */
import { type Html, html } from '../../report/html.ts';
import type { InboxPage } from '../../store/inbox.ts';
import type { Facets } from '../../store/inbox-facets.ts';
import { INBOX_STATES } from '../../store/inbox-filter.ts';
import type { InboxView as SavedView } from '../../store/inbox-views.ts';
import { allows } from '../auth/roles.ts';
import { csrfField } from '../ui/form.ts';
import type { SignedVisit } from '../visit.ts';
import { card } from './card.ts';
import { assigneeOptions } from './care.ts';
import { filters, isFiltered } from './filters.ts';
import { cursorText, type InboxParams, inboxAddress, searchOf } from './query.ts';
import type { ShownConflict } from './service.ts';
import type { FieldLabels } from './show.ts';
import { viewsBar } from './views.ts';

export interface InboxView {
  readonly params: InboxParams;
  readonly page: InboxPage;
  readonly facets: Facets;
  readonly shown: readonly ShownConflict[];
  readonly labels: FieldLabels;
  /** By Udesk's id of an agent. */
  readonly owners: ReadonlyMap<string, string>;
  /** Views of the visitor's own. */
  readonly views: readonly SavedView[];
  /** Decided, and not on both sides yet. */
  readonly resolving: number;
}

export function inbox(visit: SignedVisit, view: InboxView): Html {
  const { t, format } = visit;
  const { params, facets, shown } = view;
  const count = t('conflicts.count', { n: format.number(shown.length), total: totalText(visit, facets) });
  return html`<div class="inbox">
<div class="title"><h1>${t('conflicts.title')}</h1><p class="muted">${count} · <a href="/conflicts/similar">${t('similar.title')}</a></p></div>
<div class="tabs">${INBOX_STATES.map(
    (state) =>
      html`<a href="${inboxAddress(params, { state })}"${params.state === state && html` aria-current="true"`}>${t(`inbox.${state}`)}${
        state === 'resolving' && view.resolving > 0 && html` <b>${format.number(view.resolving)}</b>`
      }</a>`,
  )}</div>
${viewsBar(visit, params, view.views)}
${filters(visit, view)}
<div class="results">
${shown.length === 0 ? nothing(visit, view) : shown.map((one) => card(visit, one, { labels: view.labels }))}
${pager(visit, view)}
${shown.length > 0 && html`<p class="keys muted small">${t('conflicts.keys')}</p>`}
</div>
${params.state === 'open' && shown.length > 0 && allows(visit.actor.role, 'reviewer') && bulkBar(visit, view)}
</div>`;
}

function nothing({ t }: SignedVisit, { params }: InboxView): Html {
  const filtered = isFiltered(params) || params.state !== 'open';
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

function totalText({ format }: SignedVisit, { total, more }: Facets): string {
  return `${format.number(total)}${more ? '+' : ''}`;
}

/** Sticks to the lower edge. Whatever is chosen here is shown in full before it is done. */
function bulkBar(visit: SignedVisit, { params, facets }: InboxView): Html {
  const { t } = visit;
  const take = (side: 'udesk' | 'crm' | 'base') =>
    html`<option value="${side}">${t(`take.${side}`)}</option>`;
  return html`<form id="bulk" class="bulk card" method="post" action="/conflicts/bulk/preview" data-bulk data-selected="${t('bulk.selected')}">${csrfField(visit)}
<input type="hidden" name="filter" value="${searchOf({ ...params, cursor: undefined })}">
<label class="check needs-script"><input type="checkbox" data-all> ${t('bulk.page')}</label>
<label class="check"><input type="checkbox" name="all" value="1"> ${t('bulk.all', { n: totalText(visit, facets) })}</label>
<label class="inline">${t('bulk.label')} <span data-count class="muted"></span><select name="take">${take('udesk')}${take('crm')}${take('base')}</select></label>
<button class="primary">${t('bulk.preview')}</button>
<label class="inline">${t('assign.to')} <select name="to">${assigneeOptions(visit, null)}</select></label>
<button formaction="/conflicts/bulk/assign">${t('assign.submit')}</button>
</form>`;
}
