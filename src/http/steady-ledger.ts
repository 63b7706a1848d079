/**
 * Promise P10 whatever a shared ledger's clock does: a ledger in a database counts by the database's clock, and that of an
 * embedded Postgres is the clock of our machine, which may be set. So each process counts what it was granted by its own
 * monotonic clock, too, and never takes more than both let it.
 *
 * What is left: a shared clock that is set forward forgets what *other* processes were granted in the minute before.
 */
import { decideReservation, type Grant, type QuotaLedger, type Reservation } from '../lib/sliding-window.ts';

/** @param clock monotonic milliseconds. One such ledger per process: what another one was granted it does not know. */
export function steadyLedger(shared: QuotaLedger, clock: () => number): QuotaLedger {
  const own = createOwnWindow(clock);
  const lines = new Map<string, Promise<unknown>>();

  async function ask(scopeKey: string, limit: number, windowMs: number, n: number): Promise<Reservation> {
    const mine = decideReservation(own.grants(scopeKey, windowMs), limit, n);
    if (!mine.granted) return mine;
    // Counted from before the question, as the time for which the grant is good.
    const askedAt = clock();
    const answer = await shared.reserve(scopeKey, limit, windowMs, n);
    if (answer.granted) own.add(scopeKey, askedAt, n);
    return answer;
  }

  return {
    async reserve(scopeKey, ...question) {
      // One after the other: two that both found room here could both be granted there.
      const turn = (lines.get(scopeKey) ?? Promise.resolve()).then(() => ask(scopeKey, ...question));
      lines.set(
        scopeKey,
        turn.catch(() => {}),
      );
      return await turn;
    },
    async peek(scopeKey, limit, windowMs, n) {
      const mine = decideReservation(own.grants(scopeKey, windowMs), limit, n);
      const theirs = await shared.peek(scopeKey, limit, windowMs, n);
      return mine.waitMs > theirs.waitMs ? mine : theirs;
    },
  };
}

export interface OwnWindow {
  /** Those that still count, oldest first; the others are forgotten. */
  grants(scopeKey: string, windowMs: number): Grant[];
  /** @param at not before that of any earlier one of the scope */
  add(scopeKey: string, at: number, n: number): void;
}

/** The grants of one process by its own clock. */
export function createOwnWindow(clock: () => number): OwnWindow {
  const scopes = new Map<string, readonly { readonly at: number; readonly n: number }[]>();
  return {
    grants(scopeKey, windowMs) {
      const now = clock();
      const kept = (scopes.get(scopeKey) ?? []).filter(({ at }) => at + windowMs > now);
      scopes.set(scopeKey, kept);
      return kept.map(({ at, n }) => ({ leftMs: at + windowMs - now, n }));
    },
    add(scopeKey, at, n) {
      scopes.set(scopeKey, [...(scopes.get(scopeKey) ?? []), { at, n }]);
    },
  };
}
