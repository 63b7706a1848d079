/** One group: what people decided about it before, and the rule that this comes to. */
import { MAX_UNDONE, type RuleTake } from '../../core/review-rule.ts';
import { type Html, html } from '../../report/html.ts';
import type { RulePreview } from '../../report/rule-preview.ts';
import { allows } from '../auth/roles.ts';
import { type FieldLabels, tookText } from '../conflicts/show.ts';
import { csrfField } from '../ui/form.ts';
import { notice } from '../ui/notice.ts';
import { time } from '../ui/time.ts';
import type { SignedVisit } from '../visit.ts';
import { groupInbox, groupName, patternBadges } from './group.ts';
import { ruleItem } from './rule-view.ts';
import type { GroupDetail } from './service.ts';
import { examplesList, proposalText } from './view.ts';

export function groupView(
  visit: SignedVisit,
  detail: GroupDetail,
  labels: FieldLabels,
  said: Html | null,
): Html {
  const { t, format } = visit;
  const { group, rule, preview, proposal } = detail;
  return html`<div class="detail">
<p class="trail"><a href="/conflicts/similar">${t('similar.back')}</a></p>
<div class="title"><h1>${groupName(visit, labels, group)}</h1>${patternBadges(visit, group)}</div>
${said}
<section class="card"><h2>${t('similar.open', { n: format.number(group.open) })}</h2>${
    group.open === 0
      ? html`<p class="muted">${t('similar.none-open')}</p>`
      : html`${examplesList(visit, detail.examples)}<p><a class="button" href="${groupInbox(group)}">${t('similar.inbox', { n: format.number(group.open) })}</a></p>`
  }</section>
${past(visit, detail)}
${rule !== null && html`<section class="card"><h2>${t('rule.is-on')}</h2><ul class="plain">${ruleItem(visit, rule, labels)}</ul></section>`}
${preview !== null && proposal.kind === 'proposed' && turnOn(visit, detail, proposal, preview)}
</div>`;
}

function past(visit: SignedVisit, { proposal, against }: GroupDetail): Html {
  const { t, format } = visit;
  const contrary = 'agrees' in proposal ? proposal.total - proposal.agrees : 0;
  return html`<section class="card"><h2>${t('proposal.title')}</h2><p>${proposalText(visit, proposal)}</p>
${
  against.length > 0 &&
  html`<p>${t('proposal.against')}</p><ul class="plain">${against.map(
    ({ conflictId, who, take, at }) =>
      html`<li><a href="/conflicts/${conflictId}">${t('conflicts.number', { id: conflictId })}</a>: <b>${who}</b> ${tookText(visit, take)}, ${time(visit, at)}</li>`,
  )}</ul>${contrary > against.length && html`<p class="muted">${t('proposal.more', { n: format.number(contrary - against.length) })}</p>`}`
}
<p class="muted small">${t('proposal.counted')}</p></section>`;
}

function turnOn(
  visit: SignedVisit,
  { group }: GroupDetail,
  shown: { readonly take: RuleTake; readonly agrees: number; readonly total: number },
  preview: RulePreview,
): Html {
  const { t, format } = visit;
  if (!allows(visit.actor.role, 'operator')) return notice('info', t('rule.operator'));
  // A proposal has a kind of its own: the group's goes last.
  const fields = { ...shown, ...group };
  const names = ['pair', 'field', 'kind', 'pattern', 'take', 'agrees', 'total'] as const;
  const number = format.number;
  return html`<section class="card"><h2>${t('rule.turn-on-title', { take: t(`take.${shown.take}`) })}</h2>
<p>${t('rule.turn-on-detail', { n: number(MAX_UNDONE) })}</p>
<form method="post" action="/conflicts/rules">${csrfField(visit)}${names.map((name) => html`<input type="hidden" name="${name}" value="${fields[name]}">`)}
<fieldset><legend>${t('rule.scope')}</legend>
<label class="check"><input type="radio" name="open" value="0" checked> ${t('rule.scope-new')}</label>
<label class="check"><input type="radio" name="open" value="1"> ${t('rule.scope-open', {
    n: number(preview.decides),
    udesk: number(preview.writes.udesk),
    crm: number(preview.writes.crm),
  })}</label></fieldset>
${preview.left > 0 && html`<p class="muted">${t('rule.scope-left', { n: number(preview.left) })}</p>`}
${preview.capped && html`<p class="muted">${t('rule.scope-many', { n: number(preview.decides) })}</p>`}
<button class="primary">${t('rule.turn-on')}</button></form></section>`;
}
