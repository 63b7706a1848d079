import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPairWorker, type PairWorker } from '../../../src/daemon/pair-worker.ts';
import type { CycleReport } from '../../../src/engine/cycle.ts';
import { newsOf } from '../../../src/udesk/webhook.ts';
import { type HttpServer, serve } from '../../../src/web/health.ts';
import { createHooks, type Hooks, type HookTarget } from '../../../src/web/hooks.ts';
import { clientOf } from '../../support/tenant-client.ts';
import { createWorld, ourRows, type World } from '../../support/world.ts';

const SECRET = 'a-secret-of-some-length';
const MANY = 20;

let world: World;
let hooks: Hooks;
let server: HttpServer;
let worker: PairWorker;
let cycles: CycleReport[];
let stop: AbortController;
let running: Promise<void>;
let target: HookTarget;

/** In step, a worker that no schedule wakes, and Udesk's callbacks of edited customers delivered to it. */
beforeEach(async () => {
  world = await createWorld({
    customers: Array.from({ length: MANY }, (_, n) => ({
      nick_name: `Name ${n}`,
      email: `first${n}@example.com`,
      other_emails: [`second${n}@example.com`],
      cellphones: [`138000000${n + 10}`],
    })),
    pair: { guards: '{ updates: { share: 1 } }' },
  });
  await world.sync();
  startWorker();
  hooks = createHooks({
    targets: new Map([
      [
        'main',
        { secret: SECRET, hint: (...told) => target.hint(...told), created: () => {}, batchResult: () => {} },
      ],
    ]),
    newsOf,
    log: world.engine.log,
    clock: world.engine.clock,
  });
  server = await serve(hooks.routes, '127.0.0.1', 0);
  const client = clientOf(world.simulator);
  await client.webhookCreate(`${server.url}/hooks/udesk/main/${SECRET}`, ['Customer_update']);
  await client.close();
  world.simulator.clearLog();
});
afterEach(async () => {
  await stopWorker();
  await server.close();
  await world.close();
});

function startWorker(): void {
  cycles = [];
  stop = new AbortController();
  worker = createPairWorker(world.engine, world.pair, (report) => cycles.push(report));
  target = { secret: SECRET, hint: worker.hint, created: () => {}, batchResult: () => {} };
  running = worker.run(stop.signal);
}

async function stopWorker(): Promise<void> {
  stop.abort();
  await running;
}

const callsTo = (path: string) => world.simulator.log.filter((entry) => entry.path.endsWith(path)).length;
const echoes = () => cycles.reduce((sum, { observed }) => sum + observed.echoes, 0);
const settled = async () =>
  Number(
    (
      await ourRows(
        world,
        `select count(*) as n from udesk_sync.intent where side = 'udesk' and op = 'update' and state = 'settled'`,
      )
    )[0]?.n,
  );

/** What the CRM changed is written to Udesk, and every callback has been dealt with. */
async function carry(writes: number): Promise<void> {
  const before = await settled();
  worker.due('crm');
  await vi.waitFor(async () => expect(await settled()).toBe(before + writes), 60_000);
  await rest();
}

/** A cycle that began after all callbacks had come has ended: the first to end may have begun before. */
async function rest(): Promise<void> {
  await world.simulator.settled();
  for (const _ of ['under way', 'begun since']) {
    const done = cycles.length;
    worker.due('crm');
    await vi.waitFor(() => expect(cycles.length).toBeGreaterThan(done), 20_000);
  }
}

const personOne = async () => (await world.people()).find(({ id }) => id === '1');

async function post(changes: unknown, id: string): Promise<void> {
  const response = await fetch(`${server.url}/hooks/udesk/main/${SECRET}`, {
    method: 'POST',
    body: JSON.stringify({ action: 'Customer_update', message: { id: Number(id), changes } }),
  });
  expect(response.status).toBe(204);
}

