import { describe, expect, it } from 'vitest';
import { type ErrorKind, SyncError } from '../../../src/errors.ts';
import { HttpFailure } from '../../../src/http/classify.ts';
import { DEFAULT_RETRY, withRetry } from '../../../src/http/retry.ts';

const policy = { ...DEFAULT_RETRY, minDelayMs: 0, maxDelayMs: 0 };
const sleep = async (): Promise<void> => {};

/** Fails `times` times with `failure`, then gives the number of the attempt. */
function failing(times: number, failure: () => Error, leaves = true) {
  const attempts: number[] = [];
  return {
    attempts,
    attempt: async (n: number, tried: () => void): Promise<number> => {
      attempts.push(n);
      if (leaves) tried();
      if (n <= times) throw failure();
      return n;
    },
  };
}

const failure = (kind: ErrorKind, undone: boolean) => () => new HttpFailure(kind, 'x', { undone });

describe('retries', () => {
  it.each(['transient', 'throttled'] as const)('a read is sent again after %s', async (kind) => {
    const { attempt, attempts } = failing(2, failure(kind, false));
    expect(await withRetry(attempt, { safe: true, policy, sleep })).toBe(3);
    expect(attempts).toEqual([1, 2, 3]);
  });

  it.each(['ambiguous', 'auth', 'rejected', 'contract', 'config', 'stale', 'invariant'] as const)(
    'nothing is sent again after %s',
    async (kind) => {
      const { attempt, attempts } = failing(9, failure(kind, true));
      await expect(withRetry(attempt, { safe: true, policy, sleep })).rejects.toMatchObject({ kind });
      expect(attempts).toEqual([1]);
    },
  );

  it('a write is sent again only after proof that nothing was done', async () => {
    const proven = failing(1, failure('transient', true));
    expect(await withRetry(proven.attempt, { safe: false, policy, sleep })).toBe(2);
    const unproven = failing(1, failure('transient', false));
    await expect(withRetry(unproven.attempt, { safe: false, policy, sleep })).rejects.toThrow();
    expect(unproven.attempts).toEqual([1]);
    const plain = failing(1, () => new SyncError('transient', 'x'));
    await expect(withRetry(plain.attempt, { safe: false, policy, sleep })).rejects.toThrow();
    expect(plain.attempts).toEqual([1]);
  });

  it('P2: a write is not sent once more where the look that it follows from does not hold any more', async () => {
    const { attempt, attempts } = failing(1, failure('throttled', true));
    const again = async () => {
      throw new SyncError('stale', 'moved');
    };
    const write = withRetry(attempt, { safe: false, policy, sleep, again });
    await expect(write).rejects.toMatchObject({ kind: 'stale' });
    expect(attempts).toEqual([1]);
  });

  it('what the look before a second try throws ends it: it was tried often enough', async () => {
    const { attempt, attempts } = failing(9, failure('throttled', true));
    let looks = 0;
    const again = async () => {
      looks += 1;
      throw failure('throttled', true)();
    };
    const write = withRetry(attempt, { safe: false, policy, sleep, again });
    await expect(write).rejects.toMatchObject({ kind: 'throttled' });
    expect([attempts, looks]).toEqual([[1], 1]);
  });

  it('every attempt that left is told with its outcome, and none that did not', async () => {
    const told: unknown[] = [];
    const { attempt } = failing(1, failure('throttled', true));
    await withRetry(attempt, { safe: true, policy, sleep, onAttempt: (made) => told.push(made) });
    const kept = failing(9, failure('transient', true), false);
    const onAttempt = (made: unknown) => told.push(made);
    await withRetry(kept.attempt, { safe: true, policy, sleep, onAttempt }).catch(() => {});
    expect(told).toEqual([
      { outcome: 'throttled', attempt: 1 },
      { outcome: 'done', attempt: 2 },
    ]);
  });

  it('stops after the last retry, with the last failure', async () => {
    const { attempt, attempts } = failing(99, failure('transient', true));
    await expect(withRetry(attempt, { safe: true, policy, sleep })).rejects.toMatchObject({
      kind: 'transient',
    });
    expect(attempts).toHaveLength(policy.retries + 1);
  });

  it('waits as long as the remote asks, and gives the wait to the caller when it is too long', async () => {
    const asked: number[] = [];
    const wait = async (ms: number): Promise<void> => void asked.push(ms);
    const busy = (retryAfterMs: number) => () =>
      new HttpFailure('throttled', 'x', { undone: true, retryAfterMs });
    await withRetry(failing(1, busy(7_000)).attempt, { safe: true, policy, sleep: wait });
    expect(asked).toEqual([7_000]);
    const long = failing(1, busy(3_600_000));
    await expect(withRetry(long.attempt, { safe: true, policy, sleep: wait })).rejects.toMatchObject({
      details: { retryAfterMs: 3_600_000 },
    });
    expect(long.attempts).toEqual([1]);
  });

  it('an abort between two attempts ends them with its reason', async () => {
    const stop = new AbortController();
    const { attempt, attempts } = failing(9, failure('transient', true));
    const onRetry = (): void => stop.abort(new Error('stop'));
    await expect(
      withRetry(attempt, { safe: true, policy, sleep, signal: stop.signal, onRetry }),
    ).rejects.toThrow('stop');
    expect(attempts).toEqual([1]);
  });

  it('an abort never hides how a write ended', async () => {
    const done = new AbortController();
    const finishes = async (): Promise<string> => {
      done.abort(new Error('stop'));
      return 'written';
    };
    expect(await withRetry(finishes, { safe: false, policy, sleep, signal: done.signal })).toBe('written');
    const lost = new AbortController();
    const fails = async (): Promise<string> => {
      lost.abort(new Error('stop'));
      throw new HttpFailure('ambiguous', 'x', { undone: false });
    };
    await expect(withRetry(fails, { safe: false, policy, sleep, signal: lost.signal })).rejects.toMatchObject(
      {
        kind: 'ambiguous',
      },
    );
  });
});
