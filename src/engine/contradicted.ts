/**
 * Before a create a search shows somebody with its e-mail or phone, and nobody is found by that one's id (decision 0006): the
 * search is late about a deletion, or the side does not show a record for a while, or never to our login.
 */
import { otherSide, type SideRecord } from '../core/record.ts';
import { SyncError } from '../errors.ts';
import { setAlone } from '../store/backfill.ts';
import { dropIntent, type IntentRow, moveIntent } from '../store/intents.ts';
import { wasAskedBefore } from '../store/parked-decisions.ts';
import { isUnplanned } from '../store/records.ts';
import { intentsById } from '../store/releases.ts';
import { fenced } from '../store/tx.ts';
import type { Cycle } from './context.ts';
import { uncertain } from './recover.ts';

const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 5 * 60_000;
/** So many looks in a row take half an hour, whatever else the create had to wait for before or between. */
const LOOKS_TO_ASK = 8;
/** Where cycles are further apart, two looks are enough. */
const ASK_AFTER_MS = 30 * 60_000;

/**
 * P5: the create waits as it is until search and id agree; an edit of its source has it planned anew. After half an hour, or where a
 * person was asked about just that before, a person is asked: while it waits, so does whoever shares an e-mail or phone with it, and
 * no answer about its source is taken. One that may have been done, and was looked for in vain, may be who is shown: about that a
 * person is asked at once. None goes in a batch, which would not look.
 * @param shown whom the search shows
 * @throws SyncError `rejected`: a person has to say
 */
export async function waitForAgreement(
  cycle: Cycle,
  intent: IntentRow,
  shown: readonly SideRecord[],
): Promise<'missing' | 'stale'> {
  const { db, spec } = cycle;
  const { side, marker } = intent;
  const at = cycle.clock();
  const ids = shown.map(({ id }) => id).toSorted();
  const message = `${side} shows record ${ids.join(', ')} to whoever searches for one of its e-mails or phones, and not to whoever reads it by its id`;
  // What was looked for since it was sent was of unknown outcome; what a side would not take was not. The row knows of each look.
  const [row = intent] = await intentsById(db, spec.name, [intent.id]);
  const mayBeIt = row.attempts > 0 && row.looks > 0 && row.error !== message;
  if (mayBeIt) {
    await uncertain(cycle, intent, message);
    return 'stale';
  }
  if (marker !== null && (await isUnplanned(db, spec.name, otherSide(side), marker))) {
    const why = 'its source was edited before the write';
    await fenced(db, cycle.fence, (tx) => dropIntent(tx, intent, why, at));
    return 'stale';
  }
  const sinceMs = row.lookedAt === null ? 0 : at.getTime() - Date.parse(row.lookedAt);
  const isLong = row.looks >= LOOKS_TO_ASK || sinceMs >= ASK_AFTER_MS;
  if (isLong || (await wasAskedBefore(db, intent, message))) {
    throw new SyncError('rejected', message, {
      side,
      code: 'contradicted',
      advice: `Where that record is there, let the login of the sync read it; where it is deleted, take it out of what ${side} is searched in. Then try again.`,
    });
  }
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** row.looks, LONGEST_WAIT_MS);
  await fenced(db, cycle.fence, async (tx) => {
    await moveIntent(tx, intent, ['pending'], {
      ...{ state: 'pending', at, error: message, looked: true },
      notBefore: new Date(at.getTime() + waitMs),
    });
    await setAlone(tx, spec.name, [intent.id]);
  });
  return 'missing';
}
