import { GUARD_CLASSES, type PlanItem } from '../core/plan.ts';
import { EMPTY_SAMPLE } from '../core/plan-sample.ts';
import { quietSince } from '../core/quiet.ts';
import { SIDES, type SideName } from '../core/record.ts';
import type { BatchVerdict } from '../crm/adapter.ts';
import { isSyncError, toError } from '../errors.ts';
import { closeApproval, keepYes, voidYes, waitingApproval } from '../store/approvals.ts';
import { countForPeople } from '../store/conflicts.ts';
import { dropPlannedAhead, dropUnsent, pushWork, sendingToUnknown } from '../store/intents.ts';
import { dissolveUncreated } from '../store/links.ts';
import {
  finishRun,
  loadPair,
  type PairRow,
  reopenFirstRun,
  saveFirstPlan,
  saveFirstRun,
  startRun,
} from '../store/pairs.ts';
import { clearUnlinkedDirty, hasUnlinkedDirty } from '../store/records.ts';
import { markFoundLinks } from '../store/restore.ts';
import { fenced } from '../store/tx.ts';
import { askAgainAboutChanged } from '../store/uncertain-creates.ts';
import { type BackfillReport, backfill } from './backfill.ts';
import { settleSeen } from './backfill-settle.ts';
import type { Cycle, EngineContext, PairRuntime } from './context.ts';
import { readDueFeeds } from './feeds.ts';
import { guardPlan, type Waiting } from './guard-plan.ts';
import { holdLease } from './lease-keeper.ts';
import { type MatchReport, matchRecords, matchUncertainCreates } from './match.ts';
import { planKnownNames, withNames } from './names.ts';
import { type Observation, type ObserveScope, observeSides } from './observe-sides.ts';
import { type PlannedLink, type PlanSummary, planDry, planIntoOutbox } from './plan.ts';
import { type PushReport, pushIntents } from './push.ts';
import { startPushBudget } from './push-budget.ts';
import { noticeRestore, withoutOldSweep } from './restored.ts';
import { reviewConflicts } from './review.ts';
import { adoptSpec } from './spec-change.ts';

/** Planning and writing alternate at most this often within one cycle: the last round normally finds nothing to do. */
const ROUNDS = 4;

const NO_MATCH: MatchReport = { linked: 0, reviews: 0, unmatched: { udesk: [], crm: [] } };

export interface CycleOptions {
  readonly trigger: 'sync' | 'plan' | 'run';
  readonly observe: ObserveScope;
  /** Read the histories that are due, after everything else. */
  readonly readFeeds?: boolean;
  /** Plan only: nothing is written to either side, nor to the outbox. */
  readonly dry?: boolean;
  /** Whatever it is now, by whom; a person who accepted it in the browser accepted one with a certain hash (store/approvals.ts). */
  readonly acceptFirstPlan?: { readonly who: string };
  /** Releases the guarded part of the plan if, and only if, it is exactly the plan with this hash. */
  readonly approve?: string;
  /** What a side told of its batches since the last call, where it tells (a webhook). */
  readonly batchVerdicts?: () => readonly BatchVerdict[];
  readonly onItem?: (item: PlanItem, link: PlannedLink) => void;
  readonly leaseWaitMs?: number;
  readonly signal?: AbortSignal;
  readonly progress?: Cycle['progress'];
}

export interface CycleReport {
  readonly pair: string;
  readonly runId: string;
  /** `waiting`: something waits for a person's approval (first plan or guard). */
  readonly outcome: 'done' | 'waiting';
  readonly observed: Observation;
  readonly matched: { readonly linked: number; readonly reviews: number };
  readonly plan: Omit<PlanSummary, 'hashOf' | 'sample'> & { readonly hash: string };
  /** Set while the pair's first plan waits for acceptance. */
  readonly firstPlan: boolean;
  readonly waiting: Waiting | null;
  readonly push: PushReport | null;
  /** Many creates that this cycle brought a few batches further; null where there are none. */
  readonly backfill: BackfillReport | null;
  readonly openConflicts: number;
  readonly parked: number;
}

/**
 * One cycle of one pair: lease → recover → observe → match → reconcile → guard → outbox → verify, send, settle.
 * Bases move last (sync design §8). It can be killed at any point; the next cycle goes on where this one was (P9).
 */
