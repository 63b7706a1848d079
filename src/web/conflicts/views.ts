/** Views of the inbox: filters under a name, those that everybody has and a person's own. */
import { isRowId } from '../../lib/row-id.ts';
import { isStorableText } from '../../lib/storable-text.ts';
import { type Html, html } from '../../report/html.ts';
import {
  deleteView,
  type InboxView,
  loadView,
  saveView,
  VIEW_NAME_LIMIT,
  VIEWS_MOST,
} from '../../store/inbox-views.ts';
import { Refusal } from '../refusal.ts';
import { seeOther } from '../respond.ts';
import { csrfField } from '../ui/form.ts';
import type { SignedVisit } from '../visit.ts';
import { type InboxParams, inboxAddress, readParams, searchOf } from './query.ts';

const COMMON = [
  ['mine', { assigned: 'me' }],
  ['nobodys', { assigned: 'nobody' }],
  ['week-old', { age: 'older' }],
  ['today', { age: 'day', sort: 'newest' }],
] as const satisfies readonly (readonly [string, Partial<InboxParams>])[];

export function viewsBar(visit: SignedVisit, params: InboxParams, own: readonly InboxView[]): Html {
  const { t, format } = visit;
  const now = queryOf(params);
  const link = (path: string, query: string, text: string) =>
    html`<a href="${path}"${query === now && html` aria-current="true"`}>${text}</a>`;
  const known = own.find(({ query }) => query === now);
  return html`<div class="views" role="group" aria-label="${t('views.title')}">
${COMMON.map(([name, view]) => {
  const query = searchOf(view);
  return link(`/conflicts?${query}`, query, t(`view.${name}`));
})}
${own.map(({ id, name, query }) => link(`/conflicts/views/${id}`, query, name))}
<details class="save-view"><summary>${t('views.save')}</summary>
<form method="post" action="/conflicts/views">${csrfField(visit)}<input type="hidden" name="filter" value="${now}">
<label>${t('views.name')}<input name="name" required maxlength="${VIEW_NAME_LIMIT}" value="${known?.name ?? ''}" data-save></label><button>${t('views.submit')}</button>
<p class="muted small">${t('views.hint', { n: format.number(VIEWS_MOST) })}</p></form>
${own.map(
  ({ id, name }) =>
    html`<form method="post" action="/conflicts/views/${id}/delete">${csrfField(visit)}<input type="hidden" name="filter" value="${now}"><button class="small">${t('views.delete', { name })}</button></form>`,
)}</details></div>`;
}

/** A view has no place in it. */
function queryOf(params: InboxParams): string {
  return searchOf({ ...params, cursor: undefined });
}

/** Leads to the inbox as the view says; what is `me` in it is whoever opens it. */
export async function openView(visit: SignedVisit): Promise<Response> {
  const view = await loadView(visit.services.db, viewId(visit.c.req.param('id') ?? ''));
  if (view === null) throw new Refusal('not-found');
  return seeOther(visit, `/conflicts?${view.query}`);
}

export async function keepView(visit: SignedVisit): Promise<Response> {
  const params = readParams(new URLSearchParams(visit.form.get('filter') ?? ''));
  await storeView(visit, visit.form.get('name') ?? '', params);
  return seeOther(visit, inboxAddress(params));
}

/** Of one's own. */
export async function dropView(visit: SignedVisit): Promise<Response> {
  const params = readParams(new URLSearchParams(visit.form.get('filter') ?? ''));
  await removeView(visit, visit.c.req.param('id') ?? '');
  return seeOther(visit, inboxAddress(params));
}

/** Takes the place of the person's view of that name. @throws Refusal */
export async function storeView({ services, actor, now }: SignedVisit, called: string, params: InboxParams) {
  const name = called.trim();
  if (name === '' || [...name].length > VIEW_NAME_LIMIT || !isStorableText(name))
    throw new Refusal('bad-request');
  const query = queryOf(params);
  const words = params.q?.trim() ?? null;
  if (words !== null && !isStorableText(words)) throw new Refusal('bad-request');
  const saved = await saveView(services.db, { who: actor.name, name, query, words, at: now });
  if (saved === null) throw new Refusal('too-many-views', { params: { n: VIEWS_MOST } });
}

/** @throws Refusal `not-found` for another person's, too */
export async function removeView({ services, actor }: SignedVisit, id: string): Promise<void> {
  if (!(await deleteView(services.db, { id: viewId(id), who: actor.name }))) throw new Refusal('not-found');
}

function viewId(id: string): string {
  if (!isRowId(id)) throw new Refusal('not-found');
  return id;
}
