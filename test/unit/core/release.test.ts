import { describe, expect, test } from 'vitest';
import type { Patch } from '../../../src/core/record.ts';
import {
  blocks,
  circles,
  deletedKeysOf,
  matchKeyOf,
  releaseOf,
  uniqueKeysOf,
} from '../../../src/core/release.ts';
import { settledBases } from '../../../src/core/settle.ts';
import type { PairSpec } from '../../../src/core/spec.ts';

const SPEC = {
  name: 'main',
  match: { by: [], defaultRegion: 'CN', stopAfter: 5 },
  fields: [
    {
      udesk: 'cellphones',
      crm: 'phones',
      shape: 'set',
      equivalence: 'phone',
      direction: 'both',
      policy: 'union',
      onBlocked: 'hold',
      map: null,
    },
  ],
} as unknown as PairSpec;
const set = (...values: string[]) => values.map((value) => ({ id: null, value }));
const [P, Q] = ['13800000001', '13800000002'] as const;
const patch = (before: string[], after: string[]): Patch => ({
  cellphones: { field: 'cellphones', before: set(...before), after: set(...after), ops: null },
});

describe('release before claim', () => {
  test('a write blocks whoever claims what it gives up, in whatever form it is written', () => {
    const gives = uniqueKeysOf(SPEC, patch([P], []));
    const takes = uniqueKeysOf(SPEC, patch([], [`+86 ${P}`]));
    expect(blocks(gives, takes)).toBe(true);
    expect(blocks(takes, gives)).toBe(false);
  });

  test('a deletion blocks whoever claims anything that the record holds', () => {
    const gives = deletedKeysOf(SPEC, 'crm', { phones: set(P, Q), cellphones: set('13800000003') });
    expect(blocks(gives, uniqueKeysOf(SPEC, patch([], [Q])))).toBe(true);
    expect(blocks(gives, uniqueKeysOf(SPEC, patch([], ['13800000003'])))).toBe(false);
    expect([...gives.releases].map(matchKeyOf)).toEqual([`cellphone:+86${P}`, `cellphone:+86${Q}`]);
  });

  test('of each circle one gives up first, always the same one', () => {
    const waits = (...pairs: [string, string][]) => circles(new Map(pairs));
    expect(waits(['1', '2'], ['2', '3'])).toEqual([]);
    expect(waits(['9', '10'], ['10', '9'])).toEqual(['9']);
    expect(waits(['3', '1'], ['1', '2'], ['2', '3'], ['7', '1'], ['5', '6'], ['6', '5'])).toEqual(['1', '5']);
  });

  test('P2: settling the release agrees on the removal, and the claim stays an edit', () => {
    const base = { udesk: set(P), crm: set(P), accepted: false };
    const release = releaseOf(SPEC, 'udesk', patch([P], [Q]), { cellphones: base });
    expect(release?.patch).toMatchObject({ cellphones: { after: [], ops: { remove: set(P), add: [] } } });
    const { bases } = settledBases(
      SPEC,
      { cellphones: base },
      {
        write: {
          side: 'udesk',
          patch: release?.patch ?? {},
          reasons: {},
          source: {},
          halves: release?.halves ?? {},
        },
        result: { cellphones: [] },
        looked: new Set(),
        sibling: () => undefined,
      },
    );
    expect(bases).toMatchObject({ cellphones: { udesk: [], crm: [] } });
  });

  test('a write that gives nothing up has no release', () => {
    expect(releaseOf(SPEC, 'udesk', patch([P], [P, Q]), {})).toBeNull();
  });
});
