/**
 * Two automations that fight over a field keep it changing for ever, and we would carry each change faithfully to the
 * other side (sync design §2.8 of the research, promise P4: a bounded number of writes). When the same write of ours was
 * undone again and again, the field is left alone until a person decides.
 */
import { equalValues } from './equivalence.ts';
import { adopt, equalNow, type FieldContext, type FieldOutcome, hold } from './field-outcome.ts';
import { SIDES, type SideName } from './record.ts';
import type { Value } from './value.ts';

/** One field of a settled write of ours, in the side's own values. */
export interface OwnWrite {
  readonly side: SideName;
  /** The pair's name of the field. */
  readonly field: string;
  readonly before: Value;
  readonly after: Value;
}

/** So often the very same change was made by us within the window, and undone by somebody else. */
export const ALTERNATIONS = 3;
/** How far back writes count. */
export const WINDOW_MS = 6 * 3_600_000;

/** What the table says, unless the field is fought over: then nothing is written, and a person is asked. */
export function quarantine(field: FieldContext, outcome: FieldOutcome): FieldOutcome {
  if (field.row?.kind === 'tug-of-war') {
    return equalNow(field) ? { base: adopt(field) } : { conflict: hold(field, 'tug-of-war', REASON) };
  }
  const fought = SIDES.some((side) => {
    const write = outcome.writes?.[side];
    return write !== undefined && timesWritten(field, side, write.after) >= ALTERNATIONS;
  });
  return fought ? { conflict: hold(field, 'tug-of-war', REASON) } : outcome;
}

const REASON = `we wrote the same change ${ALTERNATIONS} times within ${WINDOW_MS / 3_600_000} hours, and each time somebody else changed it back: an automation on one side probably fights one on the other. Nothing more is written until you decide`;

function timesWritten(
  { spec, region, now, ownWrites = [] }: FieldContext,
  side: SideName,
  after: Value,
): number {
  return ownWrites.filter(
    (own) =>
      own.side === side &&
      own.field === spec.udesk &&
      equalValues(spec, own.before, now[side], region) &&
      equalValues(spec, own.after, after, region),
  ).length;
}
