/**
 * Which page of the list is looked at next, so that the mean age of edits is least (docs/decisions/0034): the square-root
 * law. Page i is looked at f_i times per millisecond; the mean delay of its edits is 1 / (2 f_i), and Σ λ_i / (2 f_i) under
 * Σ f_i = r is least for f_i ∝ √λ_i. No page falls below the rate of the certified sweeps, which are the floor.
 */

/** No page is worth a look more often. */
export const MIN_GAP_MS = 10_000;
/** A page that no sweep reached for so many of its intervals goes before all others: nothing starves. */
const STARVED = 1.25;
/**
 * Whatever the visits want, a sweep that has begun waits for one round of them at most, or for this share of the interval of
 * sweeps, and ends within that share from then on.
 */
const SWEEP_WAITS = 0.25;
const SWEEP_WITHIN = 0.5;
/** A page is left to a sweep that reaches it within this share of its interval. */
const SOON = 0.5;

export interface Budget {
  /** Looks per millisecond, the sweeps' and the visits' together. */
  readonly perMs: number;
  /** At most this long between two looks at a page: the interval of the sweeps. */
  readonly floorMs: number;
  /** Looks per millisecond that a page gets anyway (the head of the list), by place; 0 where left out. */
  readonly free?: readonly number[];
}

/**
 * Looks per millisecond for each page, the free ones included. What the sweeps alone take already is divided evenly.
 * @param rates edits per millisecond, all positive
 */
export function allocate(rates: readonly number[], { perMs, floorMs, free = [] }: Budget): number[] {
  const most = 1 / MIN_GAP_MS;
  const least = Math.min(1 / floorMs, perMs / Math.max(1, rates.length), most);
  const roots = rates.map(Math.sqrt);
  const given = (place: number) => free[place] ?? 0;
  const at = (scale: number): number[] =>
    roots.map((root, place) => Math.max(given(place), Math.min(most, Math.max(least, scale * root))));
  const spent = (shares: readonly number[]): number =>
    shares.reduce((sum, share, place) => sum + share - given(place), 0);
  // The sum rises with the scale: halving finds it to the last bit that matters.
  let low = 0;
  let high = most / Math.max(Number.MIN_VALUE, Math.min(...roots));
  if (spent(at(high)) <= perMs) return at(high);
  for (let round = 0; round < 50; round += 1) {
    const middle = (low + high) / 2;
    if (spent(at(middle)) > perMs) high = middle;
    else low = middle;
  }
  return at(low);
}

/** A page as the choice sees it. */
export interface Waiting {
  /** Since when it is right; infinite: that is not known. */
  readonly ageMs: number;
  /** Since the last look at it. */
  readonly gapMs: number;
  /** Looks per millisecond. */
  readonly share: number;
}

/**
 * The place of the page to visit now, null when none is worth a call: the one that is furthest on in its interval, of
 * those that starve if there are any. With Σ shares calls per millisecond each page comes about once per interval.
 */
export function nextVisit(pages: readonly Waiting[], floorMs: number): number | null {
  let starved: number | null = null;
  let best: number | null = null;
  for (const [place, page] of pages.entries()) {
    if (page.gapMs < MIN_GAP_MS) continue;
    const starves = page.ageMs >= STARVED * floorMs;
    if (starves && urgencyOf(page) > urgencyOf(pages[starved ?? -1])) starved = place;
    // Who gets no more than the sweeps give is left to them.
    if (page.share * floorMs <= 1.001) continue;
    if (urgencyOf(page) > urgencyOf(pages[best ?? -1])) best = place;
  }
  return starved ?? best;
}

/** 1 when its interval is over. */
function urgencyOf(page: Waiting | undefined): number {
  return page === undefined ? 0 : page.ageMs * page.share;
}

export interface SweepUnderWay {
  /** Of the page that it reads next. */
  readonly place: number;
  readonly startedMs: number;
}

/**
 * Whether the sweep reads its next page before anything is visited: where that page is due before any other, where it is
 * about to reach the one that is, and where it would not come to its end in time. A page is a page, whoever reads it.
 */
export function isSweepsTurn(pages: readonly Waiting[], floorMs: number, sweep: SweepUnderWay): boolean {
  const page = pages[sweep.place];
  if (page === undefined) return true;
  const perMs = pages.reduce((sum, { share }) => sum + share, 0);
  const waitsMs = Math.min(SWEEP_WAITS * floorMs, pages.length / perMs);
  if (sweep.place / pages.length < (sweep.startedMs - waitsMs) / (SWEEP_WITHIN * floorMs)) return true;
  const visit = nextVisit(pages, floorMs);
  if (visit === null) return true;
  const wanted = pages[visit] ?? page;
  const aheadMs = (visit - sweep.place) / perMs;
  if (aheadMs >= 0 && aheadMs * wanted.share <= SOON) return true;
  return urgencyOf(page) >= urgencyOf(wanted);
}
