import { describe, expect, test } from 'vitest';
import type { FieldSpec } from '../../../src/core/spec.ts';
import type { Value } from '../../../src/core/value.ts';
import { witnessWrite, writeHappened } from '../../../src/core/witness.ts';
import {
  type ChangeRecord,
  clocksOfWrite,
  type FieldChange,
  newsOf,
  skewAround,
  type WitnessInput,
} from '../../../src/core/witness-records.ts';

const NAME: FieldSpec = {
  udesk: 'nick_name',
  crm: 'name',
  shape: 'scalar',
  equivalence: 'text',
  direction: 'both',
  policy: 'hold',
  onBlocked: 'hold',
  map: null,
};
const PHONES: FieldSpec = { ...NAME, udesk: 'cellphones', crm: 'phones', shape: 'set', equivalence: 'phone' };
const API = { id: '1', name: 'API' };
const TOM = { id: '8', name: 'Tom' };
const ANN = { id: '9', name: 'Ann' };

type Told = Partial<ChangeRecord> & { readonly changes: readonly FieldChange[] | null };
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, seconds)).toISOString();
const record = (told: Told): ChangeRecord => ({ at: at(1), author: TOM, text: null, ...told });
const scalar = (from: string | null | undefined, to: string | null, author = TOM, time = 1): ChangeRecord =>
  record({
    author,
    at: at(time),
    changes: [from === undefined ? { field: 'nick_name', to } : { field: 'nick_name', from, to }],
  });
const phone = (from: string | null, to: string | null, author = TOM, time = 1): ChangeRecord =>
  record({ author, at: at(time), changes: [{ field: 'cellphones', from, to }] });

function input(spec: FieldSpec, before: Value, after: Value, records: readonly ChangeRecord[]): WitnessInput {
  return {
    side: 'udesk',
    spec,
    region: 'CN',
    name: spec.udesk,
    write: { field: spec.udesk, before, after, ops: null },
    held: after,
    records,
    later: [],
    times: { verifiedAt: at(0), answeredAt: at(1), skewMs: 0 },
  };
}

const judgedAt = (records: readonly ChangeRecord[], clocks: Partial<WitnessInput['times']>) => {
  const seen = input(NAME, 'X', 'A', records);
  return witnessWrite({ ...seen, times: { ...seen.times, ...clocks } });
};
const judged = (records: readonly ChangeRecord[], before: Value = 'X', after: Value = 'A') =>
  witnessWrite(input(NAME, before, after, records));

