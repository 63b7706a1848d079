/** `/`: where a person's morning starts. */
import { html } from '../../report/html.ts';
import { type PairLately, pairLately, pairNow } from '../dashboard/load.ts';
import { latelyPart, nowPart } from '../dashboard/view.ts';
import type { Page } from '../page.ts';
import { respondPage, respondPart } from '../respond.ts';
import type { SignedVisit } from '../visit.ts';

export const homePage: Page = {
  nav: { path: '/', label: 'nav.home' },
  routes: [
    { method: 'GET', path: '/', access: 'viewer', handle: home },
    {
      method: 'GET',
      path: '/overview/now',
      access: 'viewer',
      handle: async (visit) => respondPart(visit, await now(visit)),
    },
    {
      method: 'GET',
      path: '/overview/lately',
      access: 'viewer',
      handle: async (visit) => respondPart(visit, await lately(visit)),
    },
  ],
};

async function home(visit: SignedVisit): Promise<Response> {
  const title = visit.t('home.title');
  return respondPage(visit, {
    title,
    body: html`<div class="detail"><div class="title"><h1>${title}</h1></div>${await now(visit)}${await lately(visit)}</div>`,
  });
}

async function lately(visit: SignedVisit) {
  const pairs = visit.services.config.pairs.map((pair) =>
    visit.remember(`lately ${pair.name}`, () => pairLately(visit, pair), rowsOf),
  );
  return latelyPart(visit, await Promise.all(pairs));
}

/** Rows that were gone through: records of the mirror, conflicts of the days shown, edits of the last one. */
function rowsOf({ freshness, days, lag }: PairLately): number {
  const records = freshness.reduce((sum, { udesk, crm }) => sum + udesk + crm, 0);
  const conflicts = days.reduce((sum, { opened, closed }) => sum + opened + closed, 0);
  return records + conflicts + (lag.all?.writes ?? 0);
}

async function now(visit: SignedVisit) {
  return nowPart(visit, await Promise.all(visit.services.config.pairs.map((pair) => pairNow(visit, pair))));
}
