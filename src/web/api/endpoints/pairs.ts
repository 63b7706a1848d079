/** How the pairs are, and what their cycles did. */
import { z } from 'zod';
import { loadPairsView, runDurationMs, statusDocument } from '../../../report/status-document.ts';
import { runPage } from '../../../store/run-pages.ts';
import { pairLately } from '../../dashboard/load.ts';
import { Refusal } from '../../refusal.ts';
import { id, limit, sideName, time } from '../contract.ts';
import { endpoint } from '../endpoint.ts';

const count = z.int();
const side = z.object({
  records: count.describe('Live ones in the mirror'),
  total: count.nullable().describe('What the side says that it holds'),
  certifiedAt: z.string().nullable().describe('When it was last read in full'),
  uncertified: z.string().nullable().describe('Why the last reading proved nothing'),
  lagMs: z.number().nullable(),
});
const cycle = z.object({
  id,
  trigger: z.string(),
  startedAt: time,
  finishedAt: time.nullable(),
  durationMs: z.number().nullable(),
  outcome: z.enum(['done', 'failed', 'waiting', 'abandoned']).nullable().describe('Null: it goes on'),
  error: z.string().nullable(),
});

export const pair = z.looseObject({
  pair: z.string(),
  health: z.enum(['healthy', 'waiting', 'unhealthy', 'new']),
  problems: z.array(z.string()),
  todos: z.array(z.object({ what: z.string(), command: z.string() })),
  notes: z.array(z.string()),
  firstRun: z.enum(['new', 'pending', 'accepting', 'accepted']),
  cycles: z.array(cycle),
  sides: z.object({ udesk: side, crm: side }),
  conflicts: z.object({ open: count, resolving: count }),
  links: z.object({ candidate: count, confirmed: count, rejected: count, broken: count }),
  outbox: z.object({ pending: count, held: count, unknown: count }),
  parked: count,
  accounts: z
    .array(
      z.object({
        hash: z.string(),
        side: sideName,
        state: z.enum(['waiting', 'approving', 'rejected']),
        openedAt: time,
      }),
    )
    .describe('Other accounts or tables that answer than the pair was made with; see GET /plans/:hash'),
  guards: z.array(z.looseObject({ hash: z.string(), writes: count })),
  quota: z.object({ used: count, perMinute: count, scope: z.enum(['tenant', 'endpoint']) }),
  freshness: z
    .looseObject({
      pages: count,
      oldestMs: count,
      boundMs: count,
      active: z.object({ pages: z.array(count), oldestMs: count, boundMs: count }),
    })
    .nullable()
    .describe(
      'The age that no listed customer of Udesk exceeds, and none of the most active tenth; null while unknown',
    ),
});

const spread = z.object({
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
  maxMs: z.number().nullable(),
  writes: count,
});
export const lately = z.object({
  lag: spread
    .extend({ to: z.object({ udesk: spread.nullable(), crm: spread.nullable() }) })
    .nullable()
    .describe('From an edit to its arrival, of the edits that arrived in the last 24 hours; null: none did'),
  runs: z.looseObject({ cycles: count, failed: count, udeskWrites: count, crmWrites: count }).nullable(),
  days: z.array(z.object({ day: z.string(), opened: count, closed: count, openAtEnd: count })),
  freshness: z
    .array(z.object({ withinMs: z.number().nullable(), udesk: count, crm: count }))
    .describe('How many live records were known to be right so recently; null: longer ago, or never'),
});

export const pairEndpoints = [
  endpoint('GET /pairs', {
    operationId: 'listPairs',
    summary: 'Whether each pair is well, what waits, and how it stands; as `udesk-sync status --json`',
    answer: z.object({ pairs: z.array(pair) }),
    async handle({ services: { db, config }, now }) {
      const { views } = await loadPairsView(db, config.pairs, now);
      return { pairs: views.map((view) => statusDocument(view, now)) };
    },
  }),
  endpoint('GET /pairs/:name/lately', {
    operationId: 'getPairLately',
    summary: 'How it went lately: lag and writes of the last day, conflicts by day, how fresh the mirror is',
    answer: lately,
    async handle(visit) {
      const name = visit.c.req.param('name');
      const config = visit.services.config.pairs.find((one) => one.name === name);
      if (config === undefined) throw new Refusal('not-found');
      const { lag, runs, days, freshness } = await pairLately(visit, config);
      const { all, ...to } = lag;
      return { lag: all === null ? null : { ...all, to }, runs, days, freshness };
    },
  }),
  endpoint('GET /runs', {
    operationId: 'listRuns',
    summary: 'Cycles, newest first, with what they did and why they failed',
    query: z.object({
      pair: z.string().max(200).optional(),
      trouble: z.stringbool().default(false).describe('Only those that failed or were cut off'),
      before: id.optional().describe('`next` of an earlier answer'),
      limit,
    }),
    answer: z.object({
      runs: z.array(cycle.extend({ pair: z.string(), stats: z.looseObject({}) })),
      next: id.nullable(),
    }),
    async handle({ services: { db } }, { query }) {
      const { before = null, trouble } = query;
      const found = await runPage(db, { pair: query.pair ?? null, before, trouble, limit: query.limit + 1 });
      const shown = found.slice(0, query.limit);
      return {
        runs: shown.map((run) => ({ ...run, durationMs: runDurationMs(run) })),
        next: found.length > query.limit ? (shown.at(-1)?.id ?? null) : null,
      };
    },
  }),
];
