import { describe, expect, it } from 'vitest';
import { isSyncError } from '../../../src/errors.ts';
import { daysFrom, localDay, localTime, startOfDay } from '../../../src/lib/zoned-time.ts';
import { parseSince } from '../../../src/report/sync/period.ts';

const NOW = new Date('2026-11-25T13:30:00.000Z');
const since = (text: string, timezone = 'Asia/Shanghai') => parseSince(text, NOW, timezone).toISOString();

describe('--since', () => {
  it.each([
    ['90m', '2026-11-25T12:00:00.000Z'],
    ['24h', '2026-11-24T13:30:00.000Z'],
    ['7d', '2026-11-18T13:30:00.000Z'],
    ['4w', '2026-10-28T13:30:00.000Z'],
    ['2026-11-01', '2026-10-31T16:00:00.000Z'],
    ['2026-11-01T09:00:00+08:00', '2026-11-01T01:00:00.000Z'],
    ['2026-11-01T09:00Z', '2026-11-01T09:00:00.000Z'],
  ])('understands %s', (text, expected) => expect(since(text)).toBe(expected));

  it.each([
    '',
    'yesterday',
    '7',
    '0d',
    '-7d',
    '7 years',
    '2026-02-31',
    '2026-13-01',
    '2026-11-01T09:00',
    '2026-11-26',
    '99999w',
  ])('refuses "%s", and says what it takes', (text) => {
    try {
      since(text);
      expect.unreachable();
    } catch (error) {
      if (!isSyncError(error, 'config')) throw error;
      expect(error.details).toMatchObject({ code: 'usage', advice: expect.stringContaining('7d') });
    }
  });
});

describe('days of a time zone', () => {
  it.each([
    ['2026-11-25', 'Asia/Shanghai', '2026-11-24T16:00:00.000Z'],
    ['2026-03-08', 'America/New_York', '2026-03-08T05:00:00.000Z'],
    ['2026-11-01', 'America/New_York', '2026-11-01T04:00:00.000Z'],
    ['2026-11-02', 'America/New_York', '2026-11-02T05:00:00.000Z'],
    // Clocks go from 00:00 to 01:00 there: the day begins at one o'clock.
    ['2026-04-24', 'Africa/Cairo', '2026-04-23T22:00:00.000Z'],
    ['2026-06-01', 'Asia/Kathmandu', '2026-05-31T18:15:00.000Z'],
  ])('%s in %s begins at %s', (day, timezone, expected) => {
    const start = startOfDay(day, timezone);
    expect(start.toISOString()).toBe(expected);
    expect(localDay(start, timezone)).toBe(day);
    expect(localDay(new Date(start.getTime() - 1), timezone) < day).toBe(true);
  });

  it('tell the time of day, and follow each other over the end of a month', () => {
    expect(localTime(NOW, 'Asia/Shanghai')).toBe('21:30');
    expect(daysFrom('2026-02-27', '2026-03-01')).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']);
    expect(daysFrom('2026-03-01', '2026-02-27')).toEqual([]);
  });
});
