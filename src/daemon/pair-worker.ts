import type { ToldChange } from '../core/own-echo.ts';
import type { SideName } from '../core/record.ts';
import { backoffMs } from '../core/retry.ts';
import type { BatchVerdict } from '../crm/adapter.ts';
import { type EngineContext, monotonicOf, type PairRuntime } from '../engine/context.ts';
import { type CycleReport, runCycle } from '../engine/cycle.ts';
import type { CycleEnd } from '../engine/measures.ts';
import { CALLS_PER_WRITE } from '../engine/push-budget.ts';
import { startSweep } from '../engine/sweep.ts';
import { DatabaseFailure, type ErrorKind, isSyncError, toError } from '../errors.ts';
import { createFailureLines } from './failure-lines.ts';
import { createHints } from './hints.ts';
import {
  AUDIT_LINKS,
  type DueLane,
  hasRest,
  isVisiting,
  openVisits,
  POINTS_SLICE_MS,
  type ScheduledLane,
  scopeOf,
  startBackground,
  VISITS_PAUSE_MS,
} from './lanes.ts';

/** A pair whose cycle failed waits at least this long, doubling up to the maximum; it never gives up. */
const BACKOFF = { baseMs: 2_000, maxMs: 300_000 };
/** Our own database is asked again sooner: it costs no quota, and nothing goes on without it. */
const DATABASE_BACKOFF = { baseMs: 1_000, maxMs: 15_000 };

const MAX_VERDICTS = 20;
/** How long work in the background rests at most: what it waits for may have changed. */
const MAX_PAUSE_MS = 10_000;

export interface PairHealth {
  /** When the last cycle ended well, in monotonic milliseconds of this process; null before the first. */
  lastGoodAtMs: number | null;
  failures: number;
  /** For people: what went wrong last, without personal data. */
  lastError: string | null;
  lastKind: ErrorKind | 'unexpected' | null;
  /** Which side the last error is about, where that is known. */
  lastSide: SideName | null;
}

export interface PairWorker {
  readonly name: string;
  readonly health: Readonly<PairHealth>;
  /** Marks a lane due. Several ticks before the next cycle are one piece of work. */
  due(lane: ScheduledLane): void;
  /**
   * The same for several lanes (or for none: whatever was asked for otherwise), and tells how the next cycle ended:
   * rejects with what it failed of, or because the worker stopped before, or does not run.
   */
  serve(lanes: readonly ScheduledLane[]): Promise<void>;
  /**
   * This customer of Udesk is read on its own in the next cycle, which starts now; not so when `changes` (what a callback
   * says that changed) is exactly a write of ours.
   */
  hint(id: string, changes?: readonly ToldChange[] | null): void;
  /** This record of the CRM is read on its own in the next cycle, which starts now. */
  crmHint(id: string): void;
  /** A person decided something: it is carried out by a cycle that starts now, whether or not a lane is due. */
  decided(): void;
  /** What Udesk told of a batch: a hint for the backfill that is under way. */
  batchResult(verdict: BatchVerdict): void;
  /**
   * Works until the signal is aborted; resolves when the cycle under way has ended. May be called again after that:
   * what was known of this pair and of its background then is forgotten, for others may have worked on it meanwhile.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Another process works on the pair from now on: how it fares here is no longer known. Only while it does not run. */
  forget(): void;
}

/**
 * Runs the cycles of one pair, one after the other and never two at once. The schedule only says when a lane is due;
 * a missed tick is caught up once. A failing cycle slows this pair alone.
 */
