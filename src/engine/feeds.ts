/**
 * Histories of customers, for reporting and for the authors of conflicts (sync design §7). Each costs a call, so only a
 * few are read at a time: those that matter now, and slowly all others. No failure here ever stops the synchronisation.
 */
import { isSyncError } from '../errors.ts';
import {
  dueFeeds,
  isFeedRead,
  saveEditTimes,
  saveFeedBegun,
  saveFeedRead,
  saveHistory,
} from '../store/feeds.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { fits } from './room.ts';

const CUSTOMERS_PER_CYCLE = 10;
const BACKGROUND_PER_CYCLE = 2;
const MAX_PAGES = 3;
/** Failures in a row after which the rest waits for the next time. */
const MAX_FAILURES = 3;
/** What does not fit because of the quota waits for the next time. */
const BUDGET_MS = 5_000;

export interface FeedsReport {
  readonly customers: number;
  /** Items that were not known. */
  readonly items: number;
}

/** Reads the histories that are due. Who could not be read stays due. */
export async function readDueFeeds(cycle: Cycle): Promise<FeedsReport> {
  const { spec, sides } = cycle;
  let customers = 0;
  let items = 0;
  let failures = 0;
  if (sides.udesk.history === undefined) return { customers, items };
  const due = await dueFeeds(cycle.db, spec.name, {
    limit: CUSTOMERS_PER_CYCLE,
    background: BACKGROUND_PER_CYCLE,
    turn: cycle.runId,
    now: cycle.clock(),
  });
  const until = cycle.clock().getTime() + BUDGET_MS;
  for (const [n, id] of due.entries()) {
    cycle.signal.throwIfAborted();
    // The first is read in any case, or nobody's history would be as long as there is much else to do.
    if (n > 0 && !(await fits(cycle, 'udesk', 'history', until))) break;
    try {
      items += await readHistory(cycle, id);
      customers += 1;
      failures = 0;
    } catch (error) {
      const kind = isSyncError(error) ? error.kind : null;
      if (kind === null || kind === 'lease-lost' || kind === 'invariant') throw error;
      failures += 1;
      cycle.log.warn({ side: 'udesk', remoteId: id, kind }, 'the history of a customer was not read');
      if (failures >= MAX_FAILURES) break;
    }
  }
  if (customers > 0) cycle.log.info({ customers, items }, 'histories read');
  return { customers, items };
}

/** Page 1, and older ones while everything is new, or no reading has come to its end yet: what was missed in between is there, all that ever was is not. */
async function readHistory(cycle: Cycle, id: string): Promise<number> {
  const pair = cycle.spec.name;
  const startedAt = cycle.clock();
  const isRead = await isFeedRead(cycle.db, pair, id);
  let fresh = 0;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const found = await cycle.sides.udesk.history?.(id, page, {
      signal: cycle.signal,
      urgency: 'background',
    });
    if (found === undefined) break;
    for (const { reason, sample } of found.dropped) {
      cycle.log.warn(
        { side: 'udesk', remoteId: id, kind: 'contract', sample },
        `an item of a history could not be read and was left out: ${reason}`,
      );
    }
    let ended = found.last || found.items.length === 0 || page === MAX_PAGES;
    fresh += await fenced(cycle.db, cycle.fence, async (tx) => {
      const news = await saveHistory(tx, pair, id, found.items, {
        at: cycle.clock(),
        runId: cycle.runId,
      });
      // What is known of a reading that did not come to its end (a kill, a witness) says nothing of what is older.
      ended ||= isRead && news < found.items.length;
      if (!ended) await saveFeedBegun(tx, pair, id);
      return news;
    });
    if (ended) break;
  }
  await fenced(cycle.db, cycle.fence, async (tx) => {
    await saveFeedRead(tx, pair, id, startedAt);
    await saveEditTimes(tx, pair, id);
  });
  return fresh;
}
