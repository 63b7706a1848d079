/** `/conflicts/similar`: the groups, largest first, each with a few of its conflicts and what is proposed. */
import { MIN_EVIDENCE, MIN_PRECISION, type Proposal } from '../../core/review-rule.ts';
import { type Html, html } from '../../report/html.ts';
import type { InboxRow } from '../../store/inbox.ts';
import { type FieldLabels, valueText } from '../conflicts/show.ts';
import { pager } from '../ui/pager.ts';
import type { SignedVisit, Visit } from '../visit.ts';
import { groupAddress, groupInbox, groupName, patternBadges } from './group.ts';
import { ruleItem } from './rule-view.ts';
import { GROUPS_PER_PAGE, type ShownGroup, type SimilarPage } from './service.ts';

export function similarView(
  visit: SignedVisit,
  page: SimilarPage,
  labels: FieldLabels,
  offset: number,
): Html {
  const { t, format } = visit;
  const at = (from: number) => (from === 0 ? '/conflicts/similar' : `/conflicts/similar?from=${from}`);
  return html`<div class="similar">
<p class="trail"><a href="/conflicts" data-key="k">${t('detail.back')}</a></p>
<div class="title"><h1>${t('similar.title')}</h1><p class="muted">${t('similar.lead')}</p></div>
${
  page.groups.length === 0
    ? html`<div class="card nothing"><h2>${t('similar.none')}</h2><p class="muted">${t('similar.none-detail')}</p></div>`
    : html`<p class="muted">${page.total === 1 ? t('similar.count-one') : t('similar.count', { n: format.number(page.total) })}</p>`
}
${page.unclassified > 0 && html`<p class="muted">${t('similar.unclassified', { n: format.number(page.unclassified) })}</p>`}
${page.groups.map((shown) => groupCard(visit, shown, labels))}
${pager(visit, 'similar.title', {
  previous: offset > 0 ? at(Math.max(0, offset - GROUPS_PER_PAGE)) : null,
  next: offset + page.groups.length < page.total ? at(offset + GROUPS_PER_PAGE) : null,
})}
<section class="card" id="rules"><h2>${t('rule.list')}</h2>${
    page.rules.length === 0
      ? html`<p class="muted">${t('rule.none')}</p>`
      : html`<ul class="plain writes">${page.rules.map((rule) => ruleItem(visit, rule, labels))}</ul>`
  }</section>
</div>`;
}

function groupCard(visit: SignedVisit, shown: ShownGroup, labels: FieldLabels): Html {
  const { t, format } = visit;
  const { group, rule } = shown;
  return html`<article class="conflict group" data-row tabindex="-1">
<div class="head"><h2><a href="${groupAddress(group)}" data-key="o">${groupName(visit, labels, group)}</a></h2><span class="meta">${t('similar.open', { n: format.number(group.open) })}</span></div>
${patternBadges(visit, group)}
${examplesList(visit, shown.examples)}
<p>${proposalText(visit, shown.proposal)}</p>
${rule !== null && html`<p><span class="badge state">${t('rule.is-on')}</span> <a href="/conflicts/rules/${rule.id}">${t('rule.title', { id: rule.id })}</a></p>`}
<div class="buttons"><a class="button" href="${groupAddress(group)}">${t('similar.look')}</a><a href="${groupInbox(group)}">${t('similar.inbox', { n: format.number(group.open) })}</a></div>
</article>`;
}

export function examplesList(visit: Visit, rows: readonly InboxRow[]): Html {
  const { t } = visit;
  return html`<ul class="plain examples">${rows.map(
    (row) =>
      html`<li><a href="/conflicts/${row.id}">${row.name ?? t('conflicts.nameless')}</a> <span class="muted">${t(
        'similar.values',
        { udesk: valueText(visit, row, row.udesk), crm: valueText(visit, row, row.crm) },
      )}</span></li>`,
  )}</ul>`;
}

/** What is proposed, or why nothing is. */
export function proposalText({ t, format }: Visit, proposal: Proposal): string {
  const total = format.number(proposal.total);
  if (proposal.kind === 'never') return t('proposal.never');
  if (proposal.kind === 'few') return t('proposal.few', { total, min: format.number(MIN_EVIDENCE) });
  const said = { take: t(`take.${proposal.take}`), agrees: format.number(proposal.agrees), total };
  if (proposal.kind !== 'divided') return t(`proposal.${proposal.kind}`, said);
  return t('proposal.divided', { ...said, percent: format.number(MIN_PRECISION * 100) });
}
