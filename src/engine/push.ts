import { contentHash, mergeObserved } from '../core/observation.ts';
import type { SideName, SideRecord } from '../core/record.ts';
import { backoffMs } from '../core/retry.ts';
import { holds } from '../core/written.ts';
import { isSyncError, SyncError, toError } from '../errors.ts';
import { park } from '../store/guards.ts';
import {
  dropIntent,
  freeClaims,
  type IntentRow,
  knownWhenPlanned,
  loadIntents,
  moveIntent,
} from '../store/intents.ts';
import { dissolveUncreated } from '../store/links.ts';
import { loadRecords } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import { resolveBatchRow } from './backfill-recover.ts';
import { backfilledSides } from './backfill-sides.ts';
import type { Cycle } from './context.ts';
import { storeOne } from './observe.ts';
import { lookupByKeys, naturalKeys, resolveUnknown } from './recover.ts';
import { settleDelete, settleWrite } from './settle.ts';
import { witnessWrites } from './witness.ts';

const BATCH_INTENTS = 100;
/** After this many failures in a row a side is left alone until the next cycle. */
const FAILURES_BEFORE_PAUSE = 3;
const MISSING_RETRY_MS = 60_000;

export interface PushReport {
  settled: number;
  /** Pre-image moved: planned again. */
  replanned: number;
  parked: number;
  /** Not sent or not known yet: the next cycle goes on. */
  waiting: number;
  /** Edits that a write of ours replaced unseen, as the histories tell: kept as conflicts, or restored by a policy. */
  overwritten: number;
  readonly writes: Record<SideName, number>;
  readonly pausedSides: SideName[];
}

type Outcome = 'settled' | 'replanned' | 'missing' | 'parked' | 'later';

/**
 * Drains the outbox, people's decisions first: verify → send → settle for each intent (sync design §8).
 * The state `sending` is durable before the call leaves, so that a kill at any point leaves UNKNOWN, never a guess (P9).
 */
export async function pushIntents(cycle: Cycle): Promise<PushReport> {
  const report: PushReport = {
    settled: 0,
    replanned: 0,
    parked: 0,
    waiting: 0,
    overwritten: 0,
    writes: { udesk: 0, crm: 0 },
    pausedSides: [],
  };
  const failures: Record<SideName, number> = { udesk: 0, crm: 0 };
  const backfilled = await backfilledSides(cycle);
  /** Still in the outbox after a try: the next cycle's work. */
  const left: string[] = [];
  for (const state of ['unknown', 'pending'] as const) {
    for (;;) {
      const batch = await loadIntents(cycle.db, cycle.spec.name, state, {
        limit: BATCH_INTENTS,
        now: cycle.clock(),
        exclude: left,
        backfilled,
      });
      if (batch.length === 0) break;
      for (const intent of batch) {
        cycle.signal.throwIfAborted();
        if (failures[intent.side] >= FAILURES_BEFORE_PAUSE) {
          report.waiting += 1;
          left.push(intent.id);
          continue;
        }
        const outcome =
          state === 'unknown' ? await lookAt(cycle, intent, report) : await sendOne(cycle, intent, report);
        if (outcome === 'later') left.push(intent.id);
        failures[intent.side] = outcome === 'later' ? failures[intent.side] + 1 : 0;
        count(report, outcome);
        cycle.progress('writing', report.settled, null);
      }
    }
  }
  report.overwritten = await witnessWrites(cycle);
  for (const side of ['udesk', 'crm'] as const) {
    if (failures[side] >= FAILURES_BEFORE_PAUSE) report.pausedSides.push(side);
  }
  return report;
}

function count(report: PushReport, outcome: Outcome): void {
  if (outcome === 'later' || outcome === 'missing') report.waiting += 1;
  else report[outcome] += 1;
}

/** One intent that waits, outside the order of the outbox: a backfill's creates that no batch carries. */
export async function pushOne(cycle: Cycle, intent: IntentRow, report: PushReport): Promise<Outcome> {
  const outcome = await sendOne(cycle, intent, report);
  count(report, outcome);
  return outcome;
}

