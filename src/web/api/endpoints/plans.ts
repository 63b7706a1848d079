/** Plans that wait for a person: the first one of a pair, and what a guard holds. */
import { z } from 'zod';
import { approvalsOf } from '../../../store/approvals.ts';
import { waitingGuards } from '../../../store/guards.ts';
import { loadFirstPlan } from '../../../store/pairs.ts';
import { causeText } from '../../plans/cause.ts';
import { loadPlan, type ShownPlan } from '../../plans/load.ts';
import { answerPlan } from '../../plans/service.ts';
import { Refusal } from '../../refusal.ts';
import type { SignedVisit } from '../../visit.ts';
import { idOrNull, sideName, value } from '../contract.ts';
import { endpoint } from '../endpoint.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const kind = z.enum(['first-plan', 'guard', 'account']);
const sides = z.object({ udesk: z.int(), crm: z.int() });

const waiting = z.object({
  hash,
  pair: z.string(),
  kind,
  state: z.enum(['waiting', 'rejected']),
  writes: z.int().describe('Of a first plan all; of a guard those that it holds'),
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
  tripped: z.array(z.object({ guard: z.string(), message: z.string() })),
  sample: z
    .array(
      z.object({
        side: sideName,
        op: z.enum(['create', 'update', 'delete']),
        udeskId: idOrNull,
        crmId: idOrNull,
        fields: z.array(z.object({ field: z.string(), before: value, after: value, reason: z.string() })),
        cause: z.string().optional().describe('By whom it was caused, in the language of the configuration'),
      }),
    )
    .describe('What it would write: the first ones of each kind'),
  said: z.array(
    z.object({
      who: z.string(),
      verdict: z.enum(['approve', 'reject']),
      at: z.string(),
      state: z.string().describe('waiting for the next cycle, done, moved (another plan by then), replaced'),
    }),
  ),
});

/** Of so many writes the cause is told: each is looked up in the history of its customer. */
const CAUSES = 25;

export const planEndpoints = [
  endpoint('GET /plans', {
    operationId: 'listPlans',
    summary: 'Plans that wait for a yes, or were answered with no',
    answer: z.object({ plans: z.array(waiting) }),
    async handle({ services: { db, config } }) {
      const found = await Promise.all(
        config.pairs.map(async ({ name: pair }) => {
          const first = await loadFirstPlan(db, pair);
          const guards = await waitingGuards(db, pair, ['waiting', 'rejected']);
          return [
            ...(first === null ? [] : [firstRow(pair, first)]),
            ...guards.map((row) => ({
              ...{ hash: row.hash, pair, writes: row.writes, state: row.state },
              kind: row.tripped.some(({ guard }) => guard === 'account') ? 'account' : 'guard',
            })),
          ];
        }),
      );
      return { plans: found.flat() };
    },
  }),
  endpoint('GET /plans/:hash', {
    operationId: 'getPlan',
    summary: 'What it would write, to whom, and why it waits',
    answer: plan,
    handle: async (visit) => document(visit, await planOf(visit)),
  }),
  endpoint('POST /plans/:hash/decision', {
    access: 'operator',
    operationId: 'answerPlan',
    summary:
      'Yes or no to exactly this plan; a yes is carried out by the next cycle if the plan is still this one',
    body: z.strictObject({ decision: z.enum(['approve', 'reject']).describe('reject: of a guard only') }),
    answer: plan,
    async handle(visit, { body }) {
      const asked = await planOf(visit);
      if ((await answerPlan(visit, asked, body.decision)) === 'late') throw new Refusal('plan-gone');
      return await document(visit, await planOf(visit));
    },
  }),
];

function firstRow(pair: string, first: NonNullable<Awaited<ReturnType<typeof loadFirstPlan>>>) {
  const { creates, updates, deletes } = first.plan;
  const writes = [creates, updates, deletes].reduce((sum, n) => sum + n.udesk + n.crm, 0);
  return { hash: first.hash, pair, kind: 'first-plan', state: 'waiting', writes };
}

/** @throws Refusal `not-found` */
async function planOf(visit: SignedVisit): Promise<ShownPlan> {
  const asked = visit.c.req.param('hash') ?? '';
  const found = hash.safeParse(asked).success ? await loadPlan(visit, asked) : null;
  if (found === null) throw new Refusal('not-found');
  return found;
}

async function document(visit: SignedVisit, shown: ShownPlan) {
  const { pair, first, sample } = shown;
  const writes = sample?.writes ?? [];
  const causes = await Promise.all(writes.slice(0, CAUSES).map((write) => causeText(visit, pair, write)));
  const said = await approvalsOf(visit.services.db, pair, shown.hash);
  return {
    ...{ hash: shown.hash, pair, kind: shown.kind, state: shown.state, at: shown.at },
    writes: first === null ? shown.writes : firstRow(pair, { hash: shown.hash, plan: first }).writes,
    counts: first === null ? null : countsOf(first),
    tripped: shown.tripped,
    sample: writes.map(({ side, op, udeskId, crmId, fields }, n) => ({
      ...{ side, op, udeskId, crmId, fields, cause: causes[n] },
    })),
    said: said.map(({ who, verdict, at, state }) => ({ who, verdict, at, state })),
  };
}

function countsOf({ creates, updates, deletes, held }: NonNullable<ShownPlan['first']>) {
  return { creates, updates, deletes, held };
}
