/** Promise P10 for a side that counts calls in short windows: in every window no more calls leave than it allows. */

/** How much longer one request may travel than another and still be counted in time, as a share of the window. */
const MARGIN = 0.05;

export interface PaceTime {
  /** Milliseconds. */
  readonly monotonic: () => number;
  /** Rejects with the signal's reason when aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** What the side counts: `calls` in every `windowMs`. */
export class CallWindow {
  readonly #calls: number;
  readonly #keptMs: number;
  #left: number[] = [];
  #heldUntil = Number.NEGATIVE_INFINITY;

  constructor(calls: number, windowMs: number) {
    this.#calls = calls;
    this.#keptMs = windowMs * (1 + MARGIN);
  }

  /** How long until a call may leave; 0 or less: now. */
  waitMs(now: number): number {
    this.#left = this.#left.filter((at) => at + this.#keptMs > now);
    const [oldest = now] = this.#left;
    const room = this.#left.length < this.#calls ? now : oldest + this.#keptMs;
    return Math.max(this.#heldUntil, room) - now;
  }

  note(now: number): void {
    this.#left.push(now);
  }

  /** The side said "too many": nothing leaves before then. */
  hold(until: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, until);
  }
}

/**
 * A line of calls that count in each of these windows; first come, first served. A call is counted in all of them at the
 * moment at which it may leave, and not before.
 */
export function createLine(windows: readonly CallWindow[], { monotonic, sleep }: PaceTime) {
  let tail: Promise<unknown> = Promise.resolve();

  async function acquire(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      const now = monotonic();
      const waitMs = Math.max(...windows.map((window) => window.waitMs(now)));
      if (waitMs <= 0) {
        for (const window of windows) window.note(now);
        return;
      }
      await sleep(Math.ceil(waitMs), signal);
    }
  }

  /** Resolves when one call may leave, at once. Rejects with the signal's reason. */
  return async function take(signal?: AbortSignal): Promise<void> {
    const turn = tail.then(() => acquire(signal));
    tail = turn.catch(() => {});
    await turn;
  };
}
