import { describe, expect, test } from 'vitest';
import { createLine } from '../../../src/crm/hubspot/pace.ts';
import { memoryLedger } from '../../../src/http/quota.ts';
import type { QuotaLedger } from '../../../src/lib/sliding-window.ts';

const CALLS = { key: 'calls', calls: 20, windowMs: 10_000 };
const SEARCHES = { key: 'searches', calls: 3, windowMs: 1_000 };

/** Time that passes only while somebody waits for it, and a ledger that takes so long for each question. */
function stage(ledgerMs: number) {
  let now = 0;
  const monotonic = () => now;
  const sleep = async (ms: number, signal?: AbortSignal) => {
    signal?.throwIfAborted();
    now += ms;
  };
  const memory = memoryLedger(monotonic);
  let meanwhile = () => {};
  const ledger: QuotaLedger = {
    async reserve(...question) {
      const answer = await memory.reserve(...question);
      now += ledgerMs;
      meanwhile();
      return answer;
    },
    async peek(...question) {
      now += ledgerMs;
      return await memory.peek(...question);
    },
  };
  return {
    line: createLine([CALLS, SEARCHES], ledger, { monotonic, sleep }),
    monotonic,
    set meanwhile(act: () => void) {
      meanwhile = act;
    },
  };
}

const most = (times: readonly number[], windowMs: number) =>
  Math.max(...times.map((from) => times.filter((ms) => ms >= from && ms < from + windowMs).length));

describe('P10: the pace of HubSpot', () => {
  test.each([0, 20, 90])(
    'keeps both windows with a ledger that takes %i ms, and goes on',
    async (ledgerMs) => {
      const { line, monotonic } = stage(ledgerMs);
      const left: number[] = [];
      for (let n = 0; n < 60; n += 1) {
        await line.take();
        left.push(monotonic());
      }
      expect(most(left, 1_000)).toBeLessThanOrEqual(3);
      expect(most(left, 10_000)).toBeLessThanOrEqual(20);
      // No grant of ten seconds was wasted while a search waited: 60 calls take three windows.
      expect(monotonic()).toBeLessThan(4 * 11_500);
    },
  );

  test('says that the ledger is out of order where no grant of it can be used in time', async () => {
    const { line } = stage(1_200);
    await expect(line.take()).rejects.toMatchObject({ details: { code: 'quota-ledger-slow' } });
  });

  test('lets nothing leave before a hold ends that came while the ledger was asked', async () => {
    const world = stage(10);
    world.meanwhile = () => {
      world.line.hold(5_000);
    };
    await world.line.take();
    expect(world.monotonic()).toBeGreaterThanOrEqual(5_000);
  });

  test('whoever gives up hears it at once, behind others and while the ledger says nothing', async () => {
    const silent: QuotaLedger = {
      reserve: () => new Promise(() => {}),
      peek: () => new Promise(() => {}),
    };
    const line = createLine([CALLS], silent, { monotonic: () => 0, sleep: async () => {} });
    const stop = new AbortController();
    const waiting = [line.take(stop.signal), line.take(stop.signal)];
    stop.abort(new Error('enough'));
    for (const one of waiting) await expect(one).rejects.toThrow('enough');
  });
});
