/** The page of one customer: both sides beside each other, why each value stands there, and all that happened. */
import { toFieldSpec } from '../../config/pair-spec.ts';
import { equalValues } from '../../core/equivalence.ts';
import { currentOf } from '../../core/history.ts';
import { toCommon } from '../../core/mapping.ts';
import type { Trace } from '../../core/provenance.ts';
import { SIDES } from '../../core/record.ts';
import type { FieldNow } from '../../core/value-story.ts';
import { type Html, html } from '../../report/html.ts';
import { allows } from '../auth/roles.ts';
import { type FieldLabels, fieldName, reasonText, valueText } from '../conflicts/show.ts';
import { decidedByText, evidenceList, linkReason } from '../links/evidence.ts';
import { csrfField } from '../ui/form.ts';
import { pager } from '../ui/pager.ts';
import { ago, time } from '../ui/time.ts';
import type { SignedVisit } from '../visit.ts';
import { eventItem } from './events.ts';
import type { Customer } from './load.ts';

export interface CustomerView {
  readonly customer: Customer;
  readonly name: string;
  readonly labels: FieldLabels;
  readonly said: Html | null;
}

const PAGE_EVENTS = 60;

export function customerView(visit: SignedVisit, view: CustomerView): Html {
  const { t } = visit;
  const { customer, labels } = view;
  const { history, pair } = customer;
  const { link } = history;
  const ids = t('conflicts.ids', {
    udesk: currentOf(history, 'udesk')?.id ?? '–',
    crm: currentOf(history, 'crm')?.id ?? '–',
  });
  return html`<div class="detail customer">
<p class="trail"><a href="/">${t('error.back')}</a></p>
<div class="title"><h1>${view.name}</h1><p class="muted">${ids} · ${pair.name}</p></div>
${view.said}
${freshness(visit, view)}
${customer.story.lost > 0 && html`<p class="muted">${customer.story.keptSince === null ? t('customer.lost') : t('customer.not-kept', { since: visit.format.date(customer.story.keptSince) })}</p>`}
<section class="card"><h2>${t('customer.now')}</h2><ul class="plain now">${customer.story.now.map((now) => fieldRow(visit, view, now))}</ul></section>
<section class="card"><h2>${t('customer.link')}</h2>${
    link === null
      ? html`<p class="muted">${t('customer.no-link')}</p>`
      : html`<p><span class="badge state">${t(`link.state.${link.state as 'confirmed'}`)}</span> <a href="/links/${link.id}">${t('link.number', { id: link.id })}</a> <span class="muted">${t('link.by', { who: decidedByText(visit, link.decidedBy) })}, ${time(visit, link.createdAt)}</span></p>${linkReason(visit, link)}${evidenceList(visit, [...link.evidence])}`
  }</section>
${timeline(visit, customer, labels)}
</div>`;
}

function freshness(visit: SignedVisit, { customer }: CustomerView): Html {
  const { t } = visit;
  const { records, rightAt, pair, id, side } = customer;
  const action = `/customers/${encodeURIComponent(id)}/refresh?${new URLSearchParams({ pair: pair.name, side })}`;
  return html`<section class="card fresh"><dl class="fields">${SIDES.map((each) => {
    const record = records[each];
    const right = rightAt[each];
    return html`<div><dt>${t(`side.${each}`)}</dt><dd>${
      record === null
        ? html`<span class="empty">${t('person.unknown')}</span>`
        : html`${record.state === 'deleted' && html`<b>${t('value.deleted')}</b> · `}${t('customer.changed')} ${ago(visit, record.observedAt)}${right !== null && html` · ${t('customer.right')} ${ago(visit, right)}`}`
    }</dd></div>`;
  })}</dl>${
    allows(visit.actor.role, 'reviewer') &&
    html`<form method="post" action="${action}">${csrfField(visit)}<button title="${t('customer.refresh-effect')}">${t('customer.refresh')}</button></form>`
  }</section>`;
}

