import type { SideRecord } from '../core/record.ts';
import { forgottenFields, holds, outcomeOf } from '../core/written.ts';
import { isSyncError, SyncError } from '../errors.ts';
import { clockWentBack } from '../store/clock-went-back.ts';
import { keptOutAmong } from '../store/forget.ts';
import { park } from '../store/guards.ts';
import { dropIntent, type IntentRow, knownWhenPlanned, moveIntent } from '../store/intents.ts';
import { loadPair } from '../store/pairs.ts';
import { loadRecords, unlinkedSince } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { readFound } from './found.ts';
import { heldByForgotten } from './kept-out.ts';
import { contactsOfCreate, lookUp, searchable, sentContacts } from './lookup.ts';
import { storeOne } from './observe.ts';
import { settleDelete, settleWrite } from './settle.ts';
import { type Trace, traceUpdate } from './trace.ts';
import { awaitsSecondLook, unwitnessed, waitForProof } from './vanished.ts';

/** An unknown create is looked for this often, each time after the side's lookup lag, before it may be sent again. */
export const LOOKS_BEFORE_RESEND = 2;

/** What only a complete list can tell is put to a person after so long without one. */
const PROOF_WITHIN_MS = 86_400_000;
/** Ids that are named to whoever has to look. */
export const SHOWN_SUSPECTS = 20;

export type Recovery = 'settled' | 'resend' | 'replanned' | 'missing' | 'parked' | 'later';

/**
 * UNKNOWN is a state, not an error: whether a write happened is found out by reading, never by sending it again (P5).
 * Equals the target → settled; the history shows our write → it was settled, and edited since; equals the pre-image → may
 * be sent again; not there → waits until that is proven, or for a second look after a deletion (vanished.ts); anything else
 * → planned again.
 */
export async function resolveUnknown(cycle: Cycle, intent: IntentRow): Promise<Recovery> {
  return await orPutOff(cycle, intent, () => resolve(cycle, intent));
}

/** A look at a write of unknown outcome; what a side answers to the look itself decides as little as possible. */
export async function orPutOff(
  cycle: Cycle,
  intent: IntentRow,
  look: () => Promise<Recovery>,
): Promise<Recovery> {
  try {
    return await look();
  } catch (error) {
    if (isSyncError(error, 'transient') || isSyncError(error, 'throttled')) return 'later';
    // What the look itself was refused for concerns this record alone: the pair goes on.
    if (isSyncError(error, 'contract') || isSyncError(error, 'rejected')) {
      return await uncertain(cycle, intent, error.message);
    }
    throw error;
  }
}

async function resolve(cycle: Cycle, intent: IntentRow): Promise<Recovery> {
  if (intent.op === 'create') return await resolveCreate(cycle, intent);
  const current = await readTarget(cycle, intent);
  if (intent.op === 'delete') {
    if (current !== null) return await backToPending(cycle, intent, 'the record is still there');
    if (await awaitsSecondLook(cycle, intent)) return 'missing';
    await settleDelete(cycle, intent);
    return 'settled';
  }
  if (current === null) return await notFound(cycle, intent, intent.remoteId ?? '');
  const outcome = outcomeOf(cycle.spec, intent.patch, current);
  if (outcome === 'happened') return await settled(cycle, intent, current);
  const trace = await traceUpdate(cycle, intent, current);
  if (trace.happened === 'written') return 'settled';
  if (outcome === 'not-happened')
    return await backToPending(cycle, intent, 'the write did not happen', trace.keep);
  return await replan(cycle, intent, current, trace);
}

/** Lists that hide records, or never come to an end, prove nothing: a link must not wait for that for ever. */
async function notFound(cycle: Cycle, intent: IntentRow, id: string): Promise<Recovery> {
  if (isOverdue(cycle, intent)) {
    const known = await loadRecords(cycle.db, cycle.spec.name, intent.side, [id]);
    if (known.get(id)?.state === 'live')
      return await uncertain(cycle, intent, 'it was not found for a day, and no list proved that it is gone');
  }
  return await waitForProof(cycle, intent, id);
}

/** Also where it seems to have been sent on another day than today, since our clock was set back so far. */
export function isOverdue(cycle: Cycle, { sentAt }: IntentRow): boolean {
  return sentAt !== null && Math.abs(cycle.clock().getTime() - Date.parse(sentAt)) > PROOF_WITHIN_MS;
}

