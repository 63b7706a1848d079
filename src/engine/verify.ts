/** The last look before a write (sync design §8): what the plan was made from must still be there. */
import { contentHash, mergeObserved } from '../core/observation.ts';
import { idOn, otherSide, type SideName, type SideRecord } from '../core/record.ts';
import { isUnwanted } from '../core/unwanted.ts';
import { standAsBefore } from '../core/witness-records.ts';
import { holds } from '../core/written.ts';
import { isSyncError, SyncError } from '../errors.ts';
import { dropIntent, type IntentRow, knownWhenPlanned } from '../store/intents.ts';
import { dissolveUncreated, loadLinkOf, reviewsAbout } from '../store/links.ts';
import { isUnplanned, loadRecords } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { waitForAgreement } from './contradicted.ts';
import { type CreateLooks, matchedBy } from './create-looks.ts';
import { readFound } from './found.ts';
import { isWitnessed } from './history.ts';
import { meantBy, withoutKeptOut } from './kept-out.ts';
import { contactsOfCreate, lookUp } from './lookup.ts';
import { storeOne } from './observe.ts';
import { waitForProof } from './vanished.ts';

/** The last look before a write, by our clock, and how the side's clock stood against it then. */
export interface LastLook {
  readonly found: Awaited<ReturnType<typeof verify>>;
  readonly verifiedAt: Date;
  /** The side's clock minus ours; null where nobody told, or a clock was set meanwhile. */
  readonly skewMs: number | null;
}

/**
 * What the history of a side tells of a write is found by times, and only the clocks of now say what they mean. Where one of
 * them was set while we looked, the look is taken again.
 */
export async function lastLook(cycle: Cycle, intent: IntentRow, looks: CreateLooks): Promise<LastLook> {
  const side = cycle.sides[intent.side];
  const isCompared = intent.op === 'update' && isWitnessed(cycle, intent.side);
  const skew = () => (isCompared ? (side.clockSkewMs?.() ?? null) : null);
  for (let again = false; ; again = true) {
    const beforeMs = skew();
    const verifiedAt = cycle.clock();
    const found = await verify(cycle, intent, looks);
    const skewMs = skew();
    const wasSet = beforeMs !== null && skewMs !== null && !standAsBefore(beforeMs, skewMs);
    const isOver = found === 'stale' || found === 'missing';
    if (!wasSet || isOver || again) return { found, verifiedAt, skewMs: wasSet ? null : skewMs };
  }
}

/** The pre-image must still hold. A side with compare-and-set checks it itself, atomically with the write. */
export async function verify(
  cycle: Cycle,
  intent: IntentRow,
  looks: CreateLooks,
): Promise<SideRecord | null | 'stale' | 'missing'> {
  if (isUnwanted(cycle.spec, intent)) {
    const why = 'the configuration does not ask for it any more';
    await fenced(cycle.db, cycle.fence, (tx) => dropIntent(tx, intent, why, cycle.clock()));
    return 'stale';
  }
  if (intent.op === 'create') return await verifyAbsent(cycle, intent, looks);
  const side = cycle.sides[intent.side];
  const id = intent.remoteId ?? '';
  if (side.manifest.compareAndSet && intent.op === 'update') {
    const mirrored = await loadRecords(cycle.db, cycle.spec.name, intent.side, [id]);
    const known = mirrored.get(id);
    if (known !== undefined) return known.record;
  }
  const current = await side.read(id, { signal: cycle.signal });
  if (current === null) return await waitForProof(cycle, intent, id);
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
      ? (await isCounterpartGone(cycle, intent, otherSide(intent.side))) &&
        (await isAsMirrored(cycle, intent, current))
      : holds(cycle.spec, intent.patch, current, 'before');
  if (unmoved && intent.op === 'delete') await refuseWhileAsked(cycle, intent.side, id);
  if (unmoved) return current;
  await observeAndReplan(cycle, intent, current);
  return 'stale';
}

/**
 * The e-mails and phones are looked up right before (decision 0006): whoever was entered since the last look, or whom a list
 * hid, is matched, and not made a second time (P5). Of whom matching knew already, a person or a stop list said that they are
 * somebody else: they may share an address, unless a create there may change them instead.
 */
async function verifyAbsent(
  cycle: Cycle,
  intent: IntentRow,
  looks: CreateLooks,
): Promise<null | 'stale' | 'missing'> {
  if (await isSourceGone(cycle, intent)) {
    await fenced(cycle.db, cycle.fence, (tx) =>
      dropIntent(tx, intent, 'its source was deleted before the write', cycle.clock()),
    );
    return 'stale';
  }
  if (!(await isCounterpartGone(cycle, intent, intent.side))) {
    const why = 'whose place it was to take is back';
    await fenced(cycle.db, cycle.fence, (tx) => dropIntent(tx, intent, why, cycle.clock()));
    return 'stale';
  }
  const holding = await holders(cycle, intent, looks);
  const among = await withoutKeptOut(cycle, intent, holding);
  const found = await readFound(cycle, intent.side, among.others);
  const hidden = [...among.contradicted, ...found.contradicted];
  const contradicted = await meantBy(
    cycle,
    intent,
    holding.filter(({ id }) => hidden.includes(id)),
  );
  if (contradicted.length > 0) return await waitForAgreement(cycle, intent, contradicted);
  const ids = found.shown.map(({ id }) => id);
  // Matching knew them as the mirror holds them: who was given the e-mail since then is somebody new to it.
  if (ids.length === 0 || (found.areAsHeld && (await knownWhenPlanned(cycle.db, intent, ids)))) {
    await refuseWhileAskedWho(cycle, intent);
    if (ids.length === 0 || cycle.sides[intent.side].manifest.createMayOverwrite !== true) return null;
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
    await found.store(tx);
    await dropIntent(tx, intent, 'somebody with this e-mail or phone exists already', cycle.clock());
    await dissolveUncreated(tx, cycle.spec.name, cycle.clock());
  });
  return 'stale';
}

