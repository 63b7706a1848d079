/** One conflict with everything that helps to decide it. */

import { toFieldSpec } from '../../config/pair-spec.ts';
import type { EditAuthor } from '../../core/edit-author.ts';
import { equalValues } from '../../core/equivalence.ts';
import { toCommon } from '../../core/mapping.ts';
import { isAbsent, isSet, type Value } from '../../core/value.ts';
import type { Choice } from '../../report/choices.ts';
import { type Html, html } from '../../report/html.ts';
import { emptiesASet } from '../../report/judge-decision.ts';
import { fieldOf } from '../../report/mapped-field.ts';
import type { InboxRow } from '../../store/inbox.ts';
import type { Note } from '../../store/notes.ts';
import type { KnownRecord } from '../../store/records.ts';
import { allows } from '../auth/roles.ts';
import { whoText } from '../similar/who.ts';
import { csrfField } from '../ui/form.ts';
import { notice } from '../ui/notice.ts';
import { ago, time } from '../ui/time.ts';
import type { SignedVisit } from '../visit.ts';
import { undoForm } from './card.ts';
import { careSection, notesSection, type TypedNote } from './care.ts';
import type { ShownConflict } from './service.ts';
import {
  effectTexts,
  type FieldLabels,
  fieldName,
  kindName,
  reasonText,
  tookText,
  valueText,
} from './show.ts';
import { type Column, changedBy, columnBody, columnsOf } from './values.ts';

export interface DetailView {
  readonly shown: ShownConflict;
  readonly labels: FieldLabels;
  readonly author: EditAuthor | null;
  /** What the customer's owner is called; null where nobody knows. */
  readonly owner: string | null;
  readonly records: Readonly<Record<'udesk' | 'crm', KnownRecord | null>>;
  /** Other conflicts of the customer that wait: field → id. */
  readonly others: ReadonlyMap<string, string>;
  readonly next: string | null;
  readonly said: Html | null;
  /** What was typed, and did not fit. */
  readonly typed: string | null;
  readonly notes: readonly Note[];
  readonly typedNote: TypedNote | null;
}

export function detail(visit: SignedVisit, view: DetailView): Html {
  const { t } = visit;
  const { row, progress } = view.shown;
  const live = progress.step === 'under-way' || progress.step === 'stuck';
  return html`<div class="detail">
<p class="trail"><a href="/conflicts" data-key="k">${t('detail.back')}</a>${row.udeskId !== null && html`<a href="/customers/${row.udeskId}?pair=${encodeURIComponent(row.pair)}">${t('customer.open')}</a>`}${view.next !== null && html`<a class="next" href="/conflicts/${view.next}" data-key="j">${t('detail.next')} →</a>`}</p>
<div class="title"><h1>${row.name ?? t('conflicts.nameless')} <span class="field">${fieldName(visit, view.labels, row.pair, row.field)}</span></h1>
<p class="muted"><span class="badge">${kindName(visit, row.kind)}</span> ${t('conflicts.number', { id: row.id })} · ${row.pair} · ${t('conflicts.ids', { udesk: row.udeskId ?? '–', crm: row.crmId ?? '–' })} · ${ago(visit, row.openedAt)}${row.owner !== null && html` · ${t('detail.owner', { name: view.owner ?? row.owner })}`}</p></div>
${view.said}
<div id="status"${live && html` hx-get="/conflicts/${row.id}/status" hx-trigger="load delay:2s" hx-swap="outerHTML"`}>${status(visit, view.shown)}</div>
<section class="values wide${row.field === '*' ? ' pair' : ''}">${columnsOf(row).map(
    (column) =>
      html`<div class="side ${column}"><h2>${t(`side.${column}`)}</h2><div class="value">${columnBody(visit, row, column)}</div>${changedBy(visit, row, column, column === 'crm' ? row.crmAuthor : view.author)}${holdsNow(visit, view, column)}</div>`,
  )}</section>
<section class="card"><h2>${t(row.closedAt === null ? 'detail.why' : 'detail.outcome')}</h2><p>${reasonText(visit, row.reason)}</p><p class="muted">${policyText(visit, row)}</p></section>
${row.overwritten.length > 0 && overwritten(visit, row)}
${row.state === 'open' && decideSection(visit, view)}
${careSection(visit, row)}
${notesSection(visit, row, view.notes, view.typedNote)}
${context(visit, view)}
<section class="card"><h2>${t('detail.history')}</h2>${
    view.shown.decisions.length === 0
      ? html`<p class="muted">${t('detail.none')}</p>`
      : html`<ul class="plain">${view.shown.decisions.map(
          ({ who, take, at }) =>
            html`<li><b>${whoText(visit, who)}</b> ${tookText(visit, take)}, ${time(visit, at)}</li>`,
        )}</ul>`
  }</section>
</div>`;
}