async function lookAt(cycle: Cycle, intent: IntentRow, report: PushReport): Promise<Outcome> {
  const inBatch = intent.batchId !== null;
  const recovery = inBatch ? await resolveBatchRow(cycle, intent) : await resolveUnknown(cycle, intent);
  if (recovery !== 'resend') return recovery;
  return await sendOne(cycle, { ...intent, state: 'pending', batchId: null }, report);
}

async function sendOne(cycle: Cycle, intent: IntentRow, report: PushReport): Promise<Outcome> {
  let sent = false;
  try {
    const verifiedAt = cycle.clock();
    const current = await verify(cycle, intent);
    if (current === 'stale') return 'replanned';
    if (current === 'missing') return 'missing';
    const mine = await fenced(cycle.db, cycle.fence, (tx) =>
      moveIntent(tx, intent.id, ['pending'], {
        state: 'sending',
        at: cycle.clock(),
        fence: cycle.fence.fence,
        attempted: true,
        verifiedAt,
      }),
    );
    if (!mine) return 'later';
    sent = true;
    report.writes[intent.side] += 1;
    return await send(cycle, intent, current);
  } catch (error) {
    return await afterFailure(cycle, intent, toError(error), sent, report);
  }
}

/** The pre-image must still hold. A side with compare-and-set checks it itself, atomically with the write. */
async function verify(cycle: Cycle, intent: IntentRow): Promise<SideRecord | null | 'stale' | 'missing'> {
  if (intent.op === 'create') return await verifyAbsent(cycle, intent);
  const side = cycle.sides[intent.side];
  const id = intent.remoteId ?? '';
  if (side.manifest.compareAndSet && intent.op === 'update') {
    const mirrored = await loadRecords(cycle.db, cycle.spec.name, intent.side, [id]);
    const known = mirrored.get(id);
    if (known !== undefined) return known.record;
  }
  const current = await side.read(id, { signal: cycle.signal });
  if (current === null) {
    await waitForProof(cycle, intent, id);
    return 'missing';
  }
  const unseen = Object.keys(intent.patch).filter((name) => current.fields[name] === undefined);
  if (unseen.length > 0) {
    throw new SyncError(
      'contract',
      `${intent.side} does not tell ${unseen.join(', ')} when the record is read`,
      {
        side: intent.side,
        record: id,
        advice:
          'Without seeing a field it cannot be written safely: map it one way, or take it out of the mapping.',
      },
    );
  }
  const unmoved =
    intent.op === 'delete'
      ? await isAsMirrored(cycle, intent, current)
      : holds(cycle.spec, intent.patch, current, 'before');
  if (unmoved) return current;
  await observeAndReplan(cycle, intent, current);
  return 'stale';
}

/**
 * A side whose creates may change somebody who exists is asked for the e-mails and phones right before: whoever was
 * entered since the last look is matched, not overwritten.
 */
async function verifyAbsent(cycle: Cycle, intent: IntentRow): Promise<null | 'stale'> {
  if (cycle.sides[intent.side].manifest.createMayOverwrite !== true) return null;
  const found = await lookupByKeys(cycle, intent.side, await naturalKeys(cycle, intent));
  if (found.length === 0) return null;
  const ids = found.map(({ id }) => id);
  if (await knownWhenPlanned(cycle.db, intent, ids)) {
    // Matching knew of them, and a person (or a stop list) said that they are not the same.
    throw new SyncError(
      'rejected',
      `${intent.side} record ${ids.join(', ')} holds one of its e-mails or phones`,
      {
        side: intent.side,
        code: 'held',
      },
    );
  }
  await fenced(cycle.db, cycle.fence, async (tx) => {
    for (const record of found) await storeOne(cycle, tx, intent.side, 'verify', record);
    await dropIntent(tx, intent, 'somebody with this e-mail or phone exists already', cycle.clock());
    await dissolveUncreated(tx, cycle.spec.name, cycle.clock());
  });
  return 'stale';
}

/**
 * The target is not there. Where its deletion is proven, the link is planned again; until then the write waits in the
 * outbox, and is tried again from time to time: the side may have been wrong.
 */
