/** What a database that went back in time forgets about a pair, in one transaction (P2, P5, P8). */

import { sql } from 'drizzle-orm';
import { ASKING } from './account-changes.ts';
import { ACTIVE } from './intents.ts';
import { dissolveLinks } from './links.ts';
import { endRules } from './review-rules.ts';
import { type Db, rows, textArray } from './tx.ts';

const WHY = 'the database was restored from a backup';

export interface Rebaselined {
  readonly links: number;
  /** Writes that the backup had under way: whether they were made is seen by reading both sides. */
  readonly dropped: number;
}

/**
 * Nothing that the backup intended is carried out any more: it was, or was overtaken. Links keep their bases and are
 * marked, so that these decide nothing alone; who was to be created is matched again; both sides count as never read.
 */
export async function rebaseline(tx: Db, pair: string, home: string, at: Date): Promise<Rebaselined> {
  const now = sql`${at.toISOString()}::timestamptz`;
  await tx.execute(
    sql`update udesk_sync.pair set home = ${home}, restored_at = ${now}, crm_cursor = null,
          udesk_certified_at = null, crm_certified_at = null, udesk_certified_run = null, crm_certified_run = null,
          udesk_uncertified = null, crm_uncertified = null
        where name = ${pair}`,
  );
  const dropped = await rows(
    tx,
    sql`update udesk_sync.intent set state = 'dropped', error = ${WHY}
        where pair = ${pair} and state in ${ACTIVE} returning 1`,
  );
  await tx.execute(
    sql`update udesk_sync.backfill set ended_at = ${now} where pair = ${pair} and ended_at is null`,
  );
  await tx.execute(sql`delete from udesk_sync.claim where pair = ${pair}`);
  await tx.execute(
    sql`update udesk_sync.revert_field set state = 'refused', reason = ${`${WHY}: ask for it again`}, closed_at = ${now}
        where pair = ${pair} and state = 'waiting'`,
  );
  // A choice that was on its way was carried out after the backup, and people went on from there.
  await tx.execute(
    sql`update udesk_sync.conflict set state = 'open', decision_id = null, resolved_by = null, changed_at = ${now}
        where pair = ${pair} and state = 'resolving'`,
  );
  // One that was turned off after the backup would be on again, and nobody would know.
  await endRules(tx, pair, null, 'restored', at);
  await tx.execute(
    sql`update udesk_sync.approval set state = 'moved', closed_at = ${now} where pair = ${pair} and state = 'waiting'`,
  );
  await tx.execute(
    sql`update udesk_sync.guard set state = 'superseded', sample = null, closed_at = ${now}
        where pair = ${pair} and state in ('waiting', 'rejected')`,
  );
  await tx.execute(
    sql`update udesk_sync.account_change set state = 'moved', closed_at = ${now}
        where pair = ${pair} and ${ASKING}`,
  );
  const uncreated = await rows<{ id: string }>(
    tx,
    sql`select id from udesk_sync.link
        where pair = ${pair} and state = 'confirmed' and (udesk_id is null or crm_id is null)`,
  );
  await dissolveLinks(
    tx,
    pair,
    uncreated.map(({ id }) => id),
    at,
  );
  // One that ended keeps its bases for when its record is back, or a person confirms it again: they are of the backup, too.
  await tx.execute(
    sql`update udesk_sync.link set rebased = true where pair = ${pair} and state = 'broken' and not rebased`,
  );
  const links = await rows(
    tx,
    sql`update udesk_sync.link set rebased = true, dirty = true where pair = ${pair} and state = 'confirmed' returning 1`,
  );
  return { links: links.length, dropped: dropped.length };
}

/** Links that were found since the restore, and were perhaps known before it: blanks may be edits as well. */
export async function markFoundLinks(tx: Db, pair: string): Promise<void> {
  await tx.execute(
    sql`update udesk_sync.link set rebased = true
        where pair = ${pair} and state = 'confirmed' and dirty and bases = '{}'::jsonb and not rebased
          and udesk_id is not null and crm_id is not null`,
  );
}

/** They were planned; in the transaction of their plans. */
export async function clearRebased(tx: Db, pair: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.execute(
    sql`update udesk_sync.link set rebased = false
        where pair = ${pair} and rebased and id = any(${textArray(ids)}::bigint[])`,
  );
}

/** Nothing is left that only a person may let through. */
export async function endRestore(tx: Db, pair: string): Promise<void> {
  await tx.execute(sql`update udesk_sync.pair set restored_at = null where name = ${pair}`);
}
