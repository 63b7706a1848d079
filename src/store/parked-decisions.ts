/** What people say about records that were set aside: try again, or leave them until they change. */
import { sql } from 'drizzle-orm';
import type { SideName } from '../core/record.ts';
import { freeClaims } from './claims.ts';
import { logDecision } from './decision-log.ts';
import { lockOutCycle } from './lease.ts';
import { type Db, rows } from './tx.ts';

export interface ParkedDecision {
  readonly parkedId: string;
  readonly who: string;
  readonly at: Date;
}

export type ParkedState = 'parked' | 'retried' | 'dropped';

export type ParkedResult =
  | { readonly outcome: 'done'; readonly pair: string; readonly linkId: string | null }
  | { readonly outcome: 'not-found' }
  /** Somebody was faster, or the record changed and was planned again. */
  | { readonly outcome: 'closed'; readonly state: ParkedState };

/** Whether something was set aside for the very same reason before, and tried again since. */
export async function wasAskedBefore(
  db: Db,
  { pair, side }: { readonly pair: string; readonly side: SideName },
  message: string,
): Promise<boolean> {
  const found = await rows(
    db,
    sql`select 1 from udesk_sync.parked where pair = ${pair} and state = 'retried' and side = ${side} and message = ${message} limit 1`,
  );
  return found.length > 0;
}

/** The next cycle plans the record again, from what is known then; also a create that was left alone, for as long as that stands. */
export async function retryParked(db: Db, decision: ParkedDecision): Promise<ParkedResult> {
  return await db.transaction(async (tx) => {
    const parked = await close(tx, decision, 'retried');
    if (parked.outcome !== 'done') return parked;
    await endIntent(tx, parked);
    await planAgain(tx, parked);
    await tx.execute(
      sql`update udesk_sync.record set dirty = true
          where pair = ${parked.pair} and link_id = ${parked.linkId}::bigint and state = 'live'`,
    );
    return { outcome: 'done', pair: parked.pair, linkId: parked.linkId };
  });
}

/**
 * Nothing is written for it until the record changes. The conflicts that the write should have settled are open
 * again: their choice did not come true.
 * A create stays parked as an intent: without it the record would be free, and be created by the next cycle. One that may have
 * happened is asked about again once its record has changed (uncertain-creates.ts): what that was when it was left alone is seen.
 * One that nobody needs any more, as its record is gone, or the one that it was to replace is back, is over.
 */
export async function dropParked(db: Db, decision: ParkedDecision): Promise<ParkedResult> {
  return await db.transaction(async (tx) => {
    const parked = await close(tx, decision, 'dropped');
    if (parked.outcome !== 'done') return parked;
    const stays = parked.op === 'create' && (await leaveCreateAlone(tx, parked));
    if (!stays) await endIntent(tx, parked);
    // Until it is answered, nothing that was decided about it can be carried out.
    const all = stays && parked.kind === 'uncertain-create';
    await tx.execute(
      sql`update udesk_sync.conflict c set state = 'open', decision_id = null, resolved_by = null,
            changed_at = ${decision.at.toISOString()}::timestamptz
          where c.pair = ${parked.pair} and c.link_id = ${parked.linkId}::bigint and c.state = 'resolving'
            and (${all}::boolean or c.field = '*' or c.field in (
              select jsonb_object_keys(i.reasons) from udesk_sync.intent i
              where i.pair = ${parked.pair} and i.id = ${parked.intentId}::bigint))`,
    );
    return { outcome: 'done', pair: parked.pair, linkId: parked.linkId };
  });
}

interface ClosedRow {
  readonly outcome: 'done';
  readonly pair: string;
  readonly linkId: string | null;
  readonly intentId: string | null;
  readonly side: SideName;
  readonly kind: string;
  readonly op: 'create' | 'update' | 'delete' | null;
}

type Closed = ClosedRow | Exclude<ParkedResult, { outcome: 'done' }>;

async function close(
  tx: Db,
  { parkedId, who, at }: ParkedDecision,
  state: 'retried' | 'dropped',
): Promise<Closed> {
  await lockOutCycle(tx, sql`(select pair from udesk_sync.parked where id = ${parkedId}::bigint)`);
  const [row] = await rows<{
    pair: string;
    link_id: string | null;
    intent_id: string | null;
    side: SideName;
    kind: string;
    state: ParkedState;
  }>(
    tx,
    sql`select pair, link_id, intent_id, side, kind, state from udesk_sync.parked where id = ${parkedId}::bigint for update`,
  );
  if (row === undefined) return { outcome: 'not-found' };
  const [intent] = await rows<{ op: 'create' | 'update' | 'delete'; state: string }>(
    tx,
    sql`select op, state from udesk_sync.intent where pair = ${row.pair} and id = ${row.intent_id}::bigint`,
  );
  const isLeftAlone = row.state === 'dropped' && intent?.op === 'create' && intent.state === 'parked';
  if (row.state !== 'parked' && !(isLeftAlone && state === 'retried'))
    return { outcome: 'closed', state: row.state };
  await tx.execute(
    sql`update udesk_sync.parked set state = ${state}, closed_at = ${at.toISOString()}::timestamptz,
          closed_run_id = (select max(id) from udesk_sync.run where pair = ${row.pair})
        where pair = ${row.pair} and id = ${parkedId}::bigint`,
  );
  await logDecision(tx, {
    ...{ at: at.toISOString(), who, action: state === 'retried' ? 'retry' : 'drop' },
    ...{ pair: row.pair, subject: `parked ${parkedId}` },
  });
  return {
    outcome: 'done',
    pair: row.pair,
    linkId: row.link_id,
    intentId: row.intent_id,
    side: row.side,
    kind: row.kind,
    op: intent?.op ?? null,
  };
}

/** @returns false where there is nothing left to be created */
async function leaveCreateAlone(tx: Db, parked: ClosedRow): Promise<boolean> {
  const { pair, linkId, side, kind } = parked;
  if (kind !== 'uncertain-create') return true;
  const records = await rows<{ side: SideName }>(
    tx,
    sql`select side from udesk_sync.record where pair = ${pair} and link_id = ${linkId}::bigint and state = 'live'`,
  );
  const wanted = records.length > 0 && records.every((record) => record.side !== side);
  if (wanted)
    await tx.execute(
      sql`update udesk_sync.record set dirty = false where pair = ${pair} and link_id = ${linkId}::bigint and dirty`,
    );
  else await planAgain(tx, parked);
  return wanted;
}

async function planAgain(tx: Db, { pair, linkId }: ClosedRow): Promise<void> {
  await tx.execute(
    sql`update udesk_sync.link set dirty = true where pair = ${pair} and id = ${linkId}::bigint and state = 'confirmed'`,
  );
}

/** What it claimed for a create is free: a plan that makes it once more claims it anew. */
async function endIntent(tx: Db, { pair, intentId, linkId, op }: ClosedRow): Promise<void> {
  await tx.execute(
    sql`update udesk_sync.intent set state = 'dropped'
        where pair = ${pair} and id = ${intentId}::bigint and state = 'parked'`,
  );
  if (op === 'create' && linkId !== null) await freeClaims(tx, pair, linkId);
}
