import { index, integer, text, timestamp } from 'drizzle-orm/pg-core';
import { udeskSync } from './columns.ts';

/** Calls made, in blocks: the quota is shared by all processes and outlives a restart (promise P10). */
export const quotaCall = udeskSync.table(
  'quota_call',
  {
    scope: text('scope').notNull(),
    at: timestamp('at', { withTimezone: true, mode: 'date' }).notNull(),
    n: integer('n').notNull(),
  },
  (table) => [index('quota_call_scope').on(table.scope, table.at)],
);
