/** The witness of a scalar field: the chain of its values in the history, and which link of it is our write. */
import { scalarText } from './equivalence.ts';
import { isBlank, isSet, type Value } from './value.ts';
import {
  type ChangeRecord,
  judgeOpaque,
  names,
  opaqueRecords,
  overwritten,
  sameMoment,
  surelyAfterLook,
  type Verdict,
  type WitnessInput,
} from './witness-records.ts';

interface Step {
  readonly record: ChangeRecord;
  readonly from: string | null | undefined;
  readonly to: string | null | undefined;
}

export function witnessScalar(input: WitnessInput): Verdict {
  const steps = stepsOf(input);
  const isOurs = (step: Step): boolean => leadsTo(input, step);
  const startsRight = (step: Step): boolean =>
    step.from !== undefined && names(input, step.from, input.write.before);
  const endsRight = (step: Step): boolean =>
    step.to !== undefined && names(input, step.to, input.write.before);
  const ours = steps.filter(isOurs);
  if (ours.length === 0) return withoutOurs(input, steps);
  // A history may leave out that a blank was replaced: what came right before it tells.
  const fromOf = (step: Step): Step['from'] => {
    const previous = steps[steps.indexOf(step) - 1]?.to;
    return step.from === undefined && previous !== undefined && isBlank(previous) ? previous : step.from;
  };
  const strange = ours.filter((step) => {
    const from = fromOf(step);
    if (from === undefined || names(input, from, input.write.before)) return false;
    // An edit of what we wrote came after our write, also where the answer already showed it.
    return !names(input, from, input.write.after);
  });
  // Taken back to what we had seen, before something else led to what we wrote: it may be older than our look.
  const isTakenBack = (step: Step): boolean => {
    const back = steps.findIndex((one, at) => at > steps.indexOf(step) && endsRight(one));
    return back >= 0 && strange.some((one) => steps.indexOf(one) > back);
  };
  const exact = ours.find((step) => startsRight(step) && !isTakenBack(step));
  const wrongs = strange.filter(
    (step) => exact === undefined || sameMoment(input, step.record.at, exact.record.at),
  );
  // What stood before the value that we had verified was not replaced by us: our write restores what somebody typed before.
  const verified = steps.findIndex((step) => startsRight(step) || endsRight(step));
  const wrong = wrongs.find((step) => steps.indexOf(step) > verified) ?? wrongs[0];
  if (wrong !== undefined) return replaced(input, steps, fromOf(wrong) ?? null, steps.indexOf(wrong));
  if (exact !== undefined) return { verdict: 'clean' };
  // Our record does not tell what it replaced: what came right before it does.
  const first = ours[0];
  const at = first === undefined ? -1 : steps.indexOf(first);
  const previous = steps[at - 1];
  if (previous?.to !== undefined && !names(input, previous.to, input.write.before)) {
    return replaced(input, steps, previous.to, at);
  }
  const unread = first === undefined ? undefined : strangeBefore(input, first.record);
  return unread === undefined ? { verdict: 'clean' } : overwritten(input, unread, undefined);
}

/**
 * Whether the field held what we wrote, after it had held what we saw before. That it ever held it proves nothing: an undo
 * writes a value that stood there before the pre-image, and the record of *that* edit may be seconds old; so may be those of
 * somebody who tried our value and took it back.
 * @returns `unshown`: the value was there about then, and no record can be one of our write
 */
