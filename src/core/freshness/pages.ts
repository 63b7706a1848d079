/**
 * What is known of each page of the list of Udesk, newest first, and up to when its customers are right
 * (docs/decisions/0034). Pages move: a customer that is created pushes one from each page to the next, one that is deleted
 * pulls one back. Whoever has moved was last seen on the neighbour, so the page is only as right as its neighbour was.
 */
import { type Evidence, NO_EVIDENCE, ratesOf, withLook } from './rate.ts';
import { allocate, type Waiting } from './visits.ts';

/** Times are milliseconds since the epoch. */
export interface PageState extends Evidence {
  /** From 1. */
  readonly page: number;
  /** When it was last asked for; null: never. */
  readonly lookedAt: number | null;
  /** Every customer that is on it is known to be right up to then; null: that is not known (set-clock.ts). */
  readonly rightAt: number | null;
  /** The lowest id on it, as far as ids are numbers. */
  readonly lowId: string | null;
  /** Hints of the last hours, faded, as of `hintedAt`. */
  readonly hints: number;
  readonly hintedAt: number;
}

/** A count that fades, and so a rate. */
export interface Pace {
  readonly n: number;
  readonly at: number;
  readonly since: number;
}

export interface ListState {
  readonly pages: readonly PageState[];
  /** What Udesk said that it holds at the last look; null when it did not say. */
  readonly total: number | null;
  /** Customers of a full page; 0 while that is not known. */
  readonly pageRows: number;
  /** Looks of sweeps and visits; and those at the head, which come anyway. */
  readonly paid: Pace;
  readonly free: Pace;
  /** Between the begins of two sweeps. */
  readonly floorMs: number;
  /** Of the last one, whether or not it came to its end. */
  readonly sweepBegan: number | null;
  /** How many of its intervals a page was old at the most, in the half hour up to `stretchedAt`. */
  readonly stretch: number;
  readonly stretchedAt: number;
}

/** One page as an answer of Udesk showed it. */
export interface PageLook {
  readonly page: number;
  /** When it was asked for: what it showed was right then, and may have changed since. */
  readonly at: number;
  readonly total: number | null;
  readonly records: number;
  /** Records that were not as they were known, and records that were not known. */
  readonly changed: number;
  readonly fresh: number;
  /** Records were left out because an earlier page of the same reading had shown them. */
  readonly repeats: boolean;
  readonly lowId: string | null;
  /** It came without being chosen, as the head of the list does. */
  readonly free: boolean;
}

/** Customers that the list of Udesk shows at most. */
const LIST_REACH = 10_000;
const PACE_HALF_LIFE_MS = 10 * 60_000;
/** A rate is not believed to be higher than so long a look at it would show. */
const PACE_LEAST_MS = 5 * 60_000;
const HINT_HALF_LIFE_MS = 60 * 60_000;
/** How many edits a hint lets expect within the hour. */
const EDITS_PER_HINT = 0.2;
const STRETCH_KEPT_MS = 30 * 60_000;
/** The usual schedule, until two sweeps have begun. */
const FLOOR_MS = 10 * 60_000;
const FLOOR_LEAST_MS = 60_000;
const FLOOR_MOST_MS = 24 * 3_600_000;

export function emptyList(now: number): ListState {
  const pace = { n: 0, at: now, since: now };
  return {
    pages: [],
    total: null,
    pageRows: 0,
    paid: pace,
    free: pace,
    floorMs: FLOOR_MS,
    sweepBegan: null,
    stretch: 1,
    stretchedAt: now,
  };
}

/** A sweep begins. One interval moves the floor by half or double at most: a restart is not the schedule. */
export function withSweep(list: ListState, at: number): ListState {
  if (list.sweepBegan === null || at <= list.sweepBegan) return { ...list, sweepBegan: at };
  const measured = Math.min(2 * list.floorMs, Math.max(list.floorMs / 2, at - list.sweepBegan));
  return { ...list, sweepBegan: at, floorMs: Math.min(FLOOR_MOST_MS, Math.max(FLOOR_LEAST_MS, measured)) };
}

