import type { SideName } from '../core/record.ts';
import type { Page } from '../crm/adapter.ts';
import { loadPair } from '../store/pairs.ts';
import { countLive, loadRecords } from '../store/records.ts';
import type { Cycle } from './context.ts';
import { observePages } from './observe.ts';

/** Beyond this many pages of newcomers a sweep is the better look. */
const MAX_PAGES = 20;

/**
 * Reads the newest records of a side into the mirror, back to one that was known, and tells whether the mirror then
 * holds everybody whom the side holds.
 *
 * That is what stands in for a lookup of each row before it is created (docs/decisions/0009): a certified enumeration
 * once, every newcomer since, and as many records as the side says that there are. Not seen are e-mails and phones that
 * somebody gave to a *known* record since it was last read.
 *
 * Nothing is stored before the known record is met, oldest first: a kill in the middle leaves no gap behind the newest.
 */
export async function readHead(cycle: Cycle, side: SideName): Promise<{ whole: boolean }> {
  const whole = await readNewest(cycle, side);
  toldBy.set(cycle.fence, new Map([...(toldBy.get(cycle.fence) ?? []), [side, whole]]));
  return { whole };
}

async function readNewest(cycle: Cycle, side: SideName): Promise<boolean> {
  const pair = cycle.spec.name;
  const { certifiedAt } = await loadPair(cycle.db, pair);
  const pages: Page[] = [];
  let shown = 0;
  let connected = false;
  for await (const page of cycle.sides[side].enumerate({ signal: cycle.signal, urgency: 'soon' })) {
    const known = await loadRecords(
      cycle.db,
      pair,
      side,
      page.records.map(({ id }) => id),
    );
    pages.push(page);
    shown += page.records.length;
    connected = known.size > 0 || page.end !== null || (page.total !== null && shown >= page.total);
    if (connected || pages.length === MAX_PAGES) break;
  }
  if (!connected) return false;
  await observePages(cycle, side, 'head', oldestFirst(pages));
  const total = pages[0]?.total ?? null;
  const readable = pages.every((page) => page.dropped.length === 0);
  const live = await countLive(cycle.db, pair, side);
  return certifiedAt[side] !== null && readable && total !== null && total <= live;
}

/** What the last such look of a cycle told, by side. */
const toldBy = new WeakMap<Cycle['fence'], ReadonlyMap<SideName, boolean>>();

/** For many rows of one cycle, which must not ask for the same pages again (P10). */
export async function readHeadOnce(cycle: Cycle, side: SideName): Promise<{ whole: boolean }> {
  const whole = toldBy.get(cycle.fence)?.get(side);
  return whole === undefined ? await readHead(cycle, side) : { whole };
}

async function* oldestFirst(pages: readonly Page[]): AsyncGenerator<Page> {
  for (const page of pages.toReversed()) yield { ...page, records: page.records.toReversed() };
}