export function createPairWorker(
  context: EngineContext,
  pair: PairRuntime,
  onCycle: (report: CycleReport) => void = () => {},
  onEnd: (end: CycleEnd) => void = () => {},
): PairWorker {
  const { name } = pair.spec;
  const log = context.log.child({ pair: name });
  const waiting = new Set<DueLane>();
  const hints = createHints();
  const crmHints = createHints();
  const background = startBackground();
  const { holder, suspects } = background;
  const monotonic = monotonicOf(context);
  const health: PairHealth = {
    lastGoodAtMs: null,
    failures: 0,
    lastError: null,
    lastKind: null,
    lastSide: null,
  };
  let decisions = false;
  /** A backfill goes on with the next cycle, whether or not a lane is due. */
  let filling = false;
  let verdicts: BatchVerdict[] = [];
  const lines = createFailureLines();
  let wake: () => void = () => {};
  let resuming = false;
  let running = false;
  /** Aborted when something comes up that goes before single pages. */
  let urgent = new AbortController();
  /** Aborted when a person decides: a cycle that a guard refused waits for that, and not for time. */
  let answered = new AbortController();
  let pagesDue = false;
  /** More writes wait than one cycle carries out: no page is visited before them. */
  let backlog = false;
  /** Who waits for the end of the next cycle. */
  let asking: PromiseWithResolvers<void>[] = [];

  function restart(): void {
    holder.current = null;
    suspects.clear();
    backlog = false;
    Object.assign(background, {
      ...{ crmReadAt: null, crmMissing: false, auditLeft: 0, revisiting: false },
      visitsUntil: null,
    });
    Object.assign(health, {
      ...{ lastGoodAtMs: null, failures: 0, lastError: null, lastKind: null, lastSide: null },
    });
  }

  function markDue(lane: ScheduledLane): void {
    if (lane === 'pages') pagesDue = true;
    else urgent.abort();
    waiting.add(lane);
  }

  async function nextWork(signal: AbortSignal): Promise<void> {
    const idle = () =>
      waiting.size + hints.size + crmHints.size + asking.length === 0 && !decisions && !filling;
    while (idle() && !signal.aborted) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  /**
   * Work in the background, and a backlog of writes, go on as soon as the quota has room for them; until then a cycle would
   * do nothing.
   */
  async function resume(
    writes: boolean,
    visits: 'none' | 'now' | 'later',
    signal: AbortSignal,
  ): Promise<void> {
    if (resuming) return;
    resuming = true;
    const { udesk } = pair.sides;
    const rest = hasRest(background)
      ? [udesk.waitMs?.(holder.current === null ? 'read' : 'enumerate', 'background')]
      : [];
    const pages = {
      none: [],
      now: [udesk.waitMs?.('enumerate', 'background')],
      later: [Promise.resolve(VISITS_PAUSE_MS)],
    }[visits];
    const asked = [...rest, ...pages, ...(writes ? [udesk.waitMs?.('read', 'now', CALLS_PER_WRITE)] : [])];
    const waits = await Promise.all(asked.map((wait) => wait?.catch(() => 0) ?? 0));
    const waitMs = Math.min(...waits);
    if (waitMs > 0) await context.sleep(Math.min(waitMs, MAX_PAUSE_MS), signal).catch(() => {});
    resuming = false;
    waiting.add(writes || hasRest(background) ? 'rest' : 'pages');
    wake();
  }

  async function oneCycle(signal: AbortSignal): Promise<void> {
    const lanes = new Set(waiting);
    waiting.clear();
    const decided = decisions;
    decisions = false;
    urgent = new AbortController();
    const hinted = hints.take();
    const crmHinted = crmHints.take();
    const asked = asking;
    asking = [];
    const startedAt = context.clock().getTime();
    const ended = (outcome: CycleEnd['outcome']) =>
      onEnd({ outcome, durationMs: Math.max(0, context.clock().getTime() - startedAt) });
    try {
      const lookedAt = context.clock();
      if (pagesDue) openVisits(background, lookedAt);
      pagesDue = false;
      if (lanes.has('audit')) background.auditLeft = AUDIT_LINKS;
      // One that began at a time ahead proves nothing by it: the clock was set back, and it begins anew.
      if (holder.current !== null && holder.current.startedAt > lookedAt)
        holder.current = startSweep(pair, 'udesk', lookedAt, signal);
      if (lanes.has('sweep')) holder.current ??= startSweep(pair, 'udesk', lookedAt, signal);
      const busy = decided || hinted.size + crmHinted.size > 0 || backlog || filling;
      const scope = scopeOf(lanes, background, lookedAt, busy ? null : urgent.signal);
      const report = await runCycle(context, pair, {
        trigger: 'run',
        observe: {
          ...scope,
          crmPoints: [...crmHinted.keys()],
          points: {
            ids: [...hinted.keys()],
            told: new Map([...hinted].map(([id, { told }]) => [id, told])),
            suspects,
            budgetMs: POINTS_SLICE_MS,
          },
        },
        readFeeds: lanes.has('feeds'),
        batchVerdicts: () => {
          const told = verdicts;
          verdicts = [];
          return told;
        },
        signal,
      });
      hints.putBack(hinted, report.observed.pointsLeft);
      filling = report.backfill?.more === true;
      if (scope.crm === 'full') {
        background.crmReadAt = lookedAt;
        background.crmMissing = false;
      } else if ((report.observed.crmMissing ?? 0) > 0) {
        // Where deletions are visible the changes tell them; else it takes a complete reading.
        background.crmMissing = !pair.sides.crm.manifest.visibleDeletes;
        waiting.add('crm');
      }
      const { audit, revisit, visits } = report.observed;
      if (audit !== undefined) background.auditLeft = audit.left;
      if (revisit !== undefined) background.revisiting = revisit.left;
      // The rest is the next piece of work, together with whatever became due meanwhile.
      const writes = report.push?.more === true;
      backlog = writes;
      const nothing = visits?.pages === 0 && !urgent.signal.aborted;
      const go = !isVisiting(background, context.clock()) ? 'none' : nothing ? 'later' : 'now';
      if (writes || go !== 'none' || hasRest(background)) void resume(writes, go, signal);
      health.lastGoodAtMs = monotonic();
      if (health.failures > 0) {
        log.info({ kind: health.lastKind, failures: health.failures }, 'the pair is well again');
        lines.over();
      }
      health.failures = 0;
      health.lastError = null;
      health.lastKind = null;
      health.lastSide = null;
      ended(report.outcome);
      for (const { resolve } of asked) resolve();
      onCycle(report);
    } catch (thrown) {
      filling = false;
      const error = toError(thrown);
      // Another process that has the lease at the moment is no failure of what was asked for.
      if (isSyncError(error, 'lease-lost') && !signal.aborted) asking = [...asked, ...asking];
      else for (const { reject } of asked) reject(error);
      if (signal.aborted) return;
      if (isSyncError(error, 'invariant')) throw error;
      // The lanes stay due: what this cycle did not read, the next one must.
      for (const lane of lanes) waiting.add(lane);
      hints.giveBack(hinted);
      crmHints.giveBack(crmHinted);
      if (isSyncError(error, 'lease-lost')) {
        ended('lease-lost');
        log.info({ kind: 'lease-lost' }, 'another process works on this pair');
        await context.sleep(BACKOFF.baseMs, signal).catch(() => {});
        return;
      }
      health.failures += 1;
      health.lastError = error.message;
      const kind = kindOf(error);
      health.lastKind = kind;
      health.lastSide = isSyncError(error) ? (error.details.side ?? null) : null;
      ended('failed');
      const delayMs = backoffMs(health.failures, context.random, backoffFor(error));
      log[lines.levelOf(kind, health.failures)](
        { kind, failures: health.failures, delayMs, err: error.message },
        'the cycle failed',
      );
      answered = new AbortController();
      if (kind === 'guard' && decisions) return;
      const until = kind === 'guard' ? AbortSignal.any([signal, answered.signal]) : signal;
      await context.sleep(delayMs, until).catch(() => {});
    }
  }

  return {
    name,
    health,
    due(lane) {
      markDue(lane);
      wake();
    },
    async serve(lanes) {
      // Nobody would ever answer: whoever asks waits for this before the pair can be taken again.
      if (!running) throw new Error('the worker does not run');
      for (const lane of lanes) markDue(lane);
      if (lanes.length === 0) urgent.abort();
      const asked = Promise.withResolvers<void>();
      asking.push(asked);
      wake();
      await asked.promise;
    },
    hint(id, changes) {
      hints.add(id, changes);
      urgent.abort();
      wake();
    },
    crmHint(id) {
      crmHints.add(id);
      urgent.abort();
      wake();
    },
    decided() {
      decisions = true;
      answered.abort();
      urgent.abort();
      wake();
    },
    batchResult(verdict) {
      // One batch is under way at a time: older ones are of no use to anybody.
      verdicts = [...verdicts, verdict].slice(-MAX_VERDICTS);
    },
    forget: restart,
    async run(signal) {
      // One listener for the whole life: one per wait would pile up on the stop signal.
      const stopped = () => wake();
      signal.addEventListener('abort', stopped);
      restart();
      running = true;
      try {
        while (!signal.aborted) {
          await nextWork(signal);
          if (!signal.aborted) await oneCycle(signal);
        }
      } finally {
        signal.removeEventListener('abort', stopped);
        running = false;
        const left = asking;
        asking = [];
        for (const { reject } of left) reject(new Error('the worker stopped'));
      }
    },
  };
}

/** Who must act: nobody, for a database that is only away. */
function kindOf(error: Error): ErrorKind | 'unexpected' {
  if (isSyncError(error)) return error.kind;
  return isPassing(error) ? 'transient' : 'unexpected';
}

function backoffFor(error: Error): typeof BACKOFF {
  return isPassing(error) ? DATABASE_BACKOFF : BACKOFF;
}

function isPassing(error: Error): boolean {
  return error instanceof DatabaseFailure && error.passing;
}