export async function runCycle(
  context: EngineContext,
  pair: PairRuntime,
  options: CycleOptions,
): Promise<CycleReport> {
  const { name } = pair.spec;
  const lease = await holdLease(context, name, options.leaseWaitMs ?? 20_000, options.signal);
  const log = context.log.child({ pair: name });
  let runId: number | null = null;
  try {
    runId = await startRun(context.db, name, options.trigger, context.clock());
    const signals = [lease.signal, ...(options.signal === undefined ? [] : [options.signal])];
    const cycle: Cycle = {
      ...context,
      ...pair,
      log: log.child({ runId }),
      fence: lease.fence,
      runId,
      signal: AbortSignal.any(signals),
      held: lease.signal,
      ...(options.trigger === 'run' ? { pushBudget: startPushBudget() } : {}),
      quietSince: quietSince(context.clock(), pair.spec.quietMs ?? 0, options.trigger !== 'run'),
      progress: options.progress ?? (() => {}),
    };
    const report = await work(cycle, options);
    if (options.readFeeds === true && options.dry !== true) await readDueFeeds(cycle);
    if (options.dry !== true) await reviewConflicts(cycle);
    const ended = { at: context.clock(), outcome: report.outcome, stats: report, error: null };
    await finishRun(context.db, name, runId, ended);
    return report;
  } catch (thrown) {
    const error = toError(thrown);
    const stopped = isSyncError(error, 'lease-lost') || options.signal?.aborted === true;
    const outcome = stopped ? 'abandoned' : 'failed';
    if (runId !== null) {
      await finishRun(context.db, name, runId, {
        at: context.clock(),
        outcome,
        stats: {},
        error: error.message,
      })
        // The database may be what failed: the first error is the one to report.
        .catch(() => {});
    }
    throw thrown;
  } finally {
    await lease.release().catch(() => {});
  }
}

async function work(start: Cycle, options: CycleOptions): Promise<CycleReport> {
  const { db, fence, spec } = start;
  const before = await loadPair(db, spec.name);
  const known = await noticeRestore(start, before);
  const justRestored = known.restoredAt !== before.restoredAt;
  // P8: what a person is asked about as a whole is planned as a whole: what would wait to be left alone would come after their
  // yes, or, where a backup was put back, when nobody is asked any more.
  const asked = known.firstRun !== 'accepted' || known.restoredAt !== null;
  const started: Cycle = asked ? { ...start, quietSince: null } : start;
  await adoptSpec(started);
  let cycle = await withNames(started);
  const unknown = await fenced(db, fence, async (tx) => {
    const moved = await sendingToUnknown(tx, spec.name);
    await dropUnsent(tx, spec.name, ['planned', 'held']);
    await dropPlannedAhead(tx, spec.name, cycle.clock());
    return moved;
  });
  if (unknown > 0)
    cycle.log.warn({ intents: unknown }, 'writes of unknown outcome were left by an earlier process');
  // `accepting`: the first plan was accepted, and a kill came before it was released. What is planned now has to be that one.
  const released = known.firstRun === 'accepted';
  if (released && options.dry !== true) await pushIntents(cycle);
  const scope = justRestored ? withoutOldSweep(options.observe) : options.observe;
  const observed = await observeSides(cycle, known, scope, options.approve ?? null);
  // After the look: who has just moved and whose create is parked would be planned, and created, a second time (P5).
  await fenced(db, fence, async (tx) => {
    await askAgainAboutChanged(tx, spec.name);
    await dissolveUncreated(tx, spec.name, cycle.clock());
  });
  await matchUncertainCreates(cycle);
  cycle = await withNames(cycle);
  await planKnownNames(cycle);
  // What was seen may settle creates of unknown outcome: before anybody is taken for unmatched.
  if (released && options.dry !== true) {
    const outbox = await pushWork(db, spec.name);
    if (outbox.unknown) for (const side of SIDES) await settleSeen(cycle, side);
    await pushIntents(cycle, outbox);
  }
  // A first plan, and one after a restore, is made of what both sides hold now.
  const unread =
    !released || known.restoredAt !== null ? SIDES.filter((side) => isUnread(known, observed, side)) : [];
  if (known.restoredAt !== null && unread.length > 0)
    return await waitForReading(cycle, observed, unread, NO_MATCH);
  const seesAll = observed.udesk.lane === 'full' || observed.crm.lane === 'full';
  const mustMatch = seesAll || !released || options.dry === true;
  const matchedAt = cycle.clock();
  const match = mustMatch ? await matchRecords(cycle) : await matchWhatMoved(cycle);
  if (known.restoredAt !== null) await fenced(db, fence, (tx) => markFoundLinks(tx, spec.name));

  if (options.dry === true) {
    const summary = await planDry(cycle, match.unmatched, options.onItem);
    return await reportOf(cycle, {
      observed,
      match,
      summary,
      push: null,
      firstPlan: known.firstRun === 'pending',
      waiting: null,
      backfill: null,
    });
  }
  if (!released) {
    if (unread.length > 0) return await waitForReading(cycle, observed, unread, match);
    if (spec.firstRun === 'review') {
      const summary = await planDry(cycle, match.unmatched, options.onItem);
      if (!(await firstPlanAccepted(cycle, known, summary, options.acceptFirstPlan?.who ?? null))) {
        return await reportOf(cycle, {
          observed,
          match,
          summary,
          push: null,
          firstPlan: true,
          waiting: null,
          backfill: null,
        });
      }
    }
    if (spec.firstRun === 'auto') {
      await fenced(db, fence, async (tx) => {
        // What the configuration accepts makes a yes from before it did so needless.
        const said = await waitingApproval(tx, spec.name, 'first-plan');
        if (said !== null) await closeApproval(tx, spec.name, said, 'replaced', cycle.clock());
        await saveFirstRun(tx, spec.name, 'accepting');
      });
    }
  }
  return await planAndPush(cycle, options, { known, observed, match, matchedAt, firstPlan: !released });
}

