/**
 * "No such customer", told apart from everything else that Udesk says with the same code (api.md §6.1, §10.1–2).
 * Public clients that took any refusal for "does not exist" created duplicates after a bad signature. We say it only when
 * 1. the code is 2005 or 2015, or the words say so, and the words do not speak of a parameter; and
 * 2. the same credentials, clock and call work: a lookup succeeded within the last minute, or a known customer
 *    (the newest of the list) is looked up now and found. In an empty tenant the list call itself is the proof.
 * Code 2000 is "unknown error": only its words can make it a "not found".
 */
import { MAYBE_NOT_FOUND, saysBadRequest, saysNotFound, UdeskRefusal } from './errors.ts';

const PROOF_MS = 60_000;

export interface Canary {
  /** Id of any live customer, null when the tenant has none. Throws when the call fails. */
  newestId(signal: AbortSignal | undefined): Promise<string | null>;
  /** Looks the customer up by id; throws when the call fails or is refused. */
  find(id: string, signal: AbortSignal | undefined): Promise<void>;
}

export interface NotFoundJudge {
  /** A lookup succeeded: for a while no canary is needed. */
  lookupWorked(): void;
  /** Resolves when `refusal` means "no such customer"; throws it, or what the canary died of, when it does not. */
  confirm(refusal: UdeskRefusal, signal: AbortSignal | undefined): Promise<void>;
}

/** @param clock monotonic milliseconds */
export function createNotFoundJudge(canary: Canary, clock: () => number): NotFoundJudge {
  let provenAt = Number.NEGATIVE_INFINITY;
  const lookupWorked = (): void => {
    provenAt = clock();
  };
  return {
    lookupWorked,
    async confirm(refusal, signal) {
      if (!mayMeanNotFound(refusal)) throw refusal;
      if (clock() - provenAt < PROOF_MS) return;
      const id = await canary.newestId(signal);
      if (id !== null) await canary.find(id, signal);
      lookupWorked();
    },
  };
}

/** Whether this failure of a lookup (or of a write to one customer) can mean that there is no such customer. */
export function mayMeanNotFound(failure: unknown): failure is UdeskRefusal {
  if (!(failure instanceof UdeskRefusal)) return false;
  if (failure.kind !== 'contract' && failure.kind !== 'rejected') return false;
  if (saysBadRequest(failure.words)) return false;
  return MAYBE_NOT_FOUND.has(failure.udeskCode) || saysNotFound(failure.words);
}
