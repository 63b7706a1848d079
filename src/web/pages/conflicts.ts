/** `/conflicts`: the inbox, one conflict, and what people do there. */
import { toFieldSpec } from '../../config/pair-spec.ts';
import { type Html, html } from '../../report/html.ts';
import { activeConflictsOf } from '../../store/conflict-progress.ts';
import { countResolving } from '../../store/conflicts.ts';
import { agentNames } from '../../store/directory.ts';
import { editAuthors } from '../../store/feeds.ts';
import { type InboxRow, inboxPage } from '../../store/inbox.ts';
import { inboxFacets } from '../../store/inbox-facets.ts';
import { viewsOf } from '../../store/inbox-views.ts';
import { notesOf } from '../../store/notes.ts';
import { loadRecords } from '../../store/records.ts';
import { preview, previewView, readTake } from '../conflicts/bulk.ts';
import { bulkDecide, bulkResult, bulkState } from '../conflicts/bulk-result.ts';
import { bulkUndo, bulkUndone } from '../conflicts/bulk-undo.ts';
import { card } from '../conflicts/card.ts';
import type { TypedNote } from '../conflicts/care.ts';
import { assignMany, assignOne, noteOne } from '../conflicts/care-routes.ts';
import { detail, status } from '../conflicts/detail.ts';
import { ownerNames } from '../conflicts/filters.ts';
import { inbox } from '../conflicts/list.ts';
import { inboxAddress, readParams, toFilter, toQuery } from '../conflicts/query.ts';
import { type DecideOutcome, decide, loadRow, show, showAll, undo } from '../conflicts/service.ts';
import { fieldLabels, refusalText } from '../conflicts/show.ts';
import { dropView, keepView, openView } from '../conflicts/views.ts';
import type { Page } from '../page.ts';
import { respondPage, respondPart, seeOther } from '../respond.ts';
import { notice } from '../ui/notice.ts';
import type { SignedVisit } from '../visit.ts';

const PAGE_ROWS = 25;

export const conflictsPage: Page = {
  nav: { path: '/conflicts', label: 'nav.conflicts' },
  routes: [
    { method: 'GET', path: '/conflicts', access: 'viewer', handle: list },
    { method: 'POST', path: '/conflicts/bulk/preview', access: 'reviewer', handle: bulkPreview },
    { method: 'POST', path: '/conflicts/bulk', access: 'reviewer', handle: bulkDecide },
    { method: 'GET', path: '/conflicts/bulk', access: 'viewer', handle: bulkResult },
    { method: 'POST', path: '/conflicts/bulk/undo', access: 'reviewer', handle: bulkUndo },
    { method: 'GET', path: '/conflicts/bulk/undone', access: 'viewer', handle: bulkUndone },
    { method: 'GET', path: '/conflicts/bulk/progress', access: 'viewer', handle: bulkState },
    { method: 'POST', path: '/conflicts/bulk/assign', access: 'reviewer', handle: assignMany },
    { method: 'POST', path: '/conflicts/views', access: 'viewer', handle: keepView },
    { method: 'GET', path: '/conflicts/views/:id', access: 'viewer', handle: openView },
    { method: 'POST', path: '/conflicts/views/:id/delete', access: 'viewer', handle: dropView },
    { method: 'GET', path: '/conflicts/:id', access: 'viewer', handle: (visit) => one(visit) },
    { method: 'GET', path: '/conflicts/:id/card', access: 'viewer', handle: oneCard },
    { method: 'GET', path: '/conflicts/:id/status', access: 'viewer', handle: oneStatus },
    { method: 'POST', path: '/conflicts/:id/decide', access: 'reviewer', handle: decideOne },
    { method: 'POST', path: '/conflicts/:id/undo', access: 'reviewer', handle: undoOne },
    { method: 'POST', path: '/conflicts/:id/assign', access: 'reviewer', handle: assignOne },
    { method: 'POST', path: '/conflicts/:id/notes', access: 'reviewer', handle: writeNote },
  ],
};

async function list(visit: SignedVisit): Promise<Response> {
  const { db, config } = visit.services;
  const params = readParams(visit.url.searchParams);
  const [page, facets, labels, views, resolving] = await Promise.all([
    inboxPage(db, toQuery(visit, params, PAGE_ROWS)),
    inboxFacets(db, toFilter(visit, params)),
    fieldLabels(visit),
    viewsOf(db, visit.actor.name),
    countResolving(
      db,
      config.pairs.map(({ name }) => name),
    ),
  ]);
  const [shown, owners] = await Promise.all([showAll(visit, page.rows), ownerNames(visit, facets)]);
  return respondPage(visit, {
    title: visit.t('conflicts.title'),
    body: inbox(visit, { params, page, facets, shown, labels, owners, views, resolving }),
  });
}

const idOf = ({ c }: SignedVisit): string => c.req.param('id') ?? '';

interface Said {
  readonly said?: Html;
  readonly typed?: string;
  readonly note?: TypedNote;
  readonly status?: 200 | 409 | 422;
}

