import { describe, expect, test } from 'vitest';
import { isLeftAlone, quietSince } from '../../../src/core/quiet.ts';

const NOW = new Date('2026-01-01T00:01:00.000Z');

describe('half-typed values do not travel', () => {
  test('an edit waits until both records were left alone for the time that was asked for', () => {
    const since = quietSince(NOW, 30_000, false);
    expect(isLeftAlone(['2026-01-01T00:00:30.000Z', '2025-12-31T00:00:00.000Z'], false, since)).toBe(true);
    expect(isLeftAlone(['2026-01-01T00:00:30.001Z'], false, since)).toBe(false);
    expect(isLeftAlone(['2025-12-31T00:00:00.000Z', '2026-01-01T00:00:59.000Z'], false, since)).toBe(false);
  });

  test('what a person decided does not wait, nor does a cycle that a person runs, nor anything where none was asked for', () => {
    const fresh = ['2026-01-01T00:00:59.000Z'];
    expect(isLeftAlone(fresh, true, quietSince(NOW, 30_000, false))).toBe(true);
    expect(isLeftAlone(fresh, false, quietSince(NOW, 30_000, true))).toBe(true);
    expect(isLeftAlone(fresh, false, quietSince(NOW, 0, false))).toBe(true);
  });
});
