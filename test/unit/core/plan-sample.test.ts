import { describe, expect, test } from 'vitest';
import type { LinkPlan, PlannedWrite } from '../../../src/core/link.ts';
import { SAMPLE_BOUNDS, type SampleBounds, sampleOf, startSample } from '../../../src/core/plan-sample.ts';
import { base, deleted, link, live } from '../../support/core-fixtures.ts';

const state = link(live('u', { nick_name: 'A' }), deleted, { nick_name: base('A') });
const deletes: PlannedWrite = { side: 'udesk', op: 'delete', patch: {}, reasons: {}, source: {}, halves: {} };
const writes = (op: 'create' | 'update', before: string | null): PlannedWrite => ({
  ...{ side: 'crm', op, reasons: {}, source: {}, halves: {} },
  patch: { name: { field: 'nick_name', before, after: 'after', ops: null } },
});

/** The guard classes of what is kept of a plan that holds each of these so many times. */
function kept(planned: readonly (readonly [PlannedWrite, number])[], bounds: SampleBounds): string[] {
  const { add, sample } = startSample(bounds);
  for (const [write, times] of planned) {
    for (let n = 0; n < times; n += 1) add({ ...state, udeskId: String(n) }, planOf(write));
  }
  return sample().writes.map(({ guardClass }) => guardClass);
}

function planOf(write: PlannedWrite): LinkPlan {
  return { linkId: 'L', writes: [write], bases: {}, conflicts: [], life: { action: 'none' } };
}

const times = (n: number, kind: string) => Array.from({ length: n }, () => kind);
const few: SampleBounds = { takingAway: 6, others: 2, characters: 10_000 };

describe('what a person is shown before saying yes', () => {
  test('P8: every delete and every overwriting write is kept up to the bound, and stands before all else', () => {
    const plan = [
      [writes('update', null), 5],
      [writes('create', null), 5],
      [writes('update', 'old'), 4],
      [deletes, 9],
    ] as const;
    expect(kept(plan, few)).toEqual([
      ...times(6, 'delete'),
      ...times(4, 'overwrite'),
      ...times(2, 'create'),
      ...times(2, 'fill'),
    ]);
  });

  test('P8: 1,200 deletes are kept as they come', () => {
    expect(kept([[deletes, 1_200]], SAMPLE_BOUNDS)).toHaveLength(1_200);
  });

  test('long values end the list sooner, but never before its first writes', () => {
    const long = writes('update', 'x'.repeat(600));
    expect(kept([[long, 6]], { ...few, characters: 1_500 })).toHaveLength(4);
    expect(kept([[long, 6]], { ...few, characters: 0 })).toHaveLength(2);
  });

  test('the part that a guard holds is that of its classes', () => {
    const { add, sample } = startSample(few);
    add(state, planOf(deletes));
    add(state, planOf(writes('create', null)));
    expect(sampleOf(sample(), ['create']).writes.map(({ op }) => op)).toEqual(['create']);
  });
});
