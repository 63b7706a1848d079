import { describe, expect, it } from 'vitest';
import { type PairProgress, unwell } from '../../../src/daemon/heartbeat-condition.ts';
import { createSteadyAges } from '../../../src/daemon/steady-ages.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LIMITS = { cycleMs: 15 * MINUTE, sweepMs: 24 * HOUR };
const READ = { certifiedAgeMs: HOUR, uncertified: null };

function progress(over: Partial<PairProgress> = {}): PairProgress {
  return {
    pair: 'main',
    lastGoodMs: MINUTE,
    knownMs: 48 * HOUR,
    sides: { udesk: READ, crm: READ },
    ...over,
  };
}
const judged = (over: Partial<PairProgress>) =>
  unwell([progress(), progress({ pair: 'b', ...over })], [], LIMITS);

describe('a heartbeat is sent while every pair is well', () => {
  it.each<[string, Partial<PairProgress>, string | null]>([
    ['whose cycles end well is', {}, null],
    ['whose last good cycle is as old as allowed is', { lastGoodMs: 15 * MINUTE }, null],
    ['whose last good cycle is older is not', { lastGoodMs: 15 * MINUTE + 1 }, 'cycle'],
    ['that never had a good cycle is not', { lastGoodMs: null }, 'cycle'],
    [
      'of which a side was not read completely for too long is not',
      { sides: { udesk: READ, crm: { ...READ, certifiedAgeMs: 25 * HOUR } } },
      'crm',
    ],
    [
      'of which a side never was, in all that time, is not',
      { sides: { udesk: { ...READ, certifiedAgeMs: null }, crm: READ } },
      'udesk',
    ],
    [
      'that is new is given the time to read its sides',
      { knownMs: HOUR, sides: { udesk: { ...READ, certifiedAgeMs: null }, crm: READ } },
      null,
    ],
    [
      'of which a side is known not to be readable completely is',
      { sides: { udesk: { certifiedAgeMs: null, uncertified: 'capped at 10,000' }, crm: READ } },
      null,
    ],
  ])('a pair %s', (_name, over, code) =>
    expect(judged(over)).toEqual(code === null ? null : { pair: 'b', code }),
  );

  it('a pair with a lane that is a dead letter is not well, and a pair that is gone is nobody’s', () => {
    expect(unwell([progress()], [{ pair: 'main' }], LIMITS)).toEqual({ pair: 'main', code: 'dead-letters' });
    expect(unwell([progress()], [{ pair: 'renamed' }], LIMITS)).toBeNull();
  });
});

describe('ages of a time ahead, of before the clock was set back', () => {
  /** Looks every minute; `ageMs`: since the last good cycle, as the clock of the database tells it. */
  function looks(ageMs: (minute: number) => number, minutes: number): (string | null)[] {
    let now = 5 * HOUR;
    const steady = createSteadyAges(() => now);
    return Array.from({ length: minutes }, (_, minute) => {
      const judged = unwell(steady([progress({ lastGoodMs: ageMs(minute) })]), [], LIMITS);
      now += MINUTE;
      return judged === null ? null : judged.code;
    });
  }

  it('hide no longer than the limit that nothing happens any more', () => {
    const judged = looks((minute) => -10 * HOUR + minute * MINUTE, 30);
    expect(judged.slice(0, 16)).toEqual(Array(16).fill(null));
    expect(judged.slice(16)).toEqual(Array(14).fill('cycle'));
  });

  it('raise no alarm where cycles end well by a clock that is ahead of the database’s', () => {
    expect(looks(() => -5_000, 120)).toEqual(Array(120).fill(null));
  });

  it('are forgotten with the next cycle that ends well', () => {
    const judged = looks((minute) => (minute < 10 ? -HOUR + minute * MINUTE : (minute - 10) * MINUTE), 25);
    expect(judged).toEqual(Array(25).fill(null));
  });

  it('count for sides and new pairs, too', () => {
    let now = 0;
    const steady = createSteadyAges(() => now);
    const side = { certifiedAgeMs: -100 * HOUR, uncertified: null };
    const never = { certifiedAgeMs: null, uncertified: null };
    const pairs = (elapsed: number) => [
      progress({ sides: { udesk: READ, crm: { ...side, certifiedAgeMs: side.certifiedAgeMs + elapsed } } }),
      progress({ pair: 'b', knownMs: -100 * HOUR + elapsed, sides: { udesk: READ, crm: never } }),
    ];
    const judge = (elapsed: number) => steady(pairs(elapsed)).map((pair) => unwell([pair], [], LIMITS));
    expect(judge(0)).toEqual([null, null]);
    now = 25 * HOUR;
    expect(judge(now)).toEqual([
      { pair: 'main', code: 'crm' },
      { pair: 'b', code: 'crm' },
    ]);
  });
});
