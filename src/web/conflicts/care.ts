/** Who takes care of a conflict, and what people wrote beside it. */
import { type Html, html } from '../../report/html.ts';
import type { InboxRow } from '../../store/inbox.ts';
import { NOTE_LIMIT, NOTES_MOST, type Note, type NoteResult } from '../../store/notes.ts';
import { allows } from '../auth/roles.ts';
import { Refusal } from '../refusal.ts';
import { csrfField } from '../ui/form.ts';
import { time } from '../ui/time.ts';
import type { SignedVisit } from '../visit.ts';

/** Whom conflicts can be given to: everybody who may decide them. */
export function assignees({ services, actor }: SignedVisit): string[] {
  const { auth } = services.config.http;
  const users = auth?.users.filter(({ role }) => allows(role, 'reviewer')).map(({ name }) => name) ?? [];
  return [...new Set([...users, ...(allows(actor.role, 'reviewer') ? [actor.name] : [])])];
}

/** @throws Refusal for anybody else; empty is nobody */
export function readAssignee(visit: SignedVisit, text: string | null): string | null {
  if (text === '') return null;
  if (text === null || !assignees(visit).includes(text)) throw new Refusal('bad-request');
  return text;
}

/** `now`: whoever has it stays among the choices, though the configuration may not know them any more. */
export function assigneeOptions(visit: SignedVisit, now: string | null): Html {
  const { t } = visit;
  const names = [...new Set([...assignees(visit), ...(now === null ? [] : [now])])];
  return html`<option value="">${t('assign.nobody')}</option>${names.map(
    (name) => html`<option value="${name}"${name === now && html` selected`}>${name}</option>`,
  )}`;
}

export function careSection(visit: SignedVisit, row: InboxRow): Html {
  const { t } = visit;
  const open = row.state === 'open' || row.state === 'resolving';
  const form =
    open && allows(visit.actor.role, 'reviewer')
      ? html`<form class="give" method="post" action="/conflicts/${row.id}/assign">${csrfField(visit)}<label for="assign">${t('assign.to')}</label><select name="to" id="assign" data-key="a">${assigneeOptions(visit, row.assignee)}</select> <button>${t('assign.submit')}</button></form>`
      : html`<p>${row.assignee ?? t('assign.nobody')}</p>`;
  return html`<section class="card"><h2>${t('detail.care')}</h2>${form}</section>`;
}

/** Why a note cannot be kept. */
export function noteRefusal(
  { t, format }: SignedVisit,
  result: Exclude<NoteResult, 'added' | 'not-found'>,
): string {
  return t(`note.refused.${result}`, { n: format.number(result === 'full' ? NOTES_MOST : NOTE_LIMIT) });
}

export interface TypedNote {
  readonly text: string;
  readonly refused: Html;
}

export function notesSection(
  visit: SignedVisit,
  row: InboxRow,
  notes: readonly Note[],
  typed: TypedNote | null,
): Html {
  const { t } = visit;
  return html`<section class="card" id="notes"><h2>${t('detail.notes')}</h2>${
    notes.length === 0
      ? html`<p class="muted">${t('note.none')}</p>`
      : html`<ul class="notes">${notes.map(
          (note) =>
            html`<li><p class="note">${note.text}</p><small class="muted"><b>${note.who}</b>, ${time(visit, note.at)}${
              note.conflictId !== row.id &&
              html` · <a href="/conflicts/${note.conflictId}">${t('note.earlier', { id: note.conflictId })}</a>`
            }</small></li>`,
        )}</ul>`
  }${
    allows(visit.actor.role, 'reviewer') &&
    html`<form class="give" method="post" action="/conflicts/${row.id}/notes">${csrfField(visit)}${typed?.refused}<label for="note">${t('note.label')}</label><textarea name="text" id="note" rows="3" maxlength="${NOTE_LIMIT}" required aria-describedby="note-hint" data-key="n">${typed?.text ?? ''}</textarea>
<button>${t('note.submit')}</button><p class="muted small" id="note-hint">${t('note.hint')}</p></form>`
  }</section>`;
}
