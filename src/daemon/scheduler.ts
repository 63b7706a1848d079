import { schedule as cron, type ScheduledTask } from 'node-cron';
import { LANES, type ScheduledLane } from './lanes.ts';

export interface Timetable {
  readonly pair: string;
  /** node-cron expressions per lane. */
  readonly lanes: Readonly<Record<ScheduledLane, string>>;
  readonly due: (lane: ScheduledLane) => void;
}

/** node-cron says when a lane is due; who works, and for how long, is not its business. Returns the stop function. */
export function startSchedules(timetables: readonly Timetable[], timezone: string): () => Promise<void> {
  const tasks: ScheduledTask[] = [];
  for (const { pair, lanes, due } of timetables) {
    for (const lane of LANES) {
      const task = cron(lanes[lane], () => due(lane), { timezone, name: `${pair}:${lane}` });
      task.on('execution:missed', () => due(lane));
      tasks.push(task);
    }
  }
  return async () => {
    await Promise.all(tasks.map((task) => task.destroy()));
  };
}
