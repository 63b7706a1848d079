/** What the calls of an adapter have in common, whichever CRM they are for. */
import { isSyncError } from '../errors.ts';
import { HttpFailure } from '../http/classify.ts';

/** Says in every failure which pair and record it was about. */
export function errorsAbout(pair: string) {
  return async function about<T>(record: string | null, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isSyncError(error)) {
        error.details.pair ??= pair;
        error.details.side ??= 'crm';
        if (record !== null) error.details.record ??= record;
      }
      throw error;
    }
  };
}

/** As `errorsAbout`, for every page of a reading. */
export async function* pagesAbout<Page>(
  about: ReturnType<typeof errorsAbout>,
  pages: AsyncIterable<Page>,
): AsyncGenerator<Page> {
  const iterator = pages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await about(null, () => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** Work with one key waits for the work with the same key before it: two creates with one marker would both find nothing. */
export function oneByOneFor() {
  const running = new Map<string, Promise<unknown>>();
  return async function oneByOne<T>(key: string, work: () => Promise<T>): Promise<T> {
    const mine = (running.get(key) ?? Promise.resolve()).then(work, work);
    running.set(key, mine);
    try {
      return await mine;
    } finally {
      if (running.get(key) === mine) running.delete(key);
    }
  };
}

/** The answer has another shape than documented or declared. Of a write that may well have happened. */
export function notUnderstood(
  { write, target }: { readonly write: boolean; readonly target: string },
  why: string,
  advice?: string,
): HttpFailure {
  const words = write ? `${why}; the write may or may not have happened` : why;
  return new HttpFailure(write ? 'ambiguous' : 'contract', `${target}: ${words}`, {
    undone: false,
    side: 'crm',
    ...(advice === undefined ? {} : { advice }),
  });
}
