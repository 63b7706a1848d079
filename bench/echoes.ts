/**
 * `npm run bench:echoes -- [writes]`: what our own writes that come back as callbacks cost in calls of Udesk. Once the
 * callbacks tell old and new values, so that each is known again; once in a form that does not tell the old ones, so that
 * each is looked at as any other hint. Everything else is the same.
 */
import { createPairWorker } from '../src/daemon/pair-worker.ts';
import type { CycleReport } from '../src/engine/cycle.ts';
import { removeDataDir } from '../src/store/embedded/start.ts';
import { newsOf } from '../src/udesk/webhook.ts';
import { serve } from '../src/web/health.ts';
import { createHooks } from '../src/web/hooks.ts';
import { startCluster } from '../test/support/postgres-setup.ts';
import { clientOf } from '../test/support/tenant-client.ts';
import { table } from './measure.ts';

const writes = Number(process.argv[2] ?? 500);
if (!(writes > 0)) {
  console.error('npm run bench:echoes -- [writes]');
  process.exit(2);
}

const cluster = await startCluster();
process.env.TEST_POSTGRES_URL = cluster.url('postgres');
try {
  // Only now: which server it works on is read when it is loaded.
  const { createWorld } = await import('../test/support/world.ts');
  const lines = [];
  for (const [name, format] of [
    ['known again', 'pairs'],
    ['looked at', 'new'],
  ] as const) {
    console.error(`${name} …`);
    lines.push([name, ...Object.values(await callsOf(createWorld, format)).map(String)]);
  }
  console.log(`${writes} writes to Udesk, each called back; calls afterwards\n`);
  console.log(
    table(['callbacks', 'updates', 'point reads', 'histories', 'still due', 'all calls', 'a write'], lines),
  );
} finally {
  await cluster.stop();
  removeDataDir(cluster);
}

type CreateWorld = typeof import('../test/support/world.ts').createWorld;

async function callsOf(createWorld: CreateWorld, format: string) {
  const world = await createWorld({
    customers: Array.from({ length: writes }, (_, n) => ({
      nick_name: `Name ${n}`,
      email: `n${n}@example.com`,
    })),
    pair: { guards: '{ updates: { share: 1 } }' },
    switches: { 'webhook.update_format': format },
  });
  await world.sync();
  const cycles: CycleReport[] = [];
  const stop = new AbortController();
  const worker = createPairWorker(world.engine, world.pair, (report) => cycles.push(report));
  const running = worker.run(stop.signal);
  const secret = 'a-secret-of-some-length';
  const target = { secret, hint: worker.hint, created: () => {}, batchResult: () => {} };
  const { log, clock } = world.engine;
  const hooks = createHooks({ targets: new Map([['main', target]]), newsOf, log, clock });
  const server = await serve(hooks.routes, '127.0.0.1', 0);
  const client = clientOf(world.simulator);
  await client.webhookCreate(`${server.url}/hooks/udesk/main/${secret}`, ['Customer_update']);
  await client.close();
  world.simulator.clearLog();
  const count = (path: string) => world.simulator.log.filter((entry) => entry.path.endsWith(path)).length;

  await world.crm`update contact set name = name || ' Jr'`;
  // Until nothing happens any more: a few cycles, the last ones with histories that are due.
  for (let before = -1; before !== world.simulator.log.length; ) {
    before = world.simulator.log.length;
    for (let n = 0; n < 3; n += 1) {
      const done = cycles.length;
      worker.due('crm');
      while (cycles.length === done) await new Promise((resolve) => setTimeout(resolve, 20));
      await world.simulator.settled();
    }
  }
  const all = world.simulator.log.length;
  const [due] = await world.database.sql`select count(*) as n from udesk_sync.record where feed_due`;
  const found = {
    updates: count('/update_customer'),
    reads: count('/get_customer'),
    histories: count('/feeds'),
    due: Number(due?.n),
    all,
    each: (all / writes).toFixed(2),
  };
  stop.abort();
  await running;
  await server.close();
  await world.close();
  return found;
}
