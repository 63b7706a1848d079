/** Who is the same person: links, and the questions that only a person can answer. */
import { z } from 'zod';
import { SIDES } from '../../../core/record.ts';
import { linkDocument } from '../../../report/link-document.ts';
import { linkCounts, linkPage } from '../../../store/link-pages.ts';
import type { LinkRow } from '../../../store/links.ts';
import { showLinks } from '../../links/card.ts';
import { LINK_TABS, linkCursorText, linkParams, toLinkCursor } from '../../links/query.ts';
import { answerLink, type LinkResult, linkRow } from '../../links/service.ts';
import { Refusal } from '../../refusal.ts';
import type { SignedVisit } from '../../visit.ts';
import { id, idOrNull, limit, sideName, time, value } from '../contract.ts';
import { endpoint, idOf } from '../endpoint.ts';

export const link = z.object({
  id,
  pair: z.string(),
  udeskId: idOrNull,
  crmId: idOrNull,
  field: z.null().describe('A link is about whole records'),
  state: z.enum(LINK_TABS),
  evidence: z.array(z.unknown()).describe('What speaks for it, and what people decided, oldest first'),
  candidates: z
    .object({ udesk: z.array(z.string()), crm: z.array(z.string()) })
    .nullable()
    .describe('Of a question: who might be meant on each side'),
  score: z.number().nullable(),
  reason: z.string().nullable(),
  decidedBy: z.string(),
  confirmable: z.boolean().describe('It can be answered with yes'),
  createdAt: time,
  rebased: z.boolean().describe('What it agreed on came from a backup, and it was not planned since'),
});

export const linkDetail = link.extend({
  people: z
    .array(
      z.object({
        side: sideName,
        id: z.string(),
        state: z.enum(['live', 'deleted', 'unknown']),
        fields: z.record(z.string(), value).describe('By the names that the side gives them'),
      }),
    )
    .describe('Everybody who is or might be meant'),
});

export const linkAnswerBody = z.discriminatedUnion('decision', [
  z.strictObject({
    decision: z.literal('confirm').describe('The same person: kept in step from the next cycle on'),
    udeskId: z.string().max(200).optional().describe('Which customer, where several might be meant'),
    crmId: z.string().max(200).optional(),
  }),
  z.strictObject({ decision: z.literal('reject').describe('Not the same person: not asked again') }),
  z.strictObject({
    decision: z.literal('unlink').describe('A link that proved wrong ends; no record is deleted'),
  }),
]);

export const linkEndpoints = [
  endpoint('GET /links', {
    operationId: 'listLinks',
    summary: 'Links in one state, page by page; `candidate` are the questions',
    query: linkParams.extend({ limit }),
    answer: z.object({
      links: z.array(link),
      counts: z.record(z.enum(LINK_TABS), z.int()).describe('By state, the other filters unchanged'),
      next: z.string().nullable(),
      previous: z.string().nullable(),
    }),
    async handle({ services: { db } }, { query }) {
      const [page, counts] = await Promise.all([
        linkPage(db, { ...query, cursor: toLinkCursor(query.cursor) }),
        linkCounts(db, query),
      ]);
      const cursor = (at: typeof page.next) => (at === null ? null : linkCursorText(at));
      const links = page.rows.map(linkDocument);
      return { links, counts, next: cursor(page.next), previous: cursor(page.previous) };
    },
  }),
  endpoint('GET /links/:id', {
    operationId: 'getLink',
    summary: 'One link with its evidence and both records; of a question, all who might be meant',
    answer: linkDetail,
    handle: async (visit) => detail(visit, await linkRow(visit, idOf(visit))),
  }),
  endpoint('POST /links/:id/decision', {
    operationId: 'answerLink',
    summary: 'Say who is the same person, or who is not after all',
    body: linkAnswerBody,
    answer: linkDetail,
    async handle(visit, { body }) {
      const result = await answerLink(visit, await linkRow(visit, idOf(visit)), body);
      const refusal = refusalOf(visit, result);
      if (refusal !== null) throw refusal;
      return await detail(visit, await linkRow(visit, idOf(visit)));
    },
  }),
];

async function detail(visit: SignedVisit, row: LinkRow) {
  const [shown] = await showLinks(visit, [row]);
  const people = SIDES.flatMap((side) => shown?.people[side] ?? []);
  return {
    ...linkDocument(row),
    people: people.map(({ side, id: personId, record }) => ({
      ...{ side, id: personId, state: record?.state ?? 'unknown' },
      fields: record?.record.fields ?? {},
    })),
  };
}

/** Null: it was done. */
function refusalOf({ t }: SignedVisit, result: LinkResult): Refusal | null {
  switch (result.outcome) {
    case 'confirmed':
    case 'rejected':
    case 'unlinked':
      return null;
    case 'not-found':
      return new Refusal('not-found');
    case 'wrong-state':
      return new Refusal('answered');
    case 'choose':
      return new Refusal('choose');
    case 'not-live':
      return new Refusal('not-live', { params: { side: t(`side.${result.side}`), id: result.id } });
    case 'linked': {
      const params = { side: t(`side.${result.side}`), id: result.id, link: result.by.id };
      return new Refusal('linked', { params });
    }
    case 'in-flight':
      return new Refusal('in-flight', { params: { n: result.intents } });
  }
}
