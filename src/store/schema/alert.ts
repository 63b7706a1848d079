import { primaryKey, text } from 'drizzle-orm/pg-core';
import { at, udeskSync } from './columns.ts';

/** Where alerts go. Known by a digest of its address: the address itself often is a secret. */
export const alertChannel = udeskSync.table('alert_channel', {
  channel: text('channel').primaryKey(),
  /** The day of the last conflict digest, in the configuration's time zone: `2026-11-25`. */
  digestDay: text('digest_day'),
  /** Which process is sending now. It runs out: a killed one keeps nobody silent. */
  claimedBy: text('claimed_by'),
  claimedUntil: at('claimed_until'),
});

/** What was said on a channel, written down after it was delivered (src/core/alert.ts). */
export const alert = udeskSync.table(
  'alert',
  {
    channel: text('channel').notNull(),
    key: text('key').notNull(),
    state: text('state').$type<'open' | 'closed'>().notNull(),
    openedAt: at('opened_at').notNull(),
    saidAt: at('said_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.channel, table.key] })],
);
