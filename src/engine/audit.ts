/**
 * A slow random sample of links, both records read on their own (sync design §7): what the other lanes missed shows here,
 * a CRM row that changed without its time moving, say, or a field that the shape of a list hides. A difference is an
 * observation like any other, with lane `audit`, and is counted. One that is not found proves no deletion (P7).
 */
import type { SideName } from '../core/record.ts';
import { isSyncError } from '../errors.ts';
import { sampleLinks } from '../store/links-sample.ts';
import { saveChecked } from '../store/reach.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { storeOne } from './observe.ts';
import { fits } from './room.ts';

export interface Audit {
  /** Links to look at. */
  readonly links: number;
  /** What does not fit is left to a later cycle. */
  readonly budgetMs: number;
  /** Customers that were not found are added here. */
  readonly suspects: Set<string>;
}

export interface AuditReport {
  readonly links: number;
  /** Records that were not as the mirror held them. */
  readonly differences: Readonly<Record<SideName, number>>;
  /** Records that were not found, or could not be read. */
  readonly missing: Readonly<Record<SideName, number>>;
  /** Links that were not looked at: the budget was used up. */
  readonly left: number;
}

/** Which links is drawn with `cycle.random`. */
export async function auditLinks(cycle: Cycle, audit: Audit): Promise<AuditReport> {
  const until = cycle.clock().getTime() + audit.budgetMs;
  const differences = { udesk: 0, crm: 0 };
  const missing = { udesk: 0, crm: 0 };
  const sample = await sampleLinks(cycle.db, cycle.spec.name, audit.links, cycle.random);
  for (const [n, link] of sample.entries()) {
    cycle.signal.throwIfAborted();
    if (!(await fits(cycle, 'udesk', 'read', until))) {
      return { links: n, differences, missing, left: sample.length - n };
    }
    for (const [side, id] of [
      ['udesk', link.udeskId],
      ['crm', link.crmId],
    ] as const) {
      const outcome = await lookAt(cycle, side, id);
      if (outcome === 'changed') {
        differences[side] += 1;
        cycle.log.info(
          { side, linkId: link.id, remoteId: id },
          'the audit found a change that no other lane had seen',
        );
      }
      if (outcome === 'missing') {
        missing[side] += 1;
        if (side === 'udesk') audit.suspects.add(id);
      }
    }
  }
  return { links: sample.length, differences, missing, left: 0 };
}

async function lookAt(cycle: Cycle, side: SideName, id: string): Promise<'same' | 'changed' | 'missing'> {
  const at = cycle.clock();
  try {
    const found = await cycle.sides[side].read(id, { signal: cycle.signal, urgency: 'background' });
    return await fenced(cycle.db, cycle.fence, async (tx) => {
      const changed = found !== null && (await storeOne(cycle, tx, side, 'audit', found));
      if (side === 'udesk') await saveChecked(tx, cycle.spec.name, id, at, found !== null);
      return found === null ? 'missing' : changed ? 'changed' : 'same';
    });
  } catch (error) {
    if (!isSyncError(error, 'contract') && !isSyncError(error, 'rejected')) throw error;
    cycle.log.warn({ side, remoteId: id, kind: error.kind }, 'a record of the audit could not be read');
    return 'missing';
  }
}
