/** What reviewers do about conflicts without deciding them: give them to somebody, write beside them. */
import { html } from '../../report/html.ts';
import { assignConflicts } from '../../store/assignments.ts';
import { inboxIds } from '../../store/inbox.ts';
import { addNote } from '../../store/notes.ts';
import { respondPage, seeOther } from '../respond.ts';
import { notice } from '../ui/notice.ts';
import type { SignedVisit } from '../visit.ts';
import { BULK_LIMIT, readIds } from './bulk.ts';
import { noteRefusal, readAssignee, type TypedNote } from './care.ts';
import { inboxAddress, readParams, toFilter } from './query.ts';
import { loadRow } from './service.ts';

export async function assignOne(visit: SignedVisit): Promise<Response> {
  const { services, actor, now, c } = visit;
  const row = await loadRow(visit, c.req.param('id') ?? '');
  const to = readAssignee(visit, visit.form.get('to'));
  await assignConflicts(services.db, { ids: [row.id], to, who: actor.name, at: now });
  return seeOther(visit, `/conflicts/${row.id}`);
}

/** The selected ones, or all that fit. It can be done again otherwise, so it is done at once. */
export async function assignMany(visit: SignedVisit): Promise<Response> {
  const { services, actor, now, form, t, format } = visit;
  const to = readAssignee(visit, form.get('to'));
  const params = readParams(new URLSearchParams(form.get('filter') ?? ''));
  const chosen = form.has('all')
    ? await inboxIds(services.db, toFilter(visit, { ...params, state: 'open' }), BULK_LIMIT + 1)
    : readIds(form.getAll('id'));
  const ids = chosen.slice(0, BULK_LIMIT);
  const given = await assignConflicts(services.db, { ids, to, who: actor.name, at: now });
  const n = format.number(given.length);
  const title = to === null ? t('assign.done-nobody', { n }) : t('assign.done', { n, name: to });
  return respondPage(visit, {
    title,
    body: html`<div class="narrow"><h1>${title}</h1>
${chosen.length > BULK_LIMIT && notice('warn', t('assign.capped', { n: format.number(BULK_LIMIT) }))}
${given.length < ids.length && html`<p class="muted">${t('assign.detail')}</p>`}
<p><a class="button primary" href="${inboxAddress(params)}">${t('detail.back')}</a></p></div>`,
  });
}

/** @returns what was typed and cannot be kept, for the page of the conflict to show; else the answer */
export async function noteOne(visit: SignedVisit): Promise<Response | TypedNote> {
  const { services, actor, now, c, form } = visit;
  const { id } = await loadRow(visit, c.req.param('id') ?? '');
  const text = form.get('text') ?? '';
  const result = await addNote(services.db, { conflictId: id, who: actor.name, text, at: now });
  if (result === 'added' || result === 'not-found') return seeOther(visit, `/conflicts/${id}#notes`);
  return { text, refused: notice('bad', noteRefusal(visit, result)) };
}
