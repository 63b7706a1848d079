/**
 * How much one cycle of the daemon writes before it turns to what is to be read (sync design §7, §8): a backlog of
 * thousands takes hours under a small quota, and new customers, hints and decisions must not wait for its end. Nothing is
 * begun that could not be finished at once: whoever began it would wait inside the cycle for the quota.
 */
import type { SideName } from '../core/record.ts';
import type { Cycle } from './context.ts';

/** Of one cycle, used up by its pushes together. A person's command has none: it ends when everything is written. */
export interface PushBudget {
  leftMs: number;
  leftIntents: number;
}

const CYCLE_MS = 10_000;
const CYCLE_INTENTS = 200;
/** A look before it, the write, and a look at what it replaced. */
export const CALLS_PER_WRITE = 3;

export function startPushBudget(): PushBudget {
  return { leftMs: CYCLE_MS, leftIntents: CYCLE_INTENTS };
}

const STARVED_MS = 60_000;
/** By pair: when an intent was last begun, or could not be for the first time. */
const begunAt = new WeakMap<Cycle['sides'], number>();

/** One push of a cycle. */
export interface PushSlice {
  /**
   * Whether one more intent of this side may be begun: there must be room for all the calls that it and those under way
   * will need. After a minute in which nothing was begun the room for one call is enough: nothing starves.
   */
  mayBegin(side: SideName): Promise<boolean>;
  /** One that had begun is done with. @param written a look at what it replaced is still to come */
  done(side: SideName, written: boolean): void;
  /** No more is begun: what time it took is off the budget. */
  end(): void;
}

export function startSlice(cycle: Cycle): PushSlice {
  const { pushBudget: budget, sides, clock } = cycle;
  if (budget === undefined) return { mayBegin: async () => true, done: () => {}, end: () => {} };
  const startedMs = clock().getTime();
  const until = startedMs + budget.leftMs;
  const underWay: Record<SideName, number> = { udesk: 0, crm: 0 };
  const unwitnessed: Record<SideName, number> = { udesk: 0, crm: 0 };
  return {
    async mayBegin(side) {
      if (budget.leftIntents <= 0 || clock().getTime() >= until) return false;
      // Counted before the question: others ask at the same time.
      budget.leftIntents -= 1;
      underWay[side] += 1;
      const now = clock().getTime();
      const starved = now - (begunAt.get(sides) ?? now) >= STARVED_MS;
      const calls = starved ? 1 : underWay[side] * CALLS_PER_WRITE + unwitnessed[side];
      const waitMs = (await sides[side].waitMs?.('read', 'now', calls)) ?? 0;
      const fits = clock().getTime() + waitMs <= until;
      if (fits || !begunAt.has(sides)) begunAt.set(sides, now);
      if (fits) return true;
      budget.leftIntents += 1;
      underWay[side] -= 1;
      return false;
    },
    done(side, written) {
      underWay[side] -= 1;
      if (written) unwitnessed[side] += 1;
    },
    end() {
      budget.leftMs = Math.max(0, until - clock().getTime());
    },
  };
}
