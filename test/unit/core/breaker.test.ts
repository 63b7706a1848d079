import { describe, expect, test } from 'vitest';
import {
  abandoned,
  askBreaker,
  type Breaker,
  CLOSED,
  failed,
  type Leave,
  OPEN_MS,
  STRAIN,
  succeeded,
  TRIPS_AT,
} from '../../../src/core/breaker.ts';

const NOW = 1_000_000;
const STATES: readonly Breaker[] = [
  ...Array.from({ length: TRIPS_AT }, (_, strain): Breaker => ({ state: 'closed', strain })),
  ...[1, 2, 3, 10, 100].flatMap((times): Breaker[] => [
    { state: 'open', untilMs: NOW - 1, times },
    { state: 'open', untilMs: NOW, times },
    { state: 'open', untilMs: NOW + 1, times },
    { state: 'half-open', times },
  ]),
];
const LEAVES: readonly Leave[] = ['call', 'probe'];
const ASKED = [0, 1_000, 120_000, 86_400_000];

describe('every transition of a circuit breaker', () => {
  test.each(STATES)(
    'asked in %j: a call goes when it is closed, one probe when its pause is over, else none',
    (breaker) => {
      const { leave, waitMs, breaker: next } = askBreaker(breaker, NOW);
      if (breaker.state === 'closed')
        expect({ leave, waitMs, next }).toEqual({ leave: 'call', waitMs: 0, next: breaker });
      else if (breaker.state === 'half-open')
        expect({ leave, waitMs, next }).toEqual({ leave: null, waitMs: 0, next: breaker });
      else if (breaker.untilMs > NOW)
        expect({ leave, waitMs, next }).toEqual({
          leave: null,
          waitMs: breaker.untilMs - NOW,
          next: breaker,
        });
      else
        expect({ leave, waitMs, next }).toEqual({
          leave: 'probe',
          waitMs: 0,
          next: { state: 'half-open', times: breaker.times },
        });
    },
  );

  test.each(STATES)(
    'a failure in %j: it opens when the strain is reached or the probe fails, and only then',
    (breaker) => {
      for (const leave of LEAVES) {
        for (const strain of Object.values(STRAIN)) {
          for (const retryAfterMs of ASKED) {
            const next = failed(breaker, { leave, strain, nowMs: NOW, retryAfterMs });
            const opens =
              (breaker.state === 'closed' && breaker.strain + strain >= TRIPS_AT) ||
              (breaker.state === 'half-open' && leave === 'probe');
            if (opens)
              expect(next).toMatchObject({
                state: 'open',
                times: breaker.state === 'closed' ? 1 : breaker.times + 1,
              });
            else expect(next.state).toBe(breaker.state);
            if (breaker.state === 'closed' && !opens)
              expect(next).toEqual({ state: 'closed', strain: breaker.strain + strain });
            // Never terminal: whatever was asked for, every pause ends within the hour.
            if (next.state === 'open') {
              expect(next.untilMs - NOW).toBeLessThanOrEqual(3_600_000);
              if (opens)
                expect(next.untilMs - NOW).toBeGreaterThanOrEqual(
                  Math.max(OPEN_MS.first, Math.min(retryAfterMs, 3_600_000)),
                );
            }
          }
        }
      }
    },
  );

  test.each(STATES)(
    'after a success in %j it is closed; given up, only a probe changes it: the next may go',
    (breaker) => {
      expect(succeeded()).toEqual(CLOSED);
      for (const leave of LEAVES) {
        const next = abandoned(breaker, leave, NOW);
        if (breaker.state === 'half-open' && leave === 'probe')
          expect(askBreaker(next, NOW).leave).toBe('probe');
        else expect(next).toEqual(breaker);
      }
    },
  );
});
