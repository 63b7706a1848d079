/** Answers that are given again to the same request (a program that did not hear the first one asks once more). */
import { sql } from 'drizzle-orm';
import { type Db, rows } from './tx.ts';

export interface Request {
  readonly keyHash: string;
  readonly requestHash: string;
  readonly at: Date;
}

export type Claim =
  | { readonly outcome: 'first' }
  | { readonly outcome: 'answered'; readonly status: number; readonly body: string }
  /** The first one is being answered at this moment. */
  | { readonly outcome: 'busy' }
  /** The key was used for something else. */
  | { readonly outcome: 'other' };

/** Whoever asks again after a day means something new. Forgets older ones. */
export async function claimRequest(db: Db, { keyHash, requestHash, at }: Request): Promise<Claim> {
  const now = at.toISOString();
  await db.execute(
    sql`delete from udesk_sync.idempotency where at < ${now}::timestamptz - interval '1 day'
          or (status is null and at < ${now}::timestamptz - interval '1 minute')`,
  );
  const claimed = await rows(
    db,
    sql`insert into udesk_sync.idempotency (key_hash, request_hash, at)
        values (${keyHash}, ${requestHash}, ${now}::timestamptz) on conflict (key_hash) do nothing returning 1`,
  );
  if (claimed.length > 0) return { outcome: 'first' };
  const [known] = await rows<{ request_hash: string; status: number | null; body: string | null }>(
    db,
    sql`select request_hash, status, body from udesk_sync.idempotency where key_hash = ${keyHash}`,
  );
  if (known === undefined) return { outcome: 'busy' };
  if (known.request_hash !== requestHash) return { outcome: 'other' };
  if (known.status === null) return { outcome: 'busy' };
  return { outcome: 'answered', status: known.status, body: known.body ?? '' };
}

export async function saveAnswer(db: Db, keyHash: string, status: number, body: string): Promise<void> {
  await db.execute(
    sql`update udesk_sync.idempotency set status = ${status}, body = ${body} where key_hash = ${keyHash}`,
  );
}

/** The request failed before it did anything: the next one is the first again. */
export async function forgetRequest(db: Db, keyHash: string): Promise<void> {
  await db.execute(sql`delete from udesk_sync.idempotency where key_hash = ${keyHash} and status is null`);
}
