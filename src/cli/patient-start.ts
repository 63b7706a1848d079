/** What the start of a daemon waits for, instead of giving up: its database (docs/decisions/0041). */
import { backoffMs } from '../core/retry.ts';
import { DatabaseFailure, isSyncError, toError } from '../errors.ts';
import type { Logger } from '../lib/log.ts';
import { targetOf } from '../store/client.ts';
import type { CliContext } from './context.ts';
import { renderError } from './errors.ts';
import { openRuntime, type Runtime } from './runtime.ts';

/** It costs nobody's quota, and nothing goes on without it. */
const AGAIN = { baseMs: 1_000, maxMs: 15_000 };
/** The same is not said more often; from here on, what could have passed by itself is an error as well. */
const SAY_AGAIN_MS = 60_000;

export interface Waiting {
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly signal: AbortSignal;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
}

/**
 * What stands in the file is refused at once; a database that is away, or that refuses us, is waited for.
 * @returns null when a stop was asked for before it was there
 * @throws SyncError `config` for what no answer of a server can mend
 */
export async function openWhenThere(context: CliContext, waiting: Waiting): Promise<Runtime | null> {
  const { url } = context.loadConfig().database;
  if (url !== undefined) targetOf(url);
  const onServer = url !== undefined;
  return await openPatiently(
    () => openRuntime(context, 'run'),
    (error) => mayCome(error, onServer),
    waiting,
  );
}

/**
 * What a server answers may be another answer tomorrow, by itself or by somebody's hand: a password, a right, a database that was
 * renamed or restored. What a folder of this machine says is for who configured it.
 */
export function mayCome(error: Error, onServer: boolean): boolean {
  if (error instanceof DatabaseFailure) return error.passing;
  return isSyncError(error, 'transient') || (onServer && isSyncError(error, 'config'));
}

/** Tries until it opens. Says at once what it waits for; the same again once a minute at most, and when it is over. */
export async function openPatiently<T>(
  open: () => Promise<T>,
  worthIt: (error: Error) => boolean,
  { log, signal, sleep, random, monotonic }: Waiting,
): Promise<T | null> {
  const startedAt = monotonic();
  const saidAt = new Map<string, number>();
  for (let failures = 0; ; ) {
    try {
      const opened = await open();
      const durationMs = Math.round(monotonic() - startedAt);
      if (failures > 0) log.info({ failures, durationMs }, 'the database is there: the start goes on');
      return opened;
    } catch (thrown) {
      const error = toError(thrown);
      if (signal.aborted) return null;
      if (!worthIt(error)) throw thrown;
      failures += 1;
      const delayMs = backoffMs(failures, random, AGAIN);
      say(error, failures, delayMs);
      await sleep(delayMs, signal).catch(() => {});
      if (signal.aborted) return null;
    }
  }

  function say(error: Error, failures: number, delayMs: number): void {
    const kind = isSyncError(error) ? error.kind : 'transient';
    const code = (isSyncError(error) ? error.details.code : (error as { code?: string | null }).code) ?? kind;
    const now = monotonic();
    const before = saidAt.get(code);
    if (before !== undefined && now - before < SAY_AGAIN_MS) return;
    saidAt.set(code, now);
    const level = kind === 'config' || now - startedAt >= SAY_AGAIN_MS ? 'error' : 'warn';
    log[level](
      { kind, code, failures, delayMs, err: renderError(error, false) },
      'the start waits for its database',
    );
  }
}
