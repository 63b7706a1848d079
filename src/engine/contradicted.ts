/**
 * Before a create a search shows somebody with its e-mail or phone, and nobody is found by that one's id (decision 0006): the
 * search is late about a deletion, or the side does not show a record for a while, or never to our login.
 */
import { otherSide } from '../core/record.ts';
import { SyncError } from '../errors.ts';
import { dropIntent, type IntentRow, moveIntent } from '../store/intents.ts';
import { wasAskedBefore } from '../store/parked-decisions.ts';
import { isUnplanned } from '../store/records.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';

const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 5 * 60_000;
/** So many looks in a row take a day, whatever else the create had to wait for before or between. */
const LOOKS_A_DAY = 288;

/**
 * P5: the create waits as it is until search and id agree, and nothing else waits for it; an edit of its source has it planned
 * anew. After a day of looks, or where a person was asked about just that before, a person is asked.
 * @param ids whom the search shows
 * @throws SyncError `rejected`: a person has to say
 */
export async function waitForAgreement(
  cycle: Cycle,
  intent: IntentRow,
  ids: readonly string[],
): Promise<'missing' | 'stale'> {
  const { db, spec } = cycle;
  const { side, marker } = intent;
  const at = cycle.clock();
  if (marker !== null && (await isUnplanned(db, spec.name, otherSide(side), marker))) {
    const why = 'its source was edited before the write';
    await fenced(db, cycle.fence, (tx) => dropIntent(tx, intent, why, at));
    return 'stale';
  }
  const message = `${side} shows record ${ids.join(', ')} to whoever searches for one of its e-mails or phones, and not to whoever reads it by its id`;
  if (intent.looks >= LOOKS_A_DAY || (await wasAskedBefore(db, intent, message))) {
    throw new SyncError('rejected', message, {
      side,
      code: 'contradicted',
      advice: `Where that record is there, let the login of the sync read it; where it is deleted, take it out of what ${side} is searched in. Then try again.`,
    });
  }
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** Math.min(intent.looks, 8), LONGEST_WAIT_MS);
  await fenced(db, cycle.fence, (tx) =>
    moveIntent(tx, intent, ['pending'], {
      ...{ state: 'pending', at, error: message, looked: true },
      notBefore: new Date(at.getTime() + waitMs),
    }),
  );
  return 'missing';
}
