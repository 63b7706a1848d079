import { sql } from 'drizzle-orm';
import { bigint, boolean, index, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { RevertRequest } from '../../core/link.ts';
import { at, id, jsonb, udeskSync } from './columns.ts';

/** What a person asked to undo: one link, one run, or everything since a time. */
export interface RevertScope {
  readonly link?: string;
  readonly run?: string;
  readonly since?: string;
  readonly field?: string;
  /** Only what carried out this decision about `field`. */
  readonly decision?: string;
}

/** A person's wish to undo writes of ours; append-only. */
export const revert = udeskSync.table(
  'revert',
  {
    id: id(),
    pair: text('pair').notNull(),
    who: text('who').notNull(),
    scope: jsonb<RevertScope>()('scope').notNull(),
    at: at('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.pair, table.id] })],
);

/** One field of one link that is to be undone, and what became of it: an input of the planner until it is closed. */
export const revertField = udeskSync.table(
  'revert_field',
  {
    id: id(),
    pair: text('pair').notNull(),
    revertId: bigint('revert_id', { mode: 'number' }).notNull(),
    linkId: bigint('link_id', { mode: 'number' }).notNull(),
    field: text('field').notNull(),
    writes: jsonb<RevertRequest['writes']>()('writes').notNull(),
    bothSides: boolean('both_sides').notNull(),
    carried: text('carried').array().notNull().default([]),
    restored: jsonb<NonNullable<RevertRequest['restored']>>()('restored').notNull().default({}),
    state: text('state').$type<'waiting' | 'done' | 'edited' | 'refused'>().notNull(),
    reason: text('reason'),
    closedAt: at('closed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    uniqueIndex('revert_field_waiting')
      .on(table.pair, table.linkId, table.field)
      .where(sql`state = 'waiting'`),
    index('revert_field_link').on(table.pair, table.linkId),
  ],
);