/** What the look tells: where the list moved meanwhile, how often its page is edited, and that it is right. */
export function withPage(list: ListState, look: PageLook): ListState {
  const moved = withMoves(list, look);
  const stretched = withStretch(moved, look.at);
  const pages = [...stretched.pages];
  const old = pages[look.page - 1];
  // Looks come in order of their pages at first; a gap means that nothing is known yet of what lies before it.
  if (old === undefined && look.page !== pages.length + 1) return stretched;
  const neighbour = pages[look.page - 2];
  const gapMs = old?.lookedAt == null ? 0 : look.at - old.lookedAt;
  const rate = ratesOf(pages)[look.page - 1] ?? 0;
  const known = old ?? newPage(look.page, look.at);
  pages[look.page - 1] = {
    ...known,
    ...withLook(known, rate, { gapMs, records: look.records, changed: look.changed }),
    lookedAt: look.at,
    rightAt: look.repeats && neighbour !== undefined ? rightOf([neighbour], look.at) : look.at,
    lowId: look.lowId,
  };
  const pace = look.free ? 'free' : 'paid';
  return {
    ...stretched,
    pages,
    total: look.total ?? stretched.total,
    pageRows: look.page === 1 ? rowsOf(look) : stretched.pageRows,
    [pace]: counted(stretched[pace], look.at),
  };
}

/** Unknown where the only page may not be a full one. */
function rowsOf({ records, total }: PageLook): number {
  return total !== null && total <= records ? 0 : records;
}

function newPage(page: number, at: number, rightAt: number | null = at): PageState {
  return { page, ...NO_EVIDENCE, lookedAt: null, rightAt, lowId: null, hints: 0, hintedAt: at };
}

/**
 * How far the list moved since the look before: its total tells it. Where that stands still at the reach of the list, or is
 * not told, the new customers do; deletions are not noticed then.
 */
function withMoves(list: ListState, { total, fresh, at }: PageLook): ListState {
  const grown = total === null || list.total === null ? 0 : total - list.total;
  const told = total !== null && total < LIST_REACH;
  const down = told ? Math.max(0, grown) : Math.max(0, grown, fresh);
  const up = Math.max(0, -grown);
  const rows = Math.max(1, list.pageRows);
  const moved = list.pages.map((page, place): PageState => {
    const from = Math.max(0, place - Math.ceil(down / rows));
    const until = Math.min(list.pages.length - 1, place + Math.ceil(up / rows));
    const rightAt = rightOf(list.pages.slice(from, until + 1));
    // The same page where nothing of it changed: what is not new is not written.
    return rightAt === page.rightAt ? page : { ...page, rightAt };
  });
  if (total === null || list.total === null || list.pageRows === 0) return { ...list, pages: moved };
  const before = pagesFor(list.total, rows);
  const now = pagesFor(total, rows);
  // Only a list that was known to its end is known to its new end.
  for (let page = moved.length + 1; moved.length >= before && page <= now; page += 1) {
    const pushed = rightOf(list.pages.slice(Math.max(0, page - 1 - Math.ceil(down / rows))));
    moved.push(newPage(page, pushed ?? at, pushed));
  }
  return { ...list, total, pages: moved.slice(0, now) };
}

function pagesFor(total: number, rows: number): number {
  return Math.max(1, Math.ceil(Math.min(total, LIST_REACH) / rows));
}

/** @param at and no later than this */
function rightOf(pages: readonly PageState[], at = Number.POSITIVE_INFINITY): number | null {
  let right = at;
  for (const { rightAt } of pages) {
    if (rightAt === null) return null;
    right = Math.min(right, rightAt);
  }
  return right;
}

/** A customer on this page was told of, or edited where no look at the page saw it: more edits are likely for a while. */
export function withHint(list: ListState, id: string, at: number): ListState {
  const place = placeOf(list, id);
  if (place === null) return list;
  return {
    ...list,
    pages: list.pages.map((page, other) =>
      other === place ? { ...page, hints: hintsAt(page, at) + 1, hintedAt: at } : page,
    ),
  };
}

/** The list is newest first, and ids grow with time as far as is known: good enough for a hint. */
function placeOf({ pages }: ListState, id: string): number | null {
  if (!/^\d{1,20}$/.test(id)) return null;
  const wanted = BigInt(id);
  const place = pages.findIndex(({ lowId }) => lowId !== null && BigInt(lowId) <= wanted);
  return place === -1 ? null : place;
}

function hintsAt({ hints, hintedAt }: PageState, now: number): number {
  return hints * 2 ** (-Math.max(0, now - hintedAt) / HINT_HALF_LIFE_MS);
}

function counted({ n, at, since }: Pace, now: number): Pace {
  return { n: 1 + n * 2 ** (-Math.max(0, now - at) / PACE_HALF_LIFE_MS), at: now, since };
}

/** Per millisecond. */
function rateOf({ n, at, since }: Pace, now: number): number {
  const whole = -Math.expm1((-Math.LN2 * Math.max(PACE_LEAST_MS, now - since)) / PACE_HALF_LIFE_MS);
  const faded = n * 2 ** (-Math.max(0, now - at) / PACE_HALF_LIFE_MS);
  return (faded * Math.LN2) / PACE_HALF_LIFE_MS / whole;
}

