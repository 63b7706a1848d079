import { describe, expect, test } from 'vitest';
import { isLeftAlone, quietSince } from '../../../src/core/quiet.ts';

const NOW = new Date('2026-01-01T00:01:00.000Z');

describe('half-typed values do not travel', () => {
  test('an edit waits until both records were left alone for the time that was asked for', () => {
    const since = quietSince(NOW, 30_000, false);
    expect(isLeftAlone(['2026-01-01T00:00:30.000Z', '2025-12-31T00:00:00.000Z'], false, since, NOW)).toBe(
      true,
    );
    expect(isLeftAlone(['2026-01-01T00:00:30.001Z'], false, since, NOW)).toBe(false);
    expect(isLeftAlone(['2025-12-31T00:00:00.000Z', '2026-01-01T00:00:59.000Z'], false, since, NOW)).toBe(
      false,
    );
  });

  test('what a person decided does not wait, nor does a cycle that a person runs, nor anything where none was asked for', () => {
    const fresh = ['2026-01-01T00:00:59.000Z'];
    expect(isLeftAlone(fresh, true, quietSince(NOW, 30_000, false), NOW)).toBe(true);
    expect(isLeftAlone(fresh, false, quietSince(NOW, 30_000, true), NOW)).toBe(true);
    expect(isLeftAlone(fresh, false, quietSince(NOW, 0, false), NOW)).toBe(true);
  });

  test('an edit that was seen by a clock of next year does not wait for that year (P6)', () => {
    const since = quietSince(NOW, 30_000, false);
    expect(isLeftAlone(['2027-01-01T00:00:00.000Z', '2025-12-31T00:00:00.000Z'], false, since, NOW)).toBe(
      true,
    );
    // The clock of another machine, a little ahead of ours.
    expect(isLeftAlone(['2026-01-01T00:01:05.000Z'], false, since, NOW)).toBe(false);
  });
});
