/** The change records of one record around a write of ours, as its side's history tells them. */
import type { SideName } from '../core/record.ts';
import {
  type ChangeRecord,
  clocksOfWrite,
  mayBeSeenBefore,
  newsOf,
  type WriteTimes,
} from '../core/witness-records.ts';
import type { HistoryItem } from '../crm/adapter.ts';
import { SyncError } from '../errors.ts';
import { isFeedRead, saveFeedBegun, saveFeedRead, saveHistory } from '../store/feeds.ts';
import type { IntentRow } from '../store/intents.ts';
import { loadPair } from '../store/pairs.ts';
import { fenced } from '../store/tx.ts';
import { knownBefore } from '../store/witnesses.ts';
import type { Cycle } from './context.ts';

/** Between a write and its witness a customer hardly gathers more news than these pages hold. */
const MAX_PAGES = 3;
/** Clocks may differ by so much: older records than that before the look at the pre-image are not about it. */
const REACH_MS = 300_000;

export interface HistorySince {
  /** Newest first, as told. */
  readonly items: readonly HistoryItem[];
  /** Reaches back to the looks; otherwise more was written meanwhile than is read. */
  readonly whole: boolean;
  /** The side's clock minus ours, as last known before this reading, and as told by it. */
  readonly clocks: { readonly knownMs: number | null; readonly toldMs: number | null };
  /** `kind:id` of what was on record before this reading; null: the histories of this side are not kept. */
  readonly onRecord: ReadonlySet<string> | null;
}

/** Whether somebody can be asked what a write replaced. */
export function isWitnessed(cycle: Cycle, side: SideName): boolean {
  const { manifest, history } = cycle.sides[side];
  return !manifest.compareAndSet && history !== undefined;
}

/** Our look before a write, in ISO 8601, and the side's clock minus ours then; null where it was not measured. */
export interface LookTime {
  readonly at: string;
  readonly skewMs: number | null;
}

/** Null: it was never sent. */
export function lookTime({ verifiedAt, sentAt, sentSkewMs }: IntentRow): LookTime | null {
  const at = verifiedAt ?? sentAt;
  return at === null ? null : { at, skewMs: sentSkewMs };
}

/** Reads page 1, and older pages as far back as the first of `looks`. Histories of Udesk are mirrored on the way. */
export async function readHistorySince(
  cycle: Cycle,
  side: SideName,
  remoteId: string,
  looks: readonly LookTime[],
): Promise<HistorySince> {
  const source = cycle.sides[side];
  if (source.history === undefined) {
    throw new SyncError('invariant', `${side} keeps no history`, { side, record: remoteId });
  }
  const startedAt = cycle.clock();
  const { alarms } = await loadPair(cycle.db, cycle.spec.name);
  const knownMs = alarms[side]?.clockSkewMs ?? null;
  const items: HistoryItem[] = [];
  let whole = false;
  let last = false;
  let toldMs: number | null = null;
  for (let page = 1; page <= MAX_PAGES && !whole; page += 1) {
    const found = await source.history(remoteId, page, { signal: cycle.signal });
    items.push(...found.items);
    last = found.last || found.items.length === 0;
    toldMs = found.clockSkewMs ?? null;
    const apartMs = Math.max(Math.abs(toldMs ?? 0), Math.abs(knownMs ?? 0));
    const from = Math.min(...looks.map(({ at, skewMs }) => Date.parse(at) + (skewMs ?? -apartMs))) - REACH_MS;
    const reached = found.items.some(({ at }) => at !== null && Date.parse(at) < from);
    whole = last || reached;
  }
  let onRecord: HistorySince['onRecord'] = null;
  if (side === 'udesk') {
    onRecord = new Set((await knownBefore(cycle.db, cycle.spec.name, items, 'infinity')).keys());
    const meetsKnown = onRecord.size > 0 && (await isFeedRead(cycle.db, cycle.spec.name, remoteId));
    await fenced(cycle.db, cycle.fence, async (tx) => {
      await saveHistory(tx, cycle.spec.name, remoteId, items, { at: cycle.clock(), runId: cycle.runId });
      if (last || meetsKnown) await saveFeedRead(tx, cycle.spec.name, remoteId, startedAt);
      else await saveFeedBegun(tx, cycle.spec.name, remoteId);
    });
  }
  return { items, whole, clocks: { knownMs, toldMs }, onRecord };
}

/** When a write was looked at and answered, by the clocks that this history was told by. */
export function timesOfWrite(look: LookTime, { clocks }: HistorySince, answeredAt: string): WriteTimes {
  return { verifiedAt: look.at, answeredAt, ...clocksOfWrite(look.skewMs, clocks.knownMs, clocks.toldMs) };
}

/**
 * Change records that were not known when the pre-image was verified, oldest first. What this reading was the first to show
 * was not, nor what by the side's clock is younger, also where our clock was set back meanwhile; what a run before the one that
 * sent the write had seen was known, whatever our clock says.
 */
export async function changesSince(
  cycle: Cycle,
  intent: IntentRow,
  { items, onRecord }: HistorySince,
  times: WriteTimes,
): Promise<ChangeRecord[]> {
  const told = items.filter(({ changes }) => changes !== undefined);
  const known = await knownBefore(cycle.db, cycle.spec.name, told, times.verifiedAt, intent.sentRunId);
  return newsOf(told, ({ kind, id, at }) => {
    const by = known.get(`${kind}:${id}`);
    if (by === undefined || onRecord?.has(`${kind}:${id}`) === false) return false;
    return by === 'run' || mayBeSeenBefore(at, times);
  })
    .map(({ at, author, text, changes }) => ({ at, author, text: text ?? null, changes: changes ?? null }))
    .reverse();
}