async function resolveCreate(cycle: Cycle, intent: IntentRow): Promise<Recovery> {
  const side = cycle.sides[intent.side];
  const { externalId, lookupLagMs } = side.manifest;
  if (lookupLagMs > 0) await cycle.sleep(lookupLagMs, cycle.signal);
  if (externalId !== null && intent.marker !== null) {
    const marked = await side.lookup('token', intent.marker, { signal: cycle.signal });
    const [only] = marked;
    // An id that others may carry, too, is no proof of who was there before.
    const isOther =
      only !== undefined && !externalId.unique && (await knownWhenPlanned(cycle.db, intent, [only.id]));
    if (only !== undefined && marked.length === 1 && !isOther) return await settled(cycle, intent, only);
    if (marked.length > 1) return await uncertain(cycle, intent, `${marked.length} records carry its marker`);
  }
  const sent = sentContacts(cycle, intent);
  // What its source was given since was not sent: nobody is found by it.
  if (externalId === null && searchable(cycle, intent.side, sent).length === 0)
    return await resolveByEnumeration(cycle, intent);
  const found = await lookUp(cycle, intent.side, await contactsOfCreate(cycle, intent));
  const foundIds = found.map(({ id }) => id);
  const keptOut = await keptOutAmong(cycle.db, cycle.spec.name, intent.side, foundIds);
  if (keptOut.length > 0) return await uncertain(cycle, intent, heldByForgotten(intent.side, keptOut));
  const [only] = found;
  if (
    only !== undefined &&
    found.length === 1 &&
    isWhole(intent) &&
    holds(cycle.spec, intent.patch, only, 'after')
  ) {
    return await settled(cycle, intent, only);
  }
  if (found.length > 0) {
    // Matching must know of them, too, once its source moves.
    const { store } = await readFound(cycle, intent.side, found);
    await fenced(cycle.db, cycle.fence, store);
    return await uncertain(cycle, intent, 'a record with one of its e-mails or phones exists');
  }
  if (intent.looks + 1 < LOOKS_BEFORE_RESEND) {
    await notSeen(cycle, intent);
    return await resolveCreate(cycle, { ...intent, looks: intent.looks + 1 });
  }
  // Since an earlier cycle sent it, somebody may have given what it made another e-mail or phone.
  if (externalId === null && sentRun(intent) !== String(cycle.runId))
    return await resolveByEnumeration(cycle, intent, LOOKS_BEFORE_RESEND + 1);
  return await backToPending(cycle, intent, 'the record was looked for and is not there');
}

/**
 * Nothing to look it up by: only certified enumerations that began after the write was sent can tell. One new record
 * that holds exactly what was sent is it; two lists in a row without a new record that has no link mean that it was not
 * created (one may leave out what came last). One that holds
 * something else may still be it, in the side's own form or edited since (given an e-mail, say): a person looks. So they do
 * when our clock was set back meanwhile, as times say nothing then about what came first; and when the side's lists have
 * proved nothing for a day, since every new record there waits until it is known which of them it is.
 * @param looks how often it has to be looked for in all, before two of the lists have told: a look-up before them counts, too
 */
async function resolveByEnumeration(
  cycle: Cycle,
  intent: IntentRow,
  looks: number = LOOKS_BEFORE_RESEND,
): Promise<Recovery> {
  const wentBack = intent.sentAt !== null && (await clockWentBack(cycle.db, intent));
  const { certifiedAt, certifiedRun, uncertified } = await loadPair(cycle.db, cycle.spec.name);
  const certified = certifiedAt[intent.side];
  const isListed = wentBack
    ? isListedIn(certifiedRun[intent.side], intent)
    : certified !== null && certified > (intent.lookedAt ?? intent.sentAt ?? '');
  if (intent.sentAt === null || !isListed) {
    if (uncertified[intent.side] === null || !isOverdue(cycle, intent)) return 'later';
    return await uncertain(cycle, intent, 'no complete list of that side could be read for a day');
  }
  // By now what it made was seen: whoever leaves the question alone has been told of it (`maybeCreated`).
  if (wentBack) return await uncertain(cycle, intent, 'our clock was set back since, so no list can tell');
  const fresh = await unlinkedSince(cycle.db, cycle.spec.name, intent.side, {
    at: intent.sentAt,
    runId: sentRun(intent),
  });
  const equal = isWhole(intent)
    ? fresh.filter((record) => holds(cycle.spec, intent.patch, record, 'after'))
    : [];
  const [only] = equal;
  if (only === undefined) {
    if (fresh.length === 0) {
      if (intent.looks + 1 >= looks && intent.lookedAt !== null)
        return await backToPending(cycle, intent, 'two complete enumerations do not show it');
      await notSeen(cycle, intent);
      return 'later';
    }
    const ids = fresh.slice(0, SHOWN_SUSPECTS).map(({ id }) => id);
    return await uncertain(cycle, intent, `new record ${ids.join(', ')} may be it`);
  }
  if (equal.length > 1) return await uncertain(cycle, intent, `${equal.length} new records look like it`);
  return await settled(cycle, intent, only);
}

