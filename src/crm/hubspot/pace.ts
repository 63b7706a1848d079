/**
 * Promise P10 for a side that counts calls in short windows: in every window no more calls leave than it allows, however
 * many pairs and processes share its account: they count in one ledger.
 */
import { SyncError } from '../../errors.ts';
import type { QuotaLedger } from '../../lib/sliding-window.ts';

/** How much longer one request may travel than another and still be counted in time, as a share of the window. */
const MARGIN = 0.05;
/** For so long after the question a grant is good; the ledger keeps it for as much longer. */
const USABLE_MS = 100;
/** A ledger that answers later than that, this often in a row, is out of order. */
const STALE_GRANTS = 5;

export interface PaceTime {
  /** Milliseconds. */
  readonly monotonic: () => number;
  /** Rejects with the signal's reason when aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** What the side counts: `calls` in every `windowMs`. */
export interface CallWindow {
  /** Names it in the ledger: whoever shares it shares the limit. Never a secret. */
  readonly key: string;
  readonly calls: number;
  readonly windowMs: number;
}

export interface Line {
  /**
   * Resolves when one call may leave, at once; first come, first served. Rejects with the signal's reason.
   * @throws SyncError `transient` when the ledger answers too slowly for any grant to be used
   */
  take(signal?: AbortSignal): Promise<void>;
  /** The side said "too many": nothing of this line leaves before then, by the monotonic clock. */
  hold(until: number): void;
}

/** A line of calls that count in each of these windows, the shortest first. */
export function createLine(
  windows: readonly CallWindow[],
  ledger: QuotaLedger,
  { monotonic, sleep }: PaceTime,
): Line {
  let tail: Promise<unknown> = Promise.resolve();
  let heldUntil = Number.NEGATIVE_INFINITY;

  /** How long until there may be room in all of them. What is granted in one is used up, even where another refuses. */
  async function roomInMs(): Promise<number> {
    const held = heldUntil - monotonic();
    if (windows.length === 1) return held;
    const found = await Promise.all(
      windows.map((window) => ledger.peek(window.key, window.calls, keptMs(window), 1)),
    );
    return Math.max(held, ...found.map(({ waitMs }) => waitMs));
  }

  /** 0: counted in each window. Else how long until one that refused has room. */
  async function countIn(): Promise<number> {
    for (const window of windows) {
      const { granted, waitMs } = await ledger.reserve(window.key, window.calls, keptMs(window), 1);
      if (!granted) return Math.max(1, waitMs);
    }
    return 0;
  }

  async function acquire(signal: AbortSignal | undefined): Promise<void> {
    for (let stale = 0; ; ) {
      signal?.throwIfAborted();
      let waitMs = await roomInMs();
      if (waitMs <= 0) {
        const askedAt = monotonic();
        waitMs = await countIn();
        if (waitMs === 0 && monotonic() - askedAt <= USABLE_MS) return;
        if (waitMs === 0) stale += 1;
      }
      if (stale >= STALE_GRANTS)
        throw new SyncError(
          'transient',
          'the ledger of the calls answers too slowly to send anything in time',
          {
            code: 'quota-ledger-slow',
            advice: 'Look at the load of the Postgres database.',
          },
        );
      if (waitMs > 0) await sleep(Math.ceil(waitMs), signal);
    }
  }

  return {
    async take(signal) {
      const turn = tail.then(() => acquire(signal));
      tail = turn.catch(() => {});
      await turn;
    },
    hold(until) {
      heldUntil = Math.max(heldUntil, until);
    },
  };
}

function keptMs({ windowMs }: CallWindow): number {
  return windowMs * (1 + MARGIN) + USABLE_MS;
}
