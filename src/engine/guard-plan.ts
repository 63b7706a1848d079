import { evaluateGuards, type GuardVerdict } from '../core/guard.ts';
import { GUARD_CLASSES } from '../core/plan.ts';
import { sampleOf } from '../core/plan-sample.ts';
import { SIDES } from '../core/record.ts';
import { closeApproval, waitingApproval } from '../store/approvals.ts';
import {
  closeWaiting,
  endRejected,
  loadGuardedPlan,
  saveWaiting,
  type Tripped,
  waitingGuards,
} from '../store/guards.ts';
import { movePlanned } from '../store/intents.ts';
import { countLinks } from '../store/links.ts';
import { type PairRow, saveAlarms, saveFirstRun } from '../store/pairs.ts';
import { endRestore } from '../store/restore.ts';
import type { SideAlarms } from '../store/schema/pair.ts';
import { overwrittenSince, type Since, sentSince } from '../store/sent-since.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import type { Observation } from './observe-sides.ts';
import type { PlanSummary } from './plan.ts';

export interface Waiting {
  readonly hash: string;
  readonly tripped: readonly Tripped[];
}

/** Judges the whole plan once it is in the outbox, then releases it or holds its destructive part (P8). */
export async function guardPlan(
  cycle: Cycle,
  approve: string | undefined,
  start: { known: PairRow; observed: Observation; firstPlan: boolean },
  summary: PlanSummary,
): Promise<Waiting | null> {
  const { db, fence, spec, runId } = cycle;
  const alarms = alarmsAfter(start.known.alarms, start.observed);
  const ago = agoOf(cycle.clock(), cycle.sides.udesk.clockSkewMs?.() ?? alarms.udesk?.clockSkewMs ?? null);
  const [hourAgo, dayAgo] = [ago(3_600_000), ago(86_400_000)];
  const creates = summary.creates.udesk + summary.creates.crm;
  const deletes = summary.deletes.udesk + summary.deletes.crm;
  const writes = creates + deletes + summary.updates.udesk + summary.updates.crm;
  // What was done before is asked only for what the plan does: a guard that has nothing to hold does not look at it.
  const verdict = evaluateGuards(
    spec.guards,
    { creates: summary.creates, updates: summary.overwrittenLinks, deletes },
    {
      confirmedLinks: writes === 0 ? 0 : (await countLinks(db, spec.name)).confirmed,
      createsLastHour: creates === 0 ? 0 : await sentSince(db, spec.name, 'create', hourAgo),
      updatesLastHour: summary.overwrittenLinks === 0 ? 0 : await overwrittenSince(db, spec.name, hourAgo),
      firstRunAccepted: start.firstPlan,
      emptySide: SIDES.find((side) => alarms[side]?.empty) ?? null,
      // A side that is not the one we knew was refused before anything of it was read (observe-sides.ts).
      fingerprintChanged: null,
      clockSkewMs: worstSkew(alarms),
      restored: start.known.restoredAt !== null,
      deletesLastDay: deletes === 0 ? 0 : await sentSince(db, spec.name, 'delete', dayAgo),
    },
  );
  const heldClasses = GUARD_CLASSES.filter(
    (kind) =>
      (kind === 'create' && verdict.holdCreates) ||
      (kind === 'overwrite' && verdict.holdUpdates) ||
      (kind === 'delete' && verdict.holdDeletes),
  );
  const heldWrites = heldClasses.reduce((sum, kind) => sum + summary.guarded[kind], 0);
  const hash = summary.hashOf(heldClasses);
  const { blocked, told } = await fenced(db, fence, async (tx) => {
    const at = cycle.clock();
    const [known, said] = await Promise.all([
      waitingGuards(tx, spec.name, ['waiting', 'rejected']),
      waitingApproval(tx, spec.name, 'guard'),
    ]);
    const approved = heldWrites > 0 && (approve === hash || said?.hash === hash);
    const blocked = heldWrites > 0 && !approved;
    if (said !== null)
      await closeApproval(tx, spec.name, said, said.hash === hash && approved ? 'done' : 'moved', at);
    if (blocked) {
      await movePlanned(tx, spec.name, runId, 'held', heldClasses);
      const sample = sampleOf(summary.sample, heldClasses);
      const kept = (await loadGuardedPlan(tx, [spec.name], hash))?.kept === sample.writes.length;
      await saveWaiting(tx, spec.name, {
        ...{ hash, tripped: verdict.tripped, writes: heldWrites, at },
        sample: kept ? null : sample,
      });
    } else if (known.some(({ state }) => state === 'waiting')) {
      await closeWaiting(tx, spec.name, approved ? 'approved' : 'superseded', at);
    }
    // A no was about this plan, and not about the same of another time.
    if (heldWrites === 0 && known.length > 0) await endRejected(tx, spec.name, at);
    // What nobody looked at counts for the guards of later plans. The guard of deletions knows no accepted first plan.
    const lookedAt = GUARD_CLASSES.filter((kind) =>
      heldClasses.includes(kind) ? approved : start.firstPlan && kind !== 'delete',
    );
    if (writes > 0) await movePlanned(tx, spec.name, runId, 'pending', GUARD_CLASSES, lookedAt);
    await saveAlarms(tx, spec.name, approved ? {} : alarms);
    if (start.firstPlan) await saveFirstRun(tx, spec.name, 'accepted');
    if (start.known.restoredAt !== null && !blocked) await endRestore(tx, spec.name);
    return { blocked, told: known.some((row) => sameGuards(row, verdict)) };
  });
  if (!blocked) return null;
  // What waits is told once; the plan, and so its hash, may change with every cycle until somebody looks.
  cycle.log[told ? 'info' : 'error'](
    { kind: 'guard', hash, guards: verdict.tripped.map(({ guard }) => guard), writes: heldWrites },
    'a guard holds part of the plan until a person approves it',
  );
  return { hash, tripped: verdict.tripped };
}

/** Our clock may have been set since a write was sent, Udesk's was not (P8). */
function agoOf(now: Date, skewMs: number | null): (ms: number) => Since {
  return (ms) => {
    const ours = now.getTime() - ms;
    return { ours: new Date(ours), udesks: skewMs === null ? null : new Date(ours + skewMs) };
  };
}

function sameGuards(waiting: { readonly tripped: readonly Tripped[] }, now: GuardVerdict): boolean {
  const names = (tripped: readonly { readonly guard: string }[]) =>
    tripped
      .map(({ guard }) => guard)
      .sort()
      .join();
  return names(waiting.tripped) === names(now.tripped);
}

/** What a full look found stays alarming until the next full look, or until a person approves: lanes that saw less say nothing. */
function alarmsAfter(known: SideAlarms, observed: Observation): SideAlarms {
  const alarms: SideAlarms = { ...known };
  for (const side of SIDES) {
    const { alarm } = observed[side];
    if (alarm !== null) alarms[side] = alarm;
  }
  return alarms;
}

function worstSkew(alarms: SideAlarms): number | null {
  const skews = SIDES.flatMap((side) => alarms[side]?.clockSkewMs ?? []);
  return skews.length === 0 ? null : skews.reduce((a, b) => (Math.abs(a) > Math.abs(b) ? a : b));
}
