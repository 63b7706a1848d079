import { boolean, integer, primaryKey, text } from 'drizzle-orm/pg-core';
import type { SideName } from '../../core/record.ts';
import { at, jsonb, udeskSync } from './columns.ts';

/** One option of a custom field: its value on the wire, and what people see. */
export interface OptionRow {
  readonly value: string;
  readonly label: string;
}

/** What a custom field meant when it was accepted. */
export interface PinnedField {
  readonly type: string;
  readonly options: readonly OptionRow[];
}

/** Metadata of Udesk's custom fields as last read, with the option labels that the mapping was pinned to. */
export const customField = udeskSync.table(
  'custom_field',
  {
    pair: text('pair').notNull(),
    name: text('name').notNull(),
    label: text('label'),
    contentType: text('content_type').notNull(),
    required: boolean('required').notNull().default(false),
    /** Value on the wire → label, as Udesk says now. */
    options: jsonb<readonly OptionRow[]>()('options').notNull(),
    /** As it was when the mapping was accepted: a difference is drift, never a silent change of meaning. */
    pinned: jsonb<PinnedField>()('pinned').notNull(),
    observedAt: at('observed_at').notNull(),
    vanishedAt: at('vanished_at'),
  },
  (table) => [primaryKey({ columns: [table.pair, table.name] })],
);

/** What `check --live` last found of a two-way field (src/store/mapping-checks.ts). */
export const mappingCheck = udeskSync.table(
  'mapping_check',
  {
    pair: text('pair').notNull(),
    field: text('field').notNull(),
    /** Digest of what the laws depend on: declared anew, the field has not been looked at. */
    meaning: text('meaning').notNull(),
    checked: integer('checked').notNull(),
    breaks: jsonb<readonly { side: SideName; law: string; id: string }[]>()('breaks').notNull(),
    checkedAt: at('checked_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.pair, table.field] })],
);
