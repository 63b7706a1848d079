/**
 * `npm run bench:soak -- [--minutes 60] [--customers 20000] [--edits 120] [--warm 10]`: a daemon, the simulated Udesk and
 * Postgres, each a process of its own, in real time and without a quota, while people edit both sides. Once a minute it
 * is looked at; at the end all edits must have arrived, and what it holds (handles, descriptors, connections, memory
 * after a collection) must be what it held after the warm-up. Prints the samples, and exits with 1 where that is not so.
 */
import { mkdtempSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../src/simulator/random.ts';
import { openClient, targetOf } from '../../src/store/client.ts';
import { writeConfig } from '../../test/support/program.ts';
import { clientOf } from '../../test/support/tenant-client.ts';
import { startUdesk } from '../child.ts';
import { configText, fillCrm, machine, startCluster } from '../stage.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { createPeople, type People } from './people.ts';
import { samplesTable, verdictOf } from './report.ts';
import { connectionsOf, MB, metricIn, type Sample, sampleOf } from './sample.ts';

const MINUTE = 60_000;
/** A forced collection frees what would have gone anyway; more often it would change what is measured. */
const COLLECT_EVERY = 5;
/** A sweep is due every ten minutes: what no callback told and no poll saw is found by then. */
const SETTLE_MINUTES = 15;
const SECRET = 'a-secret-of-the-soak';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    customers: { type: 'string', default: '20000' },
    edits: { type: 'string', default: '120' },
    warm: { type: 'string', default: '10' },
  },
});
const [minutes, customers, editsPerMinute, warm] = [
  values.minutes,
  values.customers,
  values.edits,
  values.warm,
].map(Number) as [number, number, number, number];
if (!(minutes > warm && warm >= 0 && Number.isInteger(customers) && customers > 0 && editsPerMinute > 0)) {
  console.error(
    'npm run bench:soak -- [--minutes 60] [--customers 20000] [--edits 120 a minute] [--warm 10 minutes]',
  );
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-soak-'));
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());

const cluster = await startCluster();
const place = await cluster.place('soak');
await fillCrm(place, customers);
const udesk = await startUdesk(customers, {});
const crm = openClient(targetOf(place.crm), { max: 2, applicationName: 'crm person' });
const ours = openClient(targetOf(place.ours), { max: 1, applicationName: 'soak' });
const text = configText(place, udesk.account)
  // Above 10,000 customers the list is complete only in parts.
  .replace(
    '    udesk:\n',
    `    udesk:\n      shards: [101, 102, 103, 104]\n      webhook: { secret: ${SECRET} }\n`,
  );
const config = writeConfig(`http: { port: 0 }${text}`);
let daemon: Daemon | null = null;
try {
  daemon = await startDaemon(config.file, { DATABASE_URL: place.ours }, join(folder, 'daemon.log'));
  await registerCallbacks(daemon.url);
  console.log(`${machine(cluster)}; load average ${loadavg()[0]?.toFixed(1)}; ${new Date().toISOString()}`);
  console.log(`daemon ${daemon.pid}; its log: ${join(folder, 'daemon.log')}`);
  await inStep();
  const people = await createPeople({
    customers,
    random: seededRandom('soak'),
    controlUrl: udesk.controlUrl,
    crm,
    ours,
    clock: Date.now,
  });
  const samples = await watch(daemon, people);
  await arrived(people);
  await say(daemon, people, samples);
} finally {
  await daemon?.stop();
  config.remove();
  await Promise.all([crm.end(), ours.end()]);
  await udesk.close();
  await cluster.close();
}

/** Udesk calls the daemon back from now on. */
async function registerCallbacks(url: string): Promise<void> {
  const { email, token } = udesk.account;
  const client = clientOf({ url: udesk.account.url, admin: { email, token } });
  const events = ['Customer_create', 'Customer_update', 'Customer_destroy'];
  await client.webhookCreate(`${url}/hooks/udesk/bench/${SECRET}`, events);
  await client.close();
}

