/** What is measured about the work, for counting: fixed words and durations, no data. */
import type { SideName } from '../core/record.ts';
import type { ErrorKind } from '../errors.ts';
import type { CycleReport } from './cycle.ts';

/** How one cycle ended; one that a stop cut short has no end. */
export interface CycleEnd {
  readonly outcome: CycleReport['outcome'] | 'failed' | 'lease-lost';
  readonly durationMs: number;
}

/** One write to a side, retries included. */
export interface WriteSample {
  readonly side: SideName;
  readonly op: 'create' | 'update' | 'delete';
  readonly outcome: 'done' | ErrorKind | 'unexpected';
  readonly durationMs: number;
}
