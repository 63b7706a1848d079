/** What waits for a person: the first plan of a pair, what a guard holds, and another account that answers. */
import { z } from 'zod';
import type { SampledWrite } from '../../../core/plan-sample.ts';
import { loadPlanRows, planCsv } from '../../../report/plan-list.ts';
import type { AccountChange } from '../../../store/account-changes.ts';
import { approvalsOf } from '../../../store/approvals.ts';
import { keptWrites } from '../../../store/plan-samples.ts';
import { ACCOUNT_STATES } from '../../../store/schema/plan.ts';
import { causeText } from '../../plans/cause.ts';
import { loadPlan, planHead, type ShownPlan } from '../../plans/load.ts';
import { answerPlan } from '../../plans/service.ts';
import { loadWaiting } from '../../plans/waiting.ts';
import { Refusal } from '../../refusal.ts';
import type { SignedVisit } from '../../visit.ts';
import { idOrNull, sideName, value } from '../contract.ts';
import { endpoint } from '../endpoint.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const kind = z.enum(['first-plan', 'guard', 'account']);
const sides = z.object({ udesk: z.int(), crm: z.int() });

const facts = z.object({
  name: z.string().nullable().describe('In words; null where the side does not say'),
  records: z.int().nullable(),
  fingerprint: z.string(),
});

const write = z.object({
  side: sideName,
  op: z.enum(['create', 'update', 'delete']),
  udeskId: idOrNull,
  crmId: idOrNull,
  fields: z
    .array(z.object({ field: z.string(), before: value, after: value, reason: z.string() }))
    .describe("In the side's own values; of a delete there are none"),
  cause: z.string().optional().describe('By whom it was caused, in the language of the configuration'),
});

const waiting = z.object({
  hash,
  pair: z.string(),
  kind,
  state: z.enum(['waiting', 'approving', 'rejected']),
  writes: z.int().describe('Of a first plan all; of a guard those that it holds; of an account none'),
  side: sideName.optional().describe('Of an account'),
});

export const plan = z.object({
  hash,
  pair: z.string(),
  kind,
  state: z.enum(['waiting', 'approving', 'approved', 'rejected', 'moved']),
  at: z.string().nullable().describe('Since when it waits'),
  writes: z.int(),
  counts: z
    .object({ creates: sides, updates: sides, deletes: sides, held: z.int() })
    .nullable()
    .describe('Of a first plan'),
  account: z
    .object({ side: sideName, before: facts, now: facts })
    .nullable()
    .describe('Which account or table answered until now (`records`: those known of it), and which does now'),
  tripped: z.array(z.object({ guard: z.string(), message: z.string() })),
  kept: z.int().nullable().describe('How many of the writes are kept to be looked at; null: none any more'),
  sample: z
    .array(write)
    .describe('What it would write: the first ones that are kept, what takes something away before all else'),
  said: z.array(
    z.object({
      who: z.string(),
      verdict: z.enum(['approve', 'reject']),
      at: z.string(),
      state: z.string().describe('waiting for the next cycle, done, moved (another plan by then), replaced'),
    }),
  ),
});

/** So many writes come with the plan itself. */
const SAMPLE = 100;
/** Of so many writes the cause is told: each is looked up in the history of its customer. */
const CAUSES = 25;

