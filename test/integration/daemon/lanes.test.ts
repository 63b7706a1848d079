import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AUDIT_LINKS } from '../../../src/daemon/lanes.ts';
import { createPairWorker, type PairWorker } from '../../../src/daemon/pair-worker.ts';
import type { CycleReport } from '../../../src/engine/cycle.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

let world: World;
let worker: PairWorker;
let cycles: CycleReport[];
let stop: AbortController;
let running: Promise<void>;

/** 30 customers in step, of whom the list shows 20 from now on; the daemon is not running yet. */
beforeEach(async () => {
  world = await createWorld({
    customers: Array.from({ length: 30 }, (_, n) => ({
      nick_name: `Customer ${n}`,
      email: `c${n}@example.com`,
    })),
  });
  await world.sync();
  world.simulator.set('list.cap', '20');
  cycles = [];
  stop = new AbortController();
  worker = createPairWorker(world.engine, world.pair, (report) => cycles.push(report));
});
afterEach(async () => {
  stop.abort();
  await running;
  await world.close();
});

describe('a daemon', () => {
  test('reads in full at its start what happened while it was down, beyond the end of the list as well', async () => {
    const oldest = world.simulator.tenant.list().at(-1)?.id ?? '';
    world.simulator.tenant.edit(oldest, { nick_name: 'Renamed meanwhile' });
    await world.crm`delete from contact where name = 'Customer 25'`;

    running = worker.run(stop.signal);
    // What `run` does when it starts.
    worker.due('sweep');

    await vi.waitFor(async () => {
      expect((await world.people()).map(({ name }) => name)).toContain('Renamed meanwhile');
      expect(await ourRows(world, `select side from udesk_sync.record where state = 'deleted'`)).toEqual([
        { side: 'crm' },
      ]);
    }, 60_000);
  });

  test('whoever asks a worker that has stopped is told at once, so that its pair can be given away and taken again', async () => {
    await expect(worker.serve(['head'])).rejects.toThrow('does not run');
    running = worker.run(stop.signal);
    await worker.serve(['crm']);
    const asked = worker.serve(['crm']);
    stop.abort();
    await running;
    await asked.catch(() => {});
    await expect(worker.serve(['head'])).rejects.toThrow('does not run');
    expect(cycles.length).toBeGreaterThan(0);
  });

  test('audits a sample of links and reads neither side in full for it', async () => {
    world.simulator.clearLog();
    running = worker.run(stop.signal);
    worker.due('audit');

    const sampled = () => cycles.reduce((sum, { observed }) => sum + (observed.audit?.links ?? 0), 0);
    await vi.waitFor(() => expect(sampled()).toBeGreaterThanOrEqual(AUDIT_LINKS - 5), 60_000);

    const paths = world.simulator.log.map(({ path }) => path.split('/').at(-1));
    expect(new Set(paths)).toEqual(new Set(['get_customer']));
    expect(cycles.every(({ observed }) => observed.udesk.lane === 'none')).toBe(true);
  });
});
