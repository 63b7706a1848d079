import { bigint, index, primaryKey, text } from 'drizzle-orm/pg-core';
import { at, jsonb, udeskSync } from './columns.ts';

/**
 * Items of a customer's history in Udesk: tickets, calls, chats, follow-ups, and who changed what when. Partitioned by month
 * of `kept_at` (src/store/partitions.ts).
 */
export const feed = udeskSync.table(
  'feed',
  {
    pair: text('pair').notNull(),
    /** Ticket, CallLog, ImSubSession, Alteration or CustomerFollowUp; ids are unique per kind only. */
    kind: text('kind').notNull(),
    feedId: text('feed_id').notNull(),
    udeskId: text('udesk_id').notNull(),
    /** Only changes carry a time of their own. */
    at: at('at'),
    authorId: text('author_id'),
    authorName: text('author_name'),
    data: jsonb<Record<string, unknown>>()('data').notNull(),
    firstSeenAt: at('first_seen_at').notNull(),
    /** The run that saw it first; null in rows from before it was kept. Runs are in order, whatever our clock does. */
    firstSeenRunId: bigint('first_seen_run_id', { mode: 'number' }),
    /** Its own time; `infinity` where it has none, and is kept as long as the customer. */
    keptAt: at('kept_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.kind, table.feedId, table.keptAt] }),
    index('feed_customer').on(table.pair, table.udeskId),
  ],
);

/** Agents, agent groups and organizations of Udesk: what owners, owner groups and companies are called. */
export const directory = udeskSync.table(
  'directory',
  {
    pair: text('pair').notNull(),
    kind: text('kind').$type<'agent' | 'group' | 'organization'>().notNull(),
    remoteId: text('remote_id').notNull(),
    name: text('name'),
    email: text('email'),
    /** The e-mail or name by which it travels: as first seen, or as a person accepted it. A rename is no edit. */
    word: text('word'),
    data: jsonb<Record<string, unknown>>()('data').notNull(),
    observedAt: at('observed_at').notNull(),
    /** Since when Udesk does not list it any more: its name stays known. */
    vanishedAt: at('vanished_at'),
  },
  (table) => [primaryKey({ columns: [table.pair, table.kind, table.remoteId] })],
);
