import { sql } from 'drizzle-orm';
import { bigint, bigserial, boolean, index, primaryKey, text } from 'drizzle-orm/pg-core';
import type { EditAuthor } from '../../core/edit-author.ts';
import type { LastEdit, SideName } from '../../core/record.ts';
import type { Value } from '../../core/value.ts';
import { at, jsonb, udeskSync } from './columns.ts';

/** The mirror: what each side was last seen to hold. */
export const record = udeskSync.table(
  'record',
  {
    pair: text('pair').notNull(),
    side: text('side').$type<SideName>().notNull(),
    remoteId: text('remote_id').notNull(),
    fields: jsonb<Record<string, Value>>()('fields').notNull(),
    externalId: text('external_id'),
    version: text('version'),
    updatedAt: text('updated_at'),
    /** Who had changed it last when its content was last seen to change, as the side told; null: it did not. */
    lastEdit: jsonb<LastEdit | null>()('last_edit'),
    /** SHA-256 of fields, external id and version: tells a change without reading the fields. */
    hash: text('hash').notNull(),
    /** Normalised match keys, `kind:value`. */
    keys: text('keys').array().notNull(),
    linkId: bigint('link_id', { mode: 'number' }),
    state: text('state').$type<'live' | 'deleted'>().notNull().default('live'),
    /** Observed since it was last planned. */
    dirty: boolean('dirty').notNull().default(true),
    /** Rises with every stored observation of this record. */
    obsSeq: bigint('obs_seq', { mode: 'number' }).notNull().default(1),
    observedAt: at('observed_at').notNull(),
    /** The run that did: runs are numbered in their order, whatever our clock was set to. Null: none, or not kept then. */
    observedRunId: bigint('observed_run_id', { mode: 'number' }),
    firstSeenAt: at('first_seen_at').notNull().defaultNow(),
    /** As `observed_run_id`. */
    firstSeenRunId: bigint('first_seen_run_id', { mode: 'number' }),
    deletedAt: at('deleted_at'),
    /** Udesk: known, and not shown by the last enumeration that came to its end. Written when that changes only. */
    unlisted: boolean('unlisted').notNull().default(false),
    /** While it is unlisted: when it was last asked for on its own, and when that last found it (any, when a person asked). */
    checkedAt: at('checked_at'),
    verifiedAt: at('verified_at'),
    /** Udesk: when its feed was last read, and whether it should be read again soon (a hint, a write of ours, a conflict). */
    feedReadAt: at('feed_read_at'),
    feedDue: boolean('feed_due').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.side, table.remoteId] }),
    // No pending list: matching looks up thousands of keys, and each look-up would read that list from end to end.
    index('record_keys').using('gin', table.keys).with({ fastupdate: 'off' }),
    index('record_link').on(table.pair, table.linkId),
    index('record_dirty').on(table.pair, table.side, table.linkId).where(sql`dirty and link_id is not null`),
    index('record_unlisted').on(table.pair, table.checkedAt).where(sql`unlisted and state = 'live'`),
    index('record_feed_due').on(table.pair, table.remoteId).where(sql`feed_due and state = 'live'`),
    index('record_unmatched').on(table.pair).where(sql`link_id is null and state = 'live' and dirty`),
    index('record_unlinked')
      .on(table.pair, table.side, table.remoteId)
      .where(sql`link_id is null and state = 'live'`),
  ],
);

/**
 * Append-only: every change that was seen, with what it replaced (promise P12). First sights hold no delta. Partitioned by
 * month of `at` (src/store/partitions.ts); an identity column cannot be had there before Postgres 17.
 */
export const observation = udeskSync.table(
  'observation',
  {
    id: bigserial('id', { mode: 'number' }).notNull(),
    pair: text('pair').notNull(),
    side: text('side').$type<SideName>().notNull(),
    remoteId: text('remote_id').notNull(),
    /** Field → [old, new] in the side's own values. */
    delta: jsonb<Record<string, readonly [Value | null, Value | null]>>()('delta').notNull(),
    lane: text('lane').notNull(),
    runId: bigint('run_id', { mode: 'number' }),
    at: at('at').notNull(),
    /** Who made it, as far as the record itself told (src/core/edit-author.ts); null: it did not, or it was us. */
    author: jsonb<EditAuthor | null>()('author'),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id, table.at] }),
    index('observation_record').on(table.pair, table.side, table.remoteId),
  ],
);

/** Records of people who were forgotten and are still on that side: they are not taken up again. Ids only. */
export const keptOut = udeskSync.table(
  'kept_out',
  {
    pair: text('pair').notNull(),
    side: text('side').$type<SideName>().notNull(),
    remoteId: text('remote_id').notNull(),
    at: at('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.pair, table.side, table.remoteId] })],
);