async function waitForReading(
  cycle: Cycle,
  observed: Observation,
  unread: readonly SideName[],
  match: MatchReport,
): Promise<CycleReport> {
  cycle.log.info({ sides: unread }, 'a plan is made once both sides were read to their end');
  const summary = emptySummary();
  return await reportOf(cycle, {
    observed,
    match,
    summary,
    push: null,
    firstPlan: false,
    waiting: null,
    backfill: null,
  });
}

/** Who was not seen yet would be taken for missing, and be created a second time (P5). */
function isUnread(known: PairRow, observed: Observation, side: SideName): boolean {
  const never = known.certifiedAt[side] === null && known.uncertified[side] === null;
  return never && observed[side].lane !== 'full';
}

/**
 * Shows the first plan on its page; whether exactly this one was accepted, there or by an earlier cycle that was interrupted
 * before it released anything. Another one that was is told to be overtaken, and a person is asked again: a yes is about one
 * plan, and what moved since nobody has seen (P8).
 * @param acceptedBy who accepts it now, whatever it is
 */
async function firstPlanAccepted(
  cycle: Cycle,
  known: PairRow,
  summary: PlanSummary,
  acceptedBy: string | null,
): Promise<boolean> {
  const { db, fence, spec } = cycle;
  const hash = summary.hashOf(GUARD_CLASSES);
  const at = cycle.clock();
  const { creates, updates, deletes, held, sample } = summary;
  const plan = { at: at.toISOString(), creates, updates, deletes, held, sample };
  const interrupted = known.firstRun === 'accepting';
  const goesOn = interrupted && known.firstPlanHash === hash;
  const accepted = await fenced(db, fence, async (tx) => {
    if (interrupted && !goesOn) {
      await reopenFirstRun(tx, spec.name);
      if (known.firstPlanHash !== null) await voidYes(tx, spec.name, 'first-plan', known.firstPlanHash);
    }
    await saveFirstPlan(tx, spec.name, hash, plan);
    const said = await waitingApproval(tx, spec.name, 'first-plan');
    const same = goesOn || said?.hash === hash;
    if (said !== null) {
      const overtaken = acceptedBy === null ? 'moved' : 'replaced';
      await closeApproval(tx, spec.name, said, same ? 'done' : overtaken, at);
    }
    if (acceptedBy !== null) {
      await keepYes(tx, { pair: spec.name, kind: 'first-plan', hash, who: acceptedBy, at });
    }
    if (!same && acceptedBy === null) return false;
    // In one transaction: a kill from here on finds the plan accepted.
    await saveFirstRun(tx, spec.name, 'accepting');
    return true;
  });
  if (interrupted && !accepted)
    cycle.log.error(
      { hash },
      'the accepted first plan was interrupted, and it is another one now: accept it again',
    );
  return accepted;
}

/**
 * Matching looks at every record without a link: between two full looks it is worth that only when one of them moved.
 * (What a linked record gives up, an e-mail say, is considered at the next full look.)
 */
async function matchWhatMoved(cycle: Cycle): Promise<MatchReport> {
  if (await hasUnlinkedDirty(cycle.db, cycle.spec.name)) return await matchRecords(cycle);
  return NO_MATCH;
}