async function one(visit: SignedVisit, { said, typed, note, status: code }: Said = {}): Promise<Response> {
  const { db } = visit.services;
  const row = await loadRow(visit, idOf(visit));
  const [shown, labels, authors, owners, notes, udesk, crm, others, following] = await Promise.all([
    show(visit, row),
    fieldLabels(visit),
    editAuthors(db, [row.id]),
    agentNames(db, row.owner === null ? [] : [row.owner]),
    notesOf(db, row.id),
    loadRecords(db, row.pair, 'udesk', row.udeskId === null ? [] : [row.udeskId]),
    loadRecords(db, row.pair, 'crm', row.crmId === null ? [] : [row.crmId]),
    activeConflictsOf(db, row.pair, row.linkId),
    inboxPage(db, {
      ...toQuery(visit, { state: 'open', sort: 'oldest' }, 1),
      cursor: { way: 'after', key: '', id: row.id },
    }),
  ]);
  const title = `${row.name ?? visit.t('conflicts.nameless')} · ${visit.t('conflicts.number', { id: row.id })}`;
  return respondPage(visit, {
    title,
    ...(code === undefined ? {} : { status: code }),
    body: detail(visit, {
      shown,
      labels,
      author: authors.get(row.id) ?? null,
      owner: owners.get(row.owner ?? '') ?? null,
      records: {
        udesk: udesk.get(row.udeskId ?? '') ?? null,
        crm: crm.get(row.crmId ?? '') ?? null,
      },
      others,
      next: following.rows[0]?.id ?? null,
      said: said ?? null,
      typed: typed ?? null,
      notes,
      typedNote: note ?? null,
    }),
  });
}

async function writeNote(visit: SignedVisit): Promise<Response> {
  const answer = await noteOne(visit);
  return answer instanceof Response ? answer : await one(visit, { note: answer, status: 422 });
}

async function oneCard(visit: SignedVisit): Promise<Response> {
  const looks = Number(visit.url.searchParams.get('looks') ?? 0);
  return await cardOf(
    visit,
    await loadRow(visit, idOf(visit)),
    null,
    200,
    Number.isFinite(looks) ? looks : 0,
  );
}

async function cardOf(
  visit: SignedVisit,
  row: InboxRow,
  said: Html | null,
  code: 200 | 409 | 422 = 200,
  looks = 0,
): Promise<Response> {
  const shown = await show(visit, row);
  return respondPart(visit, card(visit, shown, { labels: await fieldLabels(visit), said, looks }), code);
}

async function oneStatus(visit: SignedVisit): Promise<Response> {
  const shown = await show(visit, await loadRow(visit, idOf(visit)));
  const waits = shown.progress.step === 'under-way' || shown.progress.step === 'stuck';
  // What became of it changes more than this line: the page is loaded anew, once.
  if (!waits) visit.c.header('hx-refresh', 'true');
  const again = html` hx-get="/conflicts/${shown.row.id}/status" hx-trigger="load delay:2s" hx-swap="outerHTML"`;
  return respondPart(visit, html`<div id="status"${waits && again}>${status(visit, shown)}</div>`);
}

async function decideOne(visit: SignedVisit): Promise<Response> {
  const { form } = visit;
  const typed = form.get('value') ?? undefined;
  const take = form.get('take') === 'value' ? ('value' as const) : readTake(form.get('take'));
  const row = await loadRow(visit, idOf(visit));
  const done = await decide(visit, row.id, {
    take,
    typed: take === 'value' ? asTyped(visit, row, typed ?? '') : undefined,
    emptying: form.has('emptying'),
    seen: form.get('seen') ?? '',
  });
  if (done.outcome === 'decided') {
    return visit.partial ? await cardOf(visit, done.row, null) : seeOther(visit, `/conflicts/${row.id}`);
  }
  const [said, code] = saidOf(visit, done);
  if (visit.partial) return await cardOf(visit, done.row, said, code);
  return await one(visit, { said, status: code, ...(typed === undefined ? {} : { typed }) });
}

/** Pages take text as it stands, one entry per line; the reader of typed values wants JSON for what could be misread. */
function asTyped(visit: SignedVisit, row: InboxRow, text: string): string {
  const pair = visit.services.config.pairs.find(({ name }) => name === row.pair);
  const field = pair?.fields.find(({ udesk }) => udesk === row.field);
  if (field === undefined) return text;
  const normal = text.replaceAll('\r\n', '\n');
  const spec = toFieldSpec(field);
  if (spec.shape === 'set') {
    return JSON.stringify(
      normal
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== ''),
    );
  }
  if (spec.equivalence === 'boolean' || spec.equivalence === 'number')
    return normal.trim() === '' ? 'null' : normal.trim();
  return JSON.stringify(normal);
}

function saidOf({ t }: SignedVisit, done: Exclude<DecideOutcome, { outcome: 'decided' }>): [Html, 409 | 422] {
  switch (done.outcome) {
    case 'late': {
      const by = done.row.resolvedBy;
      const title = by === null || by === 'policy' ? t('decide.late-nobody') : t('decide.late', { who: by });
      return [notice('warn', title, t('decide.late-detail')), 409];
    }
    case 'moved':
      return [notice('warn', t('decide.moved'), t('decide.moved-detail')), 409];
    case 'refused':
      return [notice('bad', refusalText(t, done.code)), 422];
  }
}

async function undoOne(visit: SignedVisit): Promise<Response> {
  const { outcome, row } = await undo(visit, idOf(visit));
  const done = outcome === 'withdrawn' || outcome === 'undoing';
  const said = notice(done ? 'info' : 'warn', visit.t(`decide.${outcome}`));
  const code = done ? 200 : 409;
  if (visit.partial) return await cardOf(visit, row, said, code);
  return await one(visit, { said, status: code });
}

async function bulkPreview(visit: SignedVisit): Promise<Response> {
  const params = readParams(new URLSearchParams(visit.form.get('filter') ?? ''));
  const view = await preview(visit, visit.form);
  const body = previewView(visit, view, await fieldLabels(visit), inboxAddress(params));
  return respondPage(visit, { title: visit.t('bulk.title'), body });
}
