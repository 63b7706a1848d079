/** `/customers/:id`: one customer on both sides, with everything that happened; and reading it anew. */

import { SIDES } from '../../core/record.ts';
import { toError } from '../../errors.ts';
import { type Html, html } from '../../report/html.ts';
import { loadPair } from '../../store/pairs.ts';
import { fieldLabels } from '../conflicts/show.ts';
import { type Customer, idsOf, loadCustomer } from '../customers/load.ts';
import { customerView } from '../customers/view.ts';
import { personName } from '../links/person.ts';
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
  const name = nameOf(visit, customer);
  const { certifiedAt } = await loadPair(visit.services.db, customer.pair.name);
  return respondPage(visit, {
    title: name,
    body: customerView(visit, {
      customer,
      name,
      labels: await fieldLabels(visit),
      certified: certifiedAt,
      said,
    }),
  });
}

function nameOf(visit: SignedVisit, { pair, records }: Customer): string {
  const names = SIDES.flatMap((side) => {
    const record = records[side];
    return record === null
      ? []
      : (personName(visit, { pair: pair.name, side, id: record.record.id, record }) ?? []);
  });
  return names[0] ?? visit.t('conflicts.nameless');
}

/** Reads both records as the command `refresh` does: nothing is written to either side. */
async function refresh(visit: SignedVisit): Promise<Response> {
  const { services, t } = visit;
  const customer = await loadCustomer(visit, idOf(visit));
  const said: Html[] = [];
  for (const { side, id } of idsOf(customer)) {
    const name = t(`side.${side}`);
    try {
      const { seen } = await services.refresh(customer.pair.name, { side, id });
      said.push(
        notice(seen === 'missing' || seen === 'unknown' ? 'warn' : 'good', name, t(`refresh.${seen}`)),
      );
    } catch (thrown) {
      const error = toError(thrown);
      services.log.warn({ pair: customer.pair.name, side, err: error.message }, 'a record was not read');
      said.push(notice('bad', name, `${t('refresh.failed')} ${error.message}`));
    }
  }
  services.wake(customer.pair.name);
  return await one(visit, html`${said}`);
}
