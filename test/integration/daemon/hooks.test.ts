import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPairWorker, type PairWorker } from '../../../src/daemon/pair-worker.ts';
import type { CycleReport } from '../../../src/engine/cycle.ts';
import { newsOf } from '../../../src/udesk/webhook.ts';
import { type HttpServer, serve } from '../../../src/web/health.ts';
import { createHooks, type Hooks } from '../../../src/web/hooks.ts';
import { clientOf } from '../../support/tenant-client.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

const SECRET = 'a-secret-of-some-length';
const EVENTS = ['Customer_create', 'Customer_update', 'Customer_destroy'];

let world: World;
let worker: PairWorker;
let hooks: Hooks;
let server: HttpServer;
let cycles: CycleReport[];
let stop: AbortController;
let running: Promise<void>;
let ann: string;

/** In step, a worker that no schedule wakes, and Udesk's callbacks delivered to it. */
beforeEach(async () => {
  world = await createWorld({ customers: [{ nick_name: 'Ann', email: 'ann@example.com' }] });
  await world.sync();
  ann = world.simulator.tenant.list()[0]?.id ?? '';
  cycles = [];
  stop = new AbortController();
  worker = createPairWorker(world.engine, world.pair, (report) => cycles.push(report));
  running = worker.run(stop.signal);
  hooks = createHooks({
    targets: new Map([
      [
        'main',
        {
          secret: SECRET,
          hint: worker.hint,
          created: () => worker.due('head'),
          batchResult: worker.batchResult,
        },
      ],
    ]),
    newsOf,
    log: world.engine.log,
    clock: world.engine.clock,
  });
  server = await serve(hooks.routes, '127.0.0.1', 0);
  const client = clientOf(world.simulator);
  await client.webhookCreate(`${server.url}/hooks/udesk/main/${SECRET}`, EVENTS);
  await client.close();
  world.simulator.clearLog();
});
afterEach(async () => {
  stop.abort();
  await running;
  await server.close();
  await world.close();
});

async function post(path: string, body: unknown): Promise<number> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${server.url}${path}`, { method: 'POST', body: text });
  return response.status;
}

const callsTo = (path: string) => world.simulator.log.filter((entry) => entry.path.endsWith(path)).length;
const name = async () => (await world.people())[0]?.name;
const cyclesDone = (n: number) => vi.waitFor(() => expect(cycles.length).toBeGreaterThanOrEqual(n), 20_000);
const stored = (columns: string) =>
  ourRows(world, `select ${columns} from udesk_sync.record where side = 'udesk' order by remote_id`);

describe('a callback of Udesk', () => {
  test('carries an edit to the CRM without any list being read', async () => {
    world.simulator.tenant.edit(ann, { nick_name: 'Anna' });

    await vi.waitFor(async () => expect(await name()).toBe('Anna'), 20_000);

    expect(callsTo('/customers')).toBe(0);
    expect(callsTo('/customers/get_customer')).toBe(1);
  });

  test('carries a new customer to the CRM', async () => {
    world.simulator.tenant.create({ nick_name: 'Bob', email: 'bob@example.com' });

    await vi.waitFor(async () => expect((await world.people()).map((p) => p.name)).toContain('Bob'), 20_000);
  });

  test('that is delivered twice changes nothing twice (T8)', async () => {
    const [before] = await world.people();
    world.simulator.set('webhook.delivery', 'duplicate');
    world.simulator.tenant.edit(ann, { nick_name: 'Anna' });
    await world.simulator.settled();
    await vi.waitFor(async () => expect(await name()).toBe('Anna'), 20_000);
    const done = cycles.length;
    // Whatever the second one left to do is done before this one.
    worker.hint(ann);
    await cyclesDone(done + 1);

    expect(world.simulator.deliveries.map(({ status }) => status)).toEqual([204, 204]);
    expect(hooks.counts).toMatchObject({ taken: 2, hints: 2 });
    expect(callsTo('/customers/get_customer')).toBeLessThanOrEqual(3);
    expect((await world.people())[0]?.row_version).toBe((before?.row_version ?? 0) + 1);
  });

  test('that comes late brings what the customer is now, not what it says (T8)', async () => {
    const late = {
      action: 'Customer_update',
      message: { id: Number(ann), changes: { nick_name: ['Ann', 'Old'] } },
    };
    world.simulator.set('webhook.delivery', 'drop');
    world.simulator.tenant.edit(ann, { nick_name: 'Newest' });

    expect(await post(`/hooks/udesk/main/${SECRET}`, late)).toBe(204);

    await vi.waitFor(async () => expect(await name()).toBe('Newest'), 20_000);
    expect(await stored(`state, fields ->> 'nick_name' as name`)).toEqual([
      { state: 'live', name: 'Newest' },
    ]);
  });

  test('with a wrong secret gets 404, is counted, and nobody looks at anything', async () => {
    const push = { action: 'Customer_update', message: { id: Number(ann) } };

    const answers = [
      await post('/hooks/udesk/main/another-secret-entirely', push),
      await post(`/hooks/udesk/main/${SECRET}x`, push),
      await post(`/hooks/udesk/other/${SECRET}`, push),
    ];

    expect(answers).toEqual([404, 404, 404]);
    expect(hooks.counts).toEqual({ taken: 0, refused: 3, tooLarge: 0, hints: 0 });
    expect(world.simulator.log).toHaveLength(0);
    expect(cycles).toHaveLength(0);
  });

  test('for an unknown customer costs one point read and stores nothing', async () => {
    const push = {
      action: 'Customer_update',
      message: { id: 99_999_999, changes: { nick_name: ['x', 'EVIL'] } },
    };
    const before = await stored('remote_id, hash, state');

    expect(await post(`/hooks/udesk/main/${SECRET}`, push)).toBe(204);
    await cyclesDone(1);

    // The second proves that lookups work at all: Udesk has no clear "not found".
    expect(callsTo('/customers/get_customer')).toBeLessThanOrEqual(2);
    expect(await stored('remote_id, hash, state')).toEqual(before);
    expect(await world.people()).toHaveLength(1);
  });

  test('P7: of a deletion is a suspicion only, which the next sweep proves', async () => {
    // A tenant that shows nothing at all would be an alarm instead.
    world.simulator.tenant.create({ nick_name: 'Bob', email: 'bob@example.com' });
    await vi.waitFor(async () => expect(await world.people()).toHaveLength(2), 20_000);
    await world.simulator.settled();
    const states = () =>
      ourRows(world, `select state from udesk_sync.record where side = 'udesk' and remote_id = '${ann}'`);
    const done = cycles.length;

    world.simulator.tenant.delete(ann);
    await world.simulator.settled();
    await cyclesDone(done + 1);
    expect(await states()).toEqual([{ state: 'live' }]);

    worker.due('sweep');
    await vi.waitFor(async () => expect(await states()).toEqual([{ state: 'deleted' }]), 20_000);
  });

  test('that says nothing, or too much, harms nobody', async () => {
    expect(await post(`/hooks/udesk/main/${SECRET}`, 'not a push at all')).toBe(204);
    expect(await post(`/hooks/udesk/main/${SECRET}`, 'x'.repeat(1024 * 1024 + 1))).toBe(413);
    expect(hooks.counts).toEqual({ taken: 1, refused: 0, tooLarge: 1, hints: 0 });
    expect(cycles).toHaveLength(0);
  });
});
