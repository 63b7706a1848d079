import { index, integer, primaryKey, text } from 'drizzle-orm/pg-core';
import { at, id, jsonb, udeskSync } from './columns.ts';

/** One cycle. */
export const run = udeskSync.table(
  'run',
  {
    id: id(),
    pair: text('pair').notNull(),
    trigger: text('trigger').notNull(),
    startedAt: at('started_at').notNull(),
    finishedAt: at('finished_at'),
    outcome: text('outcome').$type<'done' | 'failed' | 'waiting' | 'abandoned'>(),
    stats: jsonb<Record<string, unknown>>()('stats').notNull(),
    error: text('error'),
  },
  (table) => [primaryKey({ columns: [table.pair, table.id] }), index('run_id').on(table.id)],
);

/** What is kept for a number of months only. */
export const KEPT_KINDS = ['observation', 'feed', 'run'] as const;

export type KeptKind = (typeof KEPT_KINDS)[number];

/** How far back each kind of history goes (src/store/retention.ts). */
export const retention = udeskSync.table('retention', {
  kind: text('kind').$type<KeptKind>().primaryKey(),
  /** What is older is not kept; null: nothing was ever deleted. */
  keptSince: at('kept_since'),
  /** Months that are due to go and are more at once than a mistake shall take: a person is asked. */
  held: integer('held').notNull().default(0),
  /** The time by which months are counted (src/core/retention.ts), and when that was. */
  clockAt: at('clock_at'),
  lookedAt: at('looked_at'),
});
