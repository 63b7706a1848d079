/**
 * The witness (sync design §8): a side without compare-and-set leaves a moment between our look and our write. The
 * side's own change record of our write names the value that it replaced; when that is not the value that we had
 * verified, somebody wrote in between, and that edit is kept in a conflict (P2). Pure: history in, verdict out.
 *
 * A verdict errs towards a conflict row: a row too many costs a person a glance, a row too few costs an edit.
 */
import { isSet } from './value.ts';
import {
  mayBeAround,
  mayBeOfWrite,
  opaqueRecords,
  unknownSkewMs,
  type Verdict,
  type WitnessInput,
} from './witness-records.ts';
import { scalarHappened, witnessScalar } from './witness-scalar.ts';
import { setHappened, witnessSet } from './witness-set.ts';

/** Whether our write of one field replaced a value that we had not seen. */
export function witnessWrite(input: WitnessInput): Verdict {
  const records = input.records.filter((record) =>
    mayBeAround(record.at, input.times, unknownSkewMs(input.times)),
  );
  const near = { ...input, records };
  return input.spec.shape === 'set' || isSet(input.write.after) ? witnessSet(near) : witnessScalar(near);
}

/**
 * Of a write of unknown outcome: whether the history shows that it happened, although the field holds something else
 * by now. `unclear`: something happened about then, and it cannot be told whether this was it.
 * @param oursAreShown the side was seen to keep records of our writes in words that we can read
 */
export function writeHappened(
  input: Omit<WitnessInput, 'held' | 'later'>,
  oursAreShown: boolean,
): 'yes' | 'no' | 'unclear' {
  // What was surely before our look says nothing of our write.
  const around = input.records.filter(({ at }) => mayBeAround(at, input.times));
  const records = around.filter(({ at }) => mayBeOfWrite(at, input.times));
  const near = { ...input, records, held: input.write.after, later: [] };
  const isSetField = input.spec.shape === 'set' || isSet(input.write.after);
  const happened = isSetField ? setHappened(near) : scalarHappened(near);
  if (happened === 'yes') return 'yes';
  // A record that may be ours is there. Where writes of ours leave records, the lack of one is an answer.
  if (happened === 'unclear' || (happened === 'unshown' && !oursAreShown)) return 'unclear';
  // Where it was the side's clock that was set, records of another time may be of the write.
  return around.length > records.length || opaqueRecords(near).length > 0 ? 'unclear' : 'no';
}
