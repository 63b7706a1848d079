import { index, integer, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { at, id, udeskSync } from './columns.ts';

/** A signed-in browser. Only the digest of its cookie is kept: who reads this table cannot sign in with it. */
export const session = udeskSync.table(
  'session',
  {
    idHash: text('id_hash').primaryKey(),
    userName: text('user_name').notNull(),
    /** Digest of the password hash at sign-in: a new password ends the sessions of the old one. */
    credential: text('credential').notNull(),
    createdAt: at('created_at').notNull(),
    seenAt: at('seen_at').notNull(),
    expiresAt: at('expires_at').notNull(),
  },
  (table) => [index('session_expires').on(table.expiresAt)],
);

/** Filters of the inbox that a person keeps under a name. */
export const inboxView = udeskSync.table(
  'inbox_view',
  {
    id: id().primaryKey(),
    who: text('who').notNull(),
    name: text('name').notNull(),
    /** The parameters of the inbox's address, without a place in it. */
    query: text('query').notNull(),
    /** What is searched for in it: the part that may be about a person. */
    words: text('words'),
    at: at('at').notNull(),
  },
  (table) => [uniqueIndex('inbox_view_name').on(table.who, table.name)],
);

/** Requests that a program may send again: what the first one was answered is what all of them are answered. */
export const idempotency = udeskSync.table(
  'idempotency',
  {
    /** Digest of who asked and the key that he chose. */
    keyHash: text('key_hash').primaryKey(),
    requestHash: text('request_hash').notNull(),
    /** Null while the first request is being answered. */
    status: integer('status'),
    body: text('body'),
    at: at('at').notNull(),
  },
  (table) => [index('idempotency_at').on(table.at)],
);
