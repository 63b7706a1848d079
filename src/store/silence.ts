/**
 * Notices a server that says nothing: whose machine is frozen, or whose packets vanish. Nothing is closed then, and a statement
 * would wait for what TCP takes for dead, a quarter of an hour. A small question on a connection of its own, which waits for no
 * lock and no other work, has no answer; so all connections are given up, and what is in flight on them ends with a code.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { toError } from '../errors.ts';
import { settlesWithin } from '../lib/settles-within.ts';

/** Noticed within 5 s: a renewal of a lease then fails before the lease runs out, wherever in its time that is (engine/lease-keeper.ts). */
const ASK_EVERY_MS = 1_000;
const PATIENCE_MS = 4_000;

export interface SilenceLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface SilenceWatch {
  /** Asks the server anything, on a connection that nothing else uses. */
  readonly ask: () => Promise<unknown>;
  /** Gives all connections up, that of `ask` too. Called again for as long as the server is silent. */
  readonly giveUp: (again: boolean) => Promise<void>;
  readonly log: SilenceLog;
  readonly askEveryMs?: number;
  readonly patienceMs?: number;
}

/** Until the signal is aborted. Never rejects. */
export async function watchForSilence(
  { ask, giveUp, log, askEveryMs = ASK_EVERY_MS, patienceMs = PATIENCE_MS }: SilenceWatch,
  signal: AbortSignal,
): Promise<void> {
  let silent = false;
  while (!signal.aborted) {
    const answer = await answerWithin(ask(), patienceMs, signal);
    if (signal.aborted) return;
    if (answer === 'silent') {
      const told = { kind: 'transient', code: 'silent' };
      if (!silent) log.warn(told, 'Postgres says nothing: its connections are given up, and made again');
      await giveUp(silent);
      silent = true;
    } else if (answer === 'answer' && silent) {
      silent = false;
      log.info({}, 'Postgres answers again');
    }
    await wait(askEveryMs, undefined, { signal, ref: false }).catch(() => {});
  }
}

/** An error is an answer for who asks whether there is anybody: what fails says so by itself. */
async function answerWithin(
  asked: Promise<unknown>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<'answer' | 'error' | 'silent'> {
  let heard: 'answer' | 'error' | null = null;
  const answer = asked.then(
    () => {
      heard = 'answer';
    },
    (error: unknown) => {
      heard = isTimeout(error) ? null : 'error';
    },
  );
  await settlesWithin(answer, patienceMs, signal);
  return heard ?? 'silent';
}

/** Nobody said no. */
function isTimeout(error: unknown): boolean {
  const { code } = toError(error) as { code?: unknown };
  return code === 'CONNECT_TIMEOUT' || code === 'ETIMEDOUT';
}
