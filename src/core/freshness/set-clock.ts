/**
 * What is known of the list where the clock was set back since: the looks lie ahead then, and ages that are counted from
 * them are lower than they are. Ages stated must be true, and no page may wait until the clock has caught up.
 */
import type { ListState, Pace } from './pages.ts';

/** No clock is as exact: what differs by less is left as it is. */
const EXACT_MS = 1_000;
/** A clock that was set back by more than this may have been set while nobody looked, for whatever time. */
const UNKNOWN_MS = 60_000;

export interface KnownList {
  readonly list: ListState;
  /** Begin of the last sweep that came to its end; null when none did, and when it is not known how long ago it was. */
  readonly sweptAt: number | null;
}

/**
 * The same list by the clock as it is now. A small step moves all times back with the clock, so that the last look is a
 * look of now. After a larger one nothing is known of the ages: every page is to be looked at, and nobody says how old
 * it is before that. What returns as it came was not moved.
 */
export function byTheClock(known: KnownList, now: number): KnownList {
  const { list, sweptAt } = known;
  const looks = [list.paid.at, list.free.at, ...list.pages.flatMap(({ lookedAt }) => lookedAt ?? [])];
  const aheadMs = Math.max(...looks) - now;
  if (aheadMs < EXACT_MS) {
    // A sweep that began before the clock was set has ended after it: its begin lies ahead.
    return sweptAt !== null && sweptAt - now >= EXACT_MS ? { list, sweptAt: null } : known;
  }
  const moved = (at: number) => at - aheadMs;
  const pace = ({ n, at, since }: Pace): Pace => ({ n, at: moved(at), since: moved(since) });
  const isUnknown = aheadMs >= UNKNOWN_MS;
  return {
    list: {
      ...list,
      pages: list.pages.map((page) => ({
        ...page,
        lookedAt: isUnknown || page.lookedAt === null ? null : moved(page.lookedAt),
        rightAt: isUnknown || page.rightAt === null ? null : moved(page.rightAt),
        hintedAt: moved(page.hintedAt),
      })),
      paid: pace(list.paid),
      free: pace(list.free),
      sweepBegan: null,
      stretchedAt: moved(list.stretchedAt),
    },
    sweptAt: isUnknown || sweptAt === null ? null : moved(sweptAt),
  };
}
