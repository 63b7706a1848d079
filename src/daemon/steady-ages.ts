/**
 * How long ago something was, where the clock was set back after it: its time lies ahead of the clock then, and says nothing.
 * Such an age is counted from when this process first saw it so, by a clock that never jumps. So a time ahead neither hides
 * for as long as the jump that nothing happens any more, nor raises an alarm before anything could have happened.
 */
import type { PairProgress } from './heartbeat-condition.ts';

/** Two ages of the same thing differ by the time between, as nearly as this. */
const SAME_MS = 30_000;

/** @param monotonic milliseconds. What it returns remembers the times ahead: one for all that asks again and again. */
export function createSteadyAges(
  monotonic: () => number,
): <Pair extends PairProgress>(pairs: readonly Pair[]) => Pair[] {
  const ahead = new Map<string, { readonly seenMs: number; readonly age: number }>();

  function steady(key: string, age: number | null): number | null {
    if (age === null || age >= 0) {
      ahead.delete(key);
      return age;
    }
    const now = monotonic();
    const before = ahead.get(key);
    // Another time ahead is news: whoever wrote it has a clock that is ahead of the database's.
    if (before !== undefined && Math.abs(before.age + now - before.seenMs - age) < SAME_MS) {
      return now - before.seenMs;
    }
    ahead.set(key, { seenMs: now, age });
    return 0;
  }

  return (pairs) =>
    pairs.map((pair) => {
      const of = (what: string, age: number | null) => steady(`${pair.pair} ${what}`, age);
      const { udesk, crm } = pair.sides;
      return {
        ...pair,
        knownMs: of('known', pair.knownMs),
        lastGoodMs: of('cycle', pair.lastGoodMs),
        sides: {
          udesk: { ...udesk, certifiedAgeMs: of('udesk', udesk.certifiedAgeMs) },
          crm: { ...crm, certifiedAgeMs: of('crm', crm.certifiedAgeMs) },
        },
      };
    });
}
