/** The page of one plan: what it would do, to whom, caused by whom; and the answer. */
import type { SampledConflict, SampledWrite } from '../../core/plan-sample.ts';
import { SIDES } from '../../core/record.ts';
import { pairName } from '../../report/customer-names.ts';
import { type Html, html } from '../../report/html.ts';
import { allows } from '../auth/roles.ts';
import { type FieldLabels, fieldName, kindName, reasonText, valueText } from '../conflicts/show.ts';
import { csrfField } from '../ui/form.ts';
import { notice } from '../ui/notice.ts';
import { pager } from '../ui/pager.ts';
import { ago, time } from '../ui/time.ts';
import type { SignedVisit } from '../visit.ts';
import { accountEffect, accountFacts, accountStatus } from './account.ts';
import type { ShownPlan } from './load.ts';

export interface PlanView {
  readonly plan: ShownPlan;
  readonly labels: FieldLabels;
  /** The writes of this page, each with its cause. */
  readonly rows: readonly {
    readonly write: SampledWrite;
    readonly name: string | null;
    readonly cause: string;
  }[];
  readonly page: { readonly from: number; readonly size: number; readonly of: number };
  /** The first fields that would wait as conflicts. */
  readonly conflicts: readonly SampledConflict[];
  /** By "udeskId crmId". */
  readonly names: ReadonlyMap<string, string>;
  readonly counts: { readonly linked: number; readonly questions: number };
  readonly said: Html | null;
}

export function planView(visit: SignedVisit, view: PlanView): Html {
  const { t } = visit;
  const { plan } = view;
  const title = planTitle(visit, plan);
  return html`<div class="detail plan">
<p class="trail"><a href="/">${t('error.back')}</a> <a href="/plans">${t('plans.all')}</a></p>
<div class="title"><h1>${title}</h1><p class="muted">${plan.at !== null && html`${t(plan.kind === 'first-plan' ? 'plan.as-of' : 'plan.since')} ${ago(visit, plan.at)} · `}<span class="mono small">${plan.hash.slice(0, 12)}</span></p></div>
${view.said}
<div id="status">${planStatus(visit, plan)}</div>
${plan.account !== null && accountFacts(visit, plan.account)}
${plan.first !== null && firstCounts(visit, view)}
${plan.tripped.length > 0 && html`<section class="card"><h2>${t('plan.why')}</h2><ul class="plain">${plan.tripped.map(({ message }) => html`<li>${reasonText(visit, message)}</li>`)}</ul></section>`}
${(plan.state === 'waiting' || plan.state === 'rejected') && answer(visit, plan)}
${plan.kept !== null && writes(visit, view)}
${view.conflicts.length > 0 && conflicts(visit, view)}
${plan.said.length > 0 && html`<section class="card"><h2>${t('detail.history')}</h2><ul class="plain">${plan.said.map((one) => html`<li><b>${one.who}</b> ${t(`plan.said.${one.verdict}`)}, ${time(visit, one.at)}${one.state !== 'waiting' && html` · <span class="muted">${t(`plan.came.${one.state}`)}</span>`}</li>`)}</ul></section>`}
</div>`;
}

export function planTitle({ t, format }: SignedVisit, { kind, pair, account, writes: n }: ShownPlan): string {
  if (account !== null) return t('account.title', { pair, side: t(`side.${account.side}`) });
  if (kind === 'first-plan') return t('plan.first-title', { pair });
  return n === 1 ? t('plan.guard-title-one', { pair }) : t('plan.guard-title', { pair, n: format.number(n) });
}

/** Asks again while the next cycle has to say what became of a yes. */
export function planStatus(visit: SignedVisit, plan: ShownPlan): Html {
  const { state, hash, kind, said, account } = plan;
  const { t } = visit;
  const who = said[0]?.who ?? '';
  const text = account === null ? null : accountStatus(visit, plan, account);
  if (state === 'approving') {
    return html`<div hx-get="/plans/${hash}/status" hx-trigger="load delay:2s" hx-target="#status" hx-swap="innerHTML">${text ?? notice('info', t('plan.state.approving', { who }))}<p><a class="no-script" href="/plans/${hash}">${t('decide.refresh')}</a></p></div>`;
  }
  if (text !== null) return text;
  if (state === 'waiting') {
    const failed = said[0]?.state === 'moved';
    return html`${failed && notice('warn', t('plan.moved-once', { who }))}${notice('info', t(kind === 'guard' ? 'plan.waits.guard' : 'plan.waits.first-plan'))}`;
  }
  if (state === 'moved' && said[0]?.state === 'moved')
    return notice('warn', t('plan.state.moved-approved', { who }));
  return notice(state === 'approved' ? 'good' : 'warn', t(`plan.state.${state}`, { who }));
}

function firstCounts(visit: SignedVisit, { plan, counts }: PlanView): Html | null {
  const { t, format } = visit;
  if (plan.first === null) return null;
  const { creates, updates, deletes, held } = plan.first;
  const figure = (label: string, n: number, detail = '') =>
    html`<div><dt>${label}</dt><dd><b>${format.number(n)}</b>${detail !== '' && html` <small class="muted">${detail}</small>`}</dd></div>`;
  const sides = (n: { readonly udesk: number; readonly crm: number }) =>
    t('plan.sides', { udesk: format.number(n.udesk), crm: format.number(n.crm) });
  const sum = (n: { readonly udesk: number; readonly crm: number }) => n.udesk + n.crm;
  return html`<dl class="figures">${figure(t('plan.creates'), sum(creates), sides(creates))}${figure(t('plan.updates'), sum(updates), sides(updates))}${figure(t('plan.deletes'), sum(deletes), sides(deletes))}${figure(t('plan.held'), held)}${figure(t('plan.linked'), counts.linked)}${figure(t('plan.questions'), counts.questions)}</dl>
${counts.questions > 0 && html`<p><a href="/links">${t('plan.answer-questions')}</a></p>`}`;
}

