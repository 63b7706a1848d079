import { describe, expect, it } from 'vitest';
import type { PairGauges, SideGauges } from '../../../src/store/gauges.ts';
import { readinessOf, type WorkerState } from '../../../src/web/readiness.ts';

const DAY_MS = 86_400_000;
const WELL: WorkerState = { lastGoodAtMs: 1_000, failures: 0, lastKind: null };

function row(over: Partial<PairGauges> = {}, udesk: Partial<SideGauges> = {}): PairGauges {
  const side = {
    live: 1,
    linked: 1,
    total: 1,
    certifiedAgeMs: 1_000.4,
    uncertified: null,
    waitingMs: null,
    lag: null,
  };
  return {
    pair: 'main',
    knownMs: DAY_MS,
    lastGoodMs: 500,
    leased: true,
    outbox: { planned: 0, held: 0, pending: 0, sending: 0, unknown: 0 },
    parked: 0,
    guards: 0,
    guarded: 0,
    accounts: [],
    endedRules: [],
    conflicts: { open: 0, resolving: 0, opened: 0, closed: 0 },
    freshness: null,
    sides: { udesk: { ...side, ...udesk }, crm: side },
    ...over,
  };
}

describe('a pair is ready', () => {
  it('when its cycles end well and both sides were read in full', () => {
    expect(readinessOf(WELL, row())).toEqual({
      pair: 'main',
      lease: 'here',
      lastGoodCycleMs: 500,
      certifiedAgeMs: { udesk: 1_000, crm: 1_000 },
      reason: null,
    });
  });

  it('between two cycles, when nobody holds the lease', () => {
    expect(readinessOf(WELL, row({ leased: false }))).toMatchObject({ lease: 'free', reason: null });
  });

  it('while another process works on it: this one stands by', () => {
    expect(readinessOf({ ...WELL, lastGoodAtMs: null }, row())).toMatchObject({
      lease: 'elsewhere',
      reason: null,
    });
  });

  it('when a side cannot be read in full and says why', () => {
    const capped = { certifiedAgeMs: null, uncertified: 'Udesk lists 10,000 of 31,000' };
    expect(readinessOf(WELL, row({}, capped)).reason).toBeNull();
  });
});

describe('a pair is not ready', () => {
  it.each<[string, WorkerState, PairGauges, RegExp]>([
    ['when its cycles fail', { ...WELL, failures: 1, lastKind: 'auth' }, row(), /cycles fail \(auth\)/],
    [
      'before the first good cycle',
      { ...WELL, lastGoodAtMs: null },
      row({ lastGoodMs: null }),
      /no cycle has ended/,
    ],
    [
      'when the good cycles were those of a process that is gone',
      { ...WELL, lastGoodAtMs: null },
      row({ leased: false }),
      /of this process/,
    ],
    [
      'before a side was read in full',
      WELL,
      row({}, { certifiedAgeMs: null }),
      /udesk has not been read in full yet/,
    ],
    ['when that was more than a day ago', WELL, row({}, { certifiedAgeMs: DAY_MS + 1 }), /for a day/],
  ])('%s', (_, state, gauges, reason) => {
    expect(readinessOf(state, gauges).reason).toMatch(reason);
  });
});