async function waitForProof(cycle: Cycle, intent: IntentRow, id: string): Promise<void> {
  const known = await loadRecords(cycle.db, cycle.spec.name, intent.side, [id]);
  const reason = 'the record is not there any more';
  const at = cycle.clock();
  await fenced(cycle.db, cycle.fence, async (tx) => {
    if (known.get(id)?.state !== 'live') return await dropIntent(tx, intent, reason, at);
    const notBefore = new Date(at.getTime() + MISSING_RETRY_MS);
    await moveIntent(tx, intent.id, ['pending', 'sending'], {
      state: 'pending',
      at,
      error: reason,
      notBefore,
    });
  });
}

/** A record is deleted only as it was when the deletion was planned: any later edit survives. */
async function isAsMirrored(cycle: Cycle, intent: IntentRow, current: SideRecord): Promise<boolean> {
  const mirrored = await loadRecords(cycle.db, cycle.spec.name, intent.side, [current.id]);
  const known = mirrored.get(current.id);
  return known !== undefined && contentHash(mergeObserved(known.record, current)) === known.hash;
}

/** A write that has begun is finished even when the process is asked to stop: no stop signal goes along. */
async function send(
  cycle: Cycle,
  intent: IntentRow,
  current: SideRecord | null,
): Promise<'settled' | 'parked'> {
  const side = cycle.sides[intent.side];
  if (intent.op === 'create') {
    const created = await side.create({ patch: intent.patch, marker: intent.marker ?? '' });
    return (await settleWrite(cycle, intent, created, 'answer')) === 'taken' ? 'parked' : 'settled';
  } else if (intent.op === 'delete') {
    await side.delete(intent.remoteId ?? '', current === null ? {} : { current });
    await settleDelete(cycle, intent);
  } else {
    if (current === null) throw new SyncError('invariant', `intent ${intent.id} was not verified`);
    const updated = await side.update({ id: current.id, patch: intent.patch, current });
    await settleWrite(cycle, intent, updated, 'answer');
  }
  return 'settled';
}

async function afterFailure(
  cycle: Cycle,
  intent: IntentRow,
  error: Error,
  sent: boolean,
  report: PushReport,
): Promise<Outcome> {
  const at = cycle.clock();
  if (isSyncError(error, 'ambiguous')) {
    await fenced(cycle.db, cycle.fence, (tx) =>
      moveIntent(tx, intent.id, ['sending'], { state: 'unknown', at, error: error.message }),
    );
    return await lookAt(cycle, { ...intent, state: 'unknown' }, report);
  }
  if (isSyncError(error, 'stale')) {
    const now = await cycle.sides[intent.side].read(intent.remoteId ?? '', { signal: cycle.signal });
    if (now === null) await waitForProof(cycle, intent, intent.remoteId ?? '');
    else await observeAndReplan(cycle, intent, now);
    return now === null ? 'missing' : 'replanned';
  }
  if (
    isSyncError(error, 'rejected') &&
    sent &&
    intent.op === 'update' &&
    (await movedMeanwhile(cycle, intent))
  ) {
    return 'replanned';
  }
  if (isSyncError(error, 'rejected') || isSyncError(error, 'contract')) {
    await fenced(cycle.db, cycle.fence, async (tx) => {
      await moveIntent(tx, intent.id, ['pending', 'sending'], { state: 'parked', at, error: error.message });
      await freeClaims(tx, intent.linkId);
      await park(tx, { ...intent, intentId: intent.id, kind: error.kind, message: error.message, at });
    });
    cycle.log.warn(
      { side: intent.side, linkId: intent.linkId, kind: error.kind, code: error.details.code },
      'a record was parked',
    );
    return 'parked';
  }
  if (isSyncError(error, 'transient') || isSyncError(error, 'throttled')) {
    const waitMs = error.details.retryAfterMs ?? backoffMs(intent.attempts + 1, cycle.random);
    await fenced(cycle.db, cycle.fence, (tx) =>
      moveIntent(tx, intent.id, ['pending', 'sending'], {
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
      moveIntent(tx, intent.id, ['sending'], { state: 'pending', at, error: error.message }),
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

async function observeAndReplan(cycle: Cycle, intent: IntentRow, seen: SideRecord): Promise<void> {
  await fenced(cycle.db, cycle.fence, async (tx) => {
    await storeOne(cycle, tx, intent.side, 'verify', seen);
    await dropIntent(tx, intent, 'the record moved before the write', cycle.clock());
  });
}
