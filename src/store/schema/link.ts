import { sql } from 'drizzle-orm';
import { bigint, boolean, index, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { FieldBase } from '../../core/link.ts';
import type { SideName } from '../../core/record.ts';
import { at, id, jsonb, udeskSync } from './columns.ts';

/**
 * Udesk customer U and CRM record C are the same person. An id may be null while its record is to be created;
 * a candidate (review) holds the ids of all who might be meant.
 */
export const link = udeskSync.table(
  'link',
  {
    id: id(),
    pair: text('pair').notNull(),
    udeskId: text('udesk_id'),
    crmId: text('crm_id'),
    state: text('state').$type<'candidate' | 'confirmed' | 'rejected' | 'broken'>().notNull(),
    evidence: jsonb<unknown[]>()('evidence').notNull(),
    candidates: jsonb<{ udesk: string[]; crm: string[] }>()('candidates'),
    /** Identity of a review: its candidate ids, so that the same question is asked once. */
    candidateKey: text('candidate_key'),
    score: text('score'),
    reason: text('reason'),
    /** One base per side and field (sync design §3). */
    bases: jsonb<Record<string, FieldBase>>()('bases').notNull().default({}),
    dirty: boolean('dirty').notNull().default(true),
    /** Its bases came from a backup: what moved since then is not known, so the next plan decides nothing by them alone. */
    rebased: boolean('rebased').notNull().default(false),
    decidedBy: text('decided_by').notNull(),
    createdAt: at('created_at').notNull(),
    changedAt: at('changed_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.id] }),
    index('link_id').on(table.id),
    uniqueIndex('link_udesk').on(table.pair, table.udeskId).where(sql`state = 'confirmed'`),
    uniqueIndex('link_crm').on(table.pair, table.crmId).where(sql`state = 'confirmed'`),
    uniqueIndex('link_candidate').on(table.pair, table.candidateKey).where(sql`candidate_key is not null`),
    index('link_dirty').on(table.pair, table.id).where(sql`dirty and state = 'confirmed'`),
    index('link_state').on(table.pair, table.state, table.id),
    // Whoever held a record once, too: a customer's history asks for them.
    index('link_udesk_ever').on(table.pair, table.udeskId),
    index('link_crm_ever').on(table.pair, table.crmId),
    index('link_asked')
      .using('gin', sql`candidates jsonb_path_ops`)
      .with({ fastupdate: 'off' })
      .where(sql`state = 'candidate'`),
    index('link_moved')
      .using('gin', sql`evidence jsonb_path_ops`)
      // Each cycle asks it for many: the list of what is pending would be read for each of them.
      .with({ fastupdate: 'off' })
      .where(sql`jsonb_path_exists(evidence, '$[*].from')`),
  ],
);

/** Natural keys of records about to be created: two creates of one person cannot both pass (promise P5). */
export const claim = udeskSync.table(
  'claim',
  {
    pair: text('pair').notNull(),
    side: text('side').$type<SideName>().notNull(),
    key: text('key').notNull(),
    linkId: bigint('link_id', { mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.pair, table.side, table.key] }),
    index('claim_link').on(table.pair, table.linkId),
  ],
);
