/** Conflicts and what people decide about them: the inbox for programs. */
import { editAuthors } from '../../../store/feeds.ts';
import { type InboxRow, inboxPage, inboxRows } from '../../../store/inbox.ts';
import { countInbox } from '../../../store/inbox-facets.ts';
import { decideMany, preview, undoMany } from '../../conflicts/bulk.ts';
import { cursorText, nameFields, searchOf, toFilter, toQuery } from '../../conflicts/query.ts';
import { type DecideOutcome, decide, loadRow, show, undo } from '../../conflicts/service.ts';
import { refusalText } from '../../conflicts/show.ts';
import { Refusal } from '../../refusal.ts';
import type { SignedVisit } from '../../visit.ts';
import {
  bulkAnswer,
  bulkBody,
  conflictDetail,
  conflictList,
  decisionBody,
  listParams,
  previewAnswer,
  previewBody,
  undoAnswer,
  undoBody,
} from '../contract.ts';
import { endpoint, idOf } from '../endpoint.ts';

export const conflictEndpoints = [
  endpoint('GET /conflicts', {
    operationId: 'listConflicts',
    summary: 'Conflicts that fit, page by page',
    query: listParams,
    answer: conflictList,
    async handle(visit, { query: { limit, ...params } }) {
      const { db } = visit.services;
      const [page, total] = await Promise.all([
        inboxPage(db, toQuery(visit, params, limit)),
        countInbox(db, toFilter(visit, params)),
      ]);
      return {
        conflicts: page.rows.map(document),
        total,
        next: cursorText(page.next) ?? null,
        previous: cursorText(page.previous) ?? null,
      };
    },
  }),
  endpoint('GET /conflicts/:id', {
    operationId: 'getConflict',
    summary: 'One conflict, and what each choice would write',
    answer: conflictDetail,
    handle: async (visit) => detail(visit, await loadRow(visit, idOf(visit))),
  }),
  endpoint('POST /conflicts/:id/decision', {
    operationId: 'decide',
    summary: 'Decide; the next cycle carries it out',
    body: decisionBody,
    answer: conflictDetail,
    async handle(visit, { body: { take, value, emptying, seen } }) {
      const wish = { take, typed: JSON.stringify(value ?? null), emptying, seen };
      const done = await decide(visit, idOf(visit), wish);
      if (done.outcome !== 'decided') throw refused(visit, done);
      return await detail(visit, done.row);
    },
  }),
  endpoint('DELETE /conflicts/:id/decision', {
    operationId: 'withdraw',
    summary:
      'Take a decision back: at once, or what it wrote with the next cycle, for as long as that stands',
    answer: conflictDetail,
    async handle(visit) {
      const { outcome, row } = await undo(visit, idOf(visit));
      if (outcome !== 'withdrawn' && outcome !== 'undoing') throw new Refusal(outcome);
      return await detail(visit, row);
    },
  }),
  endpoint('POST /decisions/preview', {
    operationId: 'previewDecisions',
    summary: 'What deciding many at once would write; changes nothing',
    body: previewBody,
    answer: previewAnswer,
    async handle(visit, { body: { take, conflicts, filter } }) {
      const form = new URLSearchParams({ take });
      if (filter !== undefined) {
        form.set('all', '1');
        form.set('filter', searchOf(filter));
      }
      for (const id of conflicts ?? []) form.append('id', id);
      const view = await preview(visit, form);
      return {
        decidable: view.decidable.map(({ row, choice }) => ({
          ...{ id: row.id, seen: row.changedAt, record: choice.record },
          effects: choice.effects.map(effectDocument),
        })),
        refused: view.refused.map(({ row, text }) => ({ id: row.id, reason: text })),
        writes: view.writes,
        capped: view.capped,
      };
    },
  }),
  endpoint('POST /decisions', {
    operationId: 'decideMany',
    summary: 'Decide many at once: what changed since it was seen is left alone',
    body: bulkBody,
    answer: bulkAnswer,
    async handle(visit, { body: { take, conflicts } }) {
      const picks = conflicts.map(({ id, seen }) => `${id}@${seen}`);
      const { done, late } = await decideMany(visit, take, picks);
      return { decided: done, left: late };
    },
  }),
  endpoint('POST /decisions/undo', {
    operationId: 'withdrawMany',
    summary: 'Take many decisions back, for as long as what they wrote stands',
    body: undoBody,
    answer: undoAnswer,
    async handle(visit, { body: { conflicts } }) {
      const known = (await inboxRows(visit.services.db, conflicts, nameFields(visit))).map(({ id }) => id);
      const undone = await undoMany(visit, known);
      return { withdrawn: undone, left: conflicts.filter((id) => !undone.includes(id)) };
    },
  }),
];

function document({ base, overwritten: _, ...row }: InboxRow) {
  return { ...row, base: base?.udesk ?? null };
}

async function detail(visit: SignedVisit, row: InboxRow) {
  const [{ choices, progress, decisions }, authors] = await Promise.all([
    show(visit, row),
    editAuthors(visit.services.db, [row.id]),
  ]);
  return {
    ...document(row),
    udeskAuthor: authors.get(row.id) ?? null,
    choices: choices.map(({ take, refusal, effects, record }) => ({
      ...{ take, refusal, record },
      effects: effects.map(effectDocument),
    })),
    progress: {
      step: progress.step,
      undo: progress.undo,
      waitingFor: progress.waitingFor,
      reason: progress.reason,
    },
    decisions,
  };
}

type Effect = Awaited<ReturnType<typeof show>>['choices'][number]['effects'][number];

function effectDocument(effect: Effect) {
  return effect.action === 'gets' ? effect : { side: effect.side, action: effect.action, now: effect.now };
}

function refused({ t }: SignedVisit, done: Exclude<DecideOutcome, { outcome: 'decided' }>): Refusal {
  if (done.outcome !== 'refused') return new Refusal(done.outcome);
  return new Refusal('unfit', { params: { reason: refusalText(t, done.code) } });
}