export interface PagePlan extends Waiting {
  readonly page: number;
  /** Edits per millisecond that are expected, hints included. */
  readonly rate: number;
  /** How often it is looked at. */
  readonly intervalMs: number;
}

/**
 * How each page stands at this time, and how often it is to be looked at.
 * @param sweptAt begin of the last sweep that came to its end: everybody whom the list shows was right then
 */
export function planOf(list: ListState, now: number, sweptAt: number | null): PagePlan[] {
  const perHint = (EDITS_PER_HINT * Math.LN2) / HINT_HALF_LIFE_MS;
  const learned = ratesOf(list.pages);
  const rates = list.pages.map((page, place) => (learned[place] ?? 0) + hintsAt(page, now) * perHint);
  const shares = allocate(rates, {
    perMs: rateOf(list.paid, now),
    floorMs: list.floorMs,
    free: [rateOf(list.free, now)],
  });
  const ageOf = ({ rightAt }: PageState) => {
    const known = rightAt === null || sweptAt === null ? (rightAt ?? sweptAt) : Math.max(rightAt, sweptAt);
    return known === null ? Number.POSITIVE_INFINITY : Math.max(0, now - known);
  };
  return list.pages.map((page, place) => ({
    page: page.page,
    ageMs: ageOf(page),
    gapMs: page.lookedAt === null ? Number.POSITIVE_INFINITY : Math.max(0, now - page.lookedAt),
    share: shares[place] ?? 0,
    rate: rates[place] ?? 0,
    intervalMs: 1 / Math.max(1e-12, shares[place] ?? 0),
  }));
}

/** The worst of the last half hour is what a page may have to wait again. */
function withStretch(list: ListState, now: number): ListState {
  // Who only begins, or stood still, does not know yet how often he comes round.
  if (now - list.paid.since < PACE_HALF_LIFE_MS || now - list.paid.at > PACE_LEAST_MS) return list;
  const stretch = stretchOf(planOf(list, now, null));
  const over = now - list.stretchedAt > STRETCH_KEPT_MS;
  return stretch >= list.stretch || over
    ? { ...list, stretch: Math.max(1, stretch), stretchedAt: now }
    : list;
}

/** By the looks at each page itself: whoever has moved is no sign that looks are late, nor is an age that is not known. */
function stretchOf(plan: readonly PagePlan[]): number {
  const known = plan.filter(({ ageMs }) => ageMs !== Number.POSITIVE_INFINITY);
  return known.reduce((most, { ageMs, gapMs, share }) => Math.max(most, Math.min(ageMs, gapMs) * share), 1);
}

export interface FreshnessBound {
  readonly pages: readonly number[];
  /** The oldest page now, and what all keep to. */
  readonly oldestMs: number;
  readonly boundMs: number;
  /** The same for the tenth of the pages that is edited most. */
  readonly active: { readonly pages: readonly number[]; readonly oldestMs: number; readonly boundMs: number };
  /** How far pages are behind their intervals at the worst, 1: not at all. */
  readonly stretch: number;
  /** Looks per minute at pages, by sweeps and visits. */
  readonly looksPerMinute: number;
}

/**
 * The age that no customer of the list exceeds: the interval of his page, times what was waited at the worst in the
 * last half hour; or what he is now, if that is more. So it holds at this moment whatever happened, as far as the list is
 * known not to have moved: the next look, at whatever page, tells. Null until every page was looked at, also after the clock
 * was set back.
 */
export function boundOf(list: ListState, now: number, sweptAt: number | null): FreshnessBound | null {
  const { pages, total, pageRows } = list;
  if (pages.length === 0 || (pageRows > 0 && total !== null && pages.length < pagesFor(total, pageRows)))
    return null;
  const plan = planOf(list, now, sweptAt);
  if (plan.some(({ ageMs }) => ageMs === Number.POSITIVE_INFINITY)) return null;
  const kept = now - list.stretchedAt > STRETCH_KEPT_MS ? 1 : list.stretch;
  const stretch = Math.max(kept, stretchOf(plan));
  const of = (some: readonly PagePlan[]) => ({
    pages: some.map(({ page }) => page),
    oldestMs: Math.max(...some.map(({ ageMs }) => ageMs)),
    boundMs: Math.max(...some.map(({ ageMs, intervalMs }) => Math.max(ageMs, intervalMs * stretch))),
  });
  const byRate = plan.toSorted((a, b) => b.rate - a.rate);
  return {
    ...of(plan),
    active: of(byRate.slice(0, Math.ceil(plan.length / 10))),
    stretch,
    looksPerMinute: rateOf(list.paid, now) * 60_000,
  };
}