export function scalarHappened(input: WitnessInput): 'yes' | 'no' | 'unclear' | 'unshown' {
  const { before, after } = input.write;
  const is = (value: Step['from'], what: Value) => value !== undefined && names(input, value, what);
  const steps = stepsOf(input);
  const named = steps.findIndex(({ from, to }) => is(from, before) || is(to, before));
  // A history may leave out that a blank was replaced; where it names the blank, that is when it stood there.
  const seen = named >= 0 || !isBlank(before) ? named : steps.findIndex(({ from }) => from === undefined);
  const isSince = (at: number) => seen >= 0 && at > seen;
  const wrote = steps.findLastIndex(
    ({ from, to }, at) => is(to, after) && (from === undefined || is(from, before) || isSince(at)),
  );
  const ours = wrote >= 0 ? wrote : steps.findLastIndex(({ from }, at) => is(from, after) && isSince(at));
  if (ours < 0) return steps.some(({ from, to }) => is(from, after) || is(to, after)) ? 'unshown' : 'no';
  // When we looked the pre-image stood there: it was taken back to before that, or since.
  const back = steps.slice(ours).find(({ to }) => is(to, before));
  if (back === undefined || surelyAfterLook(back.record.at, input.times)) return 'yes';
  // A person who takes back what somebody else wrote a moment ago takes back ours: nobody types it in the same moment.
  return areTwo(steps[ours]?.record.author, back.record.author) ? 'yes' : 'unclear';
}

function areTwo(a: ChangeRecord['author'] | undefined, b: ChangeRecord['author']): boolean {
  return a?.id != null && b?.id != null && a.id !== b.id;
}

/** Our write left no record that can be read: API writes are not shown, or their words are strange. */
function withoutOurs(input: WitnessInput, steps: readonly Step[]): Verdict {
  const { before, after } = input.write;
  const begin = steps.findIndex(
    ({ from, to }) =>
      from !== undefined && to !== undefined && names(input, from, before) && !names(input, to, after),
  );
  if (begin >= 0) {
    // What came after our write starts from what we wrote.
    const rest = steps.slice(begin);
    const end = rest.findIndex(({ from }) => from !== undefined && names(input, from, after));
    const chain = end < 0 ? rest : rest.slice(0, end);
    const last = chain.at(-1);
    if (last?.to !== undefined && !names(input, last.to, before) && !names(input, last.to, after)) {
      return overwritten(input, last.record, last.to);
    }
  }
  return unreadable(input);
}

/** Words that we cannot read may still hold the value that we sent: then that record is ours. */
function unreadable(input: WitnessInput): Verdict {
  const sent = textOf(input.write.after);
  const opaque = opaqueRecords(input);
  const ours = sent === null ? -1 : opaque.findLastIndex(({ text }) => text?.includes(sent) === true);
  if (ours < 0) return judgeOpaque(input, 1);
  const own = opaque[ours];
  const foreign = own === undefined ? undefined : strangeBefore(input, own);
  return foreign === undefined ? { verdict: 'clean' } : overwritten(input, foreign, undefined);
}

/** Somebody's record from right before ours, which says nothing that can be read. */
function strangeBefore(input: WitnessInput, ours: ChangeRecord): ChangeRecord | undefined {
  const earlier = input.records.slice(0, input.records.indexOf(ours));
  return opaqueRecords(input).findLast(
    (record) => earlier.includes(record) && sameMoment(input, record.at, ours.at),
  );
}

function replaced(input: WitnessInput, steps: readonly Step[], value: string | null, at: number): Verdict {
  const maker = steps.slice(0, at).findLast(({ to }) => to !== undefined && names(input, to, value));
  return overwritten(input, maker?.record ?? null, value);
}

function stepsOf(input: WitnessInput): Step[] {
  return input.records.flatMap((record) =>
    (record.changes ?? []).flatMap((change): Step[] => {
      if (change.field !== input.name) return [];
      const step = { record, from: change.from, to: change.to };
      if (step.from === undefined && step.to === undefined) return [];
      return leadsTo(input, step) || !isLaterOurs(input, step) ? [step] : [];
    }),
  );
}

function leadsTo(input: WitnessInput, { to }: Step): boolean {
  return to !== undefined && (names(input, to, input.write.after) || names(input, to, input.held));
}

function isLaterOurs(input: WitnessInput, { to }: Step): boolean {
  return to !== undefined && input.later.some(({ after }) => names(input, to, after));
}

/** Short values are found in any sentence. */
const LONG_ENOUGH = 3;

function textOf(value: Value): string | null {
  if (isSet(value)) return null;
  const text = scalarText(value)?.trim() ?? '';
  return text.length >= LONG_ENOUGH ? text : null;
}
