import { describe, expect, it } from 'vitest';
import { type PairProgress, unwell } from '../../../src/daemon/heartbeat-condition.ts';

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