const APPROVE = { 'first-plan': 'plan.accept', guard: 'plan.approve', account: 'account.approve' } as const;

function answer(visit: SignedVisit, { kind, hash, pair, state, account }: ShownPlan): Html {
  const { t } = visit;
  if (!allows(visit.actor.role, 'operator')) return notice('info', t('plan.operator'));
  const effect =
    account === null
      ? html`<p>${t(kind === 'guard' ? 'plan.effect.guard' : 'plan.effect.first-plan')}</p>`
      : accountEffect(visit, account);
  const form = (verdict: 'approve' | 'reject', label: string, primary: boolean) =>
    html`<form method="post" action="/plans/${hash}/${verdict}">${csrfField(visit)}<input type="hidden" name="pair" value="${pair}"><input type="hidden" name="state" value="${state}"><button${primary && html` class="primary"`}>${label}</button></form>`;
  return html`<section class="card decide"><h2>${t('decide.title')}</h2>${effect}
<div class="buttons">${form('approve', t(APPROVE[kind]), account === null)}${kind !== 'first-plan' && state !== 'rejected' && form('reject', t(kind === 'guard' ? 'plan.reject' : 'account.reject'), false)}</div></section>`;
}

function writes(visit: SignedVisit, { plan, labels, rows, page }: PlanView): Html {
  const { t, format } = visit;
  const title = t(plan.kind === 'guard' ? 'plan.held-writes' : 'plan.examples');
  if (page.of === 0)
    return html`<section class="card"><h2>${title}</h2><p class="muted">${t('plan.no-writes')}</p></section>`;
  const address = (from: number) => `/plans/${plan.hash}?from=${from}`;
  const end = Math.min(page.of, page.from + page.size);
  const lastPage = Math.floor((page.of - 1) / page.size) * page.size;
  const counts = { kept: format.number(page.of), writes: format.number(plan.writes) };
  return html`<section class="card"><h2>${title}</h2>
<p class="muted">${t('plan.shown', { from: format.number(page.from + 1), to: format.number(end), of: counts.kept })}
${t('plan.export')} <a href="/plans/${plan.hash}/export?format=csv" download>CSV</a> · <a href="/plans/${plan.hash}/export?format=json" download>JSON</a></p>
${page.of < plan.writes && notice('warn', t('plan.capped', counts))}
<ul class="plain writes">${rows.map(
    ({
      write,
      name,
      cause,
    }) => html`<li><p class="head"><b>${write.udeskId === null ? (name ?? t('conflicts.nameless')) : html`<a href="/customers/${write.udeskId}?pair=${encodeURIComponent(plan.pair)}">${name ?? t('conflicts.nameless')}</a>`}</b>
<span class="badge ${write.op}">${t(`write.${write.op}`, { side: t(`side.${write.side}`) })}</span>
<span class="muted small">${t('conflicts.ids', { udesk: write.udeskId ?? '–', crm: write.crmId ?? '–' })}</span></p>
${write.fields.length > 0 && changes(visit, plan.pair, labels, write)}
<p class="muted small">${cause}</p></li>`,
  )}</ul>
${pager(visit, 'plan.pages', {
  first: page.from > page.size ? address(0) : null,
  previous: page.from === 0 ? null : address(Math.max(0, page.from - page.size)),
  next: end >= page.of ? null : address(end),
  last: end < lastPage ? address(lastPage) : null,
})}</section>`;
}

function changes(visit: SignedVisit, pair: string, labels: FieldLabels, { op, fields }: SampledWrite): Html {
  return html`<dl class="fields">${fields.map(
    ({ field, before, after }) =>
      html`<div><dt>${fieldName(visit, labels, pair, field)}</dt><dd>${op === 'update' && html`<del>${valueText(visit, { field }, before)}</del> → `}<ins>${valueText(visit, { field }, after)}</ins></dd></div>`,
  )}</dl>`;
}

function conflicts(visit: SignedVisit, { plan, labels, names, conflicts: held }: PlanView): Html {
  const { t } = visit;
  return html`<section class="card"><h2>${t('plan.conflicts')}</h2><div class="table"><table>
<thead><tr><th scope="col">${t('bulk.customer')}</th><th scope="col">${t('bulk.field')}</th>${SIDES.map((side) => html`<th scope="col">${t(`side.${side}`)}</th>`)}<th scope="col">${t('filter.kind')}</th></tr></thead>
<tbody>${held.map(
    (one) =>
      html`<tr><th scope="row">${names.get(pairName(one)) ?? t('conflicts.nameless')}</th><td>${fieldName(visit, labels, plan.pair, one.field)}</td><td>${valueText(visit, one, one.udesk)}</td><td>${valueText(visit, one, one.crm)}</td><td>${kindName(visit, one.kind)}</td></tr>`,
  )}</tbody></table></div></section>`;
}
