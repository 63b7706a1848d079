/**
 * Single pages of Udesk's list, looked at where edits are likely (docs/decisions/0034). A page is an observation like any
 * other, and proves nothing by what it does not show (P7): that stays with the sweep, which goes on beside the visits.
 */
import {
  boundOf,
  type ListState,
  type PageLook,
  planOf,
  withHint,
  withPage,
  withSweep,
} from '../core/freshness/pages.ts';
import { byTheClock } from '../core/freshness/set-clock.ts';
import { isSweepsTurn, nextVisit } from '../core/freshness/visits.ts';
import type { Page } from '../crm/adapter.ts';
import { hintsSince, loadList, type StoredList, saveList, saveMoved } from '../store/listing.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { type Observed, observePages } from './observe.ts';
import { isStarved, observeSlice, type SweepHolder, type SweepSession, type SweepSlice } from './sweep.ts';

export interface Visits {
  /** How long one cycle goes on with them; 0: what other lanes see is noted, and nothing is visited. */
  readonly budgetMs: number;
  /** Aborted when there is something else to do: what is under way is finished, and nothing new is begun. */
  readonly urgent?: AbortSignal;
}

export interface VisitReport {
  readonly pages: number;
  readonly changed: number;
  readonly dropped: number;
}

/** The list as this cycle knows it, from its begin to its end. */
export interface Listing {
  readonly before: ListState;
  state: StoredList;
}

/** @param sweep a sweep under way: its begin tells how often sweeps are */
export async function openListing(
  cycle: Cycle,
  hinted: readonly string[],
  sweep: SweepSession | null,
): Promise<Listing> {
  const now = cycle.clock();
  const state = await loadRight(cycle, now);
  const { ids, last } = await hintsSince(cycle.db, cycle.spec.name, state.hintedBy);
  const known = sweep === null ? state.list : withSweep(state.list, sweep.startedAt.getTime());
  const list = [...ids, ...hinted].reduce((told, id) => withHint(told, id, now.getTime()), known);
  return { before: state.list, state: { ...state, list, hintedBy: last } };
}

/** The list by the clock as it is now; where that was set back, this is written down before anything else. */
async function loadRight(cycle: Cycle, now: Date): Promise<StoredList> {
  const { name } = cycle.spec;
  const stored = await loadList(cycle.db, name, now);
  const moved = { ...stored, ...byTheClock(stored, now.getTime()) };
  if (moved.list === stored.list && moved.sweptAt === stored.sweptAt) return stored;
  await fenced(cycle.db, cycle.fence, (tx) => saveMoved(tx, name, stored.list, moved, now));
  cycle.log.warn(
    { pair: name, side: 'udesk' },
    'the clock was set back: how old pages are is known once they are read',
  );
  return moved;
}

/** What pages showed, whichever lane read them. */
export function note(listing: Listing, looks: readonly PageLook[]): void {
  listing.state = { ...listing.state, list: looks.reduce(withPage, listing.state.list) };
}

/** After the observations that it stands for were stored: a kill in between makes pages look older than they are (P9). */
export async function closeListing(cycle: Cycle, { before, state }: Listing): Promise<void> {
  const { name } = cycle.spec;
  const at = cycle.clock().getTime();
  const stated = { at, bound: boundOf(state.list, at, state.sweptAt) };
  await fenced(cycle.db, cycle.fence, (tx) => saveList(tx, name, before, state, stated));
}

/**
 * Pages of the sweep and visits, each in its turn, for `budgetMs`. Ends with the first visit that shows a change, so that it
 * is carried on at once, and with the end of the sweep.
 */
export async function lookInBackground(
  cycle: Cycle,
  listing: Listing,
  visits: Visits,
  sweep: { readonly holder: SweepHolder; readonly budgetMs: number } | undefined,
): Promise<{ readonly slice: SweepSlice | null; readonly visited: VisitReport }> {
  const began = cycle.clock().getTime();
  const until = began + Math.max(visits.budgetMs, sweep?.budgetMs ?? 0);
  const slices: SweepSlice[] = [];
  let visited: VisitReport = { pages: 0, changed: 0, dropped: 0 };
  while (visited.changed === 0) {
    const session = sweep?.holder.current ?? null;
    const starved = session !== null && isStarved(cycle, session);
    if (!starved && !(await hasRoom(cycle, visits.urgent, until))) break;
    const now = cycle.clock().getTime();
    const visit = visits.budgetMs > 0 ? choose(listing, session, now) : 'sweep';
    if (visit === 'sweep' || starved) {
      if (session === null || sweep === undefined) break;
      const read = await observeSlice(cycle, sweep.holder, Math.max(0, until - now), 1);
      note(listing, read.observed.looks);
      slices.push(read);
      if (read.ended !== null || read.observed.pages === 0) break;
    } else {
      const observed = await visitPage(cycle, visit);
      note(listing, observed.looks);
      visited = {
        pages: visited.pages + 1,
        changed: visited.changed + observed.changed,
        dropped: visited.dropped + observed.dropped,
      };
    }
  }
  return { slice: joined(slices), visited };
}

/** The page to visit now, or the sweep where it goes first or nothing is worth a visit. */
function choose({ state }: Listing, sweep: SweepSession | null, now: number): number | 'sweep' {
  const { list, sweptAt } = state;
  const plan = planOf(list, now, sweptAt);
  if (sweep !== null) {
    const startedMs = now - sweep.startedAt.getTime();
    if (isSweepsTurn(plan, list.floorMs, { place: sweep.pageCount, startedMs })) return 'sweep';
  }
  const place = nextVisit(plan, list.floorMs);
  return (place === null ? undefined : list.pages[place]?.page) ?? 'sweep';
}

async function visitPage(cycle: Cycle, page: number): Promise<Observed> {
  const { signal, sides } = cycle;
  async function* pages(): AsyncGenerator<Page> {
    const shown = await sides.udesk.page?.(page, { signal, urgency: 'background' });
    if (shown !== undefined) yield shown;
  }
  return await observePages(cycle, 'udesk', 'visit', pages());
}

function joined(slices: readonly SweepSlice[]): SweepSlice | null {
  const last = slices.at(-1);
  if (last === undefined) return null;
  const all = slices.map(({ observed }) => observed);
  const sum = (of: (one: Observed) => number) => all.reduce((total, one) => total + of(one), 0);
  const observed: Observed = {
    ...last.observed,
    pages: sum(({ pages }) => pages),
    changed: sum(({ changed }) => changed),
    dropped: sum(({ dropped }) => dropped),
    total: all.reduce<number | null>((total, one) => one.total ?? total, null),
    seen: new Set(all.flatMap(({ seen }) => [...seen])),
  };
  return { observed, ended: last.ended };
}

/** Waits for the quota only as long as nobody has anything more urgent to do. */
async function hasRoom(cycle: Cycle, urgent: AbortSignal | undefined, until: number): Promise<boolean> {
  for (;;) {
    cycle.signal.throwIfAborted();
    if (urgent?.aborted === true) return false;
    const waitMs = (await cycle.sides.udesk.waitMs?.('enumerate', 'background')) ?? 0;
    if (cycle.clock().getTime() + waitMs >= until) return false;
    if (waitMs <= 0) return true;
    const signals = urgent === undefined ? [cycle.signal] : [cycle.signal, urgent];
    await cycle.sleep(Math.ceil(waitMs), AbortSignal.any(signals)).catch(() => {});
  }
}
