import { sql } from 'drizzle-orm';
import type { ReplicaState } from './schema/replica.ts';
import { type Db, jsonParam, rows } from './tx.ts';

/** Who says nothing for so long is gone, wherever it ran: shorter than a lease, so that the lease is what is waited for. */
export const REPLICA_TTL_MS = 6_000;
/** How often a replica says that it lives, and looks who else does. */
export const BEAT_MS = 2_000;

/**
 * Says that this daemon lives, and returns the owners of all that do, itself among them. By the database's clock, so
 * that machines with different clocks agree. Who spoke at a time ahead did so before that clock was set back: whoever lives
 * speaks again within moments, and who does not is gone after the usual silence.
 */
export async function beat(db: Db, owner: string, state: ReplicaState): Promise<string[]> {
  await db.execute(
    sql`insert into udesk_sync.replica (owner, seen_at, state) values (${owner}, now(), ${jsonParam(state)})
        on conflict (owner) do update set seen_at = excluded.seen_at, state = excluded.state`,
  );
  await db.execute(
    sql`update udesk_sync.replica set seen_at = clock_timestamp()
        where seen_at > clock_timestamp() + ${REPLICA_TTL_MS} * interval '1 millisecond'`,
  );
  return (await liveReplicas(db)).map((replica) => replica.owner);
}

export interface ReplicaRow extends ReplicaState {
  readonly owner: string;
  /** Since it last said that it lives. */
  readonly silentMs: number;
}

/** Those that spoke lately; the longest silent last. */
export async function liveReplicas(db: Db): Promise<ReplicaRow[]> {
  const found = await rows<{ owner: string; state: string; silent_ms: string }>(
    db,
    sql`select owner, state::text as state, greatest(0, extract(epoch from now() - seen_at) * 1000)::bigint as silent_ms
        from udesk_sync.replica
        where seen_at > now() - ${REPLICA_TTL_MS} * interval '1 millisecond' order by seen_at desc, owner`,
  );
  return found.map(({ owner, state, silent_ms }) => ({
    ...(JSON.parse(state) as ReplicaState),
    owner,
    silentMs: Number(silent_ms),
  }));
}

/** A replica that stops, or one that is known to have died: the others need not wait for its silence. */
export async function leave(db: Db, owner: string): Promise<void> {
  await db.execute(
    sql`delete from udesk_sync.replica where owner = ${owner} or seen_at < now() - interval '1 day'`,
  );
}
