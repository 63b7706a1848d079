import { createTask } from 'node-cron';
import { offsetMs } from '../lib/zoned-time.ts';
import { LANES, type ScheduledLane } from './lanes.ts';

export interface Timetable {
  readonly pair: string;
  /** node-cron expressions per lane. */
  readonly lanes: Readonly<Record<ScheduledLane, string>>;
  readonly due: (lane: ScheduledLane) => void;
}

export interface Timer {
  /** Calls back once, and returns what takes it back. */
  readonly after: (ms: number, work: () => void) => () => void;
  /** However far away the next tick is, the clock is looked at this often: it may jump. */
  readonly lookMs: number;
}

const REAL_TIMER: Timer = {
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  lookMs: 1_000,
};
const HOUR_MS = 3_600_000;

/**
 * node-cron says when a lane is due; who works, and for how long, is not its business. However many ticks were missed (a
 * busy process, a machine that slept, a clock that was set forward) they are caught up by one; a clock that was set back
 * moves the next tick with it. node-cron's own timers do neither: they count every missed tick, and wait for a time that
 * is an hour away again. Nor does it see an hour that is there twice the first time, or times that are left out when
 * summer time begins: in such hours the expression is matched second by second, and after a gap every lane is due once.
 * Returns the stop function.
 */
export function startSchedules(
  timetables: readonly Timetable[],
  timezone: string,
  { after, lookMs }: Timer = REAL_TIMER,
): () => Promise<void> {
  const lanes = timetables.flatMap(({ pair, lanes: expressions, due }) =>
    LANES.map((lane) => {
      const task = createTask(expressions[lane], () => {}, { timezone, name: `${pair}:${lane}` });
      const nextMs = () => task.getNextRuns(1)[0]?.getTime() ?? Number.POSITIVE_INFINITY;
      return { task, due: () => due(lane), nextMs, atMs: nextMs() };
    }),
  );
  let seenMs = Date.now();
  let offset = offsetMs(seenMs, timezone);
  let forget: () => void;

  function look(): void {
    const now = Date.now();
    const before = { ms: seenMs, offset };
    seenMs = now;
    offset = offsetMs(now, timezone);
    const setBack = now < before.ms;
    const leftOut = offset > before.offset;
    const isTwice = offsetMs(now + HOUR_MS, timezone) < offset || offsetMs(now - HOUR_MS, timezone) > offset;
    const twice = isTwice && !setBack ? secondsBetween(before.ms, now) : [];
    for (const lane of lanes) {
      const isDue = now >= lane.atMs || leftOut || twice.some((second) => lane.task.match(second));
      if (isDue || setBack) lane.atMs = lane.nextMs();
      if (isDue) lane.due();
    }
    arm();
  }

  function arm(): void {
    const first = Math.min(...lanes.map(({ atMs }) => atMs));
    forget = after(Math.min(lookMs, Math.max(1, first - Date.now())), look);
  }

  arm();
  return async () => {
    forget();
    await Promise.all(lanes.map(({ task }) => task.destroy()));
  };
}

/** The whole seconds after `fromMs`, up to `toMs`; of a long time the last minute. */
function secondsBetween(fromMs: number, toMs: number): Date[] {
  const last = Math.floor(toMs / 1000);
  const first = Math.max(Math.floor(fromMs / 1000) + 1, last - 59);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => new Date((first + n) * 1000));
}
