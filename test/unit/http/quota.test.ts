import { describe, expect, it } from 'vitest';
import { createQuota, memoryLedger } from '../../../src/http/quota.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

function setUp(perMinute: number, scope: 'tenant' | 'endpoint' = 'tenant') {
  const clock = createVirtualClock();
  const ledger = memoryLedger(clock.now);
  const quota = createQuota({
    key: 'tenant',
    perMinute,
    scope,
    ledger,
    clock: clock.now,
    sleep: clock.sleep,
  });
  return { clock, ledger, quota };
}

describe('quota', () => {
  it('lets the calls go in the order in which they asked', async () => {
    const { clock, quota } = setUp(2);
    const order: number[] = [];
    await clock.run(Promise.all([1, 2, 3, 4, 5].map((n) => quota.take('e').then(() => void order.push(n)))));
    expect(order).toEqual([1, 2, 3, 4, 5]);
  });

  it('counts per endpoint when the tenant is counted so', async () => {
    const { clock, quota } = setUp(1, 'endpoint');
    await clock.run(Promise.all([quota.take('a'), quota.take('b')]));
    expect(clock.now()).toBe(0);
  });

  it('lets a caller that gives up leave at once, and the next one keep its turn', async () => {
    const { clock, quota } = setUp(1);
    await quota.take('e');
    const giveUp = new AbortController();
    const first = quota.take('e', giveUp.signal);
    const second = quota.take('e');
    giveUp.abort(new Error('stop'));
    await expect(first).rejects.toThrow('stop');
    expect(clock.now()).toBe(0);
    await clock.run(second);
    expect(clock.now()).toBeGreaterThan(60_000);
    expect(clock.now()).toBeLessThan(62_000);
  });

  it('halves the rate once per burst of refusals, and gives a tenth back per quiet minute', async () => {
    const { clock, quota } = setUp(10);
    quota.slowDown();
    quota.slowDown();
    await clock.run(Promise.all(Array.from({ length: 5 }, () => quota.take('e'))));
    expect(clock.now()).toBe(0);
    await clock.run(quota.take('e'));
    expect(clock.now()).toBeGreaterThan(60_000);
    await clock.run(clock.sleep(10 * 60_000));
    const quiet = clock.now();
    await clock.run(Promise.all(Array.from({ length: 10 }, () => quota.take('e'))));
    expect(clock.now()).toBe(quiet);
  });

  it('asks the ledger about once per second, however high the quota', async () => {
    const clock = createVirtualClock();
    const memory = memoryLedger(clock.now);
    let questions = 0;
    const quota = createQuota({
      key: 't',
      perMinute: 6_000,
      scope: 'tenant',
      ledger: {
        reserve: (...question) => {
          questions += 1;
          return memory.reserve(...question);
        },
      },
      clock: clock.now,
      sleep: clock.sleep,
    });
    await clock.run(Promise.all(Array.from({ length: 1_000 }, () => quota.take('e'))));
    expect(questions).toBe(10);
  });

  it('sends nothing on grants that came too late, and says that the ledger is slow', async () => {
    const clock = createVirtualClock();
    const memory = memoryLedger(clock.now);
    const quota = createQuota({
      key: 't',
      perMinute: 60,
      scope: 'tenant',
      ledger: {
        async reserve(...question) {
          const answer = await memory.reserve(...question);
          await clock.sleep(5_000);
          return answer;
        },
      },
      clock: clock.now,
      sleep: clock.sleep,
    });
    await expect(clock.run(quota.take('e'))).rejects.toMatchObject({
      kind: 'transient',
      details: { code: 'quota-ledger-slow' },
    });
  });
});
