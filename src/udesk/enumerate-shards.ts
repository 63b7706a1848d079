/**
 * A sweep of a tenant above the cap of the list: saved filters of fewer customers each, read one after the other
 * (sync design §7; promise P7).
 *
 * With a filter the order is the filter's own, customers move between filters, and filters may overlap or leave some
 * out. So nothing is believed of the filters: the union is certified only when it has as many distinct customers as
 * the tenant says that it holds, and the unfiltered list (which is newest first) shows that none was deleted meanwhile:
 * `total at the end = total at the start + customers created meanwhile`.
 */
import type { DroppedElement, Page } from '../crm/adapter.ts';
import { SyncError } from '../errors.ts';
import type { RawPage } from './calls.ts';
import { idText } from './decode-lists.ts';
import {
  decodePage,
  isLast,
  LIST_CAP,
  MAX_HEAD_ROUNDS,
  reachesKnown,
  read,
  type Sweep,
  type SweepOptions,
  sweep,
  TOO_MANY_CREATED,
  watchTotal,
} from './enumerate.ts';
import { UdeskRefusal } from './errors.ts';
import { isObject } from './json.ts';

export interface ShardOptions extends SweepOptions {
  /** Ids of saved filters that cover the tenant together. At least one. */
  readonly shards: readonly string[];
  /** A tenant below this many customers is swept as one list; `LIST_CAP` unless told. */
  readonly shardFrom?: number;
}

/** As `sweep`: each customer once, in pages; the last page carries `end`. `total` is always the tenant's. */
export async function* sweepShards(options: ShardOptions): AsyncGenerator<Page> {
  const { shards, shardFrom = LIST_CAP } = options;
  const head = await read(options, 1);
  if (head.total !== null && head.total < shardFrom) {
    yield* sweep(options);
    return;
  }
  const state: Sweep = { seen: new Set(), doubts: [], lastTotal: null };
  yield decodePage(head, options, state).page;
  for (const filterId of shards) {
    for await (const page of sweepShard(filterId, options, state)) yield { ...page, total: head.total };
  }
  yield await certifyUnion(head, options, state);
}

async function* sweepShard(filterId: string, options: ShardOptions, state: Sweep): AsyncGenerator<Page> {
  state.lastTotal = null;
  let lastReachable = Number.POSITIVE_INFINITY;
  for (let page = 1; page <= lastReachable; page += 1) {
    const raw = await read(options, page, filterId).catch((error: unknown) => {
      throw page === 1 ? unknownFilter(error, filterId) : error;
    });
    watchTotal(raw, state, `the customers of filter ${filterId} became fewer while they were read`);
    if (page === 1) {
      lastReachable = Math.max(1, Math.floor(LIST_CAP / Math.max(1, raw.rows.length)));
      if (raw.total !== null && raw.total >= LIST_CAP) {
        state.doubts.push(
          `filter ${filterId} holds ${raw.total} customers and the list reaches ${LIST_CAP} of them`,
        );
      }
    }
    yield decodePage(raw, options, state).page;
    if (raw.rows.length === 0 || isLast(raw, page, options.pageSize)) return;
  }
}

function unknownFilter(error: unknown, filterId: string): unknown {
  if (!(error instanceof UdeskRefusal) || error.kind !== 'contract') return error;
  return new SyncError(
    'config',
    `Udesk refuses filter ${filterId} of udesk.shards (code ${error.udeskCode})`,
    {
      side: 'udesk',
      code: 'shard',
      advice: 'Use ids of customer filters that exist and are active; udesk-sync check lists them.',
    },
  );
}

/** Reads the head of the whole list until it meets the customers of the start, and weighs the totals. */
async function certifyUnion(first: RawPage, options: ShardOptions, state: Sweep): Promise<Page> {
  const { seen, doubts } = state;
  const start = idsOf(first);
  const known = new Set(start);
  const created = new Set<string>();
  const pages: Page[] = [];
  state.lastTotal = null;
  let total: number | null = null;
  const readHead = async (page: number): Promise<boolean> => {
    const raw = await read(options, page);
    watchTotal(raw, state, DELETED);
    pages.push(decodePage(raw, options, state).page);
    total = raw.total;
    for (const id of idsOf(raw)) {
      if (known.has(id)) return true;
      created.add(id);
    }
    return raw.rows.length === 0 || isLast(raw, page, options.pageSize);
  };
  for (let round = 1; !(await readHead(1)); round += 1) {
    if (round === MAX_HEAD_ROUNDS || !(await reachesKnown(readHead))) {
      doubts.push(TOO_MANY_CREATED);
      break;
    }
    for (const id of created) known.add(id);
  }
  if (first.total === null || total === null) doubts.push('Udesk did not say how many customers there are');
  else if (total !== first.total + created.size) doubts.push(DELETED);
  else if (flickered(seen, start, created)) {
    doubts.push('customers were created and deleted again while the list was read');
  }
  const reason = reasonOf(doubts, seen.size, total);
  return {
    records: pages.flatMap((page) => page.records),
    deletedIds: [],
    dropped: pages.flatMap((page): readonly DroppedElement[] => page.dropped),
    total,
    end: { certified: reason === null, reason, cursor: null },
  };
}

const DELETED = 'customers were deleted while the list was read';

/** The first doubt, and always how many customers are missing: that is what a person can act on. */
function reasonOf(doubts: readonly string[], seen: number, total: number | null): string | null {
  const missing = total === null ? 0 : total - seen;
  if (missing > 0) {
    const gap = `${missing} of ${total} customers are in none of the configured shards`;
    return doubts[0] === undefined ? gap : `${doubts[0]}; ${gap}`;
  }
  if (missing < 0) return doubts[0] ?? `${seen} customers were listed and Udesk says that it holds ${total}`;
  return doubts[0] ?? null;
}

/**
 * A customer that came and went meanwhile would stand in for one that was missed. Where ids grow with time it is seen:
 * newer than all at the start, and not among those that are there now.
 */
function flickered(
  seen: ReadonlySet<string>,
  start: readonly string[],
  created: ReadonlySet<string>,
): boolean {
  const ids = start.map((id) => BigInt(id));
  const newest = ids[0];
  if (newest === undefined || ids.some((id, at) => at > 0 && id >= (ids[at - 1] ?? id))) return false;
  for (const id of seen) if (BigInt(id) > newest && !created.has(id)) return true;
  return false;
}

function idsOf(raw: RawPage): string[] {
  return raw.rows.flatMap((row) => (isObject(row) ? (idText(row.id) ?? []) : []));
}
