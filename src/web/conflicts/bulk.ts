/** Deciding many at once: first what exactly would be written, then, confirmed, the same and nothing else. */

import type { Take } from '../../core/link.ts';
import { isRowId } from '../../lib/row-id.ts';
import { type Choice, writesOf } from '../../report/choices.ts';
import { type Html, html } from '../../report/html.ts';
import { judgeDecision } from '../../report/judge-decision.ts';
import { type InboxRow, inboxIds, inboxRows } from '../../store/inbox.ts';
import type { InboxFilter } from '../../store/inbox-filter.ts';
import { Refusal } from '../refusal.ts';
import { csrfField } from '../ui/form.ts';
import { notice } from '../ui/notice.ts';
import type { SignedVisit } from '../visit.ts';
import { nameFields, readParams, toFilter } from './query.ts';
import { decide, undo } from './service.ts';
import { effectTexts, type FieldLabels, fieldName, valueText } from './show.ts';

/** In one go: a person can still look through it, and the form fits the limit of a request. */
export const BULK_LIMIT = 500;

export interface Preview {
  readonly take: Take;
  readonly decidable: readonly { readonly row: InboxRow; readonly choice: Choice }[];
  readonly refused: readonly { readonly row: InboxRow; readonly text: string }[];
  readonly writes: Readonly<Record<'udesk' | 'crm', number>>;
  /** More fit than are decided in one go. */
  readonly capped: boolean;
}

/** Of the selected ones, or of all that fit the filter. */
export async function preview(visit: SignedVisit, form: URLSearchParams): Promise<Preview> {
  const { services } = visit;
  const take = readTake(form.get('take'));
  const chosen = form.has('all')
    ? await inboxIds(services.db, openOf(visit, form), BULK_LIMIT + 1)
    : readIds(form.getAll('id'));
  const rows = await inboxRows(services.db, chosen.slice(0, BULK_LIMIT), nameFields(visit));
  const decidable: { row: InboxRow; choice: Choice }[] = [];
  const refused: { row: InboxRow; text: string }[] = [];
  for (const row of rows) {
    if (row.state !== 'open') continue;
    const judged = judgeDecision(row, services.config, { take }, (value) => valueText(visit, row, value));
    if (judged.ok) decidable.push({ row, choice: judged.choice });
    else if (judged.text !== null) refused.push({ row, text: visit.t(`refusal.${judged.code}`) });
  }
  const sum = (side: 'udesk' | 'crm') => decidable.reduce((n, { choice }) => n + writesOf(choice)[side], 0);
  return {
    take,
    decidable,
    refused,
    writes: { udesk: sum('udesk'), crm: sum('crm') },
    capped: chosen.length > BULK_LIMIT,
  };
}

/** The open ones of the filter that a form carries. */
function openOf(visit: SignedVisit, form: URLSearchParams): InboxFilter {
  const params = readParams(new URLSearchParams(form.get('filter') ?? ''));
  return toFilter(visit, { ...params, state: 'open' });
}

/** What was confirmed: `id@changedAt` each, so that what changed since is left alone. */
export async function decideMany(
  visit: SignedVisit,
  take: Take,
  picks: readonly string[],
): Promise<{ readonly done: readonly string[]; readonly late: readonly string[] }> {
  const done: string[] = [];
  const late: string[] = [];
  for (const pick of picks.slice(0, BULK_LIMIT)) {
    const [id = '', seen = ''] = pick.split('@');
    ((await decided(visit, id, { take, seen })) ? done : late).push(id);
  }
  return { done, late };
}

/** One that is not there must not keep the others from being decided. */
async function decided(visit: SignedVisit, id: string, wish: Parameters<typeof decide>[2]): Promise<boolean> {
  try {
    return (await decide(visit, id, wish)).outcome === 'decided';
  } catch (thrown) {
    if (thrown instanceof Refusal && thrown.code === 'not-found') return false;
    throw thrown;
  }
}

/** Of many decisions those for which nothing was sent. */
export async function undoMany(visit: SignedVisit, ids: readonly string[]): Promise<readonly string[]> {
  const undone: string[] = [];
  for (const id of ids) {
    const { outcome } = await undo(visit, id);
    if (outcome === 'withdrawn' || outcome === 'undoing') undone.push(id);
  }
  return undone;
}

export function readTake(text: string | null): Exclude<Take, 'value'> {
  if (text === 'udesk' || text === 'crm' || text === 'base') return text;
  throw new Refusal('bad-request');
}

export function readIds(given: readonly string[]): string[] {
  const ids = [...new Set(given)];
  if (ids.length > BULK_LIMIT || !ids.every(isRowId)) throw new Refusal('bad-request');
  return ids;
}

export function previewView(visit: SignedVisit, view: Preview, labels: FieldLabels, back: string): Html {
  const { t, format } = visit;
  const { decidable, refused, writes } = view;
  const cancel = html`<a class="button" href="${back}">${t('bulk.cancel')}</a>`;
  if (decidable.length + refused.length === 0) {
    return html`<div class="narrow"><h1>${t('bulk.nothing')}</h1><p class="muted">${t('bulk.nothing-detail')}</p><p>${cancel}</p></div>`;
  }
  const n = format.number(decidable.length);
  const summary = t('bulk.summary', {
    n,
    udesk: format.number(writes.udesk),
    crm: format.number(writes.crm),
  });
  return html`<div class="preview"><div class="title"><h1>${t('bulk.title')}: ${t(`take.${view.take}`)}</h1><p>${summary}</p></div>
${view.capped && notice('warn', t('bulk.capped', { n: format.number(BULK_LIMIT) }))}
${
  decidable.length > 0 &&
  html`<form method="post" action="/conflicts/bulk" class="confirm card">${csrfField(visit)}<input type="hidden" name="take" value="${view.take}">${decidable.map(
    ({ row }) => html`<input type="hidden" name="pick" value="${row.id}@${row.changedAt}">`,
  )}<button class="primary">${t('bulk.confirm', { n })}</button>${cancel}</form>
<div class="card table"><table><thead><tr><th scope="col">${t('bulk.customer')}</th><th scope="col">${t('bulk.field')}</th><th scope="col">${t('effect.title')}</th></tr></thead><tbody>${decidable.map(
    ({ row, choice }) =>
      html`<tr><th scope="row"><a href="/conflicts/${row.id}">${row.name ?? t('conflicts.nameless')}</a></th><td>${fieldName(visit, labels, row.pair, row.field)}</td><td>${effectTexts(visit, row, choice).map((text) => html`<div>${text}</div>`)}</td></tr>`,
  )}</tbody></table></div>`
}
${
  refused.length > 0 &&
  html`<section class="card"><p>${t('bulk.refused', { n: format.number(refused.length) })}</p><ul>${refused.map(
    ({ row, text }) =>
      html`<li><a href="/conflicts/${row.id}">${row.name ?? t('conflicts.nameless')}</a>, ${fieldName(visit, labels, row.pair, row.field)}: ${text}</li>`,
  )}</ul>${decidable.length === 0 && cancel}</section>`
}</div>`;
}
