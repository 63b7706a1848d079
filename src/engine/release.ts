/** Unique values that change hands: who waits for whom, and who gives up first (src/core/release.ts). */

import { sql } from 'drizzle-orm';
import { guardClass } from '../core/plan.ts';
import { blocks, circles, releaseOf, uniqueKeysOf } from '../core/release.ts';
import { dropIntent, type IntentRow, insertIntents, intentsWhere, movePlanned } from '../store/intents.ts';
import { loadLinkOf, setLinksDirty } from '../store/links.ts';
import { fenced, textArray } from '../store/tx.ts';
import type { Cycle } from './context.ts';

const MOST_NEIGHBOURS = 1000;

/**
 * A write was refused: is there another write of the same side that gives up what this one claims? Then it waits for
 * that one. A parked one that itself waits for us never comes: it is planned again once we have given up.
 */
export async function blockerOf(
  cycle: Cycle,
  intent: IntentRow,
  waitsFor: Map<string, string>,
): Promise<boolean> {
  const own = uniqueKeysOf(cycle.spec, intent.patch);
  if (own.claims.size === 0) return false;
  const others = await intentsWhere(
    cycle.db,
    sql`pair = ${cycle.spec.name} and side = ${intent.side} and link_id <> ${intent.linkId}::bigint
        and op = 'update' and state in ('pending', 'sending', 'unknown', 'parked')`,
    MOST_NEIGHBOURS,
  );
  for (const other of others) {
    const keys = uniqueKeysOf(cycle.spec, other.patch);
    if (!blocks(keys, own)) continue;
    if (other.state === 'parked') {
      if (!blocks(own, keys)) continue;
      waitsFor.set(other.id, intent.id);
    }
    waitsFor.set(intent.id, other.id);
    return true;
  }
  return false;
}

/** One write of each circle is replaced by its release. @returns whether there is something new to send. */
export async function breakCircles(cycle: Cycle, waitsFor: Map<string, string>): Promise<boolean> {
  let broken = false;
  for (const id of circles(waitsFor)) {
    const members = circleOf(waitsFor, id);
    for (const member of members) waitsFor.delete(member);
    broken = (await releaseOne(cycle, members)) || broken;
  }
  return broken;
}

function circleOf(waitsFor: ReadonlyMap<string, string>, start: string): string[] {
  const members = [start];
  for (let at = waitsFor.get(start); at !== undefined && at !== start; at = waitsFor.get(at))
    members.push(at);
  return members;
}

/** The first of them that is still to be sent gives up; durable before anything is sent (P9). */
async function releaseOne(cycle: Cycle, ids: readonly string[]): Promise<boolean> {
  for (const id of ids) {
    const [intent] = await intentsWhere(
      cycle.db,
      sql`pair = ${cycle.spec.name} and id = ${id}::bigint and state = 'pending'`,
      1,
    );
    if (intent === undefined) continue;
    const link = await loadLinkOf(cycle.db, intent.pair, intent.linkId);
    const release = releaseOf(cycle.spec, intent.side, intent.patch, link?.bases ?? {});
    if (release === null) continue;
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
        sql`pair = ${cycle.spec.name} and state = 'parked' and id = any(${textArray(ids)}::bigint[])`,
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
  return false;
}
