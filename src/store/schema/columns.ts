import { bigint, customType, pgSchema, timestamp } from 'drizzle-orm/pg-core';
import { fromJsonb, toJsonb } from '../jsonb.ts';

/**
 * The internal tables. They are not an interface: people report from the schema `report`.
 * Every unique key of a table with a pair begins with the pair, and so does every reference to such a table: rows can be
 * partitioned or spread by it (docs/decisions/0039). A plain index on `id` stands where people name a row by its id alone,
 * or turn over pages of all pairs.
 */
export const udeskSync = pgSchema('udesk_sync');

export const jsonb = <T>() =>
  customType<{ data: T; driverData: string }>({
    dataType: () => 'jsonb',
    toDriver: (value) => toJsonb(value),
    fromDriver: (stored) => fromJsonb<T>(stored),
  });

export const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date', precision: 3 });

/** Of all pairs one sequence: an id alone still names one row. */
export const id = () => bigint('id', { mode: 'number' }).generatedAlwaysAsIdentity();
