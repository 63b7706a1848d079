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
        peek: memory.peek,
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
        peek: memory.peek,
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

  it('one failure that may have meant "too many" is an accident; the second within a minute is not', async () => {
    const { clock, quota } = setUp(40);
    const allOfThem = async () => {
      const before = clock.now();
      await clock.run(Promise.all(Array.from({ length: 40 }, () => quota.take('e'))));
      return clock.now() - before;
    };
    quota.slowDown(true);
    expect(await allOfThem()).toBe(0);
    await clock.run(clock.sleep(70_000));
    quota.slowDown(true);
    await clock.run(clock.sleep(10_000));
    quota.slowDown(true);
    expect(await allOfThem()).toBeGreaterThan(10_000);
  });

  it('halves once more and less far when a failure only may have meant "too many"', async () => {
    const { clock, quota } = setUp(40);
    for (let n = 0; n < 5; n += 1) {
      quota.slowDown(true);
      await clock.run(clock.sleep(5_001));
    }
    const at = clock.now();
    // A quarter, and what came back of it since.
    await clock.run(Promise.all(Array.from({ length: 10 }, () => quota.take('e'))));
    expect(clock.now()).toBe(at);
    await clock.run(quota.take('e'));
    expect(clock.now()).toBeGreaterThan(at + 10_000);
  });
});

describe('who waits for the quota', () => {
  const times = async (
    clock: ReturnType<typeof setUp>['clock'],
    count: number,
    take: () => Promise<void>,
  ): Promise<number[]> => {
    const at: number[] = [];
    await clock.run(
      Promise.all(Array.from({ length: count }, () => take().then(() => void at.push(clock.now())))),
    );
    return at;
  };

  it('a sweep is spread over the minute and leaves a quarter: a write goes at once, at any time of it', async () => {
    const { clock, quota } = setUp(60);
    const pauses: number[] = [];
    const sweep = times(clock, 90, () => quota.take('list', undefined, 'background'));
    const people = (async () => {
      for (let n = 0; n < 20; n += 1) {
        await clock.sleep(5_000);
        const before = clock.now();
        await quota.take('update');
        await quota.take('update');
        pauses.push(clock.now() - before);
      }
    })();
    const [at] = await Promise.all([sweep, people]);

    expect(Math.max(...pauses)).toBe(0);
    const gaps = at.slice(1).map((time, n) => time - (at[n] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(1_300);
    expect(at).toHaveLength(90);
  });

  it('a burst of writes behind a sweep waits for single places, not for the end of the minute', async () => {
    const { clock, quota } = setUp(60);
    await times(clock, 45, () => quota.take('list', undefined, 'background'));
    const before = clock.now();
    const writes = await times(clock, 25, () => quota.take('update'));
    const waits = writes.map((at) => at - before);
    expect(waits.filter((ms) => ms === 0)).toHaveLength(15);
    expect(Math.max(...waits)).toBeLessThan(20_000);
  });

  it('blocks that are granted and not used up do not use up the quota: three lines of one call a second each, of 1,200 a minute, never wait', async () => {
    const { clock, quota } = setUp(1_200);
    const waits: number[] = [];
    const work = (['now', 'soon', 'background'] as const).map(async (urgency) => {
      for (let second = 0; second < 180; second += 1) {
        const before = clock.now();
        await quota.take('x', undefined, urgency);
        waits.push(clock.now() - before);
        await clock.sleep(1_100);
      }
    });
    await clock.run(Promise.all(work));

    expect(waits).toHaveLength(540);
    expect(Math.max(...waits)).toBe(0);
  });

  it('whoever writes all day leaves room for the head of the list: asked for every 15 seconds, it goes at once', async () => {
    const { clock, quota } = setUp(60);
    let stop = false;
    const writes = async () => {
      while (!stop && clock.now() < 15 * 60_000) await quota.take('update');
    };
    const waits: number[] = [];
    const heads = async () => {
      for (let n = 0; n < 40; n += 1) {
        const before = clock.now();
        await quota.take('list', undefined, 'soon');
        waits.push(clock.now() - before);
        await clock.sleep(15_000);
      }
      stop = true;
    };
    await clock.run(Promise.all([heads(), writes(), writes(), writes(), writes()]));
    expect(Math.max(...waits)).toBe(0);
  });

  it('tells how long several calls would wait together', async () => {
    const { clock, quota } = setUp(60);
    await clock.run(Promise.all(Array.from({ length: 58 }, () => quota.take('e'))));
    expect(await quota.waitMs('e', 'now', 2)).toBe(0);
    expect(await quota.waitMs('e', 'now', 3)).toBeGreaterThan(60_000);
    // More than there can ever be are as many as there can be.
    expect(await quota.waitMs('e', 'now', 600)).toBeGreaterThan(60_000);
  });

  it('hints leave a tenth for writes', async () => {
    const { clock, quota } = setUp(60);
    const hints = times(clock, 60, () => quota.take('get', undefined, 'soon'));
    const write = (async () => {
      await clock.sleep(1_000);
      await quota.take('update');
      return clock.now();
    })();
    const [at, wrote] = await Promise.all([hints, write]);
    expect(at.filter((ms) => ms < 60_000)).toHaveLength(54);
    expect(wrote).toBe(1_000);
  });

  it('nothing starves: however many writes there are, a tenth of the minute goes to the sweep', async () => {
    const { clock, quota } = setUp(60);
    const sweep: number[] = [];
    let stop = false;
    const sweeping = (async () => {
      while (!stop) {
        await quota.take('list', undefined, 'background');
        sweep.push(clock.now());
      }
    })();
    const writing = (async () => {
      for (let n = 0; n < 5 * 60; n += 1) await quota.take('update');
      stop = true;
    })();
    await clock.run(Promise.all([writing, sweeping]));
    const minutes = clock.now() / 60_000;
    expect(sweep.length).toBeGreaterThanOrEqual(5 * Math.floor(minutes));
  });

  it('tells how long a call would wait, so that nobody has to find out by waiting', async () => {
    const { clock, quota } = setUp(4);
    expect(await quota.waitMs('e', 'background')).toBe(0);
    await clock.run(quota.take('e', undefined, 'background'));
    const paceMs = await quota.waitMs('e', 'background');
    expect(paceMs).toBeGreaterThan(20_000);
    expect(await quota.waitMs('e', 'now')).toBe(0);
    await times(clock, 3, () => quota.take('e'));
    expect(await quota.waitMs('e', 'now')).toBeGreaterThan(60_000);
  });
});
