/**
 * Reads, after our writes, what they replaced (sync design §8): the mark `due` is durable with the settling of each
 * write, so that a kill or a short quota only puts it off. The history keeps the evidence.
 */
import { imageFrom } from '../core/field-outcome.ts';
import { describeOverwritten } from '../core/reconcile-overwritten.ts';
import { otherSide, SIDES, type SideName } from '../core/record.ts';
import { type FieldSpec, sideField } from '../core/spec.ts';
import type { Value } from '../core/value.ts';
import { witnessWrite } from '../core/witness.ts';
import type { Overwritten, Verdict } from '../core/witness-records.ts';
import { forgottenFields } from '../core/written.ts';
import { isSyncError } from '../errors.ts';
import { saveEditTimes } from '../store/feeds.ts';
import type { IntentRow } from '../store/intents.ts';
import { linkHolding, loadLinkOf, setLinksDirty } from '../store/links.ts';
import { loadRecords } from '../store/records.ts';
import { askAgain } from '../store/returned.ts';
import { type Db, fenced } from '../store/tx.ts';
import {
  dueWitnesses,
  keepOverwritten,
  laterWrites,
  type OverwrittenRow,
  saveWitness,
} from '../store/witnesses.ts';
import type { Cycle } from './context.ts';
import {
  changesSince,
  type HistorySince,
  isWitnessed,
  type LookTime,
  lookTime,
  readHistorySince,
  timesOfWrite,
} from './history.ts';
import { fits } from './room.ts';

const BATCH_RECORDS = 50;
/** Writes go first: when the quota is short, a pass ends after this long, and the rest is witnessed later. */
const PASS_BUDGET_MS = 10_000;

/** Cycles in which a history did not answer, or took its time: the rest is witnessed in a later one. */
const enough = new WeakSet<Cycle>();

/** One pass over what is due, the longest due first, but on the sides `without`. @returns how many overwritten edits were found. */
export async function witnessWrites(cycle: Cycle, without: readonly SideName[]): Promise<number> {
  let found = 0;
  for (const side of SIDES) {
    if (isWitnessed(cycle, side) && !without.includes(side) && !enough.has(cycle))
      found += await witnessSide(cycle, side);
  }
  return found;
}

async function witnessSide(cycle: Cycle, side: SideName): Promise<number> {
  const startedMs = cycle.clock().getTime();
  const failed: string[] = [];
  let found = 0;
  for (;;) {
    const due = await dueWitnesses(cycle.db, cycle.spec.name, side, {
      limit: BATCH_RECORDS,
      exclude: failed,
    });
    if (due.size === 0) return found;
    for (const [remoteId, intents] of due) {
      cycle.signal.throwIfAborted();
      const isLate =
        cycle.clock().getTime() - startedMs > PASS_BUDGET_MS ||
        // In a daemon others wait for the end of the cycle.
        (cycle.pushBudget !== undefined &&
          !(await fits(cycle, side, 'history', startedMs + PASS_BUDGET_MS, 'now')));
      const outcome = isLate ? 'later' : await witnessRecord(cycle, side, remoteId, intents);
      if (outcome === 'later') {
        enough.add(cycle);
        return found;
      }
      if (outcome === 'failed') failed.push(remoteId);
      else found += outcome;
    }
    if (due.size < BATCH_RECORDS) return found;
  }
}

/** `later`: the side does not answer now; `failed`: this record cannot be witnessed now, others can. */
async function witnessRecord(
  cycle: Cycle,
  side: SideName,
  remoteId: string,
  intents: readonly IntentRow[],
): Promise<number | 'later' | 'failed'> {
  const looked = intents.flatMap((intent) => {
    const look = lookTime(intent);
    return look === null ? [] : [{ intent, look }];
  });
  if (looked.length < intents.length) return 'failed';
  try {
    const looks = looked.map(({ look }) => look);
    const history = await readHistorySince(cycle, side, remoteId, looks);
    let found = 0;
    for (const { intent, look } of looked) found += await witnessIntent(cycle, intent, look, history);
    if (side === 'udesk' && found > 0) {
      await fenced(cycle.db, cycle.fence, (tx) => saveEditTimes(tx, cycle.spec.name, remoteId));
    }
    return found;
  } catch (error) {
    const kind = isSyncError(error) ? error.kind : null;
    if (kind === 'rejected' || kind === 'contract') {
      const reason = isSyncError(error) ? error.message : '';
      cycle.log.warn({ side, remoteId, kind }, 'a write cannot be witnessed: its history is refused');
      await fenced(cycle.db, cycle.fence, async (tx) => {
        for (const intent of intents) await saveWitness(tx, intent, 'unclear', reason);
      });
      return 0;
    }
    if (kind === 'transient' || kind === 'throttled') {
      cycle.log.info({ side, remoteId, kind }, 'the history was not read: writes are witnessed later');
      return 'later';
    }
    throw error;
  }
}

