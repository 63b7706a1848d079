/** `/links`: who is the same person on both sides, and what people say about it. */
import { type Html, html } from '../../report/html.ts';
import { linkCounts, linkPage } from '../../store/link-pages.ts';
import type { LinkRow } from '../../store/links.ts';
import { loadFirstPlans } from '../../store/pairs.ts';
import { fieldLabels } from '../conflicts/show.ts';
import { type Answer, answerOf } from '../links/answer.ts';
import { linkCard, nameOf, showLinks } from '../links/card.ts';
import { linkList } from '../links/list.ts';
import { type LinkParams, readLinkParams, toLinkCursor } from '../links/query.ts';
import { answerLink, type LinkAnswer, linkRow } from '../links/service.ts';
import type { Page } from '../page.ts';
import { firstPlanNotices } from '../plans/notices.ts';
import { Refusal } from '../refusal.ts';
import { respondPage, respondPart, seeOther } from '../respond.ts';
import type { SignedVisit } from '../visit.ts';

const PAGE_ROWS = 20;

export const linksPage: Page = {
  nav: { path: '/links', label: 'nav.links' },
  routes: [
    { method: 'GET', path: '/links', access: 'viewer', handle: list },
    { method: 'GET', path: '/links/:id', access: 'viewer', handle: (visit) => one(visit) },
    { method: 'POST', path: '/links/:id/confirm', access: 'reviewer', handle: confirm },
    {
      method: 'POST',
      path: '/links/:id/reject',
      access: 'reviewer',
      handle: (visit) => answered(visit, { decision: 'reject' }),
    },
    { method: 'POST', path: '/links/:id/unlink', access: 'reviewer', handle: end },
  ],
};

async function list(visit: SignedVisit): Promise<Response> {
  const { db, config } = visit.services;
  const params = readLinkParams(visit.url.searchParams);
  const [page, counts, labels, firstPlans] = await Promise.all([
    linkPage(db, { ...params, cursor: toLinkCursor(params.cursor), limit: PAGE_ROWS }),
    counted(visit, params),
    fieldLabels(visit),
    loadFirstPlans(
      db,
      config.pairs.map(({ name }) => name),
    ),
  ]);
  const shown = await showLinks(visit, page.rows);
  return respondPage(visit, {
    title: visit.t('links.title'),
    body: linkList(visit, {
      ...{ params, page, counts, shown, labels },
      firstPlans: firstPlanNotices(visit, { firstPlans }),
    }),
  });
}

/** A search is counted anew each time: what people type is not kept. */
function counted(visit: SignedVisit, { pair, q }: LinkParams): ReturnType<typeof linkCounts> {
  const count = () => linkCounts(visit.services.db, { pair, q });
  if (q !== undefined) return count();
  return visit.remember(`links of ${pair ?? ''}`, count, (counts) =>
    Object.values(counts).reduce((sum, n) => sum + n, 0),
  );
}

function rowOf(visit: SignedVisit): Promise<LinkRow> {
  return linkRow(visit, visit.c.req.param('id') ?? '');
}

async function one(visit: SignedVisit, answer: Answer | null = null): Promise<Response> {
  const { t } = visit;
  const row = await rowOf(visit);
  const [shown] = await showLinks(visit, [row]);
  if (shown === undefined) throw new Refusal('not-found');
  const name = nameOf(visit, shown);
  const customer =
    row.udeskId !== null &&
    row.state === 'confirmed' &&
    html`<a href="/customers/${row.udeskId}?pair=${encodeURIComponent(row.pair)}">${t('customer.open')}</a>`;
  return respondPage(visit, {
    title: `${name} · ${t('link.number', { id: row.id })}`,
    ...(answer === null ? {} : { status: answer.status }),
    body: html`<div class="detail"><p class="trail"><a href="/links">${t('links.back')}</a>${customer}</p>
<div class="title"><h1>${name}</h1><p class="muted">${t('link.number', { id: row.id })} · ${row.pair}</p></div>
${answer?.said}
${linkCard(visit, shown, { labels: await fieldLabels(visit), whole: true })}</div>`,
  });
}

function confirm(visit: SignedVisit): Promise<Response> {
  const [udeskId, crmId] = [visit.form.get('udesk') ?? undefined, visit.form.get('crm') ?? undefined];
  return answered(visit, { decision: 'confirm', udeskId, crmId });
}

function end(visit: SignedVisit): Promise<Response> {
  if (!visit.form.has('sure')) throw new Refusal('bad-request');
  return answered(visit, { decision: 'unlink', shown: visit.form.get('shown') ?? undefined });
}

async function answered(visit: SignedVisit, given: LinkAnswer): Promise<Response> {
  const answer = answerOf(visit, await answerLink(visit, await rowOf(visit), given));
  if (!visit.partial) {
    return answer.done ? seeOther(visit, `/links/${visit.c.req.param('id')}`) : await one(visit, answer);
  }
  return respondPart(visit, await cardOf(visit, answer.said), answer.status);
}

async function cardOf(visit: SignedVisit, said: Html): Promise<Html> {
  const [shown] = await showLinks(visit, [await rowOf(visit)]);
  if (shown === undefined) throw new Refusal('not-found');
  return linkCard(visit, shown, { labels: await fieldLabels(visit), said });
}
