/** What was decided in one go: an address of its own, so that looking again shows more and repeats nothing. */
import { isRowId } from '../../lib/row-id.ts';
import { type Html, html } from '../../report/html.ts';
import { decidedTogether, lastDecision } from '../../store/decided-together.ts';
import { type InboxRow, inboxRows } from '../../store/inbox.ts';
import { allows } from '../auth/roles.ts';
import { Refusal } from '../refusal.ts';
import { respondPage, respondPart, seeOther } from '../respond.ts';
import { csrfField } from '../ui/form.ts';
import { notice } from '../ui/notice.ts';
import type { SignedVisit } from '../visit.ts';
import { BULK_LIMIT, decideMany, readTake } from './bulk.ts';
import { nameFields } from './query.ts';

/** Decides, and leads to the result by the first decision: the ids of all would not fit every proxy's headers. */
export async function bulkDecide(visit: SignedVisit): Promise<Response> {
  const { services, actor, form } = visit;
  const { done, late } = await decideMany(visit, readTake(form.get('take')), form.getAll('pick'));
  const [one] = done;
  const first = one === undefined ? null : await lastDecision(services.db, one, actor.name);
  return seeOther(visit, address('/conflicts/bulk', { first, late: late.length }));
}

export async function bulkResult(visit: SignedVisit): Promise<Response> {
  const { t, format, actor } = visit;
  const what = read(visit);
  const rows = await load(visit, what);
  const ids = rows.map(({ id }) => id).join(',');
  const title = t('bulk.done', { n: format.number(rows.length) });
  const { late } = what;
  return respondPage(visit, {
    title,
    body: html`<div class="narrow"><h1>${title}</h1>
${late > 0 && notice('warn', t('bulk.late', { n: format.number(late) }))}
${progress(visit, what, rows)}
<div class="buttons"><a class="button primary" href="/conflicts">${t('detail.back')}</a>${
      rows.length > 0 &&
      allows(actor.role, 'reviewer') &&
      html`<form method="post" action="/conflicts/bulk/undo">${csrfField(visit)}<input type="hidden" name="ids" value="${ids}"><button>${t('bulk.undo')}</button></form>`
    }</div></div>`,
  });
}

export async function bulkState(visit: SignedVisit): Promise<Response> {
  const what = read(visit);
  return respondPart(visit, progress(visit, what, await load(visit, what)));
}

interface What {
  /** The first decision; null: none was made. */
  readonly first: string | null;
  /** So many were left alone. */
  readonly late: number;
}

function read({ url }: SignedVisit): What {
  const first = url.searchParams.get('first');
  const late = url.searchParams.get('late') ?? '0';
  if ((first !== null && !isRowId(first)) || !/^\d{1,3}$/.test(late)) {
    throw new Refusal('bad-request');
  }
  return { first, late: Number(late) };
}

function address(path: string, { first, late }: What): string {
  const query = new URLSearchParams({
    ...(first === null ? {} : { first }),
    ...(late === 0 ? {} : { late: String(late) }),
  });
  return `${path}?${query}`;
}

async function load(visit: SignedVisit, { first }: What): Promise<readonly InboxRow[]> {
  const { db } = visit.services;
  if (first === null) return [];
  return await inboxRows(db, await decidedTogether(db, first, BULK_LIMIT), nameFields(visit));
}

/** Counts what has come true; asks again until all has. Without scripts a person does. */
function progress(visit: SignedVisit, what: What, rows: readonly InboxRow[]): Html {
  const { t, format } = visit;
  const open = rows.filter(({ state }) => state === 'resolving').length;
  const agree = rows.filter(({ state }) => state === 'resolved' || state === 'converged').length;
  return html`<div id="progress" class="notice ${open === 0 ? 'good' : 'info'}" role="status"${
    open > 0 &&
    html` hx-get="${address('/conflicts/bulk/progress', what)}" hx-trigger="load delay:2s" hx-swap="outerHTML"`
  }>${t('bulk.done-detail', { open: format.number(open), agree: format.number(agree) })}${
    open > 0 &&
    html` <a class="no-script" href="${address('/conflicts/bulk', what)}">${t('decide.refresh')}</a>`
  }</div>`;
}
