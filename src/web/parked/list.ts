/** Records that were set aside: what was to be written, and what the side said. */
import { otherSide } from '../../core/record.ts';
import { type Html, html } from '../../report/html.ts';
import type { ParkedWrite } from '../../store/parked-pages.ts';
import { allows } from '../auth/roles.ts';
import { type FieldLabels, fieldName, keptText, valueText } from '../conflicts/show.ts';
import { en, type WordKey } from '../i18n/en.ts';
import { csrfField } from '../ui/form.ts';
import { pager } from '../ui/pager.ts';
import { ago } from '../ui/time.ts';
import type { SignedVisit } from '../visit.ts';

export interface ParkedView {
  readonly rows: readonly { readonly row: ParkedWrite; readonly name: string | null }[];
  readonly total: number;
  readonly labels: FieldLabels;
  readonly said: Html | null;
  readonly previous: string | null;
  readonly next: string | null;
}

export function parkedList(visit: SignedVisit, view: ParkedView): Html {
  const { t, format } = visit;
  const { rows, total } = view;
  const open = rows.flatMap(({ row }) => (row.state === 'parked' ? [row.id] : []));
  const count = t('conflicts.count', { n: format.number(rows.length), total: format.number(total) });
  return html`<div class="detail">
<div class="title"><h1>${t('parked.title')}</h1><p class="muted">${count}</p></div>
<p>${t('parked.lead')}</p>
${view.said}
${rows.length === 0 ? html`<div class="card nothing"><h2>${t('parked.none')}</h2><p class="muted">${t('parked.none-detail')}</p></div>` : rows.map(({ row, name }) => parkedCard(visit, view.labels, row, name))}
${open.length > 1 && allows(visit.actor.role, 'reviewer') && retryAll(visit, open)}
${pager(visit, 'parked.title', view)}
</div>`;
}

export function parkedCard(
  visit: SignedVisit,
  labels: FieldLabels,
  row: ParkedWrite,
  name: string | null,
): Html {
  const { t } = visit;
  const id = `parked-${row.id}`;
  const fields = row.op === 'delete' ? [] : Object.values(row.patch);
  return html`<article class="conflict parked open" id="${id}" data-row tabindex="-1" aria-labelledby="name-${id}">
<div class="head"><h2 id="name-${id}">${row.udeskId === null ? (name ?? t('conflicts.nameless')) : html`<a href="/customers/${row.udeskId}?pair=${encodeURIComponent(row.pair)}" data-key="o">${name ?? t('conflicts.nameless')}</a>`}</h2>
${row.op !== null && html`<span class="badge ${row.op}">${t(`parked.op.${row.op}`, { side: t(`side.${row.side}`) })}</span>`}
<span class="badge">${kindText(visit, row.kind)}</span>${row.state === 'dropped' && html` <span class="badge">${t('parked.left-alone')}</span>`}
<span class="meta">${visit.services.config.pairs.length > 1 && html`${row.pair} · `}${ago(visit, row.at)}</span></div>
<p class="muted small">${t('conflicts.ids', { udesk: row.udeskId ?? '–', crm: row.crmId ?? '–' })}${row.linkId !== null && html` · <a href="/links/${row.linkId}">${t('link.number', { id: row.linkId })}</a>`}</p>
<figure class="vendor"><figcaption>${t('parked.said', { side: t(`side.${row.side}`) })}</figcaption><blockquote>${keptText(visit, row.message)}</blockquote></figure>
${row.keeps !== null && html`<p>${keepsText(visit, row, row.keeps)}</p>`}
${fields.length > 0 && html`<details><summary>${t('parked.fields')}</summary><dl class="fields">${fields.map(({ field, before, after }) => html`<div><dt>${fieldName(visit, labels, row.pair, field)}</dt><dd>${row.op === 'update' && html`<del>${valueText(visit, { field }, before)}</del> → `}<ins>${valueText(visit, { field }, after)}</ins></dd></div>`)}</dl></details>`}
${allows(visit.actor.role, 'reviewer') && decideForms(visit, row)}
</article>`;
}

function keepsText(
  { t, format }: SignedVisit,
  { side }: ParkedWrite,
  { count, ids }: NonNullable<ParkedWrite['keeps']>,
): string {
  return t('parked.keeps', {
    ...{ n: format.number(count), side: t(`side.${side}`), from: t(`side.${otherSide(side)}`) },
    ids: `${ids.join(', ')}${count > ids.length ? ', …' : ''}`,
  });
}

function decideForms(visit: SignedVisit, { id, state }: ParkedWrite): Html {
  const { t } = visit;
  const form = (what: 'retry' | 'drop', key: string, label: string, effect: string) =>
    html`<form method="post" action="/parked/${id}/${what}" hx-post="/parked/${id}/${what}" hx-target="#parked-${id}" hx-swap="outerHTML">${csrfField(visit)}<button class="take${what === 'retry' && ' primary'}" data-key="${key}" title="${effect}"><kbd aria-hidden="true">${key}</kbd>${label}</button></form>`;
  return html`<div class="answers buttons">${form('retry', '1', t('parked.retry'), t('parked.retry-effect'))}${state === 'parked' && form('drop', '2', t('parked.drop'), t('parked.drop-effect'))}</div>`;
}

/** For a cause that many share, and that was mended. */
function retryAll(visit: SignedVisit, ids: readonly string[]): Html {
  const { t, format } = visit;
  return html`<form class="card bulk" method="post" action="/parked/retry">${csrfField(visit)}<input type="hidden" name="ids" value="${ids.join(',')}"><span>${t('parked.mended')}</span> <button>${t('parked.retry-all', { n: format.number(ids.length) })}</button></form>`;
}

function kindText({ t }: SignedVisit, kind: string): string {
  const key = `parked.kind.${kind}`;
  return Object.hasOwn(en, key) ? t(key as WordKey) : kind;
}
