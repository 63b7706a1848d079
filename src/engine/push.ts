import { SIDES, type SideName } from '../core/record.ts';
import { type IntentRow, loadIntents, type PushWork, pushWork } from '../store/intents.ts';
import { strangeSides } from './account.ts';
import { backfilledSides } from './backfill-sides.ts';
import { mustWait, type Order, startOrder } from './blocker.ts';
import type { Cycle } from './context.ts';
import { createLooks } from './create-looks.ts';
import { isWitnessed } from './history.ts';
import { inLanes } from './lanes.ts';
import { startSlice } from './push-budget.ts';
import { breakCircles } from './release.ts';
import { lookAt, type Outcome, type Sending, sendOne } from './send.ts';
import { witnessWrites } from './witness.ts';

const BATCH_INTENTS = 100;
/** After this many failures in a row a side is left alone until the next cycle. */
const FAILURES_BEFORE_PAUSE = 3;
/** Links that are written at a time: one slow answer must not hold up everybody. The quota still counts each call. */
const WIDTH = 4;

export interface PushReport {
  settled: number;
  /** Pre-image moved: planned again. */
  replanned: number;
  parked: number;
  /** Not sent or not known yet: the next cycle goes on. */
  waiting: number;
  /** The cycle had no room for all that could be written: another one goes on at once. */
  more: boolean;
  /** Edits that a write of ours replaced unseen, as the histories tell: kept as conflicts, or restored by a policy. */
  overwritten: number;
  readonly writes: Record<SideName, number>;
  readonly pausedSides: SideName[];
}

/**
 * Drains the outbox, people's decisions first: verify → send → settle for each intent (sync design §8), serially per
 * link and for creates, a few links at a time. The state `sending` is durable before the call leaves, so that a kill at
 * any point leaves UNKNOWN, never a guess (P9). Who claims a value waits until its holder has given it up. Within a daemon
 * it stops when the cycle has written enough (push-budget.ts).
 * @param asked what the outbox holds, where that was just asked
 */
export async function pushIntents(cycle: Cycle, asked?: PushWork): Promise<PushReport> {
  const report: PushReport = {
    settled: 0,
    replanned: 0,
    parked: 0,
    waiting: 0,
    more: false,
    overwritten: 0,
    writes: { udesk: 0, crm: 0 },
    pausedSides: [],
  };
  // Most pushes of a quiet pair find an empty outbox: one question instead of seven.
  const work = asked ?? (await pushWork(cycle.db, cycle.spec.name));
  if (!work.pending && !work.unknown && !work.witness) return report;
  const failures: Record<SideName, number> = { udesk: 0, crm: 0 };
  const order = startOrder();
  const looks = createLooks(cycle);
  const sending: Sending = { writes: report.writes, order, looks };
  const backfilled = await backfilledSides(cycle);
  /** Still in the outbox after a try: the next cycle's work. */
  const left = new Set<string>();
  /** Not in the outbox any more: whoever began to wait for one of them while it was done need not wait. */
  const done = new Set<string>();
  const slice = startSlice(cycle);
  const strange = await strangeSides(cycle);
  /** Sides for which no more is begun in this push. */
  const full = new Set<SideName>(strange);
  // What an earlier cycle wrote and had no room to look after.
  if (work.witness && cycle.pushBudget !== undefined)
    report.overwritten += await witnessWrites(cycle, strange);
  const setBack = (id: string): void => {
    const blocker = order.waitsFor.get(id);
    if (blocker === undefined || done.has(blocker)) order.waitsFor.delete(id);
    else left.add(id);
  };
  const attempt = async (state: 'unknown' | 'pending', intent: IntentRow): Promise<void> => {
    cycle.signal.throwIfAborted();
    if (full.has(intent.side)) return;
    if (failures[intent.side] >= FAILURES_BEFORE_PAUSE) {
      report.waiting += 1;
      left.add(intent.id);
      return;
    }
    // Before it takes its part of the budget: many may wait for a guard.
    if (state === 'pending' && (await mustWait(cycle, intent, order))) {
      setBack(intent.id);
      return;
    }
    if (!(await slice.mayBegin(intent.side))) {
      full.add(intent.side);
      report.more = true;
      return;
    }
    let outcome: Outcome | null = null;
    try {
      outcome =
        state === 'unknown' ? await lookAt(cycle, intent, sending) : await sendOne(cycle, intent, sending);
    } finally {
      slice.done(intent.side, outcome === 'settled' && isWitnessed(cycle, intent.side));
    }
    if (outcome === 'blocked') return setBack(intent.id);
    if (outcome === 'later' || outcome === 'missing') left.add(intent.id);
    else done.add(intent.id);
    if (outcome !== 'later') freeWaiting(order, left, intent.id);
    failures[intent.side] = outcome === 'later' ? failures[intent.side] + 1 : 0;
    count(report, outcome);
    cycle.progress('writing', report.settled, null);
  };
  for (const state of ['unknown', 'pending'] as const) {
    if (state === 'unknown' && !work.unknown) continue;
    for (;;) {
      const batch = await loadIntents(cycle.db, cycle.spec.name, state, {
        limit: BATCH_INTENTS,
        now: cycle.clock(),
        exclude: [...left],
        backfilled,
        full: [...full],
      });
      if (batch.length === 0) {
        const free = report.more ? [] : await breakCircles(cycle, order);
        if (free.length === 0) break;
        for (const id of free) left.delete(id);
      }
      looks.upcoming(batch);
      await inLanes(batch, laneOf, cycle.width ?? WIDTH, (intent) => attempt(state, intent));
    }
  }
  report.waiting += [...left].filter((id) => order.waitsFor.has(id)).length;
  report.overwritten += await witnessWrites(cycle, strange);
  slice.end();
  for (const side of SIDES) {
    if (failures[side] >= FAILURES_BEFORE_PAUSE) report.pausedSides.push(side);
  }
  return report;
}

/** Two creates might be of one person: they go one after the other. */
function laneOf({ op, side, linkId }: IntentRow): string {
  return op === 'create' ? `create ${side}` : linkId;
}

/** Whoever waited for this intent is tried again. */
function freeWaiting({ waitsFor }: Order, left: Set<string>, done: string): void {
  for (const [waiting, blocker] of waitsFor) {
    if (blocker !== done) continue;
    waitsFor.delete(waiting);
    left.delete(waiting);
  }
}

function count(report: PushReport, outcome: Outcome): void {
  if (outcome === 'later' || outcome === 'missing' || outcome === 'blocked') report.waiting += 1;
  else report[outcome] += 1;
}

/** One intent that waits, outside the order of the outbox: a backfill's creates that no batch carries. */
export async function pushOne(cycle: Cycle, intent: IntentRow, report: PushReport): Promise<Outcome> {
  const order = startOrder();
  const waits = await mustWait(cycle, intent, order);
  const sending = { writes: report.writes, order, looks: createLooks(cycle) };
  const outcome = waits ? 'blocked' : await sendOne(cycle, intent, sending);
  count(report, outcome);
  return outcome;
}
