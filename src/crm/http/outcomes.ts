/** What becomes of a write to a record that is gone, or that nobody could read afterwards. */
import { SyncError } from '../../errors.ts';
import { stale } from '../compare.ts';
import { isRefusal } from './refusal.ts';

export async function staleWhenGone<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isRefusal(error, 'not-found')) throw stale('the record is no longer there');
    throw error;
  }
}

export async function goneIsDone(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isRefusal(error, 'not-found')) throw error;
  }
}

/** @param cause null when the record was not there */
export function unread(record: string, cause: unknown): SyncError {
  const why = cause === null ? 'is not there' : 'could not be read';
  return new SyncError('ambiguous', `the record was written, and ${why} afterwards`, {
    side: 'crm',
    record,
    cause,
  });
}
