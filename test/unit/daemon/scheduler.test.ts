import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LANES, scopeOf, startBackground } from '../../../src/daemon/lanes.ts';
import { startSchedules } from '../../../src/daemon/scheduler.ts';

const NEVER = '0 0 29 2 *';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let stop: () => Promise<void>;
let ticks: string[];

beforeEach(() => {
  ticks = [];
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await stop();
});

/** Writes down when each lane was due, in UTC. */
function start(at: string, lanes: Partial<Record<(typeof LANES)[number], string>>, timezone = 'UTC'): void {
  vi.setSystemTime(new Date(at));
  const all = Object.fromEntries(LANES.map((lane) => [lane, lanes[lane] ?? NEVER])) as Record<
    (typeof LANES)[number],
    string
  >;
  const due = (lane: string) => void ticks.push(`${lane} ${new Date().toISOString().slice(0, 19)}`);
  stop = startSchedules([{ pair: 'main', lanes: all, due }], timezone);
}

describe('what is due, whatever the clock does', () => {
  test('a lane is due at each time of its expression, in the time zone of the configuration', async () => {
    start('2026-06-01T00:00:00Z', { head: '*/15 * * * * *', audit: '30 9 * * *' }, 'Asia/Shanghai');
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(ticks).toEqual(
      ['15', '30', '45'].map((s) => `head 2026-06-01T00:00:${s}`).concat('head 2026-06-01T00:01:00'),
    );
    ticks.length = 0;
    await vi.advanceTimersByTimeAsync(2 * HOUR);
    expect(ticks.filter((tick) => tick.startsWith('audit'))).toEqual(['audit 2026-06-01T01:30:00']);
  });

  test('a clock that is set forward, by a day or from 1970, is caught up by one tick of each lane', async () => {
    for (const [from, to] of [
      ['2026-06-01T00:00:05Z', '2026-06-02T00:00:05Z'],
      ['1970-01-01T00:00:05Z', '2026-06-02T00:00:05Z'],
    ] as const) {
      start(from, { head: '*/15 * * * * *', sweep: '*/10 * * * *' });
      vi.setSystemTime(new Date(to));
      await vi.advanceTimersByTimeAsync(2_000);
      const lanes = ticks.map((tick) => tick.split(' ')[0]);
      expect(lanes).toEqual(expect.arrayContaining(['head', 'sweep']));
      expect(new Set(lanes).size).toBe(lanes.length);
      ticks.length = 0;
      await vi.advanceTimersByTimeAsync(MINUTE);
      expect(ticks.filter((tick) => tick.startsWith('head'))).toHaveLength(4);
      await stop();
      ticks.length = 0;
    }
    start('2026-06-01T00:00:05Z', {});
  });

  test('a clock that is set back an hour stops nothing: the next ticks come as if it had always been then', async () => {
    start('2026-06-01T10:00:05Z', { head: '*/15 * * * * *' });
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(ticks).toHaveLength(4);
    ticks.length = 0;
    vi.setSystemTime(new Date('2026-06-01T09:00:05Z'));
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(ticks).toEqual(
      ['15', '30', '45'].map((s) => `head 2026-06-01T09:00:${s}`).concat('head 2026-06-01T09:01:00'),
    );
  });

  test('a process that was busy for an hour catches up once', async () => {
    start('2026-06-01T10:00:00Z', { head: '*/15 * * * * *' });
    vi.setSystemTime(new Date('2026-06-01T11:00:07Z'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ticks).toHaveLength(1);
  });

  test.each([
    ['begins: half past two is not there', '2026-03-28T23:00:00Z', 1],
    ['ends: half past two is there twice', '2026-10-24T22:00:00Z', 2],
  ])(
    'on the day on which summer time %s, a lane of that time is due, and not more often than the time is there',
    async (_day, from, most) => {
      start(from, { audit: '30 2 * * *', head: '*/10 * * * *' }, 'Europe/Berlin');
      await vi.advanceTimersByTimeAsync(6 * HOUR);
      const audits = ticks.filter((tick) => tick.startsWith('audit'));
      expect(audits.length).toBeGreaterThanOrEqual(1);
      expect(audits.length).toBeLessThanOrEqual(most);
      // Those that do not name an hour do not notice.
      expect(ticks.filter((tick) => tick.startsWith('head'))).toHaveLength(36);
    },
  );

  test('P7: with a clock that was set back by a day the CRM is read in full all the same', () => {
    start('2026-06-01T00:00:00Z', {});
    const background = startBackground();
    background.crmReadAt = new Date('2026-06-02T00:00:00Z');
    expect(scopeOf(new Set(['sweep']), background, new Date('2026-06-01T00:00:00Z')).crm).toBe('full');
    background.crmReadAt = new Date('2026-06-01T00:00:00Z');
    expect(scopeOf(new Set(['sweep']), background, new Date('2026-06-01T00:10:00Z')).crm).toBe('changes');
  });
});
