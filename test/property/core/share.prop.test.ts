import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sharePairs } from '../../../src/core/share.ts';

const names = (prefix: string, max: number) =>
  fc
    .uniqueArray(fc.stringMatching(/^[a-z0-9]{1,6}$/), { maxLength: max })
    .map((all) => all.map((n) => prefix + n));

describe('the pairs that replicas share', () => {
  test('every pair is one replica’s, and no replica has two more than another', () => {
    fc.assert(
      fc.property(names('p', 40), names('r', 6), (pairs, replicas) => {
        const shares = sharePairs(pairs, replicas);
        expect([...shares.keys()].sort()).toEqual(replicas.length === 0 ? [] : [...pairs].sort());
        const loads = replicas.map((each) => [...shares.values()].filter((owner) => owner === each).length);
        if (replicas.length > 0) expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
        expect([...shares.values()].every((owner) => replicas.includes(owner))).toBe(true);
      }),
    );
  });

  test('replicas agree whatever the order in which they know of pairs and of each other', () => {
    fc.assert(
      fc.property(names('p', 20), names('r', 5), (pairs, replicas) => {
        const other = sharePairs([...pairs].reverse(), [...replicas, ...replicas].reverse());
        expect(other).toEqual(sharePairs(pairs, replicas));
      }),
    );
  });

  test('one daemon alone works on everything', () => {
    expect([...sharePairs(['a', 'b', 'c'], ['one']).values()]).toEqual(['one', 'one', 'one']);
  });

  test('when one of three goes, most pairs of the other two stay where they are', () => {
    const pairs = Array.from({ length: 30 }, (_, n) => `pair-${n}`);
    const before = sharePairs(pairs, ['a', 'b', 'c']);
    const after = sharePairs(pairs, ['a', 'b']);
    const stayed = pairs.filter((pair) => before.get(pair) !== 'c' && before.get(pair) === after.get(pair));
    expect(stayed.length).toBeGreaterThan(10);
  });
});
