/** One intent on its way: verify, send, settle; and what becomes of it when that fails. */
import type { SideName, SideRecord } from '../core/record.ts';
import { waitMsOf } from '../core/retry.ts';
import { holds } from '../core/written.ts';
import { isSyncError, SyncError, toError } from '../errors.ts';
import { freeClaims } from '../store/claims.ts';
import { park } from '../store/guards.ts';
import { type IntentRow, moveIntent } from '../store/intents.ts';
import { fenced } from '../store/tx.ts';
import { resolveBatchRow } from './backfill-recover.ts';
import { mustWait, type Order, wasBlocked } from './blocker.ts';
import type { Cycle } from './context.ts';
import type { CreateLooks } from './create-looks.ts';
import { resolveUnknown } from './recover.ts';
import { settleDelete, settleWrite } from './settle.ts';
import { waitForProof } from './vanished.ts';
import { type LastLook, lastLook, observeAndReplan } from './verify.ts';

export type Outcome = 'settled' | 'replanned' | 'missing' | 'parked' | 'later' | 'blocked';

/** What sending tells beside its outcome, and what is known before it. */
export interface Sending {
  readonly writes: Record<SideName, number>;
  readonly order: Order;
  readonly looks: CreateLooks;
}

export async function lookAt(cycle: Cycle, intent: IntentRow, sending: Sending): Promise<Outcome> {
  const inBatch = intent.batchId !== null;
  const recovery = inBatch ? await resolveBatchRow(cycle, intent) : await resolveUnknown(cycle, intent);
  if (recovery !== 'resend') return recovery;
  const again: IntentRow = { ...intent, state: 'pending', batchId: null };
  if (await mustWait(cycle, again, sending.order)) return 'blocked';
  return await sendOne(cycle, again, sending);
}

export async function sendOne(cycle: Cycle, intent: IntentRow, sending: Sending): Promise<Outcome> {
  /** As it stands in the outbox once it is sent: what became of it is found out by these times. */
  let underWay: IntentRow | null = null;
  try {
    const look = await lastLook(cycle, intent, sending.looks);
    const { found: current, verifiedAt } = look;
    // The guard counts creates by Udesk's clock, whichever side they go to.
    const skewMs = intent.op === 'create' ? (cycle.sides.udesk.clockSkewMs?.() ?? null) : look.skewMs;
    if (current === 'stale') return 'replanned';
    if (current === 'missing') return 'missing';
    const at = cycle.clock();
    const mine = await fenced(cycle.db, cycle.fence, (tx) =>
      moveIntent(tx, intent, ['pending'], {
        state: 'sending',
        at,
        fence: cycle.fence.fence,
        runId: cycle.runId,
        attempted: true,
        verifiedAt,
        skewMs,
      }),
    );
    if (!mine) return 'later';
    underWay = asSent(cycle, intent, { ...look, skewMs }, at);
    sending.writes[intent.side] += 1;
    sending.looks.leaves(intent);
    return await send(cycle, underWay, current, sending.looks);
  } catch (error) {
    return await afterFailure(cycle, underWay ?? intent, toError(error), underWay !== null, sending);
  }
}

function asSent(
  { runId }: Cycle,
  intent: IntentRow,
  { verifiedAt, skewMs }: LastLook,
  sentAt: Date,
): IntentRow {
  return {
    ...intent,
    state: 'sending',
    attempts: intent.attempts + 1,
    looks: 0,
    lookedAt: null,
    verifiedAt: verifiedAt.toISOString(),
    sentAt: sentAt.toISOString(),
    sentSkewMs: skewMs,
    sentRunId: String(runId),
  };
}

/**
 * A write that has begun is finished even when the process is asked to stop: no stop signal goes along. Without the lease it is
 * not begun: who has it by now may have sent it already.
 */
