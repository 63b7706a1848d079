/** The conflict and sync report, and the log of people's decisions. */
import { z } from 'zod';
import { isSyncError } from '../../../errors.ts';
import { syncReportCsv } from '../../../report/sync/csv.ts';
import { syncReportHtml } from '../../../report/sync/html.ts';
import { loadSyncReport } from '../../../report/sync/load.ts';
import { parseSince } from '../../../report/sync/period.ts';
import { verifyLog } from '../../../report/verify-log.ts';
import { readChain } from '../../../store/decision-log.ts';
import { Refusal } from '../../refusal.ts';
import type { SignedVisit } from '../../visit.ts';
import { time } from '../contract.ts';
import { endpoint } from '../endpoint.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const TYPES = { html: 'text/html; charset=utf-8', csv: 'text/csv; charset=utf-8' } as const;

export const reportEndpoints = [
  endpoint('GET /report', {
    operationId: 'getReport',
    summary: 'The conflict and sync report of a period, as data, as one page, or as a table',
    query: z.object({
      since: z
        .string()
        .max(40)
        .default('7d')
        .describe('A duration (24h, 7d, 4w), a day (2026-11-01) or a moment with its zone'),
      pair: z.string().max(200).optional(),
      format: z.enum(['json', 'html', 'csv']).default('json'),
    }),
    answer: z.object({ report: z.looseObject({ since: time, until: time, pairs: z.array(z.string()) }) }),
    also: ['text/html', 'text/csv'],
    async handle(visit, { query: { since, pair, format } }) {
      const { config, db } = visit.services;
      const pairs = config.pairs.filter(({ name }) => pair === undefined || name === pair);
      if (pairs.length === 0) throw new Refusal('not-found');
      const period = { since: sinceOf(visit, since), until: visit.now };
      const report = await loadSyncReport(db, config, pairs, period);
      if (format === 'json') return { report };
      const text = format === 'html' ? syncReportHtml(report, visit.locale) : syncReportCsv(report);
      // A file to keep: as a page of ours its one style sheet, which is inside, would not be allowed.
      visit.c.header('content-disposition', `attachment; filename="udesk-sync-report.${format}"`);
      visit.c.header('cache-control', 'no-store');
      return visit.c.body(text, 200, { 'content-type': TYPES[format] });
    },
  }),
  endpoint('GET /log', {
    operationId: 'listLog',
    summary: 'What people decided, oldest first, as it stands in the chain',
    query: z.object({
      after: z.coerce.number().int().min(0).default(0).describe('`next` of an earlier answer'),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    answer: z.object({
      entries: z.array(
        z.looseObject({
          seq: z.int(),
          at: z.string(),
          who: z.string(),
          action: z.string(),
          pair: z.string(),
          hash: digest,
        }),
      ),
      next: z.int().nullable(),
    }),
    async handle({ services: { db } }, { query: { after, limit } }) {
      const found = await readChain(db, after, limit + 1);
      const shown = found.slice(0, limit);
      return {
        entries: shown.map(({ entry, hash }) => ({ ...(JSON.parse(entry) as object), hash })),
        next: found.length > limit ? (shown.at(-1)?.seq ?? null) : null,
      };
    },
  }),
  endpoint('GET /log/verdict', {
    operationId: 'verifyLog',
    summary: 'Whether the log is as it was written; as `udesk-sync verify-log`',
    query: z.object({ expect: digest.optional().describe('A digest that was kept elsewhere') }),
    answer: z.object({
      entries: z.int(),
      head: digest.nullable().describe('Of the last entry'),
      faults: z.array(z.string()),
      older: z.int().describe('Decisions from before there was a log'),
      expected: z.boolean().nullable().describe('Whether the digest is in the chain'),
    }),
    handle: ({ services: { db } }, { query }) => verifyLog(db, query.expect ?? null),
  }),
];

/** @throws Refusal `bad-request` that says what is wrong with it */
function sinceOf({ now, services, t }: SignedVisit, since: string): Date {
  try {
    return parseSince(since, now, services.config.timezone);
  } catch (thrown) {
    if (!isSyncError(thrown, 'config')) throw thrown;
    throw new Refusal('bad-request', { faults: [{ parameter: 'since', detail: t('api.since') }] });
  }
}