async function planAndPush(
  cycle: Cycle,
  options: CycleOptions,
  start: {
    known: PairRow;
    observed: Observation;
    match: MatchReport;
    matchedAt: Date;
    firstPlan: boolean;
  },
): Promise<CycleReport> {
  const { observed } = start;
  let match = start.match;
  let first: PlanSummary | null = null;
  let waiting: CycleReport['waiting'] = null;
  let push: PushReport | null = null;
  for (let round = 1; round <= ROUNDS; round += 1) {
    await fenced(cycle.db, cycle.fence, async (tx) => {
      await dropUnsent(tx, cycle.spec.name, ['planned', 'held']);
      if (round > 1) return;
      // Before the plan: whoever it cannot create after all (another create holds the same e-mail) is dirty again.
      // Whoever still has to be left alone for a while stays to be matched.
      await clearUnlinkedDirty(tx, cycle.spec.name, earlier(start.matchedAt, cycle.quietSince ?? null));
    });
    const summary = await planIntoOutbox(cycle, match.unmatched, round);
    first ??= summary;
    // What a later round plans is an answer to the writes of the first, and in no plan that anybody accepted.
    const firstPlan = start.firstPlan && round === 1;
    waiting = await guardPlan(cycle, options.approve, { ...start, firstPlan }, summary);
    const pushed = await pushIntents(cycle);
    push = addUp(push, pushed);
    // What a write brought back (defaults that a side fills in, an edit that came in between) is planned at once.
    if (pushed.more || pushed.settled + pushed.replanned + pushed.overwritten === 0) break;
    match = await matchWhatMoved(cycle);
  }
  const filled = push === null ? null : await backfill(cycle, push, options.batchVerdicts);
  return await reportOf(cycle, {
    observed,
    match: start.match,
    summary: first ?? emptySummary(),
    push,
    firstPlan: false,
    waiting,
    backfill: filled,
  });
}

async function reportOf(
  cycle: Cycle,
  parts: {
    observed: Observation;
    match: MatchReport;
    summary: PlanSummary;
    push: PushReport | null;
    firstPlan: boolean;
    waiting: CycleReport['waiting'];
    backfill: BackfillReport | null;
  },
): Promise<CycleReport> {
  const { hashOf, sample: _shownOnPages, ...summary } = parts.summary;
  const waiting = await countForPeople(cycle.db, cycle.spec.name);
  const report: CycleReport = {
    pair: cycle.spec.name,
    runId: String(cycle.runId),
    outcome: parts.waiting !== null || (parts.firstPlan && parts.push === null) ? 'waiting' : 'done',
    observed: parts.observed,
    matched: { linked: parts.match.linked, reviews: parts.match.reviews },
    plan: { ...summary, hash: hashOf(GUARD_CLASSES) },
    firstPlan: parts.firstPlan,
    waiting: parts.waiting,
    push: parts.push,
    backfill: parts.backfill,
    openConflicts: waiting.openConflicts,
    parked: waiting.parked,
  };
  cycle.log.info(
    {
      changed: { udesk: report.observed.udesk.changed, crm: report.observed.crm.changed },
      creates: summary.creates,
      updates: summary.updates,
      deletes: summary.deletes,
      settled: report.push?.settled ?? 0,
      parked: report.parked,
      conflicts: report.openConflicts,
    },
    'cycle done',
  );
  return report;
}

/** What the pushes of several cycles, or of several rounds of one, amount to. */
export function addUp(before: PushReport | null, now: PushReport): PushReport {
  if (before === null) return now;
  return {
    settled: before.settled + now.settled,
    replanned: before.replanned + now.replanned,
    parked: before.parked + now.parked,
    waiting: now.waiting,
    more: now.more,
    overwritten: before.overwritten + now.overwritten,
    writes: { udesk: before.writes.udesk + now.writes.udesk, crm: before.writes.crm + now.writes.crm },
    pausedSides: now.pausedSides,
  };
}

function earlier(a: Date, b: Date | null): Date {
  return b === null || a <= b ? a : b;
}

function emptySummary(): PlanSummary {
  const none = { udesk: 0, crm: 0 };
  return {
    creates: none,
    updates: none,
    deletes: none,
    guarded: { create: 0, overwrite: 0, fill: 0, delete: 0 },
    overwrittenLinks: 0,
    held: 0,
    sample: EMPTY_SAMPLE,
    hashOf: () => '',
  };
}
