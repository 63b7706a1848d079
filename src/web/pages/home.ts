/** `/`: where a person's morning starts. */
import { html } from '../../report/html.ts';
import { countConflicts } from '../../store/conflicts.ts';
import type { Page } from '../page.ts';
import { respondPage } from '../respond.ts';
import type { SignedVisit } from '../visit.ts';

export const homePage: Page = {
  routes: [{ method: 'GET', path: '/', access: 'viewer', handle: home }],
};

async function home(visit: SignedVisit): Promise<Response> {
  const { services, t, format } = visit;
  const pairs = await Promise.all(
    services.config.pairs.map(async ({ name }) => ({ name, ...(await countConflicts(services.db, name)) })),
  );
  const title = t('home.title');
  return respondPage(visit, {
    title,
    body: html`<h1>${title}</h1>${pairs.map(
      ({ name, open, resolving }) =>
        html`<section class="card"><h2>${name}</h2><p>${t('home.conflicts', { open: format.number(open), resolving: format.number(resolving) })}</p></section>`,
    )}`,
  });
}
