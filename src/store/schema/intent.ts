import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { HalfWrite } from '../../core/link.ts';
import type { GuardClass } from '../../core/plan.ts';
import type { Patch, SideName } from '../../core/record.ts';
import type { Value } from '../../core/value.ts';
import { at, id, jsonb, udeskSync } from './columns.ts';

export const INTENT_STATES = [
  'planned',
  'held',
  'pending',
  'sending',
  'unknown',
  'settled',
  'dropped',
  'parked',
] as const;

export type IntentState = (typeof INTENT_STATES)[number];

/** `none`: the side keeps no history, so nobody can say. */
export type WitnessState = 'due' | 'clean' | 'overwritten' | 'unclear' | 'none';

/** The outbox: one durable intended write of one record, recorded before it is sent (promises P5, P9). */
export const intent = udeskSync.table(
  'intent',
  {
    id: id(),
    pair: text('pair').notNull(),
    linkId: bigint('link_id', { mode: 'number' }).notNull(),
    runId: bigint('run_id', { mode: 'number' }).notNull(),
    side: text('side').$type<SideName>().notNull(),
    op: text('op').$type<'create' | 'update' | 'delete'>().notNull(),
    guardClass: text('guard_class').$type<GuardClass>().notNull(),
    remoteId: text('remote_id'),
    patch: jsonb<Patch>()('patch').notNull(),
    reasons: jsonb<Record<string, string>>()('reasons').notNull(),
    source: jsonb<Record<string, Value>>()('source').notNull(),
    /** Fields of which this is one half (src/core/link.ts). */
    halves: jsonb<Record<string, HalfWrite>>()('halves').notNull().default({}),
    /** By field: the decision that this write carries out. */
    decisions: jsonb<Record<string, string>>()('decisions').notNull().default({}),
    /** Which planning of the run: intents of one round and link are halves of one plan. */
    round: integer('round').notNull().default(1),
    /** A person let this through, or accepted the first plan: it does not count against the guards' windows. */
    approved: boolean('approved').notNull().default(false),
    marker: text('marker'),
    state: text('state').$type<IntentState>().notNull(),
    /** 0: a person decided it; 1: an ordinary change; 2: a create. Lower goes first. */
    priority: integer('priority').notNull(),
    attempts: integer('attempts').notNull().default(0),
    /** How often an unknown outcome was looked for. */
    looks: integer('looks').notNull().default(0),
    lookedAt: at('looked_at'),
    fence: bigint('fence', { mode: 'number' }),
    notBefore: at('not_before'),
    /** The batch that carried it, and its place there; stays when it has to be sent again on its own. */
    batchId: bigint('batch_id', { mode: 'number' }),
    batchRow: integer('batch_row'),
    /** Not for a batch: one cannot carry it, or one carried it before. */
    alone: boolean('alone').notNull().default(false),
    /** What the target held after the write, for the patched fields. */
    result: jsonb<Record<string, Value> | null>()('result'),
    error: text('error'),
    createdAt: at('created_at').notNull(),
    sentAt: at('sent_at'),
    /** The run that sent it last: another one than planned it where it had to wait. */
    sentRunId: bigint('sent_run_id', { mode: 'number' }),
    /**
     * The side's clock minus ours at the look before it was sent last: whatever was set since, its times are of then. Of a create,
     * Udesk's: the guard counts by it.
     */
    sentSkewMs: bigint('sent_skew_ms', { mode: 'number' }),
    settledAt: at('settled_at'),
    /** When the target was last asked for its pre-image before the write was sent. */
    verifiedAt: at('verified_at'),
    /** Null: needs none. Whether the side's history was asked, after the write was settled, what it replaced. */
    witness: text('witness').$type<WitnessState>(),
    /** Why nothing can be said. */
    witnessReason: text('witness_reason'),
    /** Fields whose echo has come: a callback that told us of our own write (src/core/own-echo.ts). */
    echoed: text('echoed').array().notNull().default([]),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    uniqueIndex('intent_active')
      .on(table.pair, table.linkId, table.side)
      .where(sql`state in ('planned', 'held', 'pending', 'sending', 'unknown')`),
    index('intent_work')
      .on(table.pair, table.priority, table.id)
      .where(sql`state in ('planned', 'held', 'pending', 'sending', 'unknown')`),
    index('intent_link').on(table.pair, table.linkId),
    // A cycle stays on record as long as its writes do.
    index('intent_run').on(table.pair, table.runId),
    // What arrived lately: the lag of the metrics, and of the report.
    index('intent_settled').on(table.settledAt).where(sql`state = 'settled'`),
    index('intent_batch').on(table.pair, table.batchId).where(sql`batch_id is not null`),
    // How far a backfill is.
    index('intent_created')
      .on(table.pair, table.side, table.settledAt)
      .where(sql`op = 'create' and state = 'settled'`),
    index('intent_witness').on(table.pair, table.id).where(sql`witness = 'due'`),
  ],
);

/** Many creates on one side, carried by batches. At most one per pair and side is under way. */
export const backfill = udeskSync.table(
  'backfill',
  {
    id: id(),
    pair: text('pair').notNull(),
    side: text('side').$type<SideName>().notNull(),
    startedAt: at('started_at').notNull(),
    endedAt: at('ended_at'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    uniqueIndex('backfill_active').on(table.pair, table.side).where(sql`ended_at is null`),
  ],
);

/** One call that creates many. Its rows are the intents that name it. */
export const batch = udeskSync.table(
  'batch',
  {
    id: id(),
    pair: text('pair').notNull(),
    backfillId: bigint('backfill_id', { mode: 'number' }).notNull(),
    rows: integer('rows').notNull(),
    sentAt: at('sent_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    index('batch_backfill').on(table.pair, table.backfillId, table.id),
  ],
);

/** Set aside for a person, while the rest goes on. */
export const parked = udeskSync.table(
  'parked',
  {
    id: id(),
    pair: text('pair').notNull(),
    linkId: bigint('link_id', { mode: 'number' }),
    intentId: bigint('intent_id', { mode: 'number' }),
    side: text('side').$type<SideName>().notNull(),
    remoteId: text('remote_id'),
    kind: text('kind').notNull(),
    /** The vendor's own words. */
    message: text('message').notNull(),
    state: text('state').$type<'parked' | 'retried' | 'dropped'>().notNull(),
    at: at('at').notNull(),
    closedAt: at('closed_at'),
    /** The last run that had begun when a person answered it. */
    closedRunId: bigint('closed_run_id', { mode: 'number' }),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    index('parked_id').on(table.id),
    index('parked_state').on(table.pair, table.state, table.id),
  ],
);