describe('P2 of a scalar, the witness', () => {
  test('is clean when our record names the value that we had verified', () => {
    expect(judged([scalar('W', 'X'), scalar('X', 'A', API)])).toEqual({ verdict: 'clean' });
  });

  test('names the value, its author and time when our record replaced something else', () => {
    expect(judged([scalar('X', 'F'), scalar('F', 'A', API)])).toEqual({
      verdict: 'overwritten',
      foreign: { side: 'udesk', value: 'F', author: TOM, at: at(1), text: null },
    });
  });

  test('knows the value from our own record alone', () => {
    const verdict = judged([scalar('F', 'A', API)]);
    expect(verdict).toMatchObject({ verdict: 'overwritten', foreign: { value: 'F', author: null } });
  });

  test('knows it also where our clock was set back by an hour before the outcome was known', () => {
    const seen = input(NAME, 'X', 'A', [scalar('X', 'F', TOM, 0), scalar('F', 'A', API)]);
    const times = { verifiedAt: at(3600), answeredAt: at(2), skewMs: 0 };
    expect(witnessWrite({ ...seen, times })).toMatchObject({
      verdict: 'overwritten',
      foreign: { value: 'F' },
    });
  });

  test('sees a value that was emptied, although our record then names nothing', () => {
    const verdict = judged([scalar('X', null), scalar(undefined, 'A', API)]);
    expect(verdict).toMatchObject({ verdict: 'overwritten', foreign: { value: null } });
  });

  test('sees a foreign edit where writes of the API are not shown', () => {
    expect(judged([scalar('X', 'F')])).toMatchObject({ verdict: 'overwritten', foreign: { value: 'F' } });
  });

  test('takes an edit after our write for no loss, shown or not', () => {
    expect(judged([scalar('X', 'A', API), scalar('A', 'G')])).toEqual({ verdict: 'clean' });
    expect(judged([scalar('A', 'G')])).toMatchObject({ verdict: 'unclear' });
  });

  test('lets nobody hide behind somebody who typed our value first', () => {
    const verdict = judged([scalar('X', 'A'), scalar('A', 'F'), scalar('F', 'A', API)]);
    expect(verdict).toMatchObject({ verdict: 'overwritten', foreign: { value: 'F' } });
  });

  // Seed f0-198.
  test('takes nobody for us who typed our value before our look, and whose edit was taken back by then', () => {
    const older = [scalar('X', 'A', TOM, -30), scalar('A', 'X', API, -20)];
    expect(judged([...older, scalar('X', 'F'), scalar('F', 'A', API)])).toMatchObject({
      verdict: 'overwritten',
      foreign: { value: 'F', author: TOM },
    });
    expect(judged([...older, scalar('X', 'A', API)])).toEqual({ verdict: 'clean' });
    // Udesk leaves out that a blank was replaced.
    const emptied = [scalar('X', null, ANN), scalar(undefined, 'A', API)];
    for (const before of [[], older]) {
      expect(judged([...before, ...emptied])).toMatchObject({
        verdict: 'overwritten',
        foreign: { value: null, author: ANN },
      });
    }
  });

  test('forgives a person who went back and forth long after our write', () => {
    const records = [scalar('X', 'A', API), scalar('A', 'G', TOM, 60), scalar('G', 'A', TOM, 61)];
    expect(judged(records)).toEqual({ verdict: 'clean' });
  });

  test('takes what our write replaced, not what somebody had replaced by the same value before our look', () => {
    // Our first write replaced R1; it is restored, and the restoring write replaces R2.
    const records = [scalar('O', 'R1'), scalar('R1', 'X', API), scalar('X', 'R2'), scalar('R2', 'R1', API)];
    expect(judged(records, 'X', 'R1')).toMatchObject({ verdict: 'overwritten', foreign: { value: 'R2' } });
  });

  test('takes what it has where no record tells of the value that we had verified', () => {
    const records = [scalar('F', 'A', API), scalar('A', 'X'), scalar('X', 'G')];
    expect(judged(records)).toMatchObject({ verdict: 'overwritten', foreign: { value: 'F' } });
  });

  test('takes a record that nobody can read, from right before ours, as evidence', () => {
    const strange = record({ changes: null, text: 'something was done' });
    const verdict = judged([strange, scalar(undefined, 'A', API)]);
    expect(verdict).toMatchObject({ verdict: 'overwritten', foreign: { text: 'something was done' } });
    expect(verdict).not.toHaveProperty('foreign.value');
  });

  test('takes one strange record for ours, and two for one too many', () => {
    const strange = (text: string) => record({ changes: null, text });
    expect(judged([strange('one')])).toMatchObject({ verdict: 'unclear' });
    expect(judged([strange('one'), strange('two')])).toMatchObject({
      verdict: 'overwritten',
      foreign: { text: 'one' },
    });
  });

  test('finds our record by the value in words that it cannot read', () => {
    const strange = (text: string) => record({ changes: null, text });
    expect(judged([strange('Name → Anna')], 'X', 'Anna')).toEqual({ verdict: 'clean' });
    expect(judged([strange('Name → Fred'), strange('Name → Anna')], 'X', 'Anna')).toMatchObject({
      verdict: 'overwritten',
      foreign: { text: 'Name → Fred' },
    });
  });

  test('says that it knows nothing when there is nothing', () => {
    expect(judged([])).toMatchObject({ verdict: 'unclear' });
  });

  test('takes an edit after our write for no loss, too, where the answer already showed that edit', () => {
    const shown = [scalar('X', 'A', API), scalar('A', 'B')];
    expect(witnessWrite({ ...input(NAME, 'X', 'A', shown), held: 'B' })).toEqual({ verdict: 'clean' });
    const hidden = [scalar('X', 'F', ANN), scalar('A', 'B')];
    expect(witnessWrite({ ...input(NAME, 'X', 'A', hidden), held: 'B' })).toMatchObject({
      verdict: 'overwritten',
      foreign: { value: 'F', author: ANN },
    });
  });

  test('leaves out what is far from the time of our write', () => {
    expect(judged([scalar('X', 'F', TOM, -4000), scalar('X', 'A', API)])).toEqual({ verdict: 'clean' });
  });

  test('knows a later write of ours', () => {
    const later = { field: 'nick_name', before: 'A', after: 'B', ops: null };
    const records = [scalar('X', 'B', API)];
    expect(witnessWrite({ ...input(NAME, 'X', 'A', records), later: [later] })).toMatchObject({
      verdict: 'unclear',
    });
  });
});

const set = (...values: string[]) => values.map((value) => ({ id: null, value }));
const [P, Q, R, S] = ['13800000001', '13800000002', '13800000003', '13800000004'] as const;