/** What is left of a create after a change of the mapping proves nothing: others may hold that, too (`forgetFields`). */
function isWhole(intent: IntentRow): boolean {
  return forgottenFields(intent).length === 0;
}

/** The run that sent it; of one from before this was kept, the run that planned it. */
export function sentRun({ sentRunId, runId }: IntentRow): string {
  return sentRunId ?? runId;
}

/** Whether a complete list that began in that run began after the write was sent, whatever our clock did. */
export function isListedIn(certifiedRun: number | null, intent: IntentRow): boolean {
  return certifiedRun !== null && certifiedRun > Number(sentRun(intent));
}

/** It was looked for, and was not there; how often, and when last, is on record. */
export async function notSeen(cycle: Cycle, intent: IntentRow): Promise<void> {
  await fenced(cycle.db, cycle.fence, (tx) =>
    moveIntent(tx, intent, ['unknown'], {
      state: 'unknown',
      at: cycle.clock(),
      looked: true,
      error: intent.error,
    }),
  );
}

async function settled(cycle: Cycle, intent: IntentRow, seen: SideRecord): Promise<Recovery> {
  return (await settleWrite(cycle, intent, seen, 'look')) === 'taken' ? 'parked' : 'settled';
}

async function readTarget(cycle: Cycle, intent: IntentRow): Promise<SideRecord | null> {
  if (intent.remoteId === null) throw new SyncError('invariant', `intent ${intent.id} has no target`);
  return await cycle.sides[intent.side].read(intent.remoteId, { signal: cycle.signal });
}

async function backToPending(
  cycle: Cycle,
  intent: IntentRow,
  reason: string,
  keep: Trace['keep'] = async () => {},
): Promise<Recovery> {
  await fenced(cycle.db, cycle.fence, async (tx) => {
    await keep(tx);
    await moveIntent(tx, intent, ['unknown'], { state: 'pending', at: cycle.clock(), error: reason });
  });
  return 'resend';
}

async function replan(
  cycle: Cycle,
  intent: IntentRow,
  seen: SideRecord,
  { happened, keep }: Trace,
): Promise<Recovery> {
  const reason = 'the record changed while the outcome was unknown';
  await fenced(cycle.db, cycle.fence, async (tx) => {
    await storeOne(cycle, tx, intent.side, 'verify', seen);
    await keep(tx);
    await dropIntent(
      tx,
      intent,
      reason,
      cycle.clock(),
      happened === 'not' ? null : unwitnessed(cycle, intent),
    );
  });
  return 'replanned';
}

/** Better a parked record than a duplicate (sync design §8). What such an update may have replaced is counted (P2). */
export async function uncertain(cycle: Cycle, intent: IntentRow, reason: string): Promise<Recovery> {
  const at = cycle.clock();
  await fenced(cycle.db, cycle.fence, async (tx) => {
    const witness = unwitnessed(cycle, intent);
    await moveIntent(tx, intent, ['unknown', 'pending'], { state: 'parked', at, error: reason, witness });
    await park(tx, {
      pair: intent.pair,
      linkId: intent.linkId,
      intentId: intent.id,
      side: intent.side,
      remoteId: intent.remoteId,
      kind: intent.op === 'create' ? 'uncertain-create' : 'contract',
      message: `It is not known whether this record was written to ${intent.side}: ${reason}.`,
      at,
    });
  });
  return 'parked';
}
