/**
 * Two automations that fight over a field keep it changing for ever, and we would carry each change faithfully to the
 * other side (sync design §2.8 of the research, promise P4: a bounded number of writes). The field is then left alone
 * until a person decides.
 *
 * The rule. A write of ours is *answered* when the side that we wrote changes the field away from what we left there; of a
 * set, when it takes back part of what we did. A person's edits only travel: whoever edits one side all day makes us write
 * the other one, and nobody answers there. So only an unbroken row of answered writes counts, from the last one back, over
 * both sides. It is a fight once three of them went to the side that would be written now, and either each was answered
 * soon (at the next reading of that side, however rare readings are), whatever the values, as a counter or a stamp does it;
 * or the very same change was made three times within four days, however late the answers came, as two nightly jobs do it.
 */
import { asElements, equalValues, normalizeText } from './equivalence.ts';
import { adopt, equalNow, type FieldContext, type FieldOutcome, hold } from './field-outcome.ts';
import { SIDES, type SideName } from './record.ts';
import type { FieldSpec } from './spec.ts';
import type { Value } from './value.ts';

/** One field of a settled write of ours, in the side's own values. */
export interface OwnWrite {
  readonly side: SideName;
  /** The pair's name of the field. */
  readonly field: string;
  readonly before: Value;
  readonly after: Value;
  /** What the side held after it: its own form of `after`. */
  readonly held: Value;
  /** Somebody else's change of the field there was seen at the next reading, or soon enough. */
  readonly soon: boolean;
  /** Not longer ago than `WINDOW_MS`. */
  readonly recent: boolean;
}

/** So often a write to the side was answered. */
export const ALTERNATIONS = 3;
/** How far back late answers count, where the very same change is made again and again. */
export const WINDOW_MS = 4 * 86_400_000;
/** How long an answer may take to be one that came soon, where readings are frequent: batches of an automation. */
export const SOON_MS = 30 * 60_000;
/** How many writes of a link are looked at. A fight of both sides over one field takes six. */
export const MOST_WRITES = 20;

/** What the table says, unless the field is fought over: then nothing is written, and a person is asked. */
export function quarantine(field: FieldContext, outcome: FieldOutcome): FieldOutcome {
  if (field.row?.kind === 'tug-of-war') {
    return equalNow(field) ? { base: adopt(field) } : { conflict: hold(field, 'tug-of-war', REASON) };
  }
  const fought = SIDES.some((side) => {
    const write = outcome.writes?.[side];
    return write !== undefined && isFought(field, side, write.after);
  });
  return fought ? { conflict: hold(field, 'tug-of-war', REASON) } : outcome;
}

const REASON = `what we wrote was changed away again on the same side ${ALTERNATIONS} times in a row: an automation on one side probably fights one on the other. Nothing more is written until you decide`;

function isFought(
  { spec, region, now, ownWrites = [] }: FieldContext,
  side: SideName,
  after: Value,
): boolean {
  const then: Record<SideName, Value> = { ...now };
  let allSoon = true;
  let soon = 0;
  let same = 0;
  for (const own of ownWrites.filter((write) => write.field === spec.udesk).toReversed()) {
    if (!isAnswered(spec, region, own, then[own.side])) break;
    then[own.side] = own.before;
    allSoon &&= own.soon;
    if (own.side !== side) continue;
    if (allSoon) soon += 1;
    const repeats =
      equalValues(spec, own.before, now[side], region) && equalValues(spec, own.after, after, region);
    if (own.recent && repeats) same += 1;
  }
  return soon >= ALTERNATIONS || same >= ALTERNATIONS;
}

/** @param then what the side held before we wrote it again, or holds now */
function isAnswered(spec: FieldSpec, region: string, { before, held }: OwnWrite, then: Value): boolean {
  if (spec.shape !== 'set') return !equalValues(spec, held, then, region);
  const keys = (value: Value) =>
    new Set(asElements(value).map((element) => normalizeText(spec.equivalence, element.value, region)));
  const [was, left, found] = [keys(before), keys(held), keys(then)];
  const isBack = [...was].some((key) => !left.has(key) && found.has(key));
  return isBack || [...left].some((key) => !was.has(key) && !found.has(key));
}
