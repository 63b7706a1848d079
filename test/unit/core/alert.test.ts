import { describe, expect, it } from 'vitest';
import { type Condition, decideAlerts, digestDay, type SaidAlert } from '../../../src/core/alert.ts';

const MINUTE = 60_000;
const POLICY = { quietMs: 10 * MINUTE, remindMs: 24 * 60 * MINUTE };

function condition(state: Condition['state'], key = 'guard/main/'): Condition {
  return { key, event: 'guard', pair: 'main', subject: '', state, count: 3 };
}
function row(state: SaidAlert['state'], saidAt: number): SaidAlert {
  return { key: 'guard/main/', state, openedAt: 0, saidAt };
}
const kinds = (state: Condition['state'], said: readonly SaidAlert[], now: number) =>
  decideAlerts([condition(state)], said, now, POLICY).say.map(({ kind }) => kind);

describe('an alert', () => {
  it('is said when it begins, and then no more', () => {
    const { say } = decideAlerts([condition('on')], [], 5, POLICY);
    expect(say).toMatchObject([
      { kind: 'raised', said: { key: 'guard/main/', state: 'open', openedAt: 5, saidAt: 5 } },
    ]);
    expect(kinds('on', [row('open', 0)], 60 * MINUTE)).toEqual([]);
  });

  it('is reminded of at a bounded rate, as long as it goes on', () => {
    expect(kinds('on', [row('open', 0)], POLICY.remindMs - 1)).toEqual([]);
    expect(kinds('on', [row('open', 0)], POLICY.remindMs)).toEqual(['reminder']);
  });

  it('ends with a word, after which nothing is remembered', () => {
    expect(kinds('off', [row('open', 0)], POLICY.quietMs)).toEqual(['recovered']);
    const over = decideAlerts([condition('off')], [row('closed', 0)], POLICY.quietMs, POLICY);
    expect(over).toEqual({ say: [], forget: ['guard/main/'] });
  });

  it('that was never said ends without one', () => {
    expect(decideAlerts([condition('off')], [], 0, POLICY)).toEqual({ say: [], forget: [] });
  });

  it('neither begins nor ends while nothing is known', () => {
    expect(kinds('unknown', [], 0)).toEqual([]);
    expect(decideAlerts([condition('unknown')], [row('open', 0)], 1e9, POLICY)).toEqual({
      say: [],
      forget: [],
    });
  });

  it('that comes and goes is not said more often than the quiet time allows', () => {
    expect(kinds('off', [row('open', 0)], POLICY.quietMs - 1)).toEqual([]);
    expect(kinds('on', [row('closed', 0)], POLICY.quietMs - 1)).toEqual([]);
    expect(kinds('on', [row('closed', 0)], POLICY.quietMs)).toEqual(['raised']);
  });

  it('of a pair that left the configuration is forgotten', () => {
    expect(decideAlerts([], [row('open', 0)], 1, POLICY)).toEqual({ say: [], forget: ['guard/main/'] });
  });

  it('is not silenced for ever by a clock that was set back', () => {
    expect(kinds('off', [row('open', 1e12)], 0)).toEqual(['recovered']);
    expect(kinds('on', [row('open', 1e12)], 0)).toEqual(['reminder']);
  });
});

describe('the digest', () => {
  const on = (day: string, time: string) => {
    const yesterday = new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
    return { day, yesterday, time };
  };

  it('is due once per day, from its time on', () => {
    expect(digestDay('2026-11-24', on('2026-11-25', '08:59'), '09:00')).toBeNull();
    expect(digestDay('2026-11-24', on('2026-11-25', '09:00'), '09:00')).toEqual({
      day: '2026-11-25',
      say: true,
    });
    expect(digestDay('2026-11-25', on('2026-11-25', '23:59'), '09:00')).toBeNull();
  });

  it('that was missed is late, and the next one comes in time', () => {
    expect(digestDay('2026-11-23', on('2026-11-25', '02:00'), '09:00')).toEqual({
      day: '2026-11-24',
      say: true,
    });
    expect(digestDay('2026-11-24', on('2026-11-25', '09:30'), '09:00')).toEqual({
      day: '2026-11-25',
      say: true,
    });
  });

  it('does not wait for a day that a clock showed which was days ahead and has been set right', () => {
    expect(digestDay('2027-11-25', on('2026-11-25', '09:30'), '09:00')).toEqual({
      day: '2026-11-25',
      say: false,
    });
    // A day ahead may be another time zone: nothing is said twice.
    expect(digestDay('2026-11-26', on('2026-11-25', '09:30'), '09:00')).toBeNull();
  });

  it('of the day on which the daemon came is not said', () => {
    expect(digestDay(null, on('2026-11-25', '15:00'), '09:00')).toEqual({ day: '2026-11-25', say: false });
    expect(digestDay(null, on('2026-11-25', '08:00'), '09:00')).toEqual({ day: '2026-11-24', say: false });
  });
});
