/** One conflict in the inbox. Its forms work by themselves; htmx replaces the card alone. */

import type { EditAuthor } from '../../core/edit-author.ts';
import type { Choice } from '../../report/choices.ts';
import { type Html, html } from '../../report/html.ts';
import { emptiesASet } from '../../report/judge-decision.ts';
import type { InboxRow } from '../../store/inbox.ts';
import { allows } from '../auth/roles.ts';
import { csrfField } from '../ui/form.ts';
import { ago } from '../ui/time.ts';
import type { SignedVisit } from '../visit.ts';
import type { ShownConflict } from './service.ts';
import { effectTexts, type FieldLabels, fieldName, kindName } from './show.ts';
import { type Column, changedBy, columnBody, columnsOf } from './values.ts';

const KEYS: Readonly<Record<Column, string>> = { udesk: '1', crm: '2', base: '3' };

export interface CardOptions {
  readonly labels: FieldLabels;
  /** Said on top of the card: what became of the last thing done to it. */
  readonly said?: Html | null;
  /** How often its progress was looked at. */
  readonly looks?: number;
}

export function card(visit: SignedVisit, shown: ShownConflict, options: CardOptions): Html {
  const { t } = visit;
  const { row, progress } = shown;
  const open = row.state === 'open';
  const decides = open && allows(visit.actor.role, 'reviewer');
  return html`<article class="conflict ${row.state}" id="conflict-${row.id}" data-row tabindex="-1" aria-labelledby="name-${row.id}">
<div class="head">
${decides && html`<input type="checkbox" form="bulk" name="id" value="${row.id}" data-key="x" aria-label="${t('conflicts.select', { id: row.id })}">`}
<h2 id="name-${row.id}"><a href="/conflicts/${row.id}" data-key="o">${row.name ?? t('conflicts.nameless')}</a> <span class="field">${fieldName(visit, options.labels, row.pair, row.field)}</span></h2>
<span class="badge">${kindName(visit, row.kind)}</span>
${!open && html`<span class="badge state">${t(`state.${row.state}`)}</span>`}
${care(visit, row)}
<span class="meta">${visit.services.config.pairs.length > 1 && html`${row.pair} · `}${ago(visit, row.openedAt)}</span>
</div>
${options.said}
${values(visit, shown, decides)}
${(progress.text !== null || !open) && html`<div class="foot">${progressLine(visit, shown, options.looks ?? 0)}</div>`}
</article>`;
}

/** Who has it, and how much was written beside it; both lead to where that is changed. */
function care({ t, format, actor }: SignedVisit, row: InboxRow): Html {
  const may = allows(actor.role, 'reviewer');
  const open = row.state === 'open' || row.state === 'resolving';
  const link = (place: string, key: string, text: string) =>
    html`<a class="badge" href="/conflicts/${row.id}#${place}" data-key="${key}">${text}</a>`;
  const who = row.assignee === null ? null : t('assign.badge', { name: row.assignee });
  const notes = row.notes === 0 ? null : t('note.count', { n: format.number(row.notes) });
  return html`${may && open ? link('assign', 'a', who ?? t('assign.add')) : who !== null && html`<span class="badge">${who}</span>`}
${may ? link('note', 'n', notes ?? t('note.add')) : notes !== null && link('notes', 'n', notes)}`;
}

/** The line below; while something is under way it asks again, less and less often. */
export function progressLine(visit: SignedVisit, { row, progress }: ShownConflict, looks: number): Html {
  const waits = progress.step === 'under-way' || progress.step === 'stuck';
  const delayS = Math.min(20, Math.round(1.5 ** Math.min(looks, 10)));
  const again = html` hx-get="/conflicts/${row.id}/card?looks=${looks + 1}" hx-trigger="load delay:${delayS}s" hx-target="#conflict-${row.id}" hx-swap="outerHTML"`;
  const may = progress.undo && allows(visit.actor.role, 'reviewer');
  return html`<div class="progress ${progress.step}" role="status"${waits && again}><span>${progress.text}</span>${may && undoForm(visit, row.id)}</div>`;
}

/** In a list the card alone is replaced; the page of a conflict is loaded anew. */
export function undoForm(visit: SignedVisit, id: string, where: 'card' | 'page' = 'card'): Html {
  const inPlace = html` hx-post="/conflicts/${id}/undo" hx-target="#conflict-${id}" hx-swap="outerHTML"`;
  return html`<form method="post" action="/conflicts/${id}/undo"${where === 'card' && inPlace}>${csrfField(visit)}<button class="small" data-key="u">${visit.t('decide.undo')}</button></form>`;
}

function values(visit: SignedVisit, shown: ShownConflict, decides: boolean): Html {
  const { row } = shown;
  const id = `decide-${row.id}`;
  return html`<div class="values${row.field === '*' ? ' pair' : ''}">${columnsOf(row).map((column) => {
    const choice = shown.choices.find(({ take }) => take === column);
    return html`<section class="side ${column}"><h3>${visit.t(`side.${column}`)}</h3>
<div class="value">${columnBody(visit, row, column)}</div>
${changedBy(visit, row, column, column === 'crm' ? row.crmAuthor : authorOf(row))}
${decides && choice !== undefined && takeButton(visit, shown, choice, column, id)}</section>`;
  })}</div>
${decides && decideForm(visit, shown, id)}`;
}

/** Of the edit in Udesk, where one person is known for it. */
function authorOf({ authors, overwritten, udeskAt, crmAuthor }: InboxRow): EditAuthor | null {
  const [name, ...more] = authors.filter((one) => one !== crmAuthor?.name);
  if (name === undefined || more.length > 0 || overwritten.length > 0 || udeskAt === null) return null;
  return { name, at: udeskAt, knownBy: 'history' };
}

function takeButton(
  visit: SignedVisit,
  { row }: ShownConflict,
  choice: Choice,
  column: Column,
  form: string,
): Html | null {
  if (choice.refusal === 'no-base') return null;
  const texts = effectTexts(visit, row, choice);
  // Emptying a set asks first, and that is asked on the conflict's own page.
  if (emptiesASet(row, column)) {
    return html`<a class="button take" href="/conflicts/${row.id}#decide" data-key="${KEYS[column]}">${visit.t(`take.${column}`)} …</a>`;
  }
  const quiet = choice.effects.length > 0 && choice.effects.every(({ action }) => action === 'keeps');
  const told = choice.refusal !== null || quiet || choice.record !== null;
  return html`<button type="submit" class="take" form="${form}" name="take" value="${column}" data-key="${KEYS[column]}" title="${texts.join(' ')}"${choice.refusal !== null && html` disabled`}><kbd aria-hidden="true">${KEYS[column]}</kbd>${visit.t(`take.${column}`)}</button>
${told && html`<small class="effect">${texts.at(-1) ?? ''}</small>`}`;
}

function decideForm(visit: SignedVisit, { row, choices }: ShownConflict, id: string): Html {
  const edit = choices.some(({ take, refusal }) => take === 'value' && refusal === null);
  return html`<form id="${id}" class="more" method="post" action="/conflicts/${row.id}/decide" hx-post="/conflicts/${row.id}/decide" hx-target="#conflict-${row.id}" hx-swap="outerHTML">${csrfField(visit)}<input type="hidden" name="seen" value="${row.changedAt}">${edit && html`<a href="/conflicts/${row.id}#value" data-key="e">${visit.t('take.value')}</a>`}</form>`;
}