export const planEndpoints = [
  endpoint('GET /plans', {
    operationId: 'listPlans',
    summary: 'Plans that wait for a yes, or were answered with no',
    answer: z.object({ plans: z.array(waiting) }),
    async handle(visit) {
      const { firstPlans, guards, accounts } = await loadWaiting(visit);
      return {
        plans: [
          ...firstPlans.map(({ hash, pair, writes }) => ({
            ...{ hash, pair, writes, kind: 'first-plan', state: 'waiting' },
          })),
          ...guards.map(({ hash, pair, writes, state }) => ({ hash, pair, writes, state, kind: 'guard' })),
          ...accounts.map(({ hash, pair, state, side }) => ({
            ...{ hash, pair, state, side, kind: 'account', writes: 0 },
          })),
        ],
      };
    },
  }),
  endpoint('GET /plans/:hash', {
    operationId: 'getPlan',
    summary: 'What it would write, to whom, and why it waits',
    answer: plan,
    handle: async (visit) => document(visit, await planOf(visit)),
  }),
  endpoint('GET /plans/:hash/writes', {
    operationId: 'listPlanWrites',
    summary: 'All writes that are kept of a plan, page by page, or as one table',
    query: z.object({
      from: z.coerce.number().int().min(0).default(0).describe('`next` of an earlier answer'),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
      format: z.enum(['json', 'csv']).default('json').describe('csv: all of them, a row per field'),
    }),
    answer: z.object({
      writes: z.array(write.omit({ cause: true })),
      kept: z.int().describe('How many there are to read'),
      total: z.int().describe('How many a yes covers'),
      next: z.int().nullable(),
    }),
    also: ['text/csv'],
    async handle(visit, { query: { from, limit, format } }) {
      const { db, config } = visit.services;
      const head = planHead(await planOf(visit));
      if (head === null) throw new Refusal('not-found');
      if (format === 'csv') {
        visit.c.header('cache-control', 'no-store');
        const table = planCsv(await loadPlanRows(db, config, head));
        return visit.c.body(table, 200, { 'content-type': 'text/csv; charset=utf-8' });
      }
      const found = await keptWrites(db, head, from, limit);
      const end = from + found.length;
      const next = end < head.kept && found.length > 0 ? end : null;
      return { writes: found.map(writeOf), kept: head.kept, total: head.writes, next };
    },
  }),
  endpoint('POST /plans/:hash/decision', {
    access: 'operator',
    operationId: 'answerPlan',
    summary:
      'Yes or no to exactly this plan; a yes is carried out by the next cycle if the plan is still this one',
    body: z.strictObject({
      decision: z.enum(['approve', 'reject']).describe('reject: not of a first plan'),
      state: z
        .enum(ACCOUNT_STATES)
        .optional()
        .describe(
          'Of an account: the state that you were shown. When it has changed since, the answer is not taken',
        ),
    }),
    answer: plan,
    async handle(visit, { body }) {
      const asked = await planOf(visit);
      const result = await answerPlan(visit, asked, body.decision, body.state);
      if (result !== 'stored') throw new Refusal(result === 'late' ? 'plan-gone' : 'plan-answered');
      return await document(visit, await planOf(visit));
    },
  }),
];

/** @throws Refusal `not-found` */
async function planOf(visit: SignedVisit): Promise<ShownPlan> {
  const asked = visit.c.req.param('hash') ?? '';
  const found = hash.safeParse(asked).success ? await loadPlan(visit, asked) : null;
  if (found === null) throw new Refusal('not-found');
  return found;
}

async function document(visit: SignedVisit, shown: ShownPlan) {
  const { db } = visit.services;
  const { pair, first } = shown;
  const head = planHead(shown);
  const writes = head === null ? [] : await keptWrites(db, head, 0, SAMPLE);
  const causes = await Promise.all(writes.slice(0, CAUSES).map((one) => causeText(visit, pair, one)));
  const said = await approvalsOf(db, pair, shown.hash);
  return {
    ...{ hash: shown.hash, pair, kind: shown.kind, state: shown.state, at: shown.at },
    ...{ writes: shown.writes, kept: shown.kept },
    counts: first === null ? null : countsOf(first),
    account: shown.account === null ? null : accountOf(shown.account),
    tripped: shown.tripped,
    sample: writes.map((one, n) => ({ ...writeOf(one), cause: causes[n] })),
    said: said.map(({ who, verdict, at, state }) => ({ who, verdict, at, state })),
  };
}

function writeOf({ side, op, udeskId, crmId, fields }: SampledWrite) {
  return { side, op, udeskId, crmId, fields };
}

function accountOf({ side, before, now }: AccountChange) {
  return { side, before, now };
}

function countsOf({ creates, updates, deletes, held }: NonNullable<ShownPlan['first']>) {
  return { creates, updates, deletes, held };
}
