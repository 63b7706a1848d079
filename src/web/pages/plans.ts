/** `/plans`, `/plans/:hash`: what waits for a person's yes, and the yes or no to exactly that plan or account. */

import { pairName } from '../../report/customer-names.ts';
import { type Html, html } from '../../report/html.ts';
import { loadPlanRows, planCsv, planJson } from '../../report/plan-list.ts';
import { countLinks } from '../../store/links.ts';
import { keptConflicts, keptWrites } from '../../store/plan-samples.ts';
import { ACCOUNT_STATES } from '../../store/schema/plan.ts';
import { fieldLabels } from '../conflicts/show.ts';
import { namesOf } from '../links/names.ts';
import type { Page } from '../page.ts';
import { causeText } from '../plans/cause.ts';
import { loadPlan, planHead, type ShownPlan } from '../plans/load.ts';
import { refusedList, waitingNotices } from '../plans/notices.ts';
import { answerPlan } from '../plans/service.ts';
import { planStatus, planTitle, planView } from '../plans/view.ts';
import { loadWaiting } from '../plans/waiting.ts';
import { Refusal } from '../refusal.ts';
import { respondPage, respondPart, seeOther } from '../respond.ts';
import { notice } from '../ui/notice.ts';
import type { SignedVisit } from '../visit.ts';

const PAGE_ROWS = 25;
const PAGE_CONFLICTS = 25;

export const plansPage: Page = {
  routes: [
    { method: 'GET', path: '/plans', access: 'viewer', handle: all },
    { method: 'GET', path: '/plans/:hash', access: 'viewer', handle: (visit) => one(visit) },
    { method: 'GET', path: '/plans/:hash/status', access: 'viewer', handle: status },
    { method: 'GET', path: '/plans/:hash/export', access: 'viewer', handle: exported },
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

async function all(visit: SignedVisit): Promise<Response> {
  const { t } = visit;
  const found = await loadWaiting(visit);
  const waiting = waitingNotices(visit, found);
  const refused = refusedList(visit, found);
  const title = t('plans.title');
  const nothing = waiting === null && refused === null;
  return respondPage(visit, {
    title,
    body: html`<div class="detail"><p class="trail"><a href="/">${t('error.back')}</a></p><div class="title"><h1>${title}</h1></div>${nothing && notice('good', t('plans.none'))}${waiting}${refused}</div>`,
  });
}

async function one(visit: SignedVisit): Promise<Response> {
  const plan = await loadPlan(visit, hashOf(visit));
  if (plan === null) return await gone(visit, 404);
  return await show(visit, plan, plan.state === 'moved' ? await others(visit) : null, 200);
}

async function show(
  visit: SignedVisit,
  plan: ShownPlan,
  said: Html | null,
  code: 200 | 409,
): Promise<Response> {
  const { db } = visit.services;
  const head = planHead(plan);
  const of = head?.kept ?? 0;
  const from = firstOfPage(visit.url.searchParams.get('from'), of);
  const shown = head === null ? [] : await keptWrites(db, head, from, PAGE_ROWS);
  const conflicts = head?.kind === 'first-plan' ? await keptConflicts(db, head, PAGE_CONFLICTS) : [];
  const names = await namesOf(visit, plan.pair, [...shown, ...conflicts]);
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
    status: code,
    body: planView(visit, {
      plan,
      labels: await fieldLabels(visit),
      rows,
      page: { from, size: PAGE_ROWS, of },
      conflicts,
      names,
      counts: { linked: links?.confirmed ?? 0, questions: links?.candidate ?? 0 },
      said,
    }),
  });
}

/** Where a page starts; what is asked for beyond the end is the last page. */
function firstOfPage(asked: string | null, of: number): number {
  const from = Math.max(0, Math.floor(Number(asked ?? 0)) || 0);
  const last = Math.floor(Math.max(0, of - 1) / PAGE_ROWS) * PAGE_ROWS;
  return Math.min(from, last);
}

/** All writes that are kept, in one file: for a spreadsheet or a program. */
async function exported(visit: SignedVisit): Promise<Response> {
  const { c, services, url } = visit;
  const plan = await loadPlan(visit, hashOf(visit));
  const head = plan === null ? null : planHead(plan);
  if (head === null) throw new Refusal('not-found');
  const isCsv = url.searchParams.get('format') !== 'json';
  const rows = await loadPlanRows(services.db, services.config, head);
  const name = `plan-${head.hash.slice(0, 12)}.${isCsv ? 'csv' : 'json'}`;
  c.header('content-disposition', `attachment; filename="${name}"`);
  c.header('cache-control', 'no-store');
  return c.body(isCsv ? planCsv(rows) : planJson(head, rows), 200, {
    'content-type': isCsv ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8',
  });
}

async function others(visit: SignedVisit): Promise<Html | null> {
  return waitingNotices(visit, await loadWaiting(visit));
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
  const shown = ACCOUNT_STATES.find((state) => state === visit.form.get('state'));
  const result = plan === null ? 'late' : await answerPlan(visit, plan, verdict, shown);
  if (result === 'stored') return seeOther(visit, `/plans/${hash}`);
  const now = result === 'late' ? null : await loadPlan(visit, hash);
  if (now === null) return await gone(visit, 409);
  const [first] = now.said;
  const told =
    first === undefined ? null : notice('warn', visit.t(`account.late.${first.verdict}`, { who: first.who }));
  return await show(visit, now, told, 409);
}
