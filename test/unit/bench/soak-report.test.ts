import { describe, expect, it } from 'vitest';
import { verdictOf } from '../../../bench/soak/report.ts';
import type { Sample } from '../../../bench/soak/sample.ts';

const steady: Omit<Sample, 'minute'> = {
  rssMb: 300,
  heapMb: 60,
  liveMb: 50,
  loopP99Ms: 20,
  loopMaxMs: 90,
  resources: 40,
  fds: 44,
  connections: 12,
  outbox: 0,
  lagP95S: 5,
  edits: 100,
};
const hour = (of: (minute: number) => Partial<Sample>) =>
  Array.from({ length: 60 }, (_, n) => ({ ...steady, minute: n + 1, ...of(n + 1) }));

describe('the verdict of a soak', () => {
  it('is good for what stays as it is, whatever the first minutes took', () => {
    expect(
      verdictOf(
        hour((minute) => (minute < 5 ? { rssMb: 480, fds: 90 } : {})),
        10,
      ).constant,
    ).toBe(true);
  });

  it.each([
    ['the resident set', (minute: number) => ({ rssMb: 300 + minute })],
    ['the heap', (minute: number) => ({ liveMb: 50 + minute / 6 })],
    ['the descriptors', (minute: number) => ({ fds: 44 + minute / 6 })],
  ])('is bad when %s goes on growing', (_, growing) => {
    expect(verdictOf(hour(growing), 10).constant).toBe(false);
  });

  it('tells the resident set of the first minute, which it does not judge', () => {
    expect(
      verdictOf(
        hour((minute) => (minute === 1 ? { rssMb: 478 } : {})),
        10,
      ).text,
    ).toContain('478');
  });
});
