/** Whether a beat may be sent: what the database says of all pairs, whichever daemon works on them. Pure. */
import { readingOf, type SideReading } from '../core/reading.ts';
import { SIDES, type SideName } from '../core/record.ts';
import type { DeadLetters } from '../store/dead-letters.ts';
import type { PairGauges } from '../store/gauges.ts';
import type { AlertLimits } from './alert-conditions.ts';

/** What of a pair's figures decides. */
export interface PairProgress extends Pick<PairGauges, 'pair' | 'lastGoodMs' | 'knownMs'> {
  readonly sides: Readonly<Record<SideName, SideReading>>;
}

/** `cycle`: no cycle ended well for too long · a side: it was not read completely for too long · `dead-letters`: a lane fails on and on. */
export type Unwell = 'cycle' | SideName | 'dead-letters';

/**
 * The first pair that is not well, and of what; null: all of them are. A pair is well while somebody ends its cycles well
 * (waiting for a person's approval is well), each side was read completely within the limit (or is known not to be readable
 * so, which `status` tells), and none of its lanes is a dead letter.
 */
export function unwell(
  pairs: readonly PairProgress[],
  deadLetters: readonly Pick<DeadLetters, 'pair'>[],
  { cycleMs, sweepMs }: AlertLimits,
): { readonly pair: string; readonly code: Unwell } | null {
  for (const { pair, lastGoodMs, knownMs, sides } of pairs) {
    if (lastGoodMs === null || lastGoodMs > cycleMs) return { pair, code: 'cycle' };
    for (const side of SIDES) {
      // A pair that is new is given the time to read its sides for the first time.
      if (readingOf(sides[side], sweepMs, knownMs ?? 0) === 'late') return { pair, code: side };
    }
    if (deadLetters.some((letter) => letter.pair === pair)) return { pair, code: 'dead-letters' };
  }
  return null;
}
