import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createQuota, memoryLedger } from '../../../src/http/quota.ts';
import { steadyLedger } from '../../../src/http/steady-ledger.ts';
import { decideReservation, type QuotaLedger } from '../../../src/lib/sliding-window.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

/** Most arrivals in any window of 60 s. */
function busiestMinute(arrivals: readonly number[]): number {
  const sorted = [...arrivals].sort((a, b) => a - b);
  let most = 0;
  let from = 0;
  for (let to = 0; to < sorted.length; to += 1) {
    while ((sorted[from] ?? 0) <= (sorted[to] ?? 0) - 60_000) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

/** A ledger that counts by a clock that may be set, with the rules of the one in Postgres (store/quota-ledger.ts). */
function ledgerBy(clock: () => number): QuotaLedger {
  let rows: { at: number; n: number }[] = [];
  const ask = (limit: number, windowMs: number, n: number) => {
    const now = clock();
    rows = rows
      .map((row) => ({ ...row, at: Math.min(row.at, now) }))
      .filter(({ at }) => at + windowMs > now)
      .sort((a, b) => a.at - b.at);
    const grants = rows.map((row) => ({ leftMs: row.at + windowMs - now, n: row.n }));
    return decideReservation(grants, limit, n);
  };
  return {
    async reserve(_, limit, windowMs, n) {
      const answer = ask(limit, windowMs, n);
      if (answer.granted) rows.push({ at: clock(), n });
      return answer;
    },
    peek: async (_, limit, windowMs, n) => ask(limit, windowMs, n),
  };
}

const workload = fc.record({
  perMinute: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(60, 120, 300)),
  clients: fc.integer({ min: 1, max: 3 }),
  // Pauses between calls of one client, and the travel time of each call.
  calls: fc.array(
    fc.record({
      client: fc.nat(2),
      pauseMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90_000 })),
      travelMs: fc.integer({ min: 0, max: 990 }),
      slowDown: fc.boolean(),
      urgency: fc.constantFrom('now' as const, 'soon' as const, 'background' as const),
    }),
    { minLength: 1, maxLength: 150 },
  ),
});

describe('P10: in every sliding minute the calls stay within the quota', () => {
  it('whatever the pattern and urgency of calls, of several clients on one ledger, with jitter of up to a second', async () => {
    await fc.assert(
      fc.asyncProperty(
        workload,
        fc.infiniteStream(fc.nat(200)),
        async ({ perMinute, clients, calls }, lags) => {
          const clock = createVirtualClock();
          const memory = memoryLedger(clock.now);
          // A ledger that takes its time, before and after it decides.
          const ledger: typeof memory = {
            async reserve(...question) {
              await clock.sleep((lags.next().value ?? 0) / 2);
              const answer = await memory.reserve(...question);
              await clock.sleep((lags.next().value ?? 0) / 2);
              return answer;
            },
            peek: memory.peek,
          };
          const quotas = Array.from({ length: clients }, () =>
            createQuota({
              key: 't',
              perMinute,
              scope: 'tenant',
              ledger,
              clock: clock.now,
              sleep: clock.sleep,
            }),
          );
          const arrivals: number[] = [];
          await clock.run(
            Promise.all(
              quotas.map(async (quota, client) => {
                const waiting: Promise<void>[] = [];
                for (const call of calls.filter((one) => one.client % clients === client)) {
                  await clock.sleep(call.pauseMs);
                  if (call.slowDown && call.pauseMs > 80_000) quota.slowDown();
                  waiting.push(
                    quota
                      .take('e', undefined, call.urgency)
                      .then(() => void arrivals.push(clock.now() + call.travelMs)),
                  );
                }
                await Promise.all(waiting);
              }),
            ),
          );
          // Progress: every call was sent in the end.
          expect(arrivals).toHaveLength(calls.length);
          expect(busiestMinute(arrivals)).toBeLessThanOrEqual(perMinute);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('and nearly the whole quota is used when there is enough to do', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 7, 60, 150), async (perMinute) => {
        const clock = createVirtualClock();
        const quota = createQuota({
          key: 't',
          perMinute,
          scope: 'tenant',
          ledger: memoryLedger(clock.now),
          clock: clock.now,
          sleep: clock.sleep,
        });
        const calls = perMinute * 5;
        await clock.run(Promise.all(Array.from({ length: calls }, () => quota.take('e'))));
        expect(clock.now()).toBeLessThanOrEqual(4 * 62_000);
      }),
      { numRuns: 4 },
    );
  });

  it('also of one process whose ledger has a clock that is set forward and back, and each jump costs a window at the most', async () => {
    const step = fc.record({
      pauseMs: fc.integer({ min: 0, max: 90_000 }),
      client: fc.nat(2),
      /** A share of the quota, all at once. */
      burst: fc.constantFrom(0.2, 0.5, 1),
      /** The clock is set after them. */
      byMs: fc.oneof(
        fc.constant(0),
        fc.integer({ min: -86_400_000, max: 86_400_000 }),
        fc.integer({ min: -90_000, max: 90_000 }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(5, 30, 60, 120),
        fc.array(step, { minLength: 2, maxLength: 8 }),
        async (perMinute, steps) => {
          const clock = createVirtualClock();
          let wrong = 0;
          const ledger = steadyLedger(
            ledgerBy(() => clock.now() + wrong),
            clock.now,
          );
          const given = { perMinute, ledger, key: 't', clock: clock.now, sleep: clock.sleep };
          const quotas = Array.from({ length: 3 }, () => createQuota({ ...given, scope: 'tenant' }));
          const arrivals: number[] = [];
          const waiting: Promise<void>[] = [];
          const live = async () => {
            for (const { pauseMs, client, burst, byMs } of steps) {
              await clock.sleep(pauseMs);
              for (let n = 0; n < burst * perMinute; n += 1) {
                waiting.push(quotas[client]?.take('e').then(() => void arrivals.push(clock.now())) ?? fail());
              }
              // The clock is set whenever everybody waits, or nobody does.
              await clock.sleep(0);
              wrong += byMs;
            }
            await Promise.all(waiting);
          };
          await clock.run(live());
          expect(busiestMinute(arrivals)).toBeLessThanOrEqual(perMinute);
          // Each window lets a quota through, and after each jump one may have to be waited for again.
          const pauses = steps.reduce((sum, { pauseMs }) => sum + pauseMs, 0);
          const windows = Math.ceil(waiting.length / perMinute) + steps.length;
          expect(Math.max(...arrivals)).toBeLessThanOrEqual(pauses + windows * 62_000);
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});

function fail(): never {
  throw new Error('no such client');
}
