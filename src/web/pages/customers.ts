/** `/customers/:id`: one customer on both sides, with everything that happened; and reading it anew. */
import { type Html, html } from '../../report/html.ts';
import { fieldLabels } from '../conflicts/show.ts';
import { customerName, loadCustomer } from '../customers/load.ts';
import { refreshCustomer } from '../customers/refresh.ts';
import { customerView } from '../customers/view.ts';
import type { Page } from '../page.ts';
import { respondPage } from '../respond.ts';
import { notice } from '../ui/notice.ts';
import type { SignedVisit } from '../visit.ts';

export const customersPage: Page = {
  routes: [
    { method: 'GET', path: '/customers/:id', access: 'viewer', handle: (visit) => one(visit) },
    { method: 'POST', path: '/customers/:id/refresh', access: 'reviewer', handle: refresh },
  ],
};

const idOf = ({ c }: SignedVisit): string => c.req.param('id') ?? '';

async function one(visit: SignedVisit, said: Html | null = null): Promise<Response> {
  const customer = await loadCustomer(visit, idOf(visit));
  const name = customerName(visit, customer) ?? visit.t('conflicts.nameless');
  return respondPage(visit, {
    title: name,
    body: customerView(visit, {
      customer,
      name,
      labels: await fieldLabels(visit),
      said,
    }),
  });
}

async function refresh(visit: SignedVisit): Promise<Response> {
  const { t } = visit;
  const looked = await refreshCustomer(visit, await loadCustomer(visit, idOf(visit)));
  const said = looked.map(({ side, seen, error }) => {
    const name = t(`side.${side}`);
    if (seen === null) return notice('bad', name, `${t('refresh.failed')} ${error}`);
    return notice(seen === 'missing' || seen === 'unknown' ? 'warn' : 'good', name, t(`refresh.${seen}`));
  });
  return await one(visit, html`${said}`);
}
