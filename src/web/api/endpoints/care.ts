/** What people do about conflicts without deciding them: counts beside the filters, who has it, notes, views. */
import { z } from 'zod';
import { assignConflicts } from '../../../store/assignments.ts';
import { inboxFacets } from '../../../store/inbox-facets.ts';
import { VIEW_NAME_LIMIT, viewsOf } from '../../../store/inbox-views.ts';
import { addNote, NOTE_LIMIT, notesOf } from '../../../store/notes.ts';
import { BULK_LIMIT } from '../../conflicts/bulk.ts';
import { noteRefusal, readAssignee } from '../../conflicts/care.ts';
import { countsOf, FILTER_NAMES } from '../../conflicts/filters.ts';
import { inboxParams, toFilter } from '../../conflicts/query.ts';
import { loadRow } from '../../conflicts/service.ts';
import { removeView, storeView } from '../../conflicts/views.ts';
import { Refusal } from '../../refusal.ts';
import type { SignedVisit } from '../../visit.ts';
import { id, time } from '../contract.ts';
import { endpoint, idOf } from '../endpoint.ts';

const count = z.int().min(0);

export const facetList = z.object({
  total: count.describe('How many fit the filter'),
  newest: count.nullable().describe('The counts are of so many of the newest; null: of all'),
  facets: z
    .record(z.enum(FILTER_NAMES), z.record(z.string(), count))
    .describe(
      'By parameter of the list and its value: how many there would be, the other parameters unchanged',
    ),
});
export const noteList = z.object({
  notes: z.array(
    z.object({
      id,
      conflictId: id.describe('Or an earlier conflict about the same field of the same customer'),
      who: z.string(),
      text: z.string(),
      at: time,
    }),
  ),
});
export const viewList = z.object({
  views: z.array(z.object({ id, name: z.string(), query: z.string().describe('Parameters of the list') })),
});

const filterParams = inboxParams.omit({ cursor: true, sort: true });

export const careEndpoints = [
  endpoint('GET /conflicts/facets', {
    operationId: 'countConflicts',
    summary: 'How many conflicts there are by what they can be filtered by',
    query: filterParams,
    answer: facetList,
    async handle(visit, { query }) {
      const facets = await inboxFacets(visit.services.db, toFilter(visit, { ...query, sort: 'oldest' }));
      const counted = FILTER_NAMES.map((name) => [name, Object.fromEntries(countsOf(visit, facets, name))]);
      return { total: facets.total, newest: facets.newest, facets: Object.fromEntries(counted) };
    },
  }),
  endpoint('POST /assignments', {
    operationId: 'assign',
    summary: 'Give conflicts that are not closed to somebody; changes nothing else about them',
    body: z.strictObject({
      to: z.string().nullable().describe('Who may decide conflicts; null: nobody in particular'),
      conflicts: z.array(id).min(1).max(BULK_LIMIT),
    }),
    answer: z.object({
      given: z.array(id),
      left: z.array(id).describe('They are closed, or were given to that person before'),
    }),
    async handle(visit, { body: { to, conflicts } }) {
      const assignment = { ids: conflicts, to: readAssignee(visit, to ?? ''), ...by(visit) };
      const given = await assignConflicts(visit.services.db, assignment);
      return { given, left: conflicts.filter((one) => !given.includes(one)) };
    },
  }),
  endpoint('GET /conflicts/:id/notes', {
    operationId: 'listNotes',
    summary:
      'What people wrote beside a conflict, and beside earlier ones about the same field of the customer',
    answer: noteList,
    async handle(visit) {
      const row = await loadRow(visit, idOf(visit));
      return { notes: await notesOf(visit.services.db, row.id) };
    },
  }),
  endpoint('POST /conflicts/:id/notes', {
    operationId: 'addNote',
    summary: 'Write a note beside a conflict',
    body: z.strictObject({
      text: z
        .string()
        .min(1)
        .max(2 * NOTE_LIMIT)
        .describe(`${NOTE_LIMIT} characters at most`),
    }),
    answer: noteList,
    async handle(visit, { body: { text } }) {
      const { db } = visit.services;
      const row = await loadRow(visit, idOf(visit));
      const result = await addNote(db, { conflictId: row.id, text, ...by(visit) });
      if (result === 'not-found') throw new Refusal('not-found');
      if (result !== 'added') throw new Refusal('unfit', { params: { reason: noteRefusal(visit, result) } });
      return { notes: await notesOf(db, row.id) };
    },
  }),
  endpoint('GET /views', {
    operationId: 'listViews',
    summary: 'Filters that are kept under a name, of whoever asks',
    answer: viewList,
    handle: ownViews,
  }),
  endpoint('POST /views', {
    operationId: 'saveView',
    summary: 'Keep a filter under a name; takes the place of an own one of that name',
    body: z.strictObject({
      name: z
        .string()
        .min(1)
        .max(2 * VIEW_NAME_LIMIT)
        .describe(`${VIEW_NAME_LIMIT} characters at most`),
      filter: inboxParams.omit({ cursor: true }).strict(),
    }),
    access: 'viewer',
    answer: viewList,
    async handle(visit, { body: { name, filter } }) {
      await storeView(visit, name, filter);
      return await ownViews(visit);
    },
  }),
  endpoint('DELETE /views/:id', {
    operationId: 'deleteView',
    summary: 'Forget one of the own views',
    access: 'viewer',
    answer: viewList,
    async handle(visit) {
      await removeView(visit, idOf(visit));
      return await ownViews(visit);
    },
  }),
];

function by({ actor, now }: SignedVisit) {
  return { who: actor.name, at: now };
}

async function ownViews({ services, actor }: SignedVisit) {
  const views = await viewsOf(services.db, actor.name);
  return { views: views.map(({ id: view, name, query }) => ({ id: view, name, query })) };
}
