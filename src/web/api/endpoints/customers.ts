/** One customer: both sides, what they agreed on, where each value comes from, and everything that happened. */
import { z } from 'zod';
import type { Trace } from '../../../core/provenance.ts';
import { SIDES } from '../../../core/record.ts';
import { loadPair } from '../../../store/pairs.ts';
import { type Customer, customerName, loadCustomer } from '../../customers/load.ts';
import { refreshCustomer } from '../../customers/refresh.ts';
import type { SignedVisit } from '../../visit.ts';
import { id, idOrNull, sideName, time, value } from '../contract.ts';
import { endpoint, idOf } from '../endpoint.ts';

const which = z.object({
  pair: z.string().max(200).optional().describe('Left out: the first pair that knows the record'),
  side: sideName.default('udesk').describe('Whose id it is'),
});

const origin = z.object({
  kind: z.enum(['observation', 'decision', 'revert']),
  at: z.string(),
  side: sideName.optional(),
  who: z.string().optional(),
});
const trace = z
  .object({
    value,
    origin: origin.nullable().describe('Who or what gave it; null: see gap'),
    gap: z.string().nullable(),
    writes: z.int().describe('Writes of ours on the way'),
  })
  .nullable();
const record = z
  .object({
    id: z.string(),
    state: z.enum(['live', 'deleted']),
    fields: z.record(z.string(), value),
    observedAt: time.describe('When it was last seen to change'),
    verifiedAt: z.string().nullable().describe('Up to when it is known to be right; null: it was deleted'),
  })
  .nullable();

export const customer = z.object({
  pair: z.string(),
  udeskId: idOrNull,
  crmId: idOrNull,
  name: z.string().nullable(),
  link: z
    .object({
      id,
      state: z.string(),
      decidedBy: z.string(),
      reason: z.string().nullable().describe('Why it is asked about, or ended'),
      evidence: z.array(z.unknown()),
      createdAt: time,
    })
    .nullable(),
  records: z.object({ udesk: record, crm: record }).describe('The mirror'),
  certifiedAt: z
    .object({ udesk: z.string().nullable(), crm: z.string().nullable() })
    .describe('When the side was last read in full'),
  fields: z.array(
    z.object({
      field: z.string(),
      base: z.object({ udesk: value, crm: value }).nullable().describe('What both last agreed on'),
      udesk: trace,
      crm: trace,
      conflict: idOrNull.describe('The conflict that waits'),
    }),
  ),
  historyKeptSince: z
    .string()
    .nullable()
    .describe('What was seen before this day is not there any more; null: the story is whole'),
  timeline: z
    .array(z.looseObject({ at: z.string(), kind: z.string() }))
    .describe('Newest first: edits, writes, conflicts, decisions, and the tickets, calls and chats of Udesk'),
  total: z.int().describe('Events in all'),
});

export const customerEndpoints = [
  endpoint('GET /customers/:id', {
    operationId: 'getCustomer',
    summary: 'One customer with the story of each value',
    query: which.extend({
      field: z.string().max(200).optional().describe('The story of this field only'),
      from: z.coerce.number().int().min(0).default(0).describe('Events of the timeline to leave out'),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    answer: customer,
    async handle(visit, { query }) {
      return await document(visit, await loadCustomer(visit, idOf(visit)), query.from, query.limit);
    },
  }),
  endpoint('POST /customers/:id/refresh', {
    operationId: 'refreshCustomer',
    summary: 'Read both records now; nothing is written to either side',
    query: which,
    answer: z.object({
      looked: z.array(
        z.object({
          side: sideName,
          id: z.string(),
          seen: z.enum(['new', 'changed', 'unchanged', 'returned', 'missing', 'unknown']).nullable(),
          error: z.string().nullable().describe('Why the side could not be read'),
        }),
      ),
    }),
    async handle(visit) {
      return { looked: await refreshCustomer(visit, await loadCustomer(visit, idOf(visit))) };
    },
  }),
];

async function document(visit: SignedVisit, shown: Customer, from: number, most: number) {
  const { pair, history, records, rightAt, story, conflicts, timeline } = shown;
  const { certifiedAt } = await loadPair(visit.services.db, pair.name);
  const { link } = history;
  const [udesk, crm] = SIDES.map((side) => {
    const known = records[side];
    if (known === null) return null;
    const { state, observedAt } = known;
    return { id: known.record.id, state, fields: known.record.fields, observedAt, verifiedAt: rightAt[side] };
  });
  return {
    pair: pair.name,
    udeskId: history.records.udesk[0]?.id ?? null,
    crmId: history.records.crm[0]?.id ?? null,
    name: customerName(visit, shown),
    link:
      link === null
        ? null
        : {
            ...{ id: link.id, state: link.state, decidedBy: link.decidedBy, reason: link.reason },
            ...{ evidence: link.evidence, createdAt: link.createdAt },
          },
    records: { udesk, crm },
    certifiedAt,
    fields: story.now.map(({ field, base, ...now }) => ({
      field,
      base: base === null ? null : { udesk: base.udesk, crm: base.crm },
      udesk: traceDocument(now.udesk),
      crm: traceDocument(now.crm),
      conflict: conflicts.get(field) ?? null,
    })),
    historyKeptSince: story.lost > 0 ? story.keptSince : null,
    timeline: timeline.slice(from, from + most),
    total: timeline.length,
  };
}

function traceDocument(found: Trace | null) {
  if (found === null) return null;
  const { value: now, origin: from, gap, intents } = found;
  const told =
    from === null
      ? null
      : from.kind === 'observation'
        ? { kind: from.kind, at: from.at, side: from.side }
        : { kind: from.kind, at: from.at, who: from.who };
  return { value: now, origin: told, gap, writes: intents.length };
}
