/** Signed-in browsers. Times come from the caller; the digest of a cookie is all that is stored of it. */
import { sql } from 'drizzle-orm';
import { type Db, rows } from './tx.ts';

export interface NewSession {
  readonly idHash: string;
  readonly userName: string;
  readonly credential: string;
  readonly at: Date;
  readonly expiresAt: Date;
}

/** Also forgets what has run out, so that the table stays as small as the number of people. */
export async function createSession(db: Db, session: NewSession): Promise<void> {
  const at = session.at.toISOString();
  await db.execute(sql`delete from udesk_sync.session where expires_at <= ${at}::timestamptz`);
  await db.execute(
    sql`insert into udesk_sync.session (id_hash, user_name, credential, created_at, seen_at, expires_at)
        values (${session.idHash}, ${session.userName}, ${session.credential}, ${at}::timestamptz, ${at}::timestamptz,
          ${session.expiresAt.toISOString()}::timestamptz)`,
  );
}

/** @returns null when there is none, it has run out, or it was idle for longer than `idleMs`. */
export async function loadSession(
  db: Db,
  idHash: string,
  now: Date,
  idleMs: number,
): Promise<{ userName: string; credential: string } | null> {
  const seenAfter = new Date(now.getTime() - idleMs).toISOString();
  const [found] = await rows<{ user_name: string; credential: string; stale: boolean }>(
    db,
    sql`select user_name, credential, seen_at < ${now.toISOString()}::timestamptz - interval '1 minute' as stale
        from udesk_sync.session
        where id_hash = ${idHash} and expires_at > ${now.toISOString()}::timestamptz
          and seen_at > ${seenAfter}::timestamptz`,
  );
  if (found === undefined) return null;
  // Not with every click: once a minute is enough to tell who is idle.
  if (found.stale) {
    await db.execute(
      sql`update udesk_sync.session set seen_at = ${now.toISOString()}::timestamptz where id_hash = ${idHash}`,
    );
  }
  return { userName: found.user_name, credential: found.credential };
}

export async function endSession(db: Db, idHash: string): Promise<void> {
  await db.execute(sql`delete from udesk_sync.session where id_hash = ${idHash}`);
}
