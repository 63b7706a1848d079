import { type SQL, sql } from 'drizzle-orm';
import { type Db, type Fence, rows } from './tx.ts';

/**
 * Takes the pair's lease when it is free or has run out; the fencing number rises with every taking.
 * The database's clock decides, so that processes on machines with different clocks agree. An end that lies further ahead
 * than any lease lasts was written before that clock was set back: whoever lives renews it within moments, and who does not
 * has it for `ttlMs` more.
 * @param ttlMs the same for all who take leases
 * @returns the fence, or who owns the lease and for how long still.
 */
export async function acquireLease(
  db: Db,
  pair: string,
  owner: string,
  ttlMs: number,
): Promise<{ ok: true; fence: Fence } | { ok: false; owner: string; remainingMs: number }> {
  const taken = await rows<{ fence: string }>(
    db,
    sql`insert into udesk_sync.lease as l (pair, owner, fence, expires_at)
        values (${pair}, ${owner}, 1, now() + ${ttlMs} * interval '1 millisecond')
        on conflict (pair) do update
          set owner = excluded.owner, fence = l.fence + 1, expires_at = excluded.expires_at
          where l.expires_at <= now()
        returning fence`,
  );
  const first = taken[0];
  if (first !== undefined) return { ok: true, fence: { pair, owner, fence: Number(first.fence) } };
  // By the clock of this moment: a statement that waited for the holder's transaction must not judge by an older one.
  const end = (ms: number) => sql`clock_timestamp() + ${ms} * interval '1 millisecond'`;
  await db.execute(
    sql`update udesk_sync.lease set expires_at = ${end(ttlMs)} where pair = ${pair} and expires_at > ${end(2 * ttlMs)}`,
  );
  const [held] = await rows<{ owner: string; remaining_ms: string }>(
    db,
    sql`select owner, greatest(0, extract(epoch from expires_at - now()) * 1000)::bigint as remaining_ms
        from udesk_sync.lease where pair = ${pair}`,
  );
  return { ok: false, owner: held?.owner ?? 'unknown', remainingMs: Number(held?.remaining_ms ?? 0) };
}

/** Takes the lease of an owner that is known to have died, without waiting for it to run out. */
export async function takeOverLease(
  db: Db,
  pair: string,
  deadOwner: string,
  owner: string,
  ttlMs: number,
): Promise<Fence | null> {
  const [taken] = await rows<{ fence: string }>(
    db,
    sql`update udesk_sync.lease
        set owner = ${owner}, fence = fence + 1, expires_at = now() + ${ttlMs} * interval '1 millisecond'
        where pair = ${pair} and owner = ${deadOwner} returning fence`,
  );
  return taken === undefined ? null : { pair, owner, fence: Number(taken.fence) };
}

/** `locked`: by somebody who decides (`lockOutCycle`) or is about to take it; ours still, and to be tried again soon. */
export type Renewal = 'renewed' | 'lost' | 'locked';

/** Waits for nobody: behind one lease that is locked the others of this process would run out. */
export async function renewLease(db: Db, fence: Fence, ttlMs: number): Promise<Renewal> {
  const ours = sql`pair = ${fence.pair} and owner = ${fence.owner} and fence = ${fence.fence}`;
  const [found] = await rows<{ renewed: boolean; held: boolean }>(
    db,
    sql`with free as (select pair from udesk_sync.lease where ${ours} for no key update skip locked),
          renewed as (
            update udesk_sync.lease l set expires_at = now() + ${ttlMs} * interval '1 millisecond'
            from free where l.pair = free.pair returning 1
          )
        select exists (select 1 from renewed) as renewed, exists (select 1 from udesk_sync.lease where ${ours}) as held`,
  );
  if (found?.renewed === true) return 'renewed';
  return found?.held === true ? 'locked' : 'lost';
}

/**
 * Frees the pair for the next owner; the row stays, so that fencing numbers keep rising. It belongs to nobody then, so
 * that a renewal which arrives late does not bring it back.
 */
export async function releaseLease(db: Db, fence: Fence): Promise<void> {
  await db.execute(
    sql`update udesk_sync.lease set expires_at = now(), owner = ''
        where pair = ${fence.pair} and owner = ${fence.owner} and fence = ${fence.fence}`,
  );
}

/**
 * For what a person decides: waits for the transaction that a cycle has open (`fenced`) and keeps its next one out
 * until ours ends, so that a decision falls before or after it, never inside. It does not wait for the whole cycle.
 * @param pair its name, or a scalar query for it
 */
export async function lockOutCycle(tx: Db, pair: string | SQL): Promise<void> {
  await tx.execute(sql`select 1 from udesk_sync.lease where pair = ${pair} for update`);
}
