/** What a cycle read of the CRM, and how far its changes are told. */
import { sql } from 'drizzle-orm';
import type { CycleReport } from '../../src/engine/cycle.ts';
import { rows } from '../../src/store/tx.ts';
import { mirrored } from './checkers.ts';
import type { World } from './world.ts';

/** P2: the mirror is what the CRM holds, as far as the changes were read. */
export async function changesTold(world: World): Promise<void> {
  if (world.process.lastReport?.observed.crm.lane === 'changes') await mirrored(world);
}

/**
 * Where the position begins anew (the first reading, or one that the CRM forgot), the list is all that there is: what it
 * left out nobody can tell before it is shown.
 */
export async function noteReading(
  world: World,
  before: string | null,
  report: CycleReport | null,
): Promise<void> {
  const deceives = world.deceit?.side === 'crm';
  const begins = deceives && (before === null || world.expired) && (await position(world)) !== null;
  world.leftOut.cycleEnded(begins, report !== null);
  world.expired = false;
}

/** In the changes of the CRM, as the engine keeps it. */
export async function position(world: World): Promise<string | null> {
  const [pair] = await rows<{ at: string | null }>(
    world.db,
    sql`select crm_cursor as at from udesk_sync.pair where name = ${world.name}`,
  );
  return pair?.at ?? null;
}
