import type { SideName } from '../core/record.ts';
import { SyncError } from '../errors.ts';
import { logDecision } from '../store/decision-log.ts';
import { type Erased, erasePerson, findPerson, keepOut, type PersonState } from '../store/forget.ts';
import { fenced } from '../store/tx.ts';
import type { EngineContext } from './context.ts';
import { holdLease } from './lease-keeper.ts';

export interface Forgetting {
  readonly pair: string;
  readonly side: SideName;
  readonly id: string;
  readonly who: string;
  /** Do not take the person up again where they still are. */
  readonly keepOut: boolean;
}

/** Who is meant, and whether they may be forgotten now. Throws `rejected` with what to do first. */
export async function mayForget(context: EngineContext, wish: Forgetting): Promise<PersonState> {
  const { pair, side, id } = wish;
  const about = { pair, side, record: id };
  const person = await findPerson(context.db, pair, side, id);
  if (person === null) {
    throw new SyncError('rejected', `nothing is kept of record ${id} of ${side}`, {
      ...about,
      code: 'not-found',
      advice: 'Check the id and the side; ids are those that the side itself uses.',
    });
  }
  if (person.inFlight > 0) {
    throw new SyncError('rejected', `${person.inFlight} writes to this person are on their way`, {
      ...about,
      code: 'in-flight',
      advice:
        'Wait for the next cycle, or answer what waits for a person (`udesk-sync parked list`), and ask again: what becomes of them is not known yet.',
    });
  }
  if (person.alive.length > 0 && !wish.keepOut) {
    throw new SyncError(
      'rejected',
      `the person is still in ${person.alive.join(' and ')}, and would come back from there`,
      {
        ...about,
        code: 'still-there',
        advice: `Delete the person there first and let a cycle see it, or add --keep-out: then these records are never taken up again.`,
      },
    );
  }
  return person;
}

/**
 * Erases the person in one transaction, under the pair's lease, so that no cycle holds what it read of them and stores it
 * again. The log of decisions says who forgot, and which decisions lost their values by it; it stays verifiable.
 */
export async function forget(
  context: EngineContext,
  wish: Forgetting,
  signal?: AbortSignal,
): Promise<Erased> {
  const lease = await holdLease(context, wish.pair, 60_000, signal);
  try {
    return await fenced(context.db, lease.fence, async (tx) => {
      const person = await mayForget({ ...context, db: tx }, wish);
      const erased = await erasePerson(tx, wish.pair, person);
      const at = context.clock();
      if (person.alive.length > 0) await keepOut(tx, wish.pair, person.ids, at);
      const links = person.linkIds.length === 0 ? 'no link' : `link ${person.linkIds.join(',')}`;
      const decided = erased.decisions.length === 0 ? '' : ` decisions ${erased.decisions.join(',')}`;
      await logDecision(tx, {
        ...{ at: at.toISOString(), who: wish.who, action: 'forget', pair: wish.pair },
        subject: `${links}${decided}`,
      });
      return erased;
    });
  } finally {
    await lease.release().catch(() => {});
  }
}
