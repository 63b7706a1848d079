/**
 * `npm run bench:restart -- [times] [customers]`: a daemon at work is killed with kill -9 and started again, on a Postgres
 * that goes on beside it. Prints how long it takes from the kill to the first useful call, the one that reads customers
 * of Udesk: the median of ten, and each part of it.
 */
import { loadavg } from 'node:os';
import { startSimulator } from '../src/simulator/simulator.ts';
import { openClient, targetOf } from '../src/store/client.ts';
import { startProgram, writeConfig } from '../test/support/program.ts';
import { spreadOf, spreadText } from './measure.ts';
import { person, seedOf } from './people.ts';
import { configText, machine, startCluster } from './stage.ts';

const times = Number(process.argv[2] ?? 10);
const customers = Number(process.argv[3] ?? 200);
if (!(Number.isInteger(times) && times > 0 && Number.isInteger(customers) && customers >= 0)) {
  console.error('npm run bench:restart -- [times] [customers]');
  process.exit(2);
}

const cluster = await startCluster();
const place = await cluster.place('restart');
const simulator = await startSimulator({
  customers: Array.from({ length: customers }, (_, n) => seedOf(person(n))),
  switches: { 'rate.per_minute': '0' },
});
const ours = openClient(targetOf(place.ours), { max: 1 });
const { email, token } = simulator.admin;
const schedule = "    schedule: { head: '* * * * * *', crm: '* * * * * *', sweep: '*/5 * * * * *' }\n";
const config = writeConfig(
  `http: { port: 0 }${configText(place, { url: simulator.url, email, token })}${schedule}`,
);
const start = () => startProgram(['run', '--config', config.file], { DATABASE_URL: place.ours });
const customersRead = () => simulator.log.find(({ path }) => path.startsWith('/open_api_v1/customers'))?.at;
let running = start();
try {
  // At work, and in step: every restart finds the same.
  await until(async () => {
    const [row] = await ours`select count(*)::int as n from udesk_sync.link where state = 'confirmed'`.catch(
      () => [],
    );
    return row?.n === customers;
  });
  const found: { total: number; connected: number }[] = [];
  for (let n = 0; n <= times; n += 1) {
    simulator.clearLog();
    await until(() => simulator.log.length > 0);
    running.process.kill('SIGKILL');
    const killedAt = Date.now();
    await running.ended;
    simulator.clearLog();
    running = start();
    await until(() => customersRead() !== undefined);
    const total = (customersRead() ?? 0) - killedAt;
    const [row] = await ours`
      select (extract(epoch from min(backend_start)) * 1000)::float8 as at from pg_stat_activity
      where application_name like 'udesk-sync%' and backend_start > to_timestamp(${killedAt / 1000})`;
    // The first restart only warms up.
    if (n > 0) found.push({ total, connected: Number(row?.at ?? killedAt) - killedAt });
  }
  console.log(`${machine(cluster)}; load average ${loadavg()[0]?.toFixed(1)}`);
  console.log(
    `kill -9 to the first useful call, ${times} times, one pair of ${customers} customers: median ` +
      `${spreadText(spreadOf(found.map(({ total }) => total)))} ms; to the first connection with Postgres ` +
      `${spreadText(spreadOf(found.map(({ connected }) => connected)))} ms (aim: under 2,000 ms)`,
  );
} finally {
  running.process.kill('SIGKILL');
  await running.ended;
  config.remove();
  await ours.end();
  await simulator.close();
  await cluster.close();
}

/** Gives up after two minutes: what never comes is no figure. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
