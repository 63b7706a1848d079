/** What was said on which alert channel: it outlives a restart, and is shared by all processes. */
import { sql } from 'drizzle-orm';
import type { SaidAlert } from '../core/alert.ts';
import { type Db, rows, textArray } from './tx.ts';

export interface ChannelMemory {
  readonly said: readonly SaidAlert[];
  readonly digestDay: string | null;
}

/**
 * The channel for this process alone, for a while: two daemons must not say the same twice. By the database's clock; a
 * claim that lies further ahead than any lasts was made before that was set back, and lasts for `ttlMs` more.
 * @returns null while another process has it
 */
export async function claimChannel(
  db: Db,
  channel: string,
  owner: string,
  ttlMs: number,
): Promise<ChannelMemory | null> {
  const until = sql`now() + ${ttlMs} * interval '1 millisecond'`;
  await db.execute(
    sql`update udesk_sync.alert_channel set claimed_until = clock_timestamp() + ${ttlMs} * interval '1 millisecond'
        where channel = ${channel} and claimed_until > clock_timestamp() + 2 * ${ttlMs}::float8 * interval '1 millisecond'`,
  );
  const [mine] = await rows<{ digest_day: string | null }>(
    db,
    sql`insert into udesk_sync.alert_channel as c (channel, claimed_by, claimed_until)
        values (${channel}, ${owner}, ${until})
        on conflict (channel) do update set claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
          where c.claimed_by is null or c.claimed_by = excluded.claimed_by or c.claimed_until <= now()
        returning digest_day`,
  );
  if (mine === undefined) return null;
  const found = await rows<{ key: string; state: SaidAlert['state']; opened: number; said: number }>(
    db,
    sql`select key, state, (extract(epoch from opened_at) * 1000)::float8 as opened,
          (extract(epoch from said_at) * 1000)::float8 as said
        from udesk_sync.alert where channel = ${channel}`,
  );
  return {
    digestDay: mine.digest_day,
    said: found.map((row) => ({
      key: row.key,
      state: row.state,
      openedAt: Math.round(row.opened),
      saidAt: Math.round(row.said),
    })),
  };
}

/** All at once or nothing, and only while the channel is still ours; false when it is not. */
export async function saveSaid(
  db: Db,
  channel: string,
  owner: string,
  change: {
    readonly said: readonly SaidAlert[];
    readonly forget: readonly string[];
    readonly digestDay: string | null;
  },
): Promise<boolean> {
  return await db.transaction(async (tx) => {
    const [mine] = await rows(
      tx,
      sql`select 1 from udesk_sync.alert_channel where channel = ${channel} and claimed_by = ${owner} for update`,
    );
    if (mine === undefined) return false;
    for (const { key, state, openedAt, saidAt } of change.said) {
      const [opened, said] = [openedAt, saidAt].map((ms) => new Date(ms).toISOString());
      await tx.execute(
        sql`insert into udesk_sync.alert (channel, key, state, opened_at, said_at)
            values (${channel}, ${key}, ${state}, ${opened}::timestamptz, ${said}::timestamptz)
            on conflict (channel, key) do update
              set state = excluded.state, opened_at = excluded.opened_at, said_at = excluded.said_at`,
      );
    }
    await tx.execute(
      sql`delete from udesk_sync.alert where channel = ${channel} and key = any(${textArray(change.forget)})`,
    );
    await tx.execute(
      sql`update udesk_sync.alert_channel set digest_day = coalesce(${change.digestDay}, digest_day)
          where channel = ${channel}`,
    );
    return true;
  });
}

/** Lets other processes have it at once. */
export async function releaseChannel(db: Db, channel: string, owner: string): Promise<void> {
  await db.execute(
    sql`update udesk_sync.alert_channel set claimed_by = null where channel = ${channel} and claimed_by = ${owner}`,
  );
}

export interface ConflictCounts {
  readonly pair: string;
  readonly open: number;
  /** In the last 24 hours. */
  readonly opened: number;
  readonly closed: number;
  readonly oldestMs: number | null;
  readonly parked: number;
}

/** For the digest: counts only. One per name that has any. */
export async function conflictCounts(db: Db, pairs: readonly string[]): Promise<ConflictCounts[]> {
  const found = await rows<{
    pair: string;
    open: string;
    opened: string;
    closed: string;
    oldest_ms: number | null;
    parked: string;
  }>(
    db,
    sql`select p.name as pair, c.open, c.opened, c.closed, c.oldest_ms,
          (select count(*)::text from udesk_sync.parked x where x.pair = p.name and x.state = 'parked') as parked
        from udesk_sync.pair p
        cross join lateral (
          select (count(*) filter (where state in ('open', 'resolving')))::text as open,
            (count(*) filter (where opened_at > now() - interval '1 day'))::text as opened,
            (count(*) filter (where closed_at > now() - interval '1 day'))::text as closed,
            (extract(epoch from now() - min(opened_at) filter (where state in ('open', 'resolving'))) * 1000)::float8
              as oldest_ms
          from udesk_sync.conflict where pair = p.name) c
        where p.name = any(${textArray(pairs)}) order by p.name`,
  );
  return found.map((row) => ({
    pair: row.pair,
    open: Number(row.open),
    opened: Number(row.opened),
    closed: Number(row.closed),
    oldestMs: row.oldest_ms,
    parked: Number(row.parked),
  }));
}
