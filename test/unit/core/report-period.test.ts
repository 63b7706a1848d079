import { describe, expect, test } from 'vitest';
import { periodStart, reportDue } from '../../../src/core/report-period.ts';

describe('a scheduled report', () => {
  test.each([
    ['2026-11-26', 'day', '2026-11-26'],
    ['2026-11-26', 'week', '2026-11-23'],
    ['2026-11-23', 'week', '2026-11-23'],
    ['2026-11-22', 'week', '2026-11-16'],
    ['2027-01-02', 'week', '2026-12-28'],
    ['2026-11-26', 'month', '2026-11-01'],
  ] as const)('the period of %s by the %s begins on %s', (day, every, start) => {
    expect(periodStart(day, every)).toBe(start);
  });

  const week = (last: string | null, day: string, time: string) =>
    reportDue(last, { day, time }, 'week', '07:00');

  test('is due once, on the day after the period, from its time of day on', () => {
    expect(week('2026-11-16', '2026-11-22', '23:59')).toBeNull();
    expect(week('2026-11-16', '2026-11-23', '06:59')).toBeNull();
    const due = { until: '2026-11-23', send: { since: '2026-11-16', until: '2026-11-23' } };
    expect(week('2026-11-16', '2026-11-23', '07:00')).toEqual(due);
    expect(week('2026-11-16', '2026-11-26', '00:00')).toEqual(due);
    expect(week('2026-11-23', '2026-11-26', '12:00')).toBeNull();
  });

  test('after weeks in which nothing was sent is one, and leaves out no day', () => {
    expect(week('2026-11-02', '2026-11-26', '12:00')?.send).toEqual({
      since: '2026-11-02',
      until: '2026-11-23',
    });
  });

  test('what ended before the first look is not told, and a clock that was set back tells nothing twice', () => {
    expect(week(null, '2026-11-26', '12:00')).toEqual({ until: '2026-11-23', send: null });
    expect(week('2026-11-23', '2026-11-12', '12:00')).toBeNull();
  });

  test('of a month begins on its first day, of a day with it', () => {
    expect(reportDue('2026-10-01', { day: '2026-11-01', time: '08:00' }, 'month', '07:00')?.send).toEqual({
      since: '2026-10-01',
      until: '2026-11-01',
    });
    expect(reportDue('2026-11-25', { day: '2026-11-26', time: '08:00' }, 'day', '07:00')?.send).toEqual({
      since: '2026-11-25',
      until: '2026-11-26',
    });
  });
});
