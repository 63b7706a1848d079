import { afterEach, expect, test, vi } from 'vitest';
import { type Carrier, createCarrier } from '../../../src/daemon/carrier.ts';
import { createPairWorker, type PairWorker } from '../../../src/daemon/pair-worker.ts';
import { openJobs } from '../../../src/store/jobs.ts';
import { createWorld, type World } from '../../support/world.ts';

let world: World;
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await world.close();
});

/** What is due in one daemon, of which `worker` works here, or nobody. */
function daemon(worker: PairWorker | null): Carrier {
  const over = new AbortController();
  const carrier = createCarrier({
    context: world.engine,
    open: () => openJobs(world.database, world.engine.log),
    here: () => worker,
  });
  const running = carrier.run(over.signal);
  stops.push(async () => {
    over.abort();
    await running;
  });
  return carrier;
}

test('a callback, a decision and a tick that reach a daemon are carried out by the one that works on the pair', async () => {
  world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
  await world.sync();
  const ann = world.simulator.tenant.list()[0]?.id ?? '';
  let cycles = 0;
  const worker = createPairWorker(world.engine, world.pair, () => {
    cycles += 1;
  });
  const here = daemon(worker);
  const elsewhere = daemon(null);
  const stop = new AbortController();
  const running = worker.run(stop.signal);
  const serving = here.serve(worker, stop.signal);
  stops.push(async () => {
    stop.abort();
    await Promise.all([running, serving]);
  });
  // Until the other daemon has its job tables, what it is told is nobody's: the schedule of the pair finds it.
  await vi.waitFor(() => {
    elsewhere.due('main', 'crm');
    expect(cycles).toBeGreaterThan(0);
  }, 60_000);

  world.simulator.tenant.edit(ann, { nick_name: 'Ann of the callback' });
  elsewhere.hint('main', ann);
  await vi.waitFor(
    async () => expect((await world.people()).map(({ name }) => name)).toEqual(['Ann of the callback']),
    60_000,
  );
  const before = cycles;
  elsewhere.decided('main');
  await vi.waitFor(() => expect(cycles).toBeGreaterThan(before), 60_000);
});