describe('P2 of a set, the witness', () => {
  const ours = phone(null, Q, API);

  test('is clean when the others did nothing', () => {
    expect(witnessWrite(input(PHONES, set(P), set(P, Q), [ours]))).toEqual({ verdict: 'clean' });
  });

  test('finds an addition that our whole list took away', () => {
    const records = [phone(null, R), phone(R, null, API), ours];
    expect(witnessWrite(input(PHONES, set(P), set(P, Q), records))).toMatchObject({
      verdict: 'overwritten',
      foreign: { value: set(P, R), author: TOM },
    });
  });

  test('finds a deletion that our write undid', () => {
    const records = [phone(P, null), phone(null, P, API), ours];
    expect(witnessWrite(input(PHONES, set(P, S), set(P, S, Q), records))).toMatchObject({
      verdict: 'overwritten',
      foreign: { value: set(S) },
    });
  });

  test('finds an edit of the very element that we edited', () => {
    const records = [phone(P, R), phone(R, Q, API)];
    expect(witnessWrite(input(PHONES, set(P), set(Q), records))).toMatchObject({
      verdict: 'overwritten',
      foreign: { value: set(R) },
    });
  });

  test('finds an edit of an element that we deleted', () => {
    const records = [phone(P, R), phone(R, null, API)];
    expect(witnessWrite(input(PHONES, set(P, S), set(S), records))).toMatchObject({
      verdict: 'overwritten',
      foreign: { value: set(S, R) },
    });
  });

  test('leaves an addition that survived to the next plan', () => {
    const held = set(P, R, Q);
    const records = [phone(null, R), ours];
    expect(witnessWrite({ ...input(PHONES, set(P), set(P, Q), records), held })).toEqual({
      verdict: 'clean',
    });
  });

  test('leaves an edit of an element that we kept, and that survived, to the next plan', () => {
    const held = set(R, Q);
    const records = [phone(P, R), ours];
    expect(witnessWrite({ ...input(PHONES, set(P), set(P, Q), records), held })).toEqual({
      verdict: 'clean',
    });
  });

  test('keeps an edit where what we added is not there as it was sent: it may be the form of that', () => {
    const held = set(R, S);
    const records = [phone(P, R), ours];
    expect(witnessWrite({ ...input(PHONES, set(P), set(P, Q), records), held })).toMatchObject({
      verdict: 'overwritten',
      foreign: { value: set(R) },
    });
  });

  test('forgets what a person took back himself', () => {
    const records = [phone(null, R), phone(R, null), ours];
    expect(witnessWrite(input(PHONES, set(P), set(P, Q), records))).toEqual({ verdict: 'clean' });
  });

  test('takes what somebody else took away for no work of ours, also where what we had added there before is told as news', () => {
    // Found by the simulation (f2-45).
    const records = [phone(S, R, API), phone(R, null, TOM), ours];
    expect(witnessWrite(input(PHONES, set(P), set(P, Q), records))).toEqual({ verdict: 'clean' });
    const nobodyKnows = [phone(null, R, ANN), { ...phone(R, null), author: null }, ours];
    expect(witnessWrite(input(PHONES, set(P), set(P, Q), nobodyKnows))).toMatchObject({
      verdict: 'overwritten',
      foreign: { value: set(P, R) },
    });
  });

  test('finds an addition that our whole list took away, also where somebody had taken away the same as we did', () => {
    // Found by the simulation (chk-10): who took it away first was taken for us, and we for somebody else.
    const byTom = [phone(P, null, TOM), phone(null, R, TOM), phone(R, null, API)];
    const byTwo = [phone(P, null, TOM), phone(null, R, ANN), phone(R, null, API)];
    for (const records of [byTom, byTwo])
      expect(witnessWrite(input(PHONES, set(P), set(), records))).toMatchObject({
        verdict: 'overwritten',
        foreign: { value: set(P, R) },
      });
    const before = [phone(null, R, ANN), phone(R, null, TOM), phone(P, null, API)];
    expect(witnessWrite(input(PHONES, set(P), set(), before))).toEqual({ verdict: 'clean' });
  });

  test('does not take a move for an edit', () => {
    const records = [phone(P, S, API), phone(S, P, API), ours];
    expect(witnessWrite(input(PHONES, set(P, S), set(P, S, Q), records))).toEqual({ verdict: 'clean' });
  });

  test('knows a later write of ours', () => {
    const later = { field: 'cellphones', before: set(P, Q), after: set(Q), ops: null };
    const records = [ours, phone(P, null, API)];
    expect(witnessWrite({ ...input(PHONES, set(P), set(P, Q), records), later: [later] })).toEqual({
      verdict: 'clean',
    });
  });
});

