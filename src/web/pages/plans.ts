/** `/plans/:hash`: a plan that waits for a person, and the yes or no to exactly that plan. */

import { html } from '../../report/html.ts';
import { countLinks } from '../../store/links.ts';
import { fieldLabels } from '../conflicts/show.ts';
import { namesOf, pairName } from '../links/names.ts';
import type { Page } from '../page.ts';
import { causeText } from '../plans/cause.ts';
import { loadPlan } from '../plans/load.ts';
import { firstPlanNotices, guardNotices } from '../plans/notices.ts';
import { answerPlan } from '../plans/service.ts';
import { planStatus, planTitle, planView } from '../plans/view.ts';
import { Refusal } from '../refusal.ts';
import { respondPage, respondPart, seeOther } from '../respond.ts';
import { notice } from '../ui/notice.ts';
import type { SignedVisit } from '../visit.ts';

const PAGE_ROWS = 25;

export const plansPage: Page = {
  routes: [
    { method: 'GET', path: '/plans/:hash', access: 'viewer', handle: (visit) => one(visit) },
    { method: 'GET', path: '/plans/:hash/status', access: 'viewer', handle: status },
    {
      method: 'POST',
      path: '/plans/:hash/approve',
      access: 'operator',
      handle: (visit) => judge(visit, 'approve'),
    },
    {
      method: 'POST',
      path: '/plans/:hash/reject',
      access: 'operator',
      handle: (visit) => judge(visit, 'reject'),
    },
  ],
};

/** @throws Refusal `not-found` for what is no hash */
function hashOf({ c }: SignedVisit): string {
  const hash = c.req.param('hash') ?? '';
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new Refusal('not-found');
  return hash;
}

async function one(visit: SignedVisit): Promise<Response> {
  const { db } = visit.services;
  const plan = await loadPlan(visit, hashOf(visit));
  if (plan === null) return await gone(visit, 404);
  const from = Math.max(0, Math.floor(Number(visit.url.searchParams.get('from') ?? 0)) || 0);
  const writes = plan.sample?.writes ?? [];
  const shown = writes.slice(from, from + PAGE_ROWS);
  const names = await namesOf(visit, plan.pair, [...shown, ...(plan.sample?.conflicts ?? [])]);
  // Only a first plan tells of them.
  const links = plan.first === null ? null : await countLinks(db, plan.pair);
  const rows = await Promise.all(
    shown.map(async (write) => ({
      write,
      name: names.get(pairName(write)) ?? null,
      cause: await causeText(visit, plan.pair, write),
    })),
  );
  return respondPage(visit, {
    title: planTitle(visit, plan),
    body: planView(visit, {
      plan,
      labels: await fieldLabels(visit),
      rows,
      page: { from, size: PAGE_ROWS, of: writes.length },
      names,
      counts: { linked: links?.confirmed ?? 0, questions: links?.candidate ?? 0 },
      said: plan.state === 'moved' ? await others(visit) : null,
    }),
  });
}

async function others(visit: SignedVisit) {
  return html`${await firstPlanNotices(visit)}${await guardNotices(visit)}`;
}

/** No such plan: says what waits instead. */
async function gone(visit: SignedVisit, code: 404 | 409): Promise<Response> {
  const { t } = visit;
  return respondPage(visit, {
    title: t('plan.gone'),
    status: code,
    body: html`<div class="narrow"><h1>${t('plan.gone')}</h1>${notice('warn', t('plan.gone-detail'))}${await others(visit)}<p><a class="button" href="/">${t('error.back')}</a></p></div>`,
  });
}

async function status(visit: SignedVisit): Promise<Response> {
  const plan = await loadPlan(visit, hashOf(visit));
  // What became of it changes more than this line: the page is loaded anew, once.
  if (plan?.state !== 'approving') visit.c.header('hx-refresh', 'true');
  return respondPart(visit, plan === null ? html`` : planStatus(visit, plan));
}

async function judge(visit: SignedVisit, verdict: 'approve' | 'reject'): Promise<Response> {
  const hash = hashOf(visit);
  const plan = await loadPlan(visit, hash);
  const late = plan === null || (await answerPlan(visit, plan, verdict)) === 'late';
  return late ? await gone(visit, 409) : seeOther(visit, `/plans/${hash}`);
}
