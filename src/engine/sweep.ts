import type { SideName } from '../core/record.ts';
import type { EnumerationEnd, Page } from '../crm/adapter.ts';
import { type AbsenceReport, proveAbsences } from './absence.ts';
import type { Cycle, PairRuntime } from './context.ts';
import { type Observed, observePages } from './observe.ts';
import { fits } from './room.ts';

/**
 * A full enumeration that is read in slices, so that heads, writes and decisions are never kept waiting behind it
 * (sync design §7: people and writes first). It lives in memory: a process that ends starts a new one, because a
 * resumed enumeration proves no absence (P7).
 */
export interface SweepSession {
  readonly side: SideName;
  readonly startedAt: Date;
  /** The run that read its first page. */
  startedRun?: number;
  readonly pages: AsyncIterator<Page>;
  readonly seen: Set<string>;
  pageCount: number;
  total: number | null;
  /** When its last page was read. */
  readAt: Date;
}

/** A sweep that was kept waiting for so long by more urgent calls reads a page all the same: nothing starves. */
const STARVED_MS = 60_000;

/** Where a worker keeps its sweep between cycles. */
export interface SweepHolder {
  current: SweepSession | null;
  /** Who was not found by a point read: the next certified sweep asks for them first. */
  readonly suspects?: Set<string>;
}

export interface SweepSlice {
  readonly observed: Observed;
  /** Set when this slice ended the sweep. */
  readonly ended: {
    readonly end: EnumerationEnd | null;
    readonly absences: AbsenceReport;
    readonly startedRun: number;
  } | null;
}

/** `signal` lives as long as the sweep may, not only as long as a cycle. */
export function startSweep(
  pair: PairRuntime,
  side: SideName,
  startedAt: Date,
  signal?: AbortSignal,
): SweepSession {
  const pages = pair.sides[side].enumerate({
    urgency: 'background',
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    side,
    startedAt,
    pages: pages[Symbol.asyncIterator](),
    seen: new Set(),
    pageCount: 0,
    total: null,
    readAt: startedAt,
  };
}

export function isStarved(cycle: Cycle, sweep: SweepSession): boolean {
  return cycle.clock().getTime() - sweep.readAt.getTime() >= STARVED_MS;
}

/**
 * Reads pages until `budgetMs` are used up; what does not fit the budget because the quota has no room for it is left to
 * the next slice, so that a write never waits behind a sweep. A failure ends the sweep: the next is a new one.
 * @param most pages that it reads
 */
export async function observeSlice(
  cycle: Cycle,
  holder: SweepHolder,
  budgetMs: number,
  most = Number.POSITIVE_INFINITY,
): Promise<SweepSlice> {
  const session = holder.current;
  if (session === null) throw new Error('no sweep is under way');
  session.startedRun ??= cycle.runId;
  const until = cycle.clock().getTime() + budgetMs;
  let done = false;
  async function* slice(sweep: SweepSession): AsyncGenerator<Page> {
    for (let read = 0; read < most; read += 1) {
      if (!isStarved(cycle, sweep) && !(await fits(cycle, sweep.side, 'enumerate', until))) return;
      const next = await sweep.pages.next();
      sweep.readAt = cycle.clock();
      if (next.done === true) {
        done = true;
        return;
      }
      yield next.value;
      if (next.value.end === null && cycle.clock().getTime() >= until) return;
    }
  }
  let observed: Observed;
  try {
    observed = await observePages(cycle, session.side, 'sweep', slice(session));
  } catch (error) {
    holder.current = null;
    throw error;
  }
  for (const id of observed.seen) session.seen.add(id);
  session.pageCount += observed.pages;
  session.total = observed.total ?? session.total;
  if (!done && observed.end === null) return { observed, ended: null };
  holder.current = null;
  const whole: Observed = { ...observed, seen: session.seen, total: session.total };
  const absences = await proveAbsences(cycle, session.side, whole, session.startedAt, holder.suspects);
  if (observed.end?.certified === true) holder.suspects?.clear();
  return { observed: whole, ended: { end: observed.end, absences, startedRun: session.startedRun } };
}