async function send(
  cycle: Cycle,
  intent: IntentRow,
  current: SideRecord | null,
  looks: CreateLooks,
): Promise<'settled' | 'parked'> {
  const side = cycle.sides[intent.side];
  const { held: signal } = cycle;
  signal.throwIfAborted();
  if (intent.op === 'create') {
    const created = await side.create({ patch: intent.patch, marker: intent.marker ?? '' }, { signal });
    looks.holds(intent.side, created);
    return (await settleWrite(cycle, intent, created, 'answer')) === 'taken' ? 'parked' : 'settled';
  } else if (intent.op === 'delete') {
    await side.delete(intent.remoteId ?? '', current === null ? { signal } : { current, signal });
    await settleDelete(cycle, intent);
  } else {
    if (current === null) throw new SyncError('invariant', `intent ${intent.id} was not verified`);
    const updated = await side.update({ id: current.id, patch: intent.patch, current }, { signal });
    looks.holds(intent.side, updated);
    await settleWrite(cycle, intent, updated, 'answer');
  }
  return 'settled';
}

async function afterFailure(
  cycle: Cycle,
  intent: IntentRow,
  error: Error,
  sent: boolean,
  sending: Sending,
): Promise<Outcome> {
  const at = cycle.clock();
  if (isSyncError(error, 'ambiguous')) {
    await fenced(cycle.db, cycle.fence, (tx) =>
      moveIntent(tx, intent, ['sending'], { state: 'unknown', at, error: error.message }),
    );
    return await lookAt(cycle, { ...intent, state: 'unknown' }, sending);
  }
  if (isSyncError(error, 'stale')) {
    const now = await cycle.sides[intent.side].read(intent.remoteId ?? '', { signal: cycle.signal });
    if (now === null) return await waitForProof(cycle, intent, intent.remoteId ?? '');
    await observeAndReplan(cycle, intent, now);
    return 'replanned';
  }
  if (
    isSyncError(error, 'rejected') &&
    sent &&
    intent.op === 'update' &&
    (await movedMeanwhile(cycle, intent))
  ) {
    return 'replanned';
  }
  if (isSyncError(error, 'rejected') && sent && (await wasBlocked(cycle, intent, sending.order))) {
    await fenced(cycle.db, cycle.fence, (tx) =>
      moveIntent(tx, intent, ['sending'], { state: 'pending', at, error: error.message }),
    );
    return 'blocked';
  }
  if (isSyncError(error, 'rejected') || isSyncError(error, 'contract')) {
    await fenced(cycle.db, cycle.fence, async (tx) => {
      await moveIntent(tx, intent, ['pending', 'sending'], { state: 'parked', at, error: error.message });
      await freeClaims(tx, intent.pair, intent.linkId);
      await park(tx, { ...intent, intentId: intent.id, kind: error.kind, message: error.message, at });
    });
    cycle.log.warn(
      { side: intent.side, linkId: intent.linkId, kind: error.kind, code: error.details.code },
      'a record was parked',
    );
    return 'parked';
  }
  if (isSyncError(error, 'transient') || isSyncError(error, 'throttled')) {
    const tries = sent ? intent.attempts : intent.attempts + 1;
    const waitMs = waitMsOf(error.details.retryAfterMs, tries, cycle.random);
    await fenced(cycle.db, cycle.fence, (tx) =>
      moveIntent(tx, intent, ['pending', 'sending'], {
        state: 'pending',
        at,
        error: error.message,
        notBefore: new Date(at.getTime() + waitMs),
      }),
    );
    return 'later';
  }
  // Everything else (auth, config, lease-lost, a stop) ends the cycle. A write that is known not to have left goes back.
  if (sent && isSyncError(error, 'auth')) {
    await fenced(cycle.db, cycle.fence, (tx) =>
      moveIntent(tx, intent, ['sending'], { state: 'pending', at, error: error.message }),
    );
  }
  throw error;
}

/** A refusal may come from somebody who wrote in between (an element that we named is gone): then the plan is old, not bad. */
async function movedMeanwhile(cycle: Cycle, intent: IntentRow): Promise<boolean> {
  const side = cycle.sides[intent.side];
  if (side.manifest.compareAndSet) return false;
  const now = await side.read(intent.remoteId ?? '', { signal: cycle.signal }).catch(() => null);
  if (now === null || holds(cycle.spec, intent.patch, now, 'before')) return false;
  await observeAndReplan(cycle, intent, now);
  return true;
}
