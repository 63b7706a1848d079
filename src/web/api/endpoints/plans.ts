/** What waits for a person: the first plan of a pair, what a guard holds, and another account that answers. */
import { z } from 'zod';
import { type AccountChange, openAccountChanges } from '../../../store/account-changes.ts';
import { approvalsOf } from '../../../store/approvals.ts';
import { waitingGuards } from '../../../store/guards.ts';
import { loadFirstPlan } from '../../../store/pairs.ts';
import { ACCOUNT_STATES } from '../../../store/schema.ts';
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

const facts = z.object({
  name: z.string().nullable().describe('In words; null where the side does not say'),
  records: z.int().nullable(),
  fingerprint: z.string(),
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
          const accounts = await openAccountChanges(db, [pair]);
          return [
            ...(first === null ? [] : [firstRow(pair, first)]),
            ...guards.map((row) => ({
              ...{ hash: row.hash, pair, writes: row.writes, state: row.state },
              kind: 'guard',
            })),
            ...accounts.map(({ hash, side, state }) => ({
              hash,
              pair,
              kind: 'account',
              state,
              writes: 0,
              side,
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
    account: shown.account === null ? null : accountOf(shown.account),
    tripped: shown.tripped,
    sample: writes.map(({ side, op, udeskId, crmId, fields }, n) => ({
      ...{ side, op, udeskId, crmId, fields, cause: causes[n] },
    })),
    said: said.map(({ who, verdict, at, state }) => ({ who, verdict, at, state })),
  };
}

function accountOf({ side, before, now }: AccountChange) {
  return { side, before, now };
}

function countsOf({ creates, updates, deletes, held }: NonNullable<ShownPlan['first']>) {
  return { creates, updates, deletes, held };
}
