import type { SideName, SideRecord } from '../core/record.ts';
import { linkHolding, moveLinkSide, setLinkState } from '../store/links.ts';
import { keyedRecords } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { storeOne } from './observe.ts';
import { lookupByKeys, parseNaturalKeys } from './recover.ts';

/**
 * A record that is gone may have been merged into another (sync design §7): its e-mails and phones are looked up, and
 * when exactly one other record holds them, the link moves to that survivor. Where the survivor is somebody else's
 * already, or there are several, the link is broken and kept for a person; nothing is deleted over there either way.
 */
export async function followMerges(cycle: Cycle, side: SideName, gone: readonly string[]): Promise<void> {
  const pair = cycle.spec.name;
  for (const record of await keyedRecords(cycle.db, pair, side, gone)) {
    if (record.linkId === null) continue;
    const { linkId } = record;
    const holders = await lookupByKeys(cycle, side, parseNaturalKeys(record.keys));
    const survivors = holders.filter(({ id }) => id !== record.id);
    if (survivors.length === 0) continue;
    const free = await freeSurvivor(cycle, side, linkId, survivors);
    const at = cycle.clock();
    await fenced(cycle.db, cycle.fence, async (tx) => {
      for (const survivor of survivors) await storeOne(cycle, tx, side, 'point', survivor);
      if (free !== null) {
        await moveLinkSide(tx, pair, linkId, side, { from: record.id, to: free.id }, at);
        return;
      }
      const ids = survivors.map(({ id }) => id).join(', ');
      const reason = `gone on ${side}; its e-mails or phones are held by ${ids}, which cannot take its place without a person`;
      await setLinkState(tx, linkId, { state: 'broken', decidedBy: 'merged', reason, at });
    });
    cycle.log.info(
      { side, linkId, remoteId: record.id, survivors: survivors.map(({ id }) => id), moved: free !== null },
      'a vanished record was merged into another',
    );
  }
}

async function freeSurvivor(
  cycle: Cycle,
  side: SideName,
  linkId: string,
  survivors: readonly SideRecord[],
): Promise<SideRecord | null> {
  const [only] = survivors;
  if (only === undefined || survivors.length > 1) return null;
  const holder = await linkHolding(cycle.db, cycle.spec.name, side, only.id);
  return holder === null || holder === linkId ? only : null;
}
