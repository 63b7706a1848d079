/** Unique values that change hands: circles of waiting writes, and whoever was refused what is free now (src/core/release.ts). */

import { sql } from 'drizzle-orm';
import { guardClass } from '../core/plan.ts';
import { blocks, circles, releaseOf, uniqueKeysOf } from '../core/release.ts';
import { freeClaims } from '../store/claims.ts';
import { park } from '../store/guards.ts';
import {
  dropIntent,
  type IntentRow,
  insertIntents,
  intentsWhere,
  moveIntent,
  movePlanned,
} from '../store/intents.ts';
import { loadLinkOf, setLinksDirty } from '../store/links.ts';
import { refusedIntents } from '../store/releases.ts';
import { type Db, fenced, textArray } from '../store/tx.ts';
import { type Order, withKeys } from './blocker.ts';
import type { Cycle } from './context.ts';

/**
 * Of each circle of writes that wait for one another one goes first: as it is, while no side has refused it, for only the
 * side can tell whether it keeps these values unique; then by its release. @returns whose turn it is now: new ones, or such
 * as had to wait.
 */
export async function breakCircles(cycle: Cycle, order: Order): Promise<string[]> {
  const free: string[] = [];
  for (const id of circles(order.waitsFor)) free.push(...(await breakOne(cycle, order, circleOf(order, id))));
  return free;
}

function circleOf({ waitsFor }: Order, start: string): string[] {
  const members = [start];
  for (let at = waitsFor.get(start); at !== undefined && at !== start; at = waitsFor.get(at))
    members.push(at);
  return members;
}

async function breakOne(cycle: Cycle, order: Order, members: readonly string[]): Promise<string[]> {
  let stuck: IntentRow | null = null;
  for (const id of members) {
    const [intent] = await intentsWhere(
      cycle.db,
      sql`pair = ${cycle.spec.name} and id = ${id}::bigint and state = 'pending'`,
      1,
    );
    if (intent === undefined) continue;
    if (intent.attempts === 0) {
      order.waitsFor.delete(id);
      order.asIs.add(id);
      return [id];
    }
    if (await releaseFirst(cycle, intent, members)) return freed(order, members);
    stuck ??= intent;
  }
  if (stuck === null) return [];
  await parkStuck(cycle, stuck);
  return freed(order, members);
}

function freed(order: Order, members: readonly string[]): string[] {
  for (const member of members) order.waitsFor.delete(member);
  order.releasing.clear();
  return [...members];
}

/** The write is replaced by the part of it that gives something up, durable before anything is sent (P9). */
async function releaseFirst(cycle: Cycle, intent: IntentRow, members: readonly string[]): Promise<boolean> {
  const link = await loadLinkOf(cycle.db, intent.pair, intent.linkId);
  const release = releaseOf(cycle.spec, intent.side, intent.patch, link?.bases ?? {});
  if (release === null) return false;
  await fenced(cycle.db, cycle.fence, async (tx) => {
    const at = cycle.clock();
    await dropIntent(tx, intent, 'it gives up first what another record claims', at);
    const write = { side: intent.side, op: 'update', reasons: {}, source: {}, ...release } as const;
    const row = {
      ...write,
      linkId: intent.linkId,
      guardClass: guardClass(write),
      remoteId: intent.remoteId,
      decisions: {},
      marker: null,
      priority: 1,
    } as const;
    await insertIntents(tx, cycle.spec.name, { runId: cycle.runId, round: 0 }, [row], at);
    await movePlanned(tx, cycle.spec.name, cycle.runId, 'pending', [row.guardClass]);
    const parked = await intentsWhere(
      tx,
      sql`pair = ${cycle.spec.name} and state = 'parked' and id = any(${textArray(members)}::bigint[])`,
      10,
    );
    await setLinksDirty(
      tx,
      cycle.spec.name,
      parked.map(({ linkId }) => linkId),
      true,
    );
  });
  cycle.log.info(
    { side: intent.side, linkId: intent.linkId },
    'a record gives up a value before it claims another',
  );
  return true;
}

/** Single values can only be swapped by a person: none of them may be blank meanwhile. */
async function parkStuck(cycle: Cycle, intent: IntentRow): Promise<void> {
  const at = cycle.clock();
  const message = intent.error ?? 'records wait for one another, and none can give its value up first';
  await fenced(cycle.db, cycle.fence, async (tx) => {
    await moveIntent(tx, intent, ['pending'], { state: 'parked', at, error: message });
    await freeClaims(tx, intent.pair, intent.linkId);
    await park(tx, { ...intent, intentId: intent.id, kind: 'rejected', message, at });
  });
  cycle.log.warn({ side: intent.side, linkId: intent.linkId, kind: 'rejected' }, 'a record was parked');
}

/**
 * Whoever was refused a value, and parked, is planned again once the record that had it gives it up. Part of the
 * transaction that settles the release: a kill cannot part the two (P9).
 */
export async function retryRefused(tx: Db, cycle: Pick<Cycle, 'spec'>, settled: IntentRow): Promise<void> {
  const [gives] = await withKeys(tx, cycle, [settled]);
  if (gives === undefined || gives.keys.releases.size === 0) return;
  const refused = await refusedIntents(tx, settled.pair, settled.side);
  const free = refused.filter(
    ({ linkId, patch }) => linkId !== settled.linkId && blocks(gives.keys, uniqueKeysOf(cycle.spec, patch)),
  );
  await setLinksDirty(
    tx,
    settled.pair,
    free.map(({ linkId }) => linkId),
    true,
  );
}
