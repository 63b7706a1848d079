import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Condition, decideAlerts, type SaidAlert } from '../../../src/core/alert.ts';

const POLICY = { quietMs: 600_000, remindMs: 3_600_000 };
const KEYS = ['guard/a/', 'auth/a/crm', 'stalled/b/cycle'];

/** Any history: steps of some seconds to hours, at each of which every key is on, off or unknown, and a delivery that may fail. */
const history = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 1_000, max: 5_000_000 }),
    states: fc.tuple(...KEYS.map(() => fc.constantFrom('on' as const, 'off' as const, 'unknown' as const))),
    delivered: fc.boolean(),
  }),
  { maxLength: 60 },
);

interface Said {
  readonly at: number;
  readonly kind: 'raised' | 'reminder' | 'recovered';
}

/** What the loop around the core does: say, and write down what was delivered. */
function play(steps: typeof history extends fc.Arbitrary<infer T> ? T : never) {
  let rows: SaidAlert[] = [];
  let now = 0;
  const said = new Map<string, Said[]>(KEYS.map((key) => [key, []]));
  for (const { afterMs, states, delivered } of steps) {
    now += afterMs;
    const conditions = KEYS.map(
      (key, n): Condition => ({
        key,
        event: 'guard',
        pair: 'a',
        subject: '',
        state: states[n] ?? 'unknown',
        count: null,
      }),
    );
    const { say, forget } = decideAlerts(conditions, rows, now, POLICY);
    if (say.length > 0 && !delivered) continue;
    for (const { kind, condition } of say) said.get(condition.key)?.push({ at: now, kind });
    const next = new Map(rows.map((row) => [row.key, row]));
    for (const { said: row } of say) next.set(row.key, row);
    for (const key of forget) next.delete(key);
    rows = [...next.values()];
  }
  return { said, rows, now };
}

describe('whatever happens', () => {
  test('one thing is never said twice within the quiet time, and reminders keep their distance', () => {
    fc.assert(
      fc.property(history, (steps) => {
        for (const all of play(steps).said.values()) {
          for (const [n, { at, kind }] of all.entries()) {
            const before = all[n - 1];
            if (before === undefined) continue;
            expect(at - before.at).toBeGreaterThanOrEqual(
              kind === 'reminder' ? POLICY.remindMs : POLICY.quietMs,
            );
          }
        }
      }),
    );
  });

  test('every end follows a beginning, and every reminder lies between the two', () => {
    fc.assert(
      fc.property(history, (steps) => {
        for (const all of play(steps).said.values()) {
          let open = false;
          for (const { kind } of all) {
            expect(kind === 'raised').toBe(!open);
            open = kind !== 'recovered';
          }
        }
      }),
    );
  });

  test('what holds for longer than the quiet time was said, once a delivery works', () => {
    fc.assert(
      fc.property(history, fc.constantFrom('on' as const, 'off' as const), (steps, last) => {
        const quiet = {
          states: [last, last, last] as [typeof last, typeof last, typeof last],
          delivered: true,
        };
        const { rows } = play([...steps, { ...quiet, afterMs: 700_000 }, { ...quiet, afterMs: 700_000 }]);
        const open = rows.filter(({ state }) => state === 'open').map(({ key }) => key);
        expect(open.sort()).toEqual(last === 'on' ? [...KEYS].sort() : []);
      }),
    );
  });
});
