/** Release before claim (src/core/release.ts): the write that has to be done before this one may leave. */

import type { SideName } from '../core/record.ts';
import {
  blocks,
  deletedKeysOf,
  matchKeyOf,
  type UniqueKeys,
  uniqueFields,
  uniqueKeysOf,
} from '../core/release.ts';
import { waitingGuards } from '../store/guards.ts';
import type { IntentRow } from '../store/intents.ts';
import { loadRecords } from '../store/records.ts';
import {
  holderToBePlanned,
  intentsById,
  refusedIntents,
  releasingIntents,
  settledSinceSent,
} from '../store/releases.ts';
import type { Db } from '../store/tx.ts';
import type { Cycle } from './context.ts';

interface Releasing extends Pick<IntentRow, 'id' | 'linkId'> {
  readonly keys: UniqueKeys;
}

/** What one push knows of the order of its writes. */
export interface Order {
  /** By intent: the one that has to give up a unique value first; or the link that has to be planned first. */
  readonly waitsFor: Map<string, string>;
  /** Of a circle, who is sent as it is: only the side can tell whether it keeps these values unique. */
  readonly asIs: Set<string>;
  /** Who was sent again at once, because what refused it was given up meanwhile: once in a push. */
  readonly sentAgain: Set<string>;
  /** Who gives something up. Only breaking a circle adds to them while a push goes on. */
  readonly releasing: Map<SideName, Promise<readonly Releasing[]>>;
}

export function startOrder(): Order {
  return { waitsFor: new Map(), asIs: new Set(), sentAgain: new Set(), releasing: new Map() };
}

/**
 * Whether another write of the same side gives up what this one claims, and is still to be done: then this one waits
 * for it, and is not sent (P6: sent at the same time, the claim may arrive first and be refused for good). What may take
 * long (a guard, the next plan) is waited for only once the side has refused: a side that keeps nothing unique takes it.
 */
export async function mustWait(cycle: Cycle, intent: IntentRow, order: Order): Promise<boolean> {
  if (order.asIs.delete(intent.id)) return false;
  return await findBlocker(cycle, intent, order, intent.attempts > 0);
}

/** The same for one that was just refused, which may also be sent again at once. */
export async function wasBlocked(cycle: Cycle, intent: IntentRow, order: Order): Promise<boolean> {
  return (
    (await findBlocker(cycle, intent, order, true)) || (await wasReleasedMeanwhile(cycle, intent, order))
  );
}

async function findBlocker(
  cycle: Cycle,
  intent: IntentRow,
  order: Order,
  wasRefused: boolean,
): Promise<boolean> {
  const { db, spec } = cycle;
  const own = uniqueKeysOf(spec, intent.patch);
  if (own.claims.size === 0) return false;
  const wait = (blocker: string) => {
    order.waitsFor.set(intent.id, blocker);
    return true;
  };
  const others = (await releasingOf(cycle, intent.side, order)).filter(
    ({ linkId, keys }) => linkId !== intent.linkId && blocks(keys, own),
  );
  const now = await intentsById(
    db,
    spec.name,
    others.map(({ id }) => id),
  );
  const [first] = now.filter(({ state }) => ['pending', 'sending', 'unknown'].includes(state));
  if (first !== undefined) return wait(first.id);
  if (!wasRefused) return false;
  // Of a plan that a person said no to, nothing is to come.
  const [held] = now.filter(({ state }) => state === 'held' || state === 'planned');
  if (held !== undefined && (await waitingGuards(db, spec.name)).length > 0) return wait(held.id);
  // One that is parked never comes by itself; but where it waits for what we give up, the two swap.
  for (const other of await refusedIntents(db, spec.name, intent.side)) {
    const keys = uniqueKeysOf(spec, other.patch);
    if (other.linkId === intent.linkId || other.op !== 'update') continue;
    if (!blocks(keys, own) || !blocks(own, keys)) continue;
    order.waitsFor.set(other.id, intent.id);
    return wait(other.id);
  }
  const { side, linkId } = intent;
  const keys = [...own.claims].map(matchKeyOf);
  const holder = await holderToBePlanned(db, { pair: spec.name, side, linkId }, keys);
  return holder !== null && wait(`link ${holder}`);
}

/** What was in the way when the side refused may have settled before we asked for the reason. */
async function wasReleasedMeanwhile(cycle: Cycle, intent: IntentRow, order: Order): Promise<boolean> {
  const own = uniqueKeysOf(cycle.spec, intent.patch);
  if (own.claims.size === 0 || order.sentAgain.has(intent.id)) return false;
  const settled = await withKeys(cycle.db, cycle, await settledSinceSent(cycle.db, intent));
  if (!settled.some(({ keys }) => blocks(keys, own))) return false;
  order.sentAgain.add(intent.id);
  return true;
}

function releasingOf(cycle: Cycle, side: SideName, order: Order): Promise<readonly Releasing[]> {
  const known = order.releasing.get(side);
  if (known !== undefined) return known;
  const fields = uniqueFields(cycle.spec).map(({ udesk }) => udesk);
  const asked = releasingIntents(cycle.db, cycle.spec.name, side, fields).then((found) =>
    withKeys(cycle.db, cycle, found),
  );
  order.releasing.set(side, asked);
  return asked;
}

/** What each of them takes and gives up; a deletion all that its record holds, as far as the mirror knows. */
export async function withKeys(
  db: Db,
  { spec }: Pick<Cycle, 'spec'>,
  intents: readonly IntentRow[],
): Promise<Releasing[]> {
  const deleted = new Map<string, UniqueKeys>();
  for (const side of ['udesk', 'crm'] as const) {
    const ids = intents.flatMap((one) =>
      one.op === 'delete' && one.side === side ? (one.remoteId ?? []) : [],
    );
    for (const [id, { record }] of await loadRecords(db, spec.name, side, ids))
      deleted.set(`${side} ${id}`, deletedKeysOf(spec, side, record.fields));
  }
  return intents.map(({ id, linkId, op, side, remoteId, patch }) => ({
    id,
    linkId,
    keys: (op === 'delete' ? deleted.get(`${side} ${remoteId}`) : null) ?? uniqueKeysOf(spec, patch),
  }));
}
