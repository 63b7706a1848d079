/** Records that were set aside while the rest went on. */
import { z } from 'zod';
import { parkedPage } from '../../../store/parked-pages.ts';
import { answerParked } from '../../parked/service.ts';
import { Refusal } from '../../refusal.ts';
import { id, idOrNull, limit, sideName, time, value } from '../contract.ts';
import { endpoint, idOf } from '../endpoint.ts';

const parked = z.object({
  id,
  pair: z.string(),
  linkId: idOrNull,
  udeskId: idOrNull,
  crmId: idOrNull,
  side: sideName.describe('Where it was to be written'),
  kind: z.string(),
  message: z.string().describe("The side's own words"),
  state: z
    .enum(['parked', 'dropped'])
    .describe('dropped: a create that was left alone, and that keeps others waiting'),
  keeps: z
    .object({
      count: z.int(),
      ids: z.array(z.string()).describe('At most ten, of the side that the create comes from'),
    })
    .nullable()
    .describe('Who is not created because of it: they have an e-mail or phone in common'),
  at: time,
  op: z.enum(['create', 'update', 'delete']).nullable(),
  fields: z.array(z.object({ field: z.string(), before: value, after: value })),
});

const decision = z.enum(['retry', 'drop']).describe('drop: left alone until the record changes');
const answered = z.object({ id, pair: z.string(), linkId: idOrNull, state: z.enum(['retried', 'dropped']) });
const STATES = { retry: 'retried', drop: 'dropped' } as const;

export const parkedEndpoints = [
  endpoint('GET /parked', {
    operationId: 'listParked',
    summary: 'What is set aside, oldest first, with what was to be written',
    query: z.object({ pair: z.string().max(200).optional(), after: id.optional(), limit }),
    answer: z.object({
      parked: z.array(parked),
      total: z.int(),
      next: id.nullable().describe('Give it as `after`'),
    }),
    async handle({ services: { db } }, { query }) {
      const pair = query.pair ?? null;
      const page = { pair, afterId: query.after ?? '0', limit: query.limit + 1 };
      const { found, total } = await parkedPage(db, page);
      const shown = found.slice(0, query.limit);
      return {
        parked: shown.map(({ patch, ...row }) => ({
          ...row,
          fields: Object.values(patch).map(({ field, before, after }) => ({ field, before, after })),
        })),
        total,
        next: found.length > query.limit ? (shown.at(-1)?.id ?? null) : null,
      };
    },
  }),
  endpoint('POST /parked/:id/decision', {
    operationId: 'answerParked',
    summary: 'Try it again with the next cycle, or leave it alone',
    body: z.strictObject({ decision }),
    answer: answered,
    async handle(visit, { body }) {
      const parkedId = idOf(visit);
      const result = await answerParked(visit, parkedId, body.decision);
      if (result.outcome === 'not-found') throw new Refusal('not-found');
      if (result.outcome === 'closed') {
        throw new Refusal('closed', { wordParams: { state: `parked.state.${result.state}` } });
      }
      return { id: parkedId, pair: result.pair, linkId: result.linkId, state: STATES[body.decision] };
    },
  }),
  endpoint('POST /parked/decisions', {
    operationId: 'answerManyParked',
    summary: 'The same answer for many, for a cause that they share',
    body: z.strictObject({ decision, parked: z.array(id).min(1).max(500) }),
    answer: z.object({
      done: z.array(id),
      left: z.array(id).describe('Not there, or answered already'),
    }),
    async handle(visit, { body }) {
      const done: string[] = [];
      for (const one of new Set(body.parked)) {
        if ((await answerParked(visit, one, body.decision)).outcome === 'done') done.push(one);
      }
      return { done, left: body.parked.filter((one) => !done.includes(one)) };
    },
  }),
];
