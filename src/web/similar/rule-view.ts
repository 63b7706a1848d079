/** A rule: what it decides, since when, on whose behalf, and how often people undid it. */
import { MAX_UNDONE } from '../../core/review-rule.ts';
import { type Html, html } from '../../report/html.ts';
import type { CountedRule, RuleDecision } from '../../store/review-rules.ts';
import { allows } from '../auth/roles.ts';
import type { FieldLabels } from '../conflicts/show.ts';
import { csrfField } from '../ui/form.ts';
import { ago, time } from '../ui/time.ts';
import type { SignedVisit } from '../visit.ts';
import { groupAddress, groupName, patternBadges } from './group.ts';

/** In a list of rules. */
export function ruleItem(visit: SignedVisit, rule: CountedRule, labels: FieldLabels): Html {
  const { t } = visit;
  return html`<li><div class="head"><a href="/conflicts/rules/${rule.id}"><b>${t('rule.title', { id: rule.id })}</b></a> <span>${groupName(visit, labels, rule)}</span> ${stateBadge(visit, rule)}</div>
${patternBadges(visit, rule)}
<p>${t('rule.take', { take: t(`take.${rule.take}`) })} · ${counts(visit, rule)}</p>
<p class="muted">${since(visit, rule)}</p>
${offForm(visit, rule)}</li>`;
}

export function ruleView(
  visit: SignedVisit,
  rule: CountedRule,
  decisions: readonly RuleDecision[],
  labels: FieldLabels,
  said: Html | null,
): Html {
  const { t, format } = visit;
  return html`<div class="detail">
<p class="trail"><a href="/conflicts/similar#rules">${t('rule.list')}</a><a href="${groupAddress(rule)}">${t('rule.group')}</a></p>
<div class="title"><h1>${t('rule.title', { id: rule.id })} ${stateBadge(visit, rule)}</h1><p>${groupName(visit, labels, rule)}</p>${patternBadges(visit, rule)}</div>
${said}
<section class="card"><h2>${t('rule.take', { take: t(`take.${rule.take}`) })}</h2>
<p>${since(visit, rule)}</p><p>${t('rule.shown', { agrees: format.number(rule.agrees), total: format.number(rule.total) })} ${t(rule.fromConflictId === '0' ? 'rule.with-open' : 'rule.from-now')}</p>
${rule.offReason !== null && html`<p>${t(`rule.end.${rule.offReason}`, { n: format.number(MAX_UNDONE) })}</p>`}
${offForm(visit, rule)}</section>
<section class="card"><h2>${t('rule.decisions')}</h2><p>${counts(visit, rule)}</p>${
    decisions.length === 0
      ? html`<p class="muted">${t('rule.nothing-yet')}</p>`
      : html`<ul class="plain">${decisions.map(
          ({ conflictId, at, undoneBy, state }) =>
            html`<li><a href="/conflicts/${conflictId}">${t('conflicts.number', { id: conflictId })}</a>, ${time(visit, at)} <span class="badge">${t(`state.${state as 'open'}`)}</span>${undoneBy !== null && html` <span class="muted">${t('rule.was-undone', { who: undoneBy })}</span>`}</li>`,
        )}</ul>`
  }</section>
</div>`;
}

function stateBadge({ t }: SignedVisit, { offAt }: CountedRule): Html {
  return html`<span class="badge ${offAt === null ? 'health-healthy' : ''}">${t(offAt === null ? 'rule.on' : 'rule.off')}</span>`;
}

function counts({ t, format }: SignedVisit, { decided, undone }: CountedRule): string {
  const all = t('rule.decided', { n: format.number(decided) });
  return undone === 0 ? all : `${all} · ${t('rule.undone', { n: format.number(undone) })}`;
}

function since(visit: SignedVisit, { onBy, onAt, offBy, offAt }: CountedRule): Html {
  const { t } = visit;
  return html`${t('rule.on-since', { who: onBy })} · ${ago(visit, onAt)}${offAt !== null && html` · ${t('rule.off-since', { who: offBy ?? '' })} · ${ago(visit, offAt)}`}`;
}

/** Whoever may decide may stop what decides for him. */
function offForm(visit: SignedVisit, { id, offAt }: CountedRule): Html | null {
  if (offAt !== null || !allows(visit.actor.role, 'reviewer')) return null;
  return html`<form method="post" action="/conflicts/rules/${id}/off">${csrfField(visit)}<button>${visit.t('rule.turn-off')}</button></form>`;
}
