/** `/parked`: records that were set aside while the rest went on; try again, or leave them alone. */
import { isRowId } from '../../lib/row-id.ts';
import { pairName } from '../../report/customer-names.ts';
import { type Html, html } from '../../report/html.ts';
import { parkedPage as loadParkedPage, type ParkedWrite } from '../../store/parked-pages.ts';
import { fieldLabels } from '../conflicts/show.ts';
import { namesOf } from '../links/names.ts';
import type { Page } from '../page.ts';
import { parkedList } from '../parked/list.ts';
import { answerParked } from '../parked/service.ts';
import { Refusal } from '../refusal.ts';
import { respondPage, respondPart, seeOther } from '../respond.ts';
import { notice } from '../ui/notice.ts';
import type { SignedVisit } from '../visit.ts';

const PAGE_ROWS = 25;
const MAX_AT_ONCE = 200;

export const parkedPage: Page = {
  nav: { path: '/parked', label: 'nav.parked' },
  routes: [
    { method: 'GET', path: '/parked', access: 'viewer', handle: (visit) => list(visit) },
    { method: 'POST', path: '/parked/retry', access: 'reviewer', handle: retryMany },
    {
      method: 'POST',
      path: '/parked/:id/retry',
      access: 'reviewer',
      handle: (visit) => decide(visit, 'retry'),
    },
    {
      method: 'POST',
      path: '/parked/:id/drop',
      access: 'reviewer',
      handle: (visit) => decide(visit, 'drop'),
    },
  ],
};

async function list(visit: SignedVisit, said: Html | null = null, code: 200 | 409 = 200): Promise<Response> {
  const { db } = visit.services;
  const search = visit.url.searchParams;
  const pair = search.get('pair') || null;
  const after = search.get('after') ?? '0';
  if (after !== '0' && !isRowId(after)) throw new Refusal('bad-request');
  const { found, total } = await loadParkedPage(db, { pair, afterId: after, limit: PAGE_ROWS + 1 });
  const shown = found.slice(0, PAGE_ROWS);
  const last = shown.at(-1);
  const address = (from: string) =>
    `/parked?${new URLSearchParams({ ...(pair === null ? {} : { pair }), ...(from === '0' ? {} : { after: from }) })}`;
  return respondPage(visit, {
    title: visit.t('parked.title'),
    status: code,
    body: parkedList(visit, {
      rows: await named(visit, shown),
      total,
      labels: await fieldLabels(visit),
      said: said ?? done(visit, search.get('done')),
      previous: after === '0' ? null : address('0'),
      next: found.length > PAGE_ROWS && last !== undefined ? address(last.id) : null,
    }),
  });
}

/** After a form without scripts: what was done, from our own address. */
function done({ t }: SignedVisit, what: string | null): Html | null {
  if (what === 'retry') return notice('good', t('parked.done.retry'), t('parked.retry-effect'));
  return what === 'drop' ? notice('good', t('parked.done.drop'), t('parked.drop-effect')) : null;
}

async function named(visit: SignedVisit, found: readonly ParkedWrite[]) {
  const names = new Map<string, string>();
  for (const pair of new Set(found.map((row) => row.pair))) {
    const own = await namesOf(
      visit,
      pair,
      found.filter((row) => row.pair === pair),
    );
    for (const [key, name] of own) names.set(`${pair} ${key}`, name);
  }
  return found.map((row) => ({ row, name: names.get(`${row.pair} ${pairName(row)}`) ?? null }));
}

async function decide(visit: SignedVisit, what: 'retry' | 'drop'): Promise<Response> {
  const id = visit.c.req.param('id') ?? '';
  const result = await answerParked(visit, id, what);
  if (result.outcome === 'not-found') throw new Refusal('not-found');
  const { t } = visit;
  if (result.outcome === 'closed') {
    const said = notice('warn', t('parked.late'), t(`parked.state.${result.state}`));
    return visit.partial ? respondPart(visit, card(id, said), 409) : await list(visit, said, 409);
  }
  if (!visit.partial) return seeOther(visit, `/parked?done=${what}`);
  const said = notice('good', t(`parked.done.${what}`), t(`parked.${what}-effect`));
  return respondPart(visit, card(id, said));
}

/** In the place of the card that was decided about. */
function card(id: string, said: Html): Html {
  return html`<article class="conflict" id="parked-${id}" data-row tabindex="-1">${said}</article>`;
}

async function retryMany(visit: SignedVisit): Promise<Response> {
  const ids = (visit.form.get('ids') ?? '').split(',').filter(isRowId).slice(0, MAX_AT_ONCE);
  for (const id of ids) await answerParked(visit, id, 'retry');
  return seeOther(visit, '/parked?done=retry');
}
