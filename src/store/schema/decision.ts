import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { ConflictKind } from '../../core/link.ts';
import type { RuleTake } from '../../core/review-rule.ts';
import type { Value } from '../../core/value.ts';
import { at, id, jsonb, udeskSync } from './columns.ts';

/** A person's choice, or a rule's on a person's behalf; append-only but for its undoing. */
export const decision = udeskSync.table(
  'decision',
  {
    id: id(),
    pair: text('pair').notNull(),
    conflictId: bigint('conflict_id', { mode: 'number' }).notNull(),
    who: text('who').notNull(),
    take: text('take').$type<'udesk' | 'crm' | 'base' | 'value'>().notNull(),
    value: jsonb<Value | null>()('value'),
    /** The person whom it was about was forgotten: the value is gone, that it was decided is not. */
    erased: boolean('erased').notNull().default(false),
    /** The rule that decided; null: somebody did. */
    ruleId: bigint('rule_id', { mode: 'number' }),
    /** A person took it back, or undid what it wrote. */
    undoneBy: text('undone_by'),
    at: at('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    index('decision_id').on(table.id),
    index('decision_conflict').on(table.pair, table.conflictId),
    index('decision_rule').on(table.pair, table.ruleId, table.id).where(sql`rule_id is not null`),
  ],
);

/**
 * What people decided, in an order that cannot be changed unseen: each row holds the digest of the one before it
 * (src/core/decision-chain.ts). `entry` is text, because the digest is made of these very bytes.
 */
export const decisionLog = udeskSync.table('decision_log', {
  seq: bigint('seq', { mode: 'number' }).primaryKey(),
  /** The row of `decision` that it is about; null for everything else. */
  decisionId: bigint('decision_id', { mode: 'number' }),
  entry: text('entry').notNull(),
  /** Goes into the digests of values in `entry`; null once the person was forgotten, so that nobody can guess them. */
  salt: text('salt'),
  previousHash: text('previous_hash').notNull(),
  hash: text('hash').notNull(),
});

/** Why a rule ended: somebody turned it off · people undid its decisions · the field is mapped in another way · restore of a backup. */
export type RuleEnd = 'person' | 'undone' | 'mapping-changed' | 'restored';

/**
 * "Conflicts of this group take that side", turned on by a person (src/core/review-rule.ts). It changes only by its end;
 * turned on again it is another one.
 */
export const reviewRule = udeskSync.table(
  'review_rule',
  {
    id: id(),
    pair: text('pair').notNull(),
    field: text('field').notNull(),
    kind: text('kind').$type<ConflictKind>().notNull(),
    pattern: text('pattern').notNull(),
    take: text('take').$type<RuleTake>().notNull(),
    /** What the person was shown: of `total` past decisions so many took the same. */
    agrees: integer('agrees').notNull(),
    total: integer('total').notNull(),
    /** Conflicts with lower ids were open then, and were left to people; 0: those were meant, too. */
    fromConflictId: bigint('from_conflict_id', { mode: 'number' }).notNull(),
    onBy: text('on_by').notNull(),
    onAt: at('on_at').notNull(),
    offBy: text('off_by'),
    offAt: at('off_at'),
    offReason: text('off_reason').$type<RuleEnd>(),
    /** Its end by itself was said in the log. */
    endTold: boolean('end_told').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    index('review_rule_id').on(table.id),
    uniqueIndex('review_rule_on')
      .on(table.pair, table.field, table.kind, table.pattern)
      .where(sql`off_at is null`),
  ],
);