/** P7: whoever was entered anew while the deletion waited may be this one. */
async function refuseWhileAsked({ db, spec }: Cycle, side: SideName, id: string): Promise<void> {
  const [question] = await reviewsAbout(db, spec.name, side, id);
  if (question === undefined) return;
  throw new SyncError(
    'rejected',
    `whether ${side} record ${id} was entered anew is not answered: answer question ${question.id} first`,
    {
      side,
      code: 'asked',
    },
  );
}

/** P5: a person had the record created anew, and did not answer who may be that one already; whatever a look shows. */
async function refuseWhileAskedWho({ db, spec }: Cycle, { side, marker }: IntentRow): Promise<void> {
  if (marker === null) return;
  const [question] = await reviewsAbout(db, spec.name, otherSide(side), marker);
  if (question === undefined) return;
  throw new SyncError(
    'rejected',
    `${side} record ${(question.candidates?.[side] ?? []).join(', ')} may be who is to be created anew: answer question ${question.id} first`,
    { side, code: 'asked' },
  );
}

/**
 * Live records there that hold an e-mail or phone of it. Where a create may change one of them, all are asked for, and a question
 * that is refused holds the create up. Elsewhere it is there to spare a double: what people are matched by is asked for, in one
 * form, with that of the next creates where the side answers many, and not by reading the whole list; and what is refused says
 * nothing, as before a shared line that thousands hold.
 */
async function holders(cycle: Cycle, intent: IntentRow, looks: CreateLooks): Promise<SideRecord[]> {
  const { side, linkId } = intent;
  const { createMayOverwrite } = cycle.sides[side].manifest;
  const contacts = await contactsOfCreate(cycle, intent);
  if (createMayOverwrite === true) return await lookUp(cycle, side, contacts);
  const open = await looks.notFree(intent, matchedBy(cycle, side, contacts));
  return await lookUp(cycle, side, open, ({ kind }) =>
    cycle.log.info({ side, linkId, kind }, 'nobody can say who holds a contact: the create goes on'),
  );
}

/** A create that had to wait makes nobody whose record was deleted meanwhile. */
async function isSourceGone(cycle: Cycle, { side, marker }: IntentRow): Promise<boolean> {
  if (marker === null) return false;
  const sources = await loadRecords(cycle.db, cycle.spec.name, otherSide(side), [marker]);
  return sources.get(marker)?.state === 'deleted';
}

/**
 * A deletion follows from the other one, and a create in the place of a deleted record from that one's. It may have been taken back
 * since, and a write that had to wait asks for it once more (P5, P7).
 */
async function isCounterpartGone(cycle: Cycle, intent: IntentRow, there: SideName): Promise<boolean> {
  const link = await loadLinkOf(cycle.db, intent.pair, intent.linkId);
  const id = link === null ? null : idOn(link, there);
  if (id === null) return true;
  const known = (await loadRecords(cycle.db, intent.pair, there, [id])).get(id);
  if (known !== undefined && known.state !== 'deleted') return false;
  if (intent.op === 'delete' && intent.runId === String(cycle.runId)) return true;
  try {
    const back = await cycle.sides[there].read(id, { signal: cycle.signal });
    if (back === null) return true;
    await fenced(cycle.db, cycle.fence, (tx) => storeOne(cycle, tx, there, 'verify', back));
    return false;
  } catch (error) {
    // Who is not shown is not back.
    if (!isSyncError(error, 'rejected') && !isSyncError(error, 'contract')) throw error;
    return true;
  }
}

/**
 * A record is deleted only as it was when the deletion was planned: any later edit survives (P2), and so does one that the
 * mirror has seen since, which leaves the record dirty until its link is planned again.
 */
async function isAsMirrored(cycle: Cycle, intent: IntentRow, current: SideRecord): Promise<boolean> {
  const mirrored = await loadRecords(cycle.db, cycle.spec.name, intent.side, [current.id]);
  const known = mirrored.get(current.id);
  if (known === undefined || (await isUnplanned(cycle.db, cycle.spec.name, intent.side, current.id)))
    return false;
  return contentHash(mergeObserved(known.record, current)) === known.hash;
}

export async function observeAndReplan(cycle: Cycle, intent: IntentRow, seen: SideRecord): Promise<void> {
  await fenced(cycle.db, cycle.fence, async (tx) => {
    await storeOne(cycle, tx, intent.side, 'verify', seen);
    await dropIntent(tx, intent, 'the record moved before the write', cycle.clock());
  });
}