async function witnessIntent(
  cycle: Cycle,
  intent: IntentRow,
  look: LookTime,
  history: HistorySince,
): Promise<number> {
  const times = timesOfWrite(look, history, intent.settledAt ?? cycle.clock().toISOString());
  const records = await changesSince(cycle, intent, history, times);
  const later = await laterWrites(cycle.db, intent);
  const verdicts = Object.entries(intent.patch).flatMap(([name, write]): [FieldSpec, Verdict][] => {
    const spec = cycle.spec.fields.find(({ udesk }) => udesk === write.field);
    if (spec === undefined) return [];
    const verdict = witnessWrite({
      side: intent.side,
      spec,
      region: cycle.spec.match.defaultRegion,
      name,
      write,
      held: intent.result?.[write.field] ?? write.after,
      records,
      later: later.flatMap((other) => other.patch[name] ?? []),
      times,
    });
    return [[spec, verdict]];
  });
  const lost = verdicts.flatMap(([spec, verdict]) =>
    verdict.verdict === 'overwritten' ? [{ spec, foreign: verdict.foreign }] : [],
  );
  const unclear = verdicts.flatMap(([, verdict]) => (verdict.verdict === 'unclear' ? [verdict.reason] : []));
  for (const field of forgottenFields(intent)) {
    unclear.push(`${field} was mapped in another way before it was known what became of the write`);
  }
  if (unclear.length === 0 && lost.length === 0 && !history.whole) {
    unclear.push(`the history of ${intent.side} has more news than were read`);
  }
  const state = lost.length > 0 ? 'overwritten' : unclear.length > 0 ? 'unclear' : 'clean';
  await fenced(cycle.db, cycle.fence, async (tx) => {
    if (!(await saveWitness(tx, intent, state, unclear[0] ?? null))) return;
    for (const { spec, foreign } of lost) await keep(cycle, tx, intent, spec, foreign);
  });
  if (lost.length > 0) {
    cycle.log.warn(
      { side: intent.side, linkId: intent.linkId, fields: lost.map(({ spec }) => spec.udesk) },
      'an edit was overwritten in the moment between verify and send: it is kept as a conflict',
    );
  }
  return lost.length;
}

/** Keeps one overwritten edit in a conflict row, and has the link planned again: a policy may restore it. */
export async function keep(
  cycle: Cycle,
  tx: Db,
  intent: IntentRow,
  spec: FieldSpec,
  foreign: Overwritten,
): Promise<void> {
  const row = await rowOf(cycle, tx, intent, spec, foreign);
  await keepOverwritten(tx, cycle.spec.name, row, cycle.clock());
  await setLinksDirty(tx, intent.pair, [intent.linkId], true);
  // Its link may have ended since, and the record be linked anew: a decision is carried out by that one alone.
  const { pair, side, remoteId, linkId } = intent;
  const holder = remoteId === null ? null : await linkHolding(tx, pair, side, remoteId);
  if (holder !== null && holder !== linkId) await askAgain(tx, pair, [holder], cycle.clock());
}

async function rowOf(
  cycle: Cycle,
  tx: Db,
  intent: IntentRow,
  spec: FieldSpec,
  foreign: Overwritten,
): Promise<OverwrittenRow> {
  const link = await loadLinkOf(tx, intent.pair, intent.linkId);
  const ids = { udesk: link?.udeskId ?? null, crm: link?.crmId ?? null };
  const now = async (side: SideName): Promise<Value | null> => {
    const id = ids[side];
    if (id === null) return null;
    const known = (await loadRecords(tx, cycle.spec.name, side, [id])).get(id);
    return known?.record.fields[sideField(spec, side)] ?? null;
  };
  const [udesk, crm] = [await now('udesk'), await now('crm')];
  const before = intent.patch[sideField(spec, intent.side)]?.before ?? null;
  const image = imageFrom(spec, intent.side, before);
  const base = {
    [intent.side]: before,
    [otherSide(intent.side)]: image.ok ? image.value : intent.side === 'udesk' ? crm : udesk,
    accepted: !image.ok,
  } as unknown as OverwrittenRow['base'];
  return {
    linkId: intent.linkId,
    field: spec.udesk,
    base,
    udesk,
    crm,
    foreign: { ...foreign, before },
    reason: describeOverwritten(foreign),
  };
}
