import { afterEach, describe, expect, test, vi } from 'vitest';
import { busiestMinuteOf } from '../../support/accounting.ts';
import { type Fleet, startFleet, type Taken, tableOf, type WrittenToUdesk } from '../../support/replicas.ts';

const PER_MINUTE = 120;
/** What docs/operations.md promises of a machine that is not busy. */
const MOVED_WITHIN_MS = 15_000;
/** To be missed, to be seen to be missed, to take the lease, to have it on record: each may have to wait for the processor. */
const STEPS = 4;
/** A busy machine takes its time: what is asked is what happens, not how fast. */
const SLOWLY = { timeout: 420_000, interval: 250 };
let fleet: Fleet;
afterEach(() => fleet.close());

describe('three daemons on one database', () => {
  test('thirty pairs are shared, a killed daemon’s pairs move, nobody writes a pair of another, no quota is breached', async () => {
    fleet = await startFleet(PER_MINUTE);
    const names = ['a', 'b', 'c'];
    const daemons = names.map((name) => fleet.start(name));
    const all = Promise.race(daemons.map(({ ended }) => ended)).then(({ stderr }) => ({ failed: stderr }));

    /** Who worked on each pair last. */
    const holders = (leases: readonly Taken[]) =>
      new Map(leases.map(({ pair, owner }) => [pair, fleet.replicaOf(owner)]));
    const loads = (leases: readonly Taken[]) => {
      const held = [...holders(leases).values()];
      return names.map((name) => held.filter((each) => each === name).length);
    };
    const shared = vi.waitFor(async () => {
      expect(loads(await fleet.leases())).toEqual([10, 10, 10]);
      expect(new Set((await fleet.writes()).map(({ pair }) => pair)).size).toBe(30);
      expect(new Set(fleet.udeskWrites().map(({ pair }) => pair)).size).toBe(30);
    }, SLOWLY);
    expect(await Promise.race([shared, all])).toBeUndefined();

    // One more edit on each side of each pair, for its name and its note to cross.
    for (const [n, { tenant }] of fleet.simulators.entries()) {
      for (const { id } of tenant.list()) tenant.edit(id, { nick_name: `Ann ${n} the second` });
    }
    for (const pair of fleet.pairs) await fleet.crm.unsafe(`update ${tableOf(pair)} set note = 'the second'`);
    const [row] = await fleet.ours.sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`;
    const killedAt = Number(row?.now);
    const waits = keepAsking(() => fleet.ours.sql`select 1`);
    daemons[1]?.process.kill('SIGKILL');

    const lost = holders((await fleet.leases()).filter(({ from }) => from <= killedAt));
    const orphans = fleet.pairs.filter((pair) => lost.get(pair) === 'b');
    expect(orphans.length).toBeGreaterThan(0);
    const movedAt = async (pair: string) =>
      (await fleet.leases()).find(
        ({ from, ...each }) => each.pair === pair && from > killedAt && fleet.replicaOf(each.owner) !== 'b',
      )?.from ?? Number.POSITIVE_INFINITY;
    await vi.waitFor(async () => {
      expect(loads(await fleet.leases())).toEqual([15, 0, 15]);
      for (const pair of fleet.pairs) {
        const [{ name } = { name: '' }] = await fleet.crm.unsafe(`select name from ${tableOf(pair)}`);
        expect(name).toMatch(/the second$/);
        expect(fleet.customerOf(pair).description).toBe('the second');
      }
    }, SLOWLY);

    const after = await Promise.all(orphans.map(async (pair) => (await movedAt(pair)) - killedAt));
    const limitMs = MOVED_WITHIN_MS + STEPS * (await waits.longestMs());
    expect({ limitMs, late: after.filter((ms) => ms > limitMs) }).toEqual({ limitMs, late: [] });
    const leases = await fleet.leases();
    const writes = await fleet.writes();
    const udeskWrites = fleet.udeskWrites();
    // The writer of each write is who had taken the pair's lease last before it, and the fencing numbers only rise.
    const toUdesk = udeskWrites.map(({ pair, replica, from }) => ({ pair, replica, at: from }));
    for (const { pair, replica, at } of [...writes, ...toUdesk]) {
      const holder = leases.findLast((lease) => lease.pair === pair && lease.from <= at);
      expect({ pair, writer: replica }).toEqual({ pair, writer: fleet.replicaOf(holder?.owner ?? '') });
    }
    // As Udesk saw it: a daemon's write of a pair begins after every write of another daemon has its end.
    for (const pair of fleet.pairs) {
      const ofPair = udeskWrites.filter((write) => write.pair === pair);
      const together = ofPair.filter(({ replica, from }, n) =>
        ofPair.slice(0, n).some((before) => before.replica !== replica && before.to > from),
      );
      expect({ pair, together }).toEqual({ pair, together: [] });
    }
    for (const pair of fleet.pairs) {
      const fences = leases.filter((lease) => lease.pair === pair).map(({ fence }) => fence);
      expect(fences).toEqual([...fences].sort((x, y) => x - y));
      expect(new Set(fences).size).toBe(fences.length);
    }
    // One customer in each table still, and no more in the accounts: nothing was done by two.
    for (const pair of fleet.pairs) {
      expect(await fleet.crm.unsafe(`select count(*)::int as n from ${tableOf(pair)}`)).toEqual([{ n: 1 }]);
    }
    for (const simulator of fleet.simulators) {
      expect(simulator.tenant.count).toBe(10);
      expect(busiestMinuteOf(simulator)).toBeLessThanOrEqual(PER_MINUTE);
      expect(simulator.log.filter(({ status }) => status === 429)).toEqual([]);
    }
    const sorted = [...after].sort((x, y) => x - y);
    const seconds = (ms: number | undefined) => ((ms ?? 0) / 1000).toFixed(1);
    process.stdout.write(
      `kill -9 of one of three: its ${orphans.length} pairs were taken over after ${seconds(sorted[0])} to ${seconds(sorted.at(-1))} s; ` +
        `${writes.length} writes to the CRMs, ${udeskWrites.length} to Udesk by ${writersOf(udeskWrites)}; busiest minute of each account ${fleet.simulators.map(busiestMinuteOf).join(', ')} of ${PER_MINUTE} calls\n`,
    );
  }, 1_000_000);
});

/** Asks four times a second: how long this machine kept somebody waiting who does next to nothing. */
function keepAsking(ask: () => Promise<unknown>) {
  const everyMs = 250;
  let longest = 0;
  let asking = true;
  const done = (async () => {
    while (asking) {
      const askedAt = performance.now();
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      await ask();
      longest = Math.max(longest, performance.now() - askedAt - everyMs);
    }
  })();
  // Whoever asks for the longest is told; if the test failed before that, its own failure is enough.
  done.catch(() => {});
  return {
    async longestMs() {
      asking = false;
      await done;
      return longest;
    },
  };
}

/** How many of them each daemon sent. */
function writersOf(writes: readonly WrittenToUdesk[]): string {
  const counts = Map.groupBy(writes, ({ replica }) => replica);
  return [...counts].map(([replica, { length }]) => `${replica} (${length})`).join(', ');
}
