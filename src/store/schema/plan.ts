import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { PlanSample } from '../../core/plan-sample.ts';
import type { SideName } from '../../core/record.ts';
import { at, id, jsonb, udeskSync } from './columns.ts';

export type GuardState = 'waiting' | 'approved' | 'rejected' | 'superseded';

/** A plan, or the destructive part of one, that waits for a person. */
export const guard = udeskSync.table(
  'guard',
  {
    pair: text('pair').notNull(),
    hash: text('hash').notNull(),
    /** rejected: a person said no to exactly this plan; it is held, and nobody is asked about it again. */
    state: text('state').$type<GuardState>().notNull(),
    tripped: jsonb<{ guard: string; message: string }[]>()('tripped').notNull(),
    writes: integer('writes').notNull(),
    /** The first of the writes that it holds; null once the plan was overtaken. */
    sample: jsonb<PlanSample | null>()('sample'),
    openedAt: at('opened_at').notNull(),
    closedAt: at('closed_at'),
  },
  (table) => [primaryKey({ columns: [table.pair, table.hash] })],
);

/** What is known of an account or table: for a person who says whether it is the one that is meant. */
export interface AccountFacts {
  readonly fingerprint: string;
  /** In words, without a secret; null where the side does not say. */
  readonly name: string | null;
  /** How many records; null where it is not known. */
  readonly records: number | null;
}

/**
 * waiting: nobody said anything yet; approving: a person said yes, and the next cycle looks whether it still is that one;
 * approved: it is the pair's account now; rejected: a person said no, and it goes on waiting; moved: another account
 * answered then, or the old one again.
 */
export const ACCOUNT_STATES = ['waiting', 'approving', 'approved', 'rejected', 'moved'] as const;

export type AccountState = (typeof ACCOUNT_STATES)[number];

/**
 * Another account or table answers on a side than the one that the pair was made with (promises P7, P8): nothing is read
 * or written there before a person says yes to exactly this one.
 */
export const accountChange = udeskSync.table(
  'account_change',
  {
    pair: text('pair').notNull(),
    hash: text('hash').notNull(),
    side: text('side').$type<SideName>().notNull(),
    state: text('state').$type<AccountState>().notNull(),
    /** The one that the pair was made with; of it, the records of the mirror. */
    before: jsonb<AccountFacts>()('before').notNull(),
    now: jsonb<AccountFacts>()('now').notNull(),
    openedAt: at('opened_at').notNull(),
    closedAt: at('closed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.hash] }),
    uniqueIndex('account_change_open')
      .on(table.pair, table.side)
      .where(sql`state in ('waiting', 'approving', 'rejected')`),
  ],
);

/** Of each side on its own: both may have changed, and a word about one leaves the other as it is. */
export type AccountKind = `account-${SideName}`;

export type ApprovalKind = 'first-plan' | 'guard' | AccountKind;

export type ApprovalState = 'waiting' | 'done' | 'moved' | 'replaced';

/**
 * What a person said about a plan, by its hash; append-only but for its end. The next cycle reads what waits, and does
 * exactly the plan with this hash, or nothing.
 */
export const approval = udeskSync.table(
  'approval',
  {
    id: id(),
    pair: text('pair').notNull(),
    kind: text('kind').$type<ApprovalKind>().notNull(),
    hash: text('hash').notNull(),
    verdict: text('verdict').$type<'approve' | 'reject'>().notNull(),
    who: text('who').notNull(),
    at: at('at').notNull(),
    /** moved: the world did, so the plan was not carried out; replaced: a person said something else later. */
    state: text('state').$type<ApprovalState>().notNull(),
    closedAt: at('closed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    uniqueIndex('approval_waiting').on(table.pair, table.kind).where(sql`state = 'waiting'`),
    index('approval_plan').on(table.pair, table.hash),
  ],
);