function policyText({ t, services }: SignedVisit, row: InboxRow): string {
  if (row.field === '*') return t('detail.tried-none');
  const { spec } = fieldOf(services.config, row);
  return spec === null ? t('refusal.unmapped') : t('detail.tried', { policy: t(`policy.${spec.policy}`) });
}

/** Once the conflict tells of the past: what the side holds today. */
function holdsNow(visit: SignedVisit, { shown: { row }, records }: DetailView, column: Column): Html | null {
  const { spec } = fieldOf(visit.services.config, row);
  const held = column === 'base' ? null : records[column];
  if (column === 'base' || spec === null || held === null) return null;
  const now = held.record.fields[column === 'udesk' ? spec.udesk : spec.crm];
  if (now === undefined || valueText(visit, row, now) === valueText(visit, row, row[column])) return null;
  return html`<p class="small">${visit.t('detail.now')} <b>${valueText(visit, row, now)}</b></p>`;
}

/** Edits that would be lost without this page: what stood there, who wrote it, and when. */
function overwritten(visit: SignedVisit, row: InboxRow): Html {
  const { t } = visit;
  return html`<section class="card"><h2>${t('detail.overwritten')}</h2><ul class="plain">${row.overwritten.map(
    ({ side, value, author, at, text }) => html`<li>${t('detail.overwritten-in', { side: t(`side.${side}`) })}
<b>${value === undefined ? (text ?? '–') : valueText(visit, row, value)}</b> ${author?.name ?? ''} ${at !== null && time(visit, at)}</li>`,
  )}</ul></section>`;
}

/** What has become of the decision; empty while there is none. */
export function status(visit: SignedVisit, { row, progress }: ShownConflict): Html {
  if (progress.text === null) return html``;
  const kind =
    progress.step === 'done'
      ? 'good'
      : progress.step === 'stuck' || progress.step === 'void'
        ? 'warn'
        : 'info';
  const may = progress.undo && allows(visit.actor.role, 'reviewer');
  const waits = progress.step === 'under-way' || progress.step === 'stuck';
  return html`<div class="notice ${kind} status" role="status"><span>${progress.text}</span>
${waits && html`<a href="/conflicts/${row.id}" class="no-script">${visit.t('decide.refresh')}</a>`}${may && undoForm(visit, row.id, 'page')}</div>`;
}

function decideSection(visit: SignedVisit, { shown, typed }: DetailView): Html {
  const { t } = visit;
  const { row, choices } = shown;
  if (!allows(visit.actor.role, 'reviewer')) return notice('info', t('decide.viewer'));
  if (choices.length === 0) return notice('warn', t('refusal.unmapped'));
  const value = choices.find(({ take, refusal }) => take === 'value' && refusal === null);
  return html`<section class="card decide" id="decide"><h2>${t('decide.title')}</h2>
<form method="post" action="/conflicts/${row.id}/decide">${csrfField(visit)}<input type="hidden" name="seen" value="${row.changedAt}"><input type="hidden" name="page" value="1">
<ul class="choices">${choices.filter(({ take }) => take !== 'value').map((choice) => choiceItem(visit, row, choice))}</ul>
</form>
${value !== undefined && valueForm(visit, row, typed)}
</section>`;
}

const KEYS = { udesk: '1', crm: '2', base: '3' } as const;