/** Everybody is linked with themselves on the other side. */
async function inStep(): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    const [row] = await ours`select count(*)::int as n from udesk_sync.link where state = 'confirmed'`;
    if (Number(row?.n) >= customers) break;
    await pause(1_000);
  }
  console.log(
    `${customers} customers are linked after ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`,
  );
}

/** The minutes of the soak: people at work, and one sample at the end of each. */
async function watch(watched: Daemon, people: People): Promise<Sample[]> {
  const samples: Sample[] = [];
  const startedAt = performance.now();
  const gone = watched.ended.then((code) => {
    if (samples.length < minutes) throw new Error(`the daemon ended with ${code}`);
  });
  for (let minute = 1; minute <= minutes && !stopped.signal.aborted; minute += 1) {
    await Promise.race([gone, work(people, startedAt + (minute - 1) * MINUTE)]);
    await people.bear();
    if (minute % 5 === 0) await people.clash();
    samples.push(await lookAt(watched, people, minute));
    console.log(samplesTable(samples.slice(-1)).split('\n').at(-1));
  }
  return samples;
}

/** One minute of edits, evenly. */
async function work(people: People, from: number): Promise<void> {
  for (let n = 0; n < editsPerMinute && !stopped.signal.aborted; n += 1) {
    await pause(from + (n * MINUTE) / editsPerMinute - performance.now());
    await people.edit();
  }
  await pause(from + MINUTE - performance.now());
}

async function lookAt(watched: Daemon, people: People, minute: number): Promise<Sample> {
  // As a monitor and a person would: what they ask for must not pile up either.
  for (const path of ['/readyz', '/', '/conflicts', '/api/v1/conflicts'])
    await (await fetch(`${watched.url}${path}`)).text();
  const text = await (await fetch(`${watched.url}/metrics`)).text();
  const connections = await connectionsOf(ours, [`soak_ours`, `soak_crm`]);
  const liveMb = minute % COLLECT_EVERY === 0 ? (await watched.alive()).heapBytes / MB : null;
  return sampleOf(text, { minute, liveMb, connections, edits: people.edits.length });
}

/** Waits until nothing is lost, or for longer than anything may take. */
async function arrived(people: People): Promise<void> {
  const deadline = performance.now() + SETTLE_MINUTES * MINUTE;
  while (performance.now() < deadline && !stopped.signal.aborted) {
    const { lost } = await people.fates();
    if (lost.length === 0) return;
    const [oldest] = lost;
    console.log(`${lost.length} edits are still on their way, such as ${JSON.stringify(oldest)}`);
    await pause(10_000);
  }
}

async function say(watched: Daemon, people: People, samples: readonly Sample[]): Promise<void> {
  const [fates, counts] = [await people.fates(), await people.counts()];
  const metrics = await (await fetch(`${watched.url}/metrics`)).text();
  const verdict = verdictOf(samples, warm);
  console.log(`\n${samplesTable(samples)}\n`);
  console.log(`After a warm-up of ${warm} minutes:\n\n${verdict.text}\n`);
  console.log(
    `${people.edits.length} edits: ${fates.arrived} arrived, ${fates.held} in a conflict, ${fates.superseded} ` +
      `superseded on their own side, ${fates.lost.length} lost; ${counts.udesk} customers at Udesk and ${counts.crm} ` +
      `in the CRM of ${counts.wanted}; ${metricIn(metrics, 'udesk_sync_udesk_calls_total')} calls of Udesk, ` +
      `${metricIn(metrics, 'udesk_sync_cycles_total')} cycles`,
  );
  for (const [what, times] of watched.complaints) console.log(`  ${times} × ${what}`);
  for (const { side, email, field, value } of fates.lost.slice(0, 20))
    console.log(`  lost: ${value} (${side}, ${email}, ${field.udesk})`);
  const whole = counts.udesk === counts.wanted && counts.crm === counts.wanted && fates.lost.length === 0;
  process.exitCode = whole && verdict.constant ? 0 : 1;
  console.log(
    process.exitCode === 0 ? 'nothing lost, nothing grows' : 'NOT AS IT SHOULD BE: see the lines above',
  );
}

async function pause(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
