import { describe, expect, test } from 'vitest';
import { createBreakers, endpointOf } from '../../../src/http/breakers.ts';
import { classifyNetworkError } from '../../../src/http/classify.ts';
import type { Reply } from '../../../src/http/exchange.ts';

const URL_OF_IT = new URL('https://demo.udesk.cn/open_api_v1/customers?sign=1');
const call = { method: 'GET', url: URL_OF_IT };

function world() {
  let ms = 0;
  let calls = 0;
  const breakers = createBreakers({ monotonic: () => ms, now: () => ms });
  const answer =
    (status: number, headers: Reply['headers'] = {}) =>
    async (): Promise<Reply> => {
      calls += 1;
      return { status, headers, text: '' };
    };
  const refusal = async (): Promise<Reply> => {
    calls += 1;
    throw classifyNetworkError({ code: 'ECONNREFUSED' }, 'GET it', false);
  };
  return {
    breakers,
    answer,
    refusal,
    sent: () => calls,
    wait(more: number) {
      ms += more;
    },
    async trip() {
      for (let n = 0; n < 5; n += 1) await breakers.guard(call, refusal).catch(() => {});
    },
  };
}

describe('a circuit breaker per endpoint', () => {
  test('an open one costs no call, and says so as a failure after which nothing was done', async () => {
    const { breakers, refusal, answer, sent, trip } = world();
    await trip();
    expect(sent()).toBe(5);
    await expect(breakers.guard(call, answer(200))).rejects.toMatchObject({
      kind: 'transient',
      undone: true,
      // What waits goes on when the endpoint may be tried again.
      details: { code: 'breaker-open', retryAfterMs: 5_000 },
    });
    expect(() => breakers.check(call)).toThrow(/left alone: it is tried again in 5 s/);
    await breakers.guard({ ...call, method: 'POST' }, refusal).catch(() => {});
    expect(sent()).toBe(6);
    expect(breakers.open()).toEqual([
      {
        endpoint: 'GET demo.udesk.cn/open_api_v1/customers',
        state: 'open',
        waitMs: 5_000,
      },
    ]);
  });

  test('half-open it costs exactly one call, whose success lets all others go again', async () => {
    const { breakers, answer, sent, trip, wait } = world();
    await trip();
    wait(5_000);
    const { promise, resolve } = Promise.withResolvers<Reply>();
    const probe = breakers.guard(call, () => promise);
    for (let n = 0; n < 3; n += 1) {
      await expect(breakers.guard(call, answer(200))).rejects.toMatchObject({
        details: { code: 'breaker-open', retryAfterMs: 1_000 },
      });
    }
    expect(sent()).toBe(5);
    resolve({ status: 200, headers: {}, text: '' });
    await probe;
    expect(breakers.open()).toEqual([]);
    await breakers.guard(call, answer(200));
    expect(sent()).toBe(6);
  });

  test('the pauses grow to a minute and never end in a lock-out', async () => {
    const { breakers, refusal, trip, wait } = world();
    await trip();
    const pauses: number[] = [];
    for (let n = 0; n < 7; n += 1) {
      const [open] = breakers.open();
      pauses.push(open?.waitMs ?? 0);
      wait(open?.waitMs ?? 0);
      await breakers.guard(call, refusal).catch(() => {});
    }
    expect(pauses).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  test('a remote that names a time is left alone for so long, and for an hour at most', async () => {
    const { breakers, answer } = world();
    for (let n = 0; n < 10; n += 1)
      await breakers.guard(call, answer(503, { 'retry-after': '120' })).catch(() => {});
    expect(breakers.open()).toMatchObject([{ waitMs: 120_000 }]);
    const other = world();
    for (let n = 0; n < 10; n += 1)
      await other.breakers.guard(call, other.answer(429, { 'retry-after': '86400' }));
    expect(other.breakers.open()).toMatchObject([{ waitMs: 3_600_000 }]);
  });

  test('one poisoned record, read five times without success, opens nothing; a refusal of a record is no trouble at all', async () => {
    const { breakers, answer } = world();
    for (let n = 0; n < 5; n += 1) await breakers.guard(call, answer(500));
    await breakers.guard(call, answer(200));
    for (let n = 0; n < 100; n += 1) await breakers.guard(call, answer(422));
    expect(breakers.open()).toEqual([]);
  });

  test('a probe that was given up leaves the way free for the next one', async () => {
    const { breakers, answer, trip, wait } = world();
    await trip();
    wait(5_000);
    await breakers
      .guard(call, async () => {
        throw new DOMException('stopped', 'AbortError');
      })
      .catch(() => {});
    await breakers.guard(call, answer(200));
    expect(breakers.open()).toEqual([]);
  });

  test('an endpoint is named without what may be an id or somebody’s data, and their number is bounded', async () => {
    expect(endpointOf('PUT', new URL('https://crm.example.com/contacts/953000001/emails/a%40b.cn?x=1'))).toBe(
      'PUT crm.example.com/contacts/*/emails/*',
    );
    const { breakers, refusal } = world();
    for (let n = 0; n < 26 * 26; n += 1) {
      const name = String.fromCharCode(97 + (n % 26), 97 + Math.floor(n / 26));
      const url = new URL(`https://crm.example.com/${name}`);
      for (let times = 0; times < 5; times += 1)
        await breakers.guard({ ...call, url }, refusal).catch(() => {});
    }
    expect(breakers.open()).toHaveLength(51);
  });
});