test('what is older than a change that was known is no news, whenever it was seen', () => {
  const known = (...names: string[]) => newsOf(['new', 'seen', 'older'], (one) => names.includes(one));
  expect(known('seen')).toEqual(['new']);
  expect(known('older')).toEqual(['new', 'seen']);
  expect(known()).toEqual(['new', 'seen', 'older']);
});

describe('an update of unknown outcome', () => {
  const happened = (
    records: readonly ChangeRecord[],
    oursAreShown = false,
    times: Partial<WitnessInput['times']> = {},
  ) => {
    const one = input(NAME, 'X', 'A', records);
    return writeHappened({ ...one, times: { ...one.times, answeredAt: at(60), ...times } }, oursAreShown);
  };

  test('happened when a record shows it, or was replaced by one', () => {
    expect(happened([scalar('X', 'A', API)])).toBe('yes');
    expect(happened([scalar('X', 'A', API), scalar('A', 'X')])).toBe('yes');
    expect(happened([scalar('X', 'A', TOM), scalar('A', 'X', TOM, 30)])).toBe('yes');
    expect(happened([scalar('X', 'B'), scalar('B', 'A', API)])).toBe('yes');
    // Ours is not shown; what stood there when we looked is.
    expect(happened([scalar('W', 'X'), scalar('A', 'X', TOM, 30)])).toBe('yes');
  });

  test('happened over an edit of a blank, which a history may leave out', () => {
    const one = input(NAME, '', 'A', [scalar(undefined, 'F'), scalar('F', 'A', API), scalar('A', 'G')]);
    expect(writeHappened(one, true)).toBe('yes');
    // Here the blank is named: it was taken back to before we looked, and a change of unknown origin is not where it stood.
    const tried = [scalar(undefined, 'W', TOM, -2), scalar('W', 'A', TOM, -1), scalar('A', '', ANN, -1)];
    expect(writeHappened(input(NAME, '', 'A', [...tried, scalar(undefined, 'G')]), true)).not.toBe('yes');
  });

  test('an undo writes what stood there before: the record of the edit that it undoes is no proof of it', () => {
    expect(happened([scalar('A', 'X')], true)).toBe('no');
    expect(happened([scalar('W', 'A'), scalar('A', 'X')], true)).toBe('no');
    expect(happened([scalar('A', 'X')])).toBe('unclear');
  });

  test('somebody who tried our value right before we looked, and took it back, is no proof of it', () => {
    for (const shown of [true, false]) {
      expect(happened([scalar('X', 'A', TOM, -1), scalar('A', 'X', TOM, -1)], shown)).toBe('unclear');
      const goesOn = [scalar('X', 'A', TOM, -1), scalar('A', 'X'), scalar('X', 'B', ANN)];
      expect(happened(goesOn, shown)).toBe('unclear');
    }
    // Two clocks that were never compared: 30 seconds say nothing.
    const later = [scalar('X', 'A', TOM, 29), scalar('A', 'X', TOM, 30)];
    expect(happened(later, true, { skewMs: null })).toBe('unclear');
    // What stood there when we looked was not taken back to since.
    expect(happened([scalar('X', 'A', TOM, -1), scalar('A', 'X'), scalar('X', 'A', API)])).toBe('yes');
  });

  const setHappened = (
    before: Value,
    after: Value,
    records: readonly ChangeRecord[],
    times: Partial<WitnessInput['times']> = {},
  ) => {
    const one = input(PHONES, before, after, records);
    return writeHappened({ ...one, times: { ...one.times, answeredAt: at(60), ...times } }, true);
  };

  // Seed u1-19: our clock was 200 seconds ahead since a moment ago, and an edit that our write had replaced was in no row.
  test('is found where our clock was set since the two were compared: the history tells how far apart they are now', () => {
    const shown = [scalar('X', 'F', TOM, -200), scalar('F', 'A', API, -200), scalar('A', 'G', TOM, -200)];
    expect(happened(shown, true, { answeredAt: at(1) })).toBe('no');
    expect(happened(shown, true, { answeredAt: at(1), ...skewAround(0, -200_000) })).toBe('yes');
    const hour = shown.map((one) => ({ ...one, at: at(-3600) }));
    expect(happened(hour, true, { answeredAt: at(1), ...skewAround(0, -3_600_000) })).toBe('yes');
    expect(judgedAt(hour, skewAround(0, -3_600_000))).toMatchObject({ foreign: { value: 'F' } });
  });

  test('where the two clocks stand as they stood, what the last answer told counts; where one was never told, nothing does', () => {
    expect(skewAround(1_000, 1_500)).toEqual({ skewMs: 1_500 });
    expect(skewAround(1_000, null)).toEqual({ skewMs: 1_000 });
    expect(skewAround(null, 400_000)).toEqual({ skewMs: null, apartMs: 403_000 });
  });

  test('where the clocks were compared as it left, those of then count for the look, and those of now for its answer', () => {
    expect(clocksOfWrite(1_000, 0, 3_000)).toEqual({ skewMs: 1_000 });
    expect(clocksOfWrite(-200_000, 0, 0)).toEqual({ skewMs: -200_000, answerSkewMs: 0 });
    expect(clocksOfWrite(-200_000, 0, null)).toEqual({ skewMs: -200_000, answerSkewMs: 0 });
    expect(clocksOfWrite(-200_000, null, null)).toEqual({ skewMs: -200_000 });
    expect(clocksOfWrite(null, 1_000, 1_500)).toEqual(skewAround(1_000, 1_500));
  });

  test('that left while our clock was ahead is found by the clocks of then', () => {
    const shown = [scalar('X', 'A', API, -200), scalar('A', 'X', TOM, -180)];
    const looked = { answeredAt: at(-100) };
    expect(happened(shown, true, { ...looked, ...skewAround(0, 0) })).toBe('no');
    expect(happened(shown, true, { ...looked, ...clocksOfWrite(-200_000, 0, 0) })).toBe('yes');
    // Before the look, if it was our clock; if it was theirs, it may be a trace of it.
    const before = [scalar('X', 'A', TOM, -230), scalar('A', 'X', ANN, -220)];
    expect(happened(before, true, { ...looked, ...clocksOfWrite(-200_000, 0, 0) })).toBe('unclear');
    const longBefore = before.map((one) => ({ ...one, at: at(-500) }));
    expect(happened(longBefore, true, { ...looked, ...clocksOfWrite(-200_000, 0, 0) })).toBe('no');
  });

  test.each([10, 60, 3_600])(
    'is not held for lost where the clock of the side was set back by %i s before it arrived',
    (s) => {
      const back = clocksOfWrite(0, 0, -s * 1_000);
      const shown = [scalar('X', 'A', API, 1 - s), scalar('A', 'X', TOM, 2 - s)];
      expect(happened(shown, true, { answeredAt: at(5), ...back })).not.toBe('no');
      const replaced = [scalar('X', 'F', TOM, 1 - s), scalar('F', 'A', API, 1 - s)];
      expect(judgedAt(replaced, back)).toMatchObject({
        foreign: { value: 'F' },
      });
    },
  );

  test('of a set happened when all of it came and went', () => {
    expect(setHappened(set(P), set(P, Q), [phone(null, Q, API)])).toBe('yes');
    expect(setHappened(set(P), set(Q), [phone(P, R), phone(R, Q, API)])).toBe('yes');
    expect(setHappened(set(P), set(P, Q), [phone(Q, null), phone(null, Q, API)])).toBe('yes');
    expect(setHappened(set(P), set(P, Q), [phone(null, Q, API), phone(Q, null, TOM, 30)])).toBe('yes');
    expect(setHappened(set(P), set(P, Q), [phone(null, R)])).toBe('no');
  });

  test('of a set: an undo adds what was there before, and that it came and went then is no proof of it', () => {
    const before = [phone(null, Q), phone(Q, null, API)];
    expect(setHappened(set(P), set(P, Q), before)).toBe('unclear');
    expect(setHappened(set(P), set(P, Q), [phone(Q, null, ANN), ...before])).toBe('unclear');
    expect(setHappened(set(P, Q), set(P), [phone(Q, null), phone(null, Q, API)])).toBe('unclear');
    expect(setHappened(set(P), set(P, Q), [phone(Q, null)])).toBe('no');
    // Two clocks that were never compared: 30 seconds say nothing.
    const later = [phone(null, Q), phone(Q, null, TOM, 30)];
    expect(setHappened(set(P), set(P, Q), later, { skewMs: null })).toBe('unclear');
  });

  test('of a set: a part of it may be the work of somebody else', () => {
    expect(setHappened(set(P), set(P, Q, R), [phone(null, Q)])).toBe('unclear');
  });

  test('did not happen when the history shows nothing of it', () => {
    expect(happened([])).toBe('no');
    expect(happened([scalar('W', 'X')])).toBe('no');
  });

  test('is unclear when somebody did something that cannot be read', () => {
    expect(happened([record({ changes: null })])).toBe('unclear');
  });
});