function choiceItem(visit: SignedVisit, row: InboxRow, choice: Choice): Html {
  const { t } = visit;
  const take = choice.take as Column;
  const empties = emptiesASet(row, take);
  return html`<li>${
    choice.refusal === null
      ? html`<button class="take ${take}" name="take" value="${take}" data-key="${KEYS[take]}" aria-describedby="effect-${take}"><kbd aria-hidden="true">${KEYS[take]}</kbd>${t(`take.${take}`)}</button>`
      : html`<button class="take" disabled aria-describedby="effect-${take}">${t(`take.${take}`)}</button>`
  }<div id="effect-${take}" class="effects">${effectTexts(visit, row, choice).map((text) => html`<p>${text}</p>`)}${
    empties &&
    html`<label class="check"><input type="checkbox" name="emptying" value="1"> ${t(row.field === '*' ? 'decide.deleting' : 'decide.emptying')}</label>`
  }</div></li>`;
}

function valueForm(visit: SignedVisit, row: InboxRow, typed: string | null): Html {
  const { t } = visit;
  const { spec } = fieldOf(visit.services.config, row);
  const many = spec?.shape === 'set';
  const text = typed ?? editable(row.udesk);
  const long = many || text.includes('\n') || text.length > 80 || row.field === 'description';
  const options =
    spec?.map?.map(([udesk]) => udesk) ?? (spec?.equivalence === 'boolean' ? ['true', 'false'] : null);
  const word = (option: string) =>
    spec?.equivalence === 'boolean' ? t(option === 'true' ? 'value.true' : 'value.false') : option;
  const input =
    options !== null
      ? html`<select name="value" id="value" data-key="e">${options.map((option) => html`<option value="${option}"${option === text && html` selected`}>${word(option)}</option>`)}</select>`
      : long
        ? html`<textarea name="value" id="value" rows="${Math.min(8, text.split('\n').length + 1)}" data-key="e">${text}</textarea>`
        : html`<input name="value" id="value" value="${text}" data-key="e">`;
  return html`<form class="give" method="post" action="/conflicts/${row.id}/decide">${csrfField(visit)}<input type="hidden" name="seen" value="${row.changedAt}"><input type="hidden" name="page" value="1"><input type="hidden" name="take" value="value">
<label for="value">${t(many ? 'decide.values' : 'decide.value')}</label>${input}
<button>${t('decide.submit')}</button><p class="muted small">${t('effect.value')}</p></form>`;
}

/** As it is typed again: one entry per line. */
function editable(value: Value | null): string {
  if (value === null || isAbsent(value)) return '';
  if (isSet(value)) return value.map((element) => element.value).join('\n');
  return String(value);
}

function context(visit: SignedVisit, { records, labels, shown, others }: DetailView): Html {
  const { t, services } = visit;
  const { row } = shown;
  const pair = services.config.pairs.find(({ name }) => name === row.pair);
  const region = pair?.match.defaultRegion ?? 'CN';
  const fields = (pair?.fields ?? []).filter(({ udesk }) => udesk !== row.field);
  const held = (side: 'udesk' | 'crm', name: string): Value | null =>
    records[side]?.record.fields[name] ?? null;
  return html`<section class="card"><h2>${t('detail.context')}</h2><div class="table"><table>
<thead><tr><th scope="col">${t('bulk.field')}</th><th scope="col">${t('side.udesk')}</th><th scope="col">${t('side.crm')}</th><th scope="col"><span class="hidden-text">${t('filter.state')}</span></th></tr></thead>
<tbody>${fields.map((field) => {
    const spec = toFieldSpec(field);
    const [udesk, crm] = [held('udesk', field.udesk), held('crm', field.crm)];
    const common = toCommon(spec, 'crm', crm);
    const same = common.ok && equalValues(spec, udesk, common.value, region);
    const other = others.get(field.udesk);
    const cell = (side: 'udesk' | 'crm', value: Value | null) =>
      records[side] === null
        ? html`<td class="muted">–</td>`
        : html`<td>${valueText(visit, { field: field.udesk }, value)}</td>`;
    return html`<tr><th scope="row">${fieldName(visit, labels, row.pair, field.udesk)}</th>${cell('udesk', udesk)}${cell('crm', crm)}<td>${
      other !== undefined
        ? html`<a href="/conflicts/${other}">${t('detail.conflict', { id: other })}</a>`
        : html`<span class="${same ? 'muted' : 'differs'}">${t(same ? 'detail.same' : 'detail.differs')}</span>`
    }</td></tr>`;
  })}</tbody></table></div></section>`;
}
