import { sql } from 'drizzle-orm';
import { bigint, boolean, foreignKey, index, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { EditAuthor } from '../../core/edit-author.ts';
import type { FieldBase, Take } from '../../core/link.ts';
import type { Value } from '../../core/value.ts';
import type { Overwritten } from '../../core/witness-records.ts';
import { at, id, jsonb, udeskSync } from './columns.ts';

/** One field that the two sides could not agree on; field `*` is the whole record (promises P2, P3). */
export const conflict = udeskSync.table(
  'conflict',
  {
    id: id(),
    pair: text('pair').notNull(),
    linkId: bigint('link_id', { mode: 'number' }).notNull(),
    field: text('field').notNull(),
    kind: text('kind').notNull(),
    state: text('state').$type<'open' | 'resolving' | 'resolved' | 'converged'>().notNull(),
    base: jsonb<FieldBase | null>()('base'),
    udesk: jsonb<Value | null>()('udesk'),
    crm: jsonb<Value | null>()('crm'),
    udeskAt: text('udesk_at'),
    crmAt: text('crm_at'),
    reason: text('reason').notNull(),
    /** Edits that a write of ours replaced unseen, as the side's history tells (src/core/witness.ts). They outlive the kind. */
    overwritten: jsonb<Overwritten[]>()('overwritten').notNull().default([]),
    /** An undo left both sides different. It outlives the kind, until they are equal or a person decides. */
    undone: boolean('undone').notNull().default(false),
    resolvedBy: text('resolved_by'),
    decisionId: bigint('decision_id', { mode: 'number' }),
    /** What kind of difference it is (src/core/conflict-pattern.ts); null until the end of the cycle that opened it. */
    pattern: text('pattern'),
    /** Opened, changed or learnt of since its pattern was found. A decision keeps the pattern of what was decided. */
    unclassified: boolean('unclassified').notNull().default(true),
    /** What a person took, as evidence for a rule; counts while the decision stands (`decision_id`). */
    personTake: text('person_take').$type<Take>(),
    /** Udesk's id of the customer's owner, as last planned: what the inbox filters by (src/store/conflict-search.ts). */
    owner: text('owner'),
    /** Who made the edit of the CRM that it is about, as far as the CRM told (src/store/conflict-search.ts). */
    crmAuthor: jsonb<EditAuthor | null>()('crm_author'),
    /** Who made the edits that it is about, as far as the CRM and the histories that were read tell. */
    authors: text('authors').array().notNull().default([]),
    /** The person who shall decide it; moves nothing else, `changed_at` least of all. */
    assignee: text('assignee'),
    openedAt: at('opened_at').notNull(),
    changedAt: at('changed_at').notNull(),
    closedAt: at('closed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    index('conflict_id').on(table.id),
    uniqueIndex('conflict_active')
      .on(table.pair, table.linkId, table.field)
      .where(sql`state in ('open', 'resolving')`),
    index('conflict_state').on(table.pair, table.state, table.id),
    index('conflict_link').on(table.pair, table.linkId),
    // The inbox in the order of its customers.
    index('conflict_customer').on(table.linkId, table.id),
    // The inbox: a page in the order of opening, and the counts beside it.
    index('conflict_open').on(table.id).where(sql`state = 'open'`),
    // Similar ones: the open ones of a group, and what people decided about it before.
    index('conflict_similar')
      .on(table.pair, table.field, table.kind, table.pattern, table.id)
      .where(sql`state = 'open' and pattern is not null`),
    index('conflict_evidence')
      .on(table.pair, table.field, table.kind, table.pattern, table.personTake, table.id)
      .where(sql`person_take is not null and decision_id is not null and pattern is not null`),
    index('conflict_unclassified').on(table.pair, table.state, table.id).where(sql`unclassified`),
    index('conflict_field').on(table.field, table.id),
    index('conflict_assigned').on(table.assignee, table.id).where(sql`assignee is not null`),
  ],
);

/** The words by which a conflict is found: names, keys and ids of the customer, and the values in question. */
export const conflictSearch = udeskSync.table(
  'conflict_search',
  {
    pair: text('pair').notNull(),
    conflictId: bigint('conflict_id', { mode: 'number' }).notNull(),
    /** Lower case, one word or value per line. */
    words: text('words').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.conflictId] }),
    // Personal data: it goes with the conflict, whoever deletes that.
    foreignKey({
      columns: [table.pair, table.conflictId],
      foreignColumns: [conflict.pair, conflict.id],
    }).onDelete('cascade'),
    // No pending list: a search would read it from end to end.
    index('conflict_search_grams')
      .using('gin', sql`udesk_sync.grams(${table.words})`)
      .with({ fastupdate: 'off' }),
  ],
);

/** What people wrote beside a conflict; append-only. That it was written is in the log of decisions, the words are here alone. */
export const conflictNote = udeskSync.table(
  'conflict_note',
  {
    id: id(),
    pair: text('pair').notNull(),
    conflictId: bigint('conflict_id', { mode: 'number' }).notNull(),
    who: text('who').notNull(),
    text: text('text').notNull(),
    at: at('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    foreignKey({
      columns: [table.pair, table.conflictId],
      foreignColumns: [conflict.pair, conflict.id],
    }).onDelete('cascade'),
    index('conflict_note_conflict').on(table.pair, table.conflictId, table.id),
  ],
);
