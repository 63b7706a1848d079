import { bigint, doublePrecision, integer, primaryKey, text } from 'drizzle-orm/pg-core';
import { at, udeskSync } from './columns.ts';

/** The list of Udesk as it was looked at page by page (src/core/freshness): one row per pair. */
export const listing = udeskSync.table('listing', {
  pair: text('pair').primaryKey(),
  total: integer('total'),
  pageRows: integer('page_rows').notNull(),
  /** Faded counts of looks, and since when they are counted: of sweeps and visits, and of the head. */
  paid: doublePrecision('paid').notNull(),
  paidAt: at('paid_at').notNull(),
  paidSince: at('paid_since').notNull(),
  free: doublePrecision('free').notNull(),
  freeAt: at('free_at').notNull(),
  freeSince: at('free_since').notNull(),
  floorMs: doublePrecision('floor_ms').notNull(),
  sweepBegan: at('sweep_began'),
  stretch: doublePrecision('stretch').notNull(),
  stretchedAt: at('stretched_at').notNull(),
  /** The last observation that was taken for a hint. */
  hintedBy: bigint('hinted_by', { mode: 'number' }).notNull().default(0),
  /** The ages that were stated at this time, of all pages and of those in `active`; null until all pages are known. */
  statedAt: at('stated_at'),
  boundMs: doublePrecision('bound_ms'),
  activeBoundMs: doublePrecision('active_bound_ms'),
  active: integer('active').array().notNull(),
});

/** One page of it, newest customers first: up to when it is right, and what is known of its edits. */
export const listingPage = udeskSync.table(
  'listing_page',
  {
    pair: text('pair').notNull(),
    page: integer('page').notNull(),
    edits: doublePrecision('edits').notNull(),
    watchedMs: doublePrecision('watched_ms').notNull(),
    lookedAt: at('looked_at'),
    rightAt: at('right_at'),
    lowId: text('low_id'),
    hints: doublePrecision('hints').notNull(),
    hintedAt: at('hinted_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.pair, table.page] })],
);