function fieldRow(visit: SignedVisit, { customer, labels }: CustomerView, now: FieldNow): Html {
  const { t } = visit;
  const { pair, conflicts, id, side } = customer;
  const { field } = now;
  const show = (trace: Trace | null) =>
    trace === null ? html`<span class="empty">–</span>` : html`${valueText(visit, { field }, trace.value)}`;
  const conflict = conflicts.get(field);
  const mapped = pair.fields.find(({ udesk }) => udesk === field);
  const spec = mapped === undefined ? null : toFieldSpec(mapped);
  const crm = spec === null || now.crm === null ? null : toCommon(spec, 'crm', now.crm.value);
  const same =
    now.udesk !== null &&
    spec !== null &&
    crm?.ok === true &&
    equalValues(spec, now.udesk.value, crm.value, pair.match.defaultRegion);
  const address = `/customers/${encodeURIComponent(id)}?${new URLSearchParams({ pair: pair.name, side, field })}#timeline`;
  return html`<li><h3>${fieldName(visit, labels, pair.name, field)} ${
    conflict !== undefined
      ? html`<a href="/conflicts/${conflict}">${t('detail.conflict', { id: conflict })}</a>`
      : now.udesk !== null &&
        now.crm !== null &&
        html`<span class="${same ? 'muted' : 'differs'}">${t(same ? 'detail.same' : 'detail.differs')}</span>`
  }</h3>
<div class="values"><div class="side"><h4>${t('side.base')}</h4><div class="value">${now.base === null ? html`<span class="empty">${t('value.never')}</span>` : valueText(visit, { field }, now.base.udesk)}</div></div>${SIDES.map((each) => html`<div class="side ${each}"><h4>${t(`side.${each}`)}</h4><div class="value">${show(now[each])}</div></div>`)}</div>
<details><summary>${t('customer.why')}</summary><ul class="plain">${SIDES.flatMap((each) => {
    const trace = now[each];
    return trace === null ? [] : [html`<li><b>${t(`side.${each}`)}</b>: ${originText(visit, trace)}</li>`];
  })}</ul><p><a href="${address}">${t('customer.field-story')}</a></p></details></li>`;
}

function originText(visit: SignedVisit, { origin, gap, intents }: Trace): Html {
  const { t, format } = visit;
  const by = intents.length === 0 ? '' : ` ${t('origin.by', { n: format.number(intents.length) })}`;
  if (origin === null)
    return html`<span class="differs">${t('origin.gap')}</span> ${gap !== null && reasonText(visit, gap)}${by}`;
  if (origin.kind === 'decision')
    return html`${t('origin.decision', { who: origin.who })} ${time(visit, origin.at)}${by}`;
  if (origin.kind === 'revert')
    return html`${t('origin.revert', { who: origin.who })} ${time(visit, origin.at)}${by}`;
  const key = origin.observationId === null ? 'origin.first' : 'origin.edit';
  return html`${t(key, { side: t(`side.${origin.side}`) })} ${time(visit, origin.at)}${by}`;
}

function timeline(visit: SignedVisit, customer: Customer, labels: FieldLabels): Html {
  const { t } = visit;
  const { pair, id, side, timeline: events } = customer;
  const search = visit.url.searchParams;
  const field = search.get('field');
  const from = Math.max(0, Math.floor(Number(search.get('from') ?? 0)) || 0);
  const shown = events.slice(from, from + PAGE_EVENTS);
  const base = { pair: pair.name, side };
  const address = (to: number) =>
    `/customers/${encodeURIComponent(id)}?${new URLSearchParams({ ...base, ...(field === null ? {} : { field }), from: String(to) })}#timeline`;
  return html`<section class="card" id="timeline"><h2>${t('customer.timeline')}${field !== null && html` · ${fieldName(visit, labels, pair.name, field)}`}</h2>
${field !== null && html`<p><a href="/customers/${encodeURIComponent(id)}?${new URLSearchParams(base).toString()}#timeline">${t('customer.whole-story')}</a></p>`}
<ol class="plain timeline" reversed>${shown.map((event) => eventItem(visit, { pair: pair.name, labels }, event))}</ol>
${pager(visit, 'customer.timeline', {
  previous: from === 0 ? null : address(Math.max(0, from - PAGE_EVENTS)),
  next: from + PAGE_EVENTS >= events.length ? null : address(from + PAGE_EVENTS),
})}</section>`;
}