describe('P4 our own writes that come back', () => {
  test(`${MANY} writes of every kind cost no look at a customer`, async () => {
    await world.crm`
      update contact set name = name || ' Jr', note = 'a note', industry = 'trade',
        emails = array_append(emails, 'third' || id || '@example.com'), phones = array['+86 139 0000 00' || (id + 10)]`;

    await carry(MANY);

    expect(hooks.counts).toMatchObject({ taken: MANY, hints: MANY });
    expect(echoes()).toBe(MANY);
    expect(callsTo('/customers/update_customer')).toBe(MANY);
    // One each, before the write.
    expect(callsTo('/customers/get_customer')).toBe(MANY);
  });

  test('are known again by a process that was started after they were written', async () => {
    world.simulator.set('webhook.delivery', 'drop');
    await world.crm`update contact set name = 'Ours' where id = 1`;
    await carry(1);
    await stopWorker();
    const [lost] = world.simulator.deliveries;
    expect(lost?.status).toBeNull();
    const reads = callsTo('/customers/get_customer');
    startWorker();

    await fetch(lost?.url ?? '', { method: 'POST', body: lost?.body ?? '' });
    await vi.waitFor(() => expect(echoes()).toBe(1), 20_000);

    expect(callsTo('/customers/get_customer')).toBe(reads);
  });
});

describe('P2 whoever else edits', () => {
  test('in the second of our write is looked at, and his edit arrives', async () => {
    const { udesk } = world.pair.sides;
    const update = udesk.update.bind(udesk);
    const edited: string[] = [];
    vi.spyOn(udesk, 'update').mockImplementation(async (request, options) => {
      const answer = await update(request, options);
      edited.push(request.id);
      world.simulator.tenant.edit(
        request.id,
        { nick_name: `Foreign ${request.id}` },
        { id: 8, nick_name: 'Tom' },
      );
      return answer;
    });
    await world.crm`update contact set name = name || ' Jr' where id <= 3`;

    await carry(3);

    expect(edited).toHaveLength(3);
    await vi.waitFor(async () => {
      const people = (await world.people()).filter(({ udesk_id }) => edited.includes(udesk_id ?? ''));
      expect(people.map(({ name }) => name)).toEqual(people.map(({ udesk_id }) => `Foreign ${udesk_id}`));
    }, 20_000);
  });

  test('is looked at when one callback tells of our write and of his', async () => {
    world.simulator.set('webhook.delivery', 'drop');
    await world.crm`update contact set name = name || ' Jr' where id = 1`;
    await carry(1);
    const id = (await personOne())?.udesk_id ?? '';
    const { message } = JSON.parse(world.simulator.deliveries[0]?.body ?? '') as {
      message: { changes: object };
    };
    world.simulator.tenant.edit(id, { description: 'by Tom' });

    await post({ ...message.changes, description: [null, 'by Tom'] }, id);

    await vi.waitFor(async () => expect((await personOne())?.note).toBe('by Tom'), 20_000);
  });

  test('there and back and there again, to what we wrote: each of his edits is looked at', async () => {
    await world.crm`update contact set name = 'Ours' where id = 1`;
    await carry(1);
    const id = (await personOne())?.udesk_id ?? '';
    const reads = () => callsTo('/customers/get_customer');
    const old = world.simulator.deliveries.at(-1)?.body ?? '';

    let before = reads();
    world.simulator.tenant.edit(id, { nick_name: 'Theirs' });
    await vi.waitFor(async () => expect((await personOne())?.name).toBe('Theirs'), 20_000);
    expect(reads()).toBeGreaterThan(before);

    before = reads();
    world.simulator.tenant.edit(id, { nick_name: 'Ours' });
    await vi.waitFor(async () => expect((await personOne())?.name).toBe('Ours'), 20_000);
    expect(reads()).toBeGreaterThan(before);

    // The very change that we made, a second time: our write stood for one.
    before = reads();
    const { changes } = (JSON.parse(old) as { message: { changes: unknown } }).message;
    await post(changes, id);
    await vi.waitFor(() => expect(reads()).toBeGreaterThan(before), 20_000);
  });
});
