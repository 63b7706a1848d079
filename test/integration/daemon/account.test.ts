import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPairWorker } from '../../../src/daemon/pair-worker.ts';
import { sleep } from '../../../src/lib/sleep.ts';
import { judgePlan } from '../../../src/store/approvals.ts';
import { answerFromAnotherTable, askedHash } from '../../support/another-table.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld({ customers: [{ nick_name: 'A', email: 'a@example.com' }] });
  await world.sync();
});
afterEach(async () => {
  await world.close();
});

test('a pair that waits for a word about its account goes on when it is given, and not some minutes later', async () => {
  await answerFromAnotherTable(world, 'same');
  // Whatever waits for time alone waits for ever here.
  const waits: number[] = [];
  const engine = {
    ...world.engine,
    random: () => 1,
    sleep: (ms: number, signal?: AbortSignal) => {
      if (ms < 1_000) return sleep(ms, signal);
      waits.push(ms);
      return sleep(2 ** 31 - 1, signal);
    },
  };
  const worker = createPairWorker(engine, world.pair);
  const stop = new AbortController();
  const ended = worker.run(stop.signal);
  try {
    world.simulator.tenant.edit(world.simulator.tenant.list()[0]?.id ?? '', { nick_name: 'A2' });
    worker.due('head');
    worker.due('crm');
    await expect.poll(() => waits.length, { timeout: 60_000 }).toBe(1);
    const hash = (await askedHash(world)) ?? '';
    const who = { who: 'ann', at: new Date() };
    expect(
      await judgePlan(world.database.db, {
        ...{ pair: 'main', kind: 'account-crm', hash, verdict: 'approve' },
        ...who,
      }),
    ).toBe('stored');
    worker.decided();
    const names = async () => (await world.people()).map(({ name }) => name);
    await expect.poll(names, { timeout: 60_000 }).toEqual(['A2']);
    await expect.poll(() => worker.health.lastKind, { timeout: 60_000 }).toBe(null);
  } finally {
    stop.abort();
    await ended;
  }
});
