import { text } from 'drizzle-orm/pg-core';
import type { SideName } from '../../core/record.ts';
import { at, jsonb, udeskSync } from './columns.ts';

/** Daemons on this database that live: each says so every few seconds. Who is silent for longer shares no pairs any more. */
export const replica = udeskSync.table('replica', {
  owner: text('owner').primaryKey(),
  seenAt: at('seen_at').notNull(),
  /** What it says of itself (src/store/replicas.ts), for `status` and `check`. */
  state: jsonb<ReplicaState>()('state').notNull(),
});

export interface ReplicaState {
  /** Those that it works on. */
  readonly pairs: readonly string[];
  /** Endpoints that it leaves alone because they fail. */
  readonly breakers: readonly {
    readonly pair: string;
    readonly side: SideName;
    /** Method, host and path, without ids. */
    readonly endpoint: string;
    readonly state: 'open' | 'half-open';
    readonly waitMs: number;
  }[];
}
