/**
 * Promise P10 for a side that counts calls in short windows: in every window no more calls leave than it allows, however
 * many pairs and processes share its account: they count in one ledger.
 */
import { ledgerTooSlow, orAborted, STALE_GRANTS } from '../../http/quota.ts';
import type { QuotaLedger } from '../../lib/sliding-window.ts';

/** How much longer one request may travel than another and still be counted in time, as a share of the window. */
const MARGIN = 0.05;

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

/** A line of calls that count in each of these windows, the longest first: its grants are good for longest. */
export function createLine(
  windows: readonly CallWindow[],
  ledger: QuotaLedger,
  { monotonic, sleep }: PaceTime,
): Line {
  let tail: Promise<unknown> = Promise.resolve();
  let heldUntil = Number.NEGATIVE_INFINITY;

  /** How long until the others may have room: what is granted in one is used up, even where another refuses. */
  async function roomInMs(others: readonly CallWindow[]): Promise<number> {
    const found = await Promise.all(
      others.map((window) => ledger.peek(window.key, window.calls, keptMs(window), 1)),
    );
    return Math.max(0, ...found.map(({ waitMs }) => waitMs));
  }

  async function acquire(signal: AbortSignal | undefined): Promise<void> {
    /** Until when a grant of it may be used. */
    const good = new Map<CallWindow, number>();
    for (let stale = 0; ; ) {
      signal?.throwIfAborted();
      const heldMs = heldUntil - monotonic();
      if (heldMs > 0) {
        await sleep(Math.ceil(heldMs), signal);
        continue;
      }
      const now = monotonic();
      const [next, ...others] = windows.filter((window) => (good.get(window) ?? now) <= now);
      if (next === undefined) return;
      const roomMs = await roomInMs(others);
      if (roomMs > 0) {
        await sleep(Math.ceil(roomMs), signal);
        continue;
      }
      const askedAt = monotonic();
      const { granted, waitMs } = await ledger.reserve(next.key, next.calls, keptMs(next), 1);
      if (!granted) {
        await sleep(Math.max(1, Math.ceil(waitMs)), signal);
        continue;
      }
      const until = askedAt + usableMs(next);
      good.set(next, until);
      if (monotonic() >= until && ++stale >= STALE_GRANTS) throw ledgerTooSlow();
    }
  }

  return {
    async take(signal) {
      const turn = tail.then(() => acquire(signal));
      tail = turn.catch(() => {});
      await (signal === undefined ? turn : orAborted(turn, signal));
    },
    hold(until) {
      heldUntil = Math.max(heldUntil, until);
    },
  };
}

/** For so long after its question a grant is good; the ledger keeps it for as much longer. */
function usableMs({ windowMs }: CallWindow): number {
  return Math.min(1_000, windowMs / 4);
}

function keptMs(window: CallWindow): number {
  return window.windowMs * (1 + MARGIN) + usableMs(window);
}
